package audit

import (
	"context"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/process"
	"github.com/netrust/netrust/libs/servicekit"
)

// DefaultProcess are the settings of an audit's process.
func DefaultProcess() *process.Settings[Config] { return process.Defaults(Default(), "127.0.0.1:7494") }

// Process runs an audit as a process of its own.
func Process(ctx context.Context, p servicekit.Process, s *process.Settings[Config]) error {
	return process.Beside(ctx, p, "audit", s.NATS, func(ctx context.Context, conn *bus.Conn) error {
		cfg := s.Service
		cfg.Observe = p.Observe
		service, err := New(conn, cfg, p.Log)
		if err != nil {
			return err
		}
		p.Health.Register("audit", func(context.Context) error { return service.Ready() })
		return service.Run(ctx)
	})
}
