package up

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/libs/servicekit"
)

// Lab is a running lab.
type Lab struct{ lab *lab.Lab }

// Inventory is what to import.
func (l *Lab) Inventory() []byte { return l.lab.InventoryYAML() }

// Devices is how many devices it has.
func (l *Lab) Devices() int { return len(l.lab.Devices()) }

// IDs are the ids of its devices.
func (l *Lab) IDs() []string {
	var ids []string
	for _, d := range l.lab.Devices() {
		ids = append(ids, d.ID)
	}
	return ids
}

// Control is the address of its HTTP control.
func (l *Lab) Control() string { return l.lab.ControlURL() }

func newLab(s Settings) (*lab.Lab, error) {
	return lab.New(lab.Config{Devices: s.LabDevices, Platforms: s.LabPlatforms, Port: s.LabPort})
}

// labPart runs the lab; it comes before the executor, which needs its credentials, and ends after it.
func labPart(l *lab.Lab, port int) servicekit.Part {
	return servicekit.Part{
		Name: "lab",
		Run: func(ctx context.Context) error {
			err := l.Run(ctx)
			if errors.Is(err, syscall.EADDRINUSE) {
				return fmt.Errorf("%w; choose another port with --lab-port (0 takes a free one) instead of %d", err, port)
			}
			return err
		},
		Ready: func(ctx context.Context) error {
			select {
			case <-l.Ready():
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	}
}

// lookup gives the lab's credentials before the environment.
func lookup(l *lab.Lab, environ func(string) (string, bool)) func(string) (string, bool) {
	if l == nil {
		return environ
	}
	own := l.CredentialEnv()
	return func(name string) (string, bool) {
		if value, ok := own[name]; ok {
			return value, true
		}
		return environ(name)
	}
}
