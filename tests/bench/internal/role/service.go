package role

import (
	"context"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/services/executor"
	"github.com/netrust/netrust/services/gateway"
	"github.com/netrust/netrust/services/scheduler"
	"github.com/netrust/netrust/tests/bench/internal/child"
)

// SchedulerSettings of a scheduler with the product's defaults.
type SchedulerSettings struct {
	NATS NATSFacts `json:"nats"`
}

func runScheduler(ctx context.Context, s SchedulerSettings, h *child.Host) error {
	log := logger()
	conn, err := Connect(ctx, s.NATS, Scheduler, log)
	if err != nil {
		return err
	}
	defer conn.Close()
	service, err := scheduler.New(conn, scheduler.Default(), log)
	if err != nil {
		return err
	}
	if err := h.Ready(nil); err != nil {
		return err
	}
	return service.Run(ctx)
}

// GatewaySettings of a gateway with the product's defaults on a free port.
type GatewaySettings struct {
	NATS NATSFacts `json:"nats"`
	Dir  string    `json:"dir"`
}

// GatewayFacts say how to reach it.
type GatewayFacts struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

func runGateway(ctx context.Context, s GatewaySettings, h *child.Host) error {
	log := logger()
	conn, err := Connect(ctx, s.NATS, Gateway, log)
	if err != nil {
		return err
	}
	defer conn.Close()
	token := make(chan string, 1)
	cfg := gateway.Default()
	cfg.Listen, cfg.DataDir = "127.0.0.1:0", s.Dir
	cfg.ShowAdminToken = func(secret string) { token <- secret }
	service, err := gateway.New(conn, cfg, log)
	if err != nil {
		return err
	}
	return alongside(ctx, service.Run, func(ctx context.Context) error {
		if err := service.Ready(ctx); err != nil {
			return err
		}
		select {
		case secret := <-token:
			return h.Ready(GatewayFacts{URL: "http://" + service.Addr(), Token: secret})
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

// alongside runs a service until it ends, and announces it; when that fails the service is ended.
func alongside(ctx context.Context, run, announce func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	said := make(chan error, 1)
	go func() { said <- announce(ctx) }()
	for {
		select {
		case err := <-done:
			return err
		case err := <-said:
			if err == nil {
				continue
			}
			cancel()
			<-done
			return err
		}
	}
}

// ExecutorSettings of an executor with the product's defaults.
type ExecutorSettings struct {
	NATS   NATSFacts    `json:"nats"`
	Driver DriverChoice `json:"driver"`
	// Slots of the normal class; 0 means the product's default.
	Slots int `json:"slots"`
	// Keep is for how long and how many sessions stay open between tasks; 0 keeps none: what is compared with loops that log in
	// must log in.
	KeepMS int64 `json:"keep_ms"`
	KeepUp int   `json:"keep_up"`
	// Environment resolves credentials.
	Environment map[string]string `json:"environment"`
}

// ExecutorFacts say what the executor can do at once.
type ExecutorFacts struct {
	Slots map[contract.Class]int `json:"slots"`
}

func runExecutor(ctx context.Context, s ExecutorSettings, h *child.Host) error {
	log := logger()
	conn, err := Connect(ctx, s.NATS, Executor, log)
	if err != nil {
		return err
	}
	defer conn.Close()
	drivers, err := registry(s.Driver)
	if err != nil {
		return err
	}
	credentials := credential.NewRegistry(map[string]credential.Provider{
		credential.SchemeEnv: credential.Env(func(name string) (string, bool) { v, ok := s.Environment[name]; return v, ok }),
	})
	cfg := executor.Default()
	if s.Slots > 0 {
		cfg.NormalSlots = s.Slots
	}
	cfg.SessionIdle = time.Duration(s.KeepMS) * time.Millisecond
	if s.KeepUp > 0 {
		cfg.SessionLimit = s.KeepUp
	}
	service, err := executor.New(conn, cfg, drivers, credentials, log)
	if err != nil {
		return err
	}
	facts := ExecutorFacts{map[contract.Class]int{contract.Normal: cfg.NormalSlots, contract.Urgent: cfg.UrgentSlots}}
	return alongside(ctx, service.Run, func(context.Context) error { return h.Ready(facts) })
}
