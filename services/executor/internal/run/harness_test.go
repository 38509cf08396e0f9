package run_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/services/executor/internal/run"
)

// device is a driver and its one session, which do what the test says.
type device struct {
	open func(context.Context) error
	run  func(ctx context.Context, n int, c driver.Command) (driver.Output, error)

	mu     sync.Mutex
	sent   []string
	target driver.Target
	dead   bool
	closed int
}

func (d *device) Platform() string { return "cisco_ios" }

func (d *device) Open(ctx context.Context, t driver.Target, _ driver.OpenOptions) (driver.Session, error) {
	d.target = t
	if d.open != nil {
		if err := d.open(ctx); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *device) Run(ctx context.Context, c driver.Command) (driver.Output, error) {
	d.mu.Lock()
	d.sent = append(d.sent, c.Text)
	n := len(d.sent)
	d.mu.Unlock()
	if d.run == nil {
		return driver.Output{Text: "answer to " + c.Text}, nil
	}
	return d.run(ctx, n, c)
}

func (d *device) Prompt() string { return "r1#" }
func (d *device) Alive() bool    { return !d.dead }
func (d *device) Close() error   { d.closed++; return nil }

// lease allows what the test says; it allows all when it says nothing.
type lease struct {
	check func(need time.Duration) error
	until time.Time
}

func (l lease) Check(_ time.Time, need time.Duration) error {
	if l.check == nil {
		return nil
	}
	return l.check(need)
}

func (lease) Sessions() []string { return nil }
func (lease) Leave([]string)     {}

func (l lease) ExclusiveUntil() time.Time {
	if l.until.IsZero() {
		return time.Now().Add(time.Hour)
	}
	return l.until
}

// credentials resolve to one login, or fail.
type credentials struct{ err error }

func (c credentials) Resolve(context.Context, string) (credential.Credential, error) {
	return credential.Credential{Username: "netops", Password: credential.NewSecret("hunter2-is-long")}, c.err
}

func runner(t testing.TB, d *device, c credential.Provider) *run.Runner {
	t.Helper()
	drivers, err := driver.NewRegistry(d)
	if err != nil {
		t.Fatal(err)
	}
	return &run.Runner{
		Drivers: drivers, Credentials: c, HostKeys: func(string) driver.HostKeys { return nil }, ConnectTimeout: time.Second, MaxOutput: 1000,
	}
}

// kinds of tasks: what they do to the device.
type nature int

const (
	reads      nature = iota // every command is a read
	repeatable               // the job says that it may be repeated
	once                     // may not be repeated
)

func task(n nature, commands ...string) *contract.Task {
	if len(commands) == 0 {
		commands = []string{"one", "two"}
	}
	return &contract.Task{
		JobID: "j1", DeviceID: "r1", Attempt: 1, Commands: commands, ReadOnly: n == reads, Repeatable: n != once,
		Target: contract.Target{Address: "127.0.0.1", Platform: "cisco_ios", Credential: "env:LAB"}, CommandTimeoutMS: 5_000, DeviceTimeoutMS: 60_000,
		Deadline: time.Now().Add(time.Hour), Retry: contract.RetryPolicy{Attempts: 3, BackoffMS: 1000, MaxBackoffMS: 4000},
	}
}

var errCause = errors.New("the cause")
