package counts_test

import (
	"context"
	"time"

	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/platform"
)

// nobody is a driver, and a session that can be kept, without a device.
type nobody struct{}

func (nobody) Platform() string { return platform.AristaEOS }

// Open logs in at once.
func (nobody) Open(ctx context.Context, _ driver.Target, _ driver.OpenOptions) (driver.Session, error) {
	logins := driver.LoginsOf(ctx)
	logins.Note(driver.MethodPassword)
	logins.Succeeded()
	return nobody{}, nil
}

func (nobody) Run(context.Context, driver.Command) (driver.Output, error) {
	return driver.Output{Text: "nothing was asked\n", Duration: time.Microsecond}, nil
}

func (nobody) Prompt() string                     { return "" }
func (nobody) Alive() bool                        { return true }
func (nobody) Close() error                       { return nil }
func (nobody) Fresh() bool                        { return true }
func (nobody) Resume(context.Context, bool) error { return nil }
func (nobody) Ping(context.Context) error         { return nil }
func (nobody) Leave(context.Context)              {}
