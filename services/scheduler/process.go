package scheduler

import (
	"context"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/process"
	"github.com/netrust/netrust/libs/servicekit"
)

// DefaultProcess are the settings of a scheduler's process.
func DefaultProcess() *process.Settings[Config] { return process.Defaults(Default(), "127.0.0.1:7492") }

// Process runs a scheduler as a process of its own.
func Process(ctx context.Context, p servicekit.Process, s *process.Settings[Config]) error {
	return process.Beside(ctx, p, "scheduler", s.NATS, func(ctx context.Context, conn *bus.Conn) error {
		cfg := s.Service
		cfg.Observe = p.Observe
		service, err := New(conn, cfg, p.Log)
		if err != nil {
			return err
		}
		return service.Run(ctx)
	})
}
