package role

import (
	"context"
	"fmt"
	"time"

	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/sshdriver"
	"github.com/netrust/netrust/tests/bench/internal/bare"
)

// DriverChoice is what an executor of the benchmark reaches devices with.
type DriverChoice string

// The choices.
const (
	// DriverOwn are the product's drivers as they are: a single read goes by exec where the platform allows it.
	DriverOwn DriverChoice = "own"
	// DriverTerminal are the product's drivers, made to use a terminal always.
	DriverTerminal DriverChoice = "terminal"
	// DriverNone answers at once, without a device: what is left is the engine.
	DriverNone DriverChoice = "none"
	// DriverHold never answers: what is released stays in hand.
	DriverHold DriverChoice = "hold"
)

func registry(choice DriverChoice) (*driver.Registry, error) {
	switch choice {
	case DriverNone, DriverHold:
		return driver.NewRegistry(stub{bare.Platform, choice == DriverHold})
	case DriverOwn, DriverTerminal:
	default:
		return nil, fmt.Errorf("no driver is called %q", choice)
	}
	drivers, err := sshdriver.All()
	if err != nil {
		return nil, err
	}
	if choice == DriverTerminal {
		for i, d := range drivers {
			drivers[i] = terminal{d}
		}
	}
	return driver.NewRegistry(drivers...)
}

// terminal is a driver that always uses a terminal.
type terminal struct{ driver.Driver }

// Open asks for a terminal.
func (d terminal) Open(ctx context.Context, t driver.Target, o driver.OpenOptions) (driver.Session, error) {
	o.Terminal = true
	return d.Driver.Open(ctx, t, o)
}

// stub is a driver and a session without a device.
type stub struct {
	platform string
	hold     bool
}

// Platform implements driver.Driver.
func (s stub) Platform() string { return s.platform }

// Open implements driver.Driver.
func (s stub) Open(context.Context, driver.Target, driver.OpenOptions) (driver.Session, error) {
	return s, nil
}

// Run answers at once, or holds on until it is cancelled.
func (s stub) Run(ctx context.Context, c driver.Command) (driver.Output, error) {
	if s.hold {
		<-ctx.Done()
		return driver.Output{}, &driver.CancelledError{Stage: driver.StageCommand, Err: context.Cause(ctx)}
	}
	return driver.Output{Text: "nothing was asked: " + c.Text + "\n", Duration: time.Microsecond}, nil
}

// Prompt implements driver.Session.
func (s stub) Prompt() string { return "" }

// Alive implements driver.Session.
func (s stub) Alive() bool { return true }

// Close implements driver.Session.
func (s stub) Close() error { return nil }
