package executor

import (
	"context"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/process"
	"github.com/netrust/netrust/libs/servicekit"
)

// DefaultProcess are the settings of an executor's process.
func DefaultProcess() *process.Settings[Config] { return process.Defaults(Default(), "127.0.0.1:7493") }

// Process runs an executor as a process of its own. lookup reads the environment, for credentials.
func Process(ctx context.Context, p servicekit.Process, s *process.Settings[Config], lookup func(string) (string, bool)) error {
	drivers, err := Drivers()
	if err != nil {
		return err
	}
	cfg := s.Service.WithEnvironment(lookup)
	credentials, err := Credentials(cfg, lookup, p.Log)
	if err != nil {
		return err
	}
	return process.Beside(ctx, p, "executor", s.NATS, func(ctx context.Context, conn *bus.Conn) error {
		cfg.Observe = p.Observe
		service, err := New(conn, cfg, drivers, credentials, p.Log)
		if err != nil {
			return err
		}
		p.Health.Register("liveness", service.Ready)
		return service.Run(ctx)
	})
}
