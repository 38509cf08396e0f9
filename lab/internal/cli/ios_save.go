package cli

import (
	"strings"

	"github.com/netrust/netrust/lab/internal/runcfg"
)

// iosStartup prints the startup config.
func iosStartup(c *console, _ []string) error {
	var body []byte
	c.device.mu.Lock()
	startup := c.device.startup
	if startup == nil {
		startup = runcfg.Parse(c.device.Platform.factory(c.device))
	}
	body = startup.Append(nil, c.dialect.style)
	c.device.mu.Unlock()
	c.sayf("Using %d out of 524288 bytes\n%send\n\n", len(body), body)
	return nil
}

func iosWrite(c *console, _ []string) error {
	c.device.save()
	c.say("Building configuration...\n[OK]\n")
	return nil
}

func iosCopy(c *console, _ []string) error {
	answer, err := c.ask("Destination filename [startup-config]? ", false)
	if err != nil {
		return err
	}
	if answer = strings.TrimSpace(answer); answer != "" && answer != "startup-config" {
		c.sayf("%%Error opening nvram:%s (Permission denied)\n", answer)
		return nil
	}
	return iosWrite(c, nil)
}

func iosErases(c *console, _ []string) error {
	yes, err := c.confirm("Erasing the nvram filesystem will remove all configuration files! Continue? [confirm]")
	if err != nil || !yes {
		return err
	}
	c.device.forget()
	c.say("[OK]\nErase of nvram: complete\n")
	return nil
}

func iosClearCounters(c *console, args []string) error {
	question := `Clear "show interface" counters on all interfaces [confirm]`
	if len(args) > 0 {
		question = `Clear "show interface" counters on this interface [confirm]`
	}
	_, err := c.confirm(question)
	return err
}

// iosReload asks whether to save what is not saved, and then whether to go ahead.
func iosReload(c *console, _ []string) error {
	if c.device.unsaved() {
		answer, err := c.ask("\nSystem configuration has been modified. Save? [yes/no]: ", false)
		if err != nil {
			return err
		}
		switch answer = strings.ToLower(strings.TrimSpace(answer)); answer {
		case "yes", "y":
			if err := iosWrite(c, nil); err != nil {
				return err
			}
		case "no", "n":
		default:
			c.say("% Please answer 'yes' or 'no'.\n")
			return nil
		}
	}
	yes, err := c.confirm("Proceed with reload? [confirm]")
	if err != nil || !yes {
		return err
	}
	return c.restart()
}

// unsaved reports whether the running config differs from what the device would start with.
func (d *Device) unsaved() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running == nil {
		return false
	}
	startup := d.startup
	if startup == nil {
		startup = runcfg.Parse(d.Platform.factory(d))
	}
	style := runcfg.Style{Indent: " "}
	return string(startup.Append(nil, style)) != string(d.running.Append(nil, style))
}
