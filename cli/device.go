package cli

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli/internal/client"
	"github.com/netrust/netrust/cli/internal/render"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// maxInventory is the size over which an inventory file is refused here already.
const maxInventory = 64 << 20

func (a *app) deviceCommand() *cobra.Command {
	return group("device", "Import devices, and see which there are",
		"  netrust device import inventory.yaml --preview\n  netrust device list --tag role:core\n  netrust device show edge-1",
		a.deviceImport(), a.deviceList(), a.deviceShow())
}

func (a *app) deviceImport() *cobra.Command {
	var (
		o   client.ImportOptions
		yes bool
	)
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Import an inventory file",
		Long: `Adds the devices of FILE (YAML; "-" is standard input) to the inventory, and changes those that differ. With --prune it
also removes the devices that FILE does not name. Shows what changes; asks before it changes or removes a known device.`,
		Example: "  netrust device import inventory.yaml --preview\n  netrust device import inventory.yaml --prune --yes",
		Args:    Arguments(1, 1, "an inventory file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := a.readFile(args[0], maxInventory)
			if err != nil {
				return err
			}
			return a.withClient(func(c *client.Client) error { return a.importDevices(cmd.Context(), c, file, o, yes) })
		},
	}
	cmd.Flags().BoolVar(&o.Preview, "preview", false, "show what would change, and change nothing")
	cmd.Flags().BoolVar(&o.Prune, "prune", false, "remove devices that the file does not name")
	bindYes(cmd, &yes)
	return cmd
}

func (a *app) importDevices(ctx context.Context, c *client.Client, file []byte, o client.ImportOptions, yes bool) error {
	if o.Preview || !yes {
		would, err := c.Import(ctx, file, client.ImportOptions{Preview: true, Prune: o.Prune})
		if err != nil {
			return err
		}
		if o.Preview {
			return a.writeImport(would)
		}
		if would.Changed+would.Removed > 0 {
			if err := importTable(would, a.ErrWidth()).Write(a.Stderr); err != nil {
				return err
			}
			question := fmt.Sprintf("Add %d, change %d, remove %d?", would.Created, would.Changed, would.Removed)
			if err := a.ask(ctx, question, "--preview"); err != nil {
				return err
			}
		}
	}
	done, err := c.Import(ctx, file, o)
	if err != nil {
		return err
	}
	return a.writeImport(done)
}

func (a *app) writeImport(i api.Import) error {
	if a.format() != render.FormatTable {
		return render.Encode(a.Stdout, a.format(), i)
	}
	if len(i.Changes) > 0 {
		if err := importTable(i, a.Width()).Write(a.Stdout); err != nil {
			return err
		}
	}
	verb := "Imported"
	if i.Preview {
		verb = "Preview, nothing was changed"
	}
	a.tell("%s: %d added, %d changed, %d removed, %d as they were.", verb, i.Created, i.Changed, i.Removed, i.Unchanged)
	return nil
}

func importTable(i api.Import, width int) render.Table {
	t := render.Table{Header: []string{"DEVICE", "ACTION", "FIELDS"}, Width: width}
	for _, c := range i.Changes {
		var fields []string
		for _, f := range c.Fields {
			if c.Action == "changed" {
				fields = append(fields, fmt.Sprintf("%s: %s → %s", f.Field, firstOf(f.Before, "(none)"), firstOf(f.After, "(none)")))
			}
		}
		t.Rows = append(t.Rows, []string{c.DeviceID, c.Action, strings.Join(fields, ", ")})
	}
	return t
}

func (a *app) deviceList() *cobra.Command {
	var f client.DeviceFilter
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List devices",
		Example: "  netrust device list\n  netrust device list --tag role:core --platform cisco_ios\n  netrust device list --label 'site=paris' --output yaml",
		Args:    Arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withClient(func(c *client.Client) error { return a.listDevices(cmd.Context(), c, f) })
		},
	}
	cmd.Flags().StringSliceVar(&f.Tags, "tag", nil, "devices that have all these tags; key:value also matches a label")
	cmd.Flags().StringVar(&f.Labels, "label", "", "devices by an expression over labels")
	cmd.Flags().StringVar(&f.Platform, "platform", "", "devices of this platform")
	cmd.Flags().StringVar(&f.Site, "site", "", "devices of this site")
	a.completeListed(cmd, "tag", a.completeTags)
	a.complete(cmd, "label", a.completeLabels)
	a.complete(cmd, "site", a.completeSites)
	a.complete(cmd, "platform", a.completePlatforms)
	return cmd
}

func (a *app) listDevices(ctx context.Context, c *client.Client, f client.DeviceFilter) error {
	if a.format() != render.FormatTable {
		list := render.NewList(a.Stdout, a.format(), "devices")
		if err := c.Devices(ctx, f, func(d contract.Device) error { return list.Add(d) }); err != nil {
			return err
		}
		return list.End()
	}
	t := render.Table{Header: []string{"DEVICE", "PLATFORM", "ADDRESS", "SITE", "STATUS", "TAGS"}, Width: a.Width()}
	err := c.Devices(ctx, f, func(d contract.Device) error {
		t.Rows = append(t.Rows, []string{d.ID, d.Platform, address(d), d.Site, string(d.Status), strings.Join(d.Tags, ",")})
		return nil
	})
	if err != nil {
		return err
	}
	if len(t.Rows) == 0 {
		a.tell("No device. Import some: netrust device import FILE")
		return nil
	}
	return t.Write(a.Stdout)
}

func (a *app) deviceShow() *cobra.Command {
	return &cobra.Command{
		Use: "show DEVICE", Short: "Show a device",
		Args: Arguments(1, 1, "a device's id"), ValidArgsFunction: a.completeFirst(a.completeDevices),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error {
				d, err := c.Device(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if a.format() != render.FormatTable {
					return render.Encode(a.Stdout, a.format(), d)
				}
				return deviceTable(d, a.Width()).Write(a.Stdout)
			})
		},
	}
}

func deviceTable(d contract.Device, width int) render.Table {
	t := render.Table{Width: width}
	for _, row := range [][2]string{
		{"Device", d.ID}, {"Name", d.Name}, {"Platform", d.Platform}, {"Address", address(d)}, {"Site", d.Site}, {"Status", string(d.Status)},
		{"Tags", strings.Join(d.Tags, ", ")}, {"Credential", d.Credential}, {"Auth domain", d.AuthDomain}, {"Redundancy", d.RedundancyGroup},
	} {
		if row[1] != "" {
			t.Rows = append(t.Rows, row[:])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(d.Labels)) {
		t.Rows = append(t.Rows, []string{"Label", key + "=" + d.Labels[key]})
	}
	return t
}

func address(d contract.Device) string {
	if d.Port == 0 {
		return d.Address
	}
	return net.JoinHostPort(d.Address, strconv.Itoa(d.Port))
}
