package gateway

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/process"
	"github.com/netrust/netrust/libs/servicekit"
)

// DefaultProcess are the settings of a gateway's process. Its health address and its API answer from the start; to
// all but health the API says 503 until NATS is there.
func DefaultProcess() *process.Settings[Config] { return process.Defaults(Default(), "127.0.0.1:7491") }

// Process runs a gateway as a process of its own. The first admin token is shown once, on stdout.
func Process(ctx context.Context, p servicekit.Process, s *process.Settings[Config], stdout io.Writer) error {
	cfg := s.Service
	var err error
	if cfg.DataDir, err = filepath.Abs(cfg.DataDir); err != nil {
		return fmt.Errorf("finding the gateway's data directory: %w", err)
	}
	cfg.Observe = p.Observe
	cfg.ShowAdminToken = func(secret string) {
		fmt.Fprintf(stdout, "Admin token, shown this once: %s\n", secret)
	}
	door, err := OpenDoor(ctx, cfg, p.Health, p.Log)
	if err != nil {
		return err
	}
	defer door.Close()
	return process.Beside(ctx, p, "gateway", s.NATS, func(ctx context.Context, conn *bus.Conn) error {
		service, err := New(conn, cfg, p.Log)
		if err != nil {
			return err
		}
		return service.RunBehind(ctx, door)
	})
}
