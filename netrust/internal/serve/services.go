package serve

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/netrust/internal/lock"
	"github.com/netrust/netrust/netrust/internal/world"
	"github.com/netrust/netrust/services/audit"
	"github.com/netrust/netrust/services/executor"
	"github.com/netrust/netrust/services/gateway"
	"github.com/netrust/netrust/services/scheduler"
)

// Services lists what can be served.
func Services(w world.World) []Service {
	return []Service{nats(w), gatewayService(w), schedulerService(w), executorService(w), auditService(w)}
}

// natsSettings of the embedded server as its own process.
type natsSettings struct {
	Process servicekit.ProcessSettings `yaml:",inline"`
	DataDir string                     `yaml:"data_dir" help:"directory of streams and passwords"`
	Listen  string                     `yaml:"listen" help:"loopback address"`
}

func nats(w world.World) Service {
	s := &natsSettings{Process: servicekit.DefaultProcess(), DataDir: w.DataDir, Listen: "127.0.0.1:4222"}
	return Service{
		Name: "nats", Short: "Run the embedded NATS JetStream server as its own process",
		Settings: s, process: &s.Process,
		run: func(ctx context.Context, p servicekit.Process) error {
			held, err := lock.Take(s.DataDir)
			if err != nil {
				return err
			}
			defer held.Release() //nolint:errcheck // the process ends
			server, err := bus.StartServer(bus.ServerConfig{DataDir: s.DataDir, Listen: s.Listen}, p.Log)
			if err != nil {
				return err
			}
			defer server.Close()
			p.Health.Register("nats", func(context.Context) error { return server.Ready() })
			p.Health.Set("streams", errors.New("being prepared"))
			p.Log.Info().Str("url", server.URL()).Str("password_files", bus.UserPasswordFile(s.DataDir, "SERVICE")).Msg("nats is up")
			if err := server.Prepare(ctx); err != nil {
				return fmt.Errorf("preparing streams and buckets: %w", err)
			}
			p.Health.Set("streams", nil)
			<-ctx.Done()
			return nil
		},
	}
}

func schedulerService(w world.World) Service {
	s := defaults(w, "scheduler", scheduler.DefaultProcess())
	return Service{
		Name: "scheduler", Short: "Run a scheduler: it plans jobs and releases their tasks; one of them leads",
		Settings: s, process: &s.Process,
		run: func(ctx context.Context, p servicekit.Process) error { return scheduler.Process(ctx, p, s) },
	}
}

func auditService(w world.World) Service {
	s := defaults(w, "audit", audit.DefaultProcess())
	return Service{
		Name: "audit", Short: "Run an audit: it writes the audit log; one of them writes",
		Settings: s, process: &s.Process,
		run: func(ctx context.Context, p servicekit.Process) error { return audit.Process(ctx, p, s) },
	}
}

func executorService(w world.World) Service {
	s := defaults(w, "executor", executor.DefaultProcess())
	s.Service.CredentialsAgeFile, s.Service.CredentialsUnlock = world.CredentialsFile(w.DataDir), w.CredentialsUnlock()
	return Service{
		Name: "executor", Short: "Run an executor: it logs in to devices and runs their tasks",
		Settings: s, process: &s.Process,
		run: func(ctx context.Context, p servicekit.Process) error { return executor.Process(ctx, p, s, w.LookupEnv) },
	}
}

func gatewayService(w world.World) Service {
	s := defaults(w, "gateway", gateway.DefaultProcess())
	s.Service.DataDir = filepath.Join(w.DataDir, "gateway")
	return Service{
		Name: "gateway", Short: "Run a gateway: the HTTP API",
		Settings: s, process: &s.Process,
		run: func(ctx context.Context, p servicekit.Process) error { return gateway.Process(ctx, p, s, w.Stdout) },
	}
}
