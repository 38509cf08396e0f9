// Package process is a service as a process of its own, beside a NATS server that it shares with the others: the settings
// of such a process, and its way from start to work.
//
// It promises that services may be started in any order: one waits for what it needs, and /readyz says for what. What the
// service does is the caller's.
package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/servicekit"
)

// Settings of a service's process; Service are the service's own.
type Settings[C any] struct {
	Process servicekit.ProcessSettings `yaml:",inline"`
	NATS    NATS                       `yaml:"nats"`
	Service C                          `yaml:",inline"`
}

// Defaults are the settings of a service whose health is served on the address, or nowhere if that is empty.
func Defaults[C any](service C, health string) *Settings[C] {
	s := &Settings[C]{Process: servicekit.DefaultProcess(), NATS: DefaultNATS(), Service: service}
	s.Process.HealthListen = health
	return s
}

// Validate reports what the parts cannot know.
func (s *Settings[C]) Validate() error {
	if s.NATS.URL == "" {
		return servicekit.Fault("nats.url", "write it like nats://127.0.0.1:4222", "it is empty")
	}
	return nil
}

// Beside connects as the service of that name, waits for the streams that it uses, and runs work on the connection. NATS
// and who makes the streams may come later than the service: until then it is not ready.
func Beside(ctx context.Context, p servicekit.Process, name string, nats NATS, work func(context.Context, *bus.Conn) error) error {
	p.Health.Set("nats", fmt.Errorf("not connected to %s yet", nats.URL))
	if err := awaitFile(ctx, p, nats.PasswordFile); err != nil {
		return err
	}
	cfg := nats.Bus("netrust-"+name, name)
	cfg.Metrics = p.Metrics
	conn, err := bus.Connect(ctx, cfg, p.Log)
	if err != nil {
		return fmt.Errorf("connecting to NATS at %s: %w", nats.URL, err)
	}
	defer conn.Close()
	p.Health.Register("nats", conn.Ready)
	p.Health.Set("streams", errors.New("looking for the streams"))
	err = conn.Await(ctx, func(missing error) {
		p.Health.Set("streams", missing)
		p.Log.Warn().Err(missing).Msg("waiting for the streams")
	})
	if err != nil {
		return fmt.Errorf("waiting for streams and buckets: %w", err)
	}
	p.Health.Set("streams", nil)
	return work(ctx, conn)
}

// lookEvery is how often a file that is to come is looked for.
const lookEvery = 200 * time.Millisecond

// awaitFile waits for the password file, which netrust serve nats writes when it first starts: the processes may be
// started in any order. What it waits for is in the log and in /readyz.
func awaitFile(ctx context.Context, p servicekit.Process, path string) error {
	if path == "" {
		return nil
	}
	_, err := os.Stat(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return nil // it is there, or reading it says what is wrong
	}
	p.Health.Set("nats", fmt.Errorf("the password file %s is not there yet: start netrust serve nats, or set nats.password_file", path))
	p.Log.Warn().Str("password_file", path).Msg("waiting for the password file of NATS; netrust serve nats writes it, nats.password_file names another")
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for errors.Is(err, fs.ErrNotExist) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			_, err = os.Stat(path)
		}
	}
	return nil
}
