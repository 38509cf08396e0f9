// Package role is what the benchmark's processes do: NATS, each service, the lab, and the bare loops.
//
// The services are the product's own, put together as its binary does it; only the executor's drivers may be exchanged,
// by [DriverChoice]. Each process gets its settings from, and tells what others need to, package child.
package role

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/tests/bench/internal/child"
)

// Names of roles.
const (
	NATS      = "nats"
	Scheduler = "scheduler"
	Gateway   = "gateway"
	Executor  = "executor"
	Lab       = "lab"
	Bare      = "bare"
)

// All are the roles, for [child.Main].
func All() map[string]child.Role {
	return map[string]child.Role{
		NATS:      product(typed(runNATS)),
		Scheduler: product(typed(runScheduler)),
		Gateway:   product(typed(runGateway)),
		Executor:  product(typed(runExecutor)),
		Lab:       typed(runLab),
		Bare:      typed(runBare),
	}
}

// product has a role collect garbage as the product's mains do.
func product(role child.Role) child.Role {
	return func(ctx context.Context, settings []byte, h *child.Host) error {
		servicekit.Headroom(servicekit.DefaultHeadroom, os.Environ())
		return role(ctx, settings, h)
	}
}

// typed decodes the settings of a role.
func typed[S any](run func(context.Context, S, *child.Host) error) child.Role {
	return func(ctx context.Context, settings []byte, h *child.Host) error {
		var s S
		if err := json.Unmarshal(settings, &s); err != nil {
			return fmt.Errorf("decoding the settings: %w", err)
		}
		return run(ctx, s, h)
	}
}

func logger() zerolog.Logger {
	return zerolog.New(os.Stderr).Level(zerolog.InfoLevel).With().Timestamp().Logger()
}

// NATSSettings say where the server keeps its streams.
type NATSSettings struct {
	Dir string `json:"dir"`
}

// NATSFacts say how to reach it.
type NATSFacts struct {
	URL          string `json:"url"`
	PasswordFile string `json:"password_file"`
}

func runNATS(ctx context.Context, s NATSSettings, h *child.Host) error {
	server, err := bus.StartServer(bus.ServerConfig{DataDir: s.Dir, Listen: "127.0.0.1:0"}, logger())
	if err != nil {
		return err
	}
	defer server.Close()
	if err := h.Ready(NATSFacts{URL: server.URL(), PasswordFile: bus.PasswordFile(s.Dir)}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// Connect connects to the server, as every service does.
func Connect(ctx context.Context, f NATSFacts, name string, log zerolog.Logger) (*bus.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	conn, err := bus.Connect(ctx, bus.Config{URL: f.URL, Name: name, User: bus.ServerUser, PasswordFile: f.PasswordFile}, log)
	if err != nil {
		return nil, err
	}
	if err := conn.Ensure(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("preparing streams and buckets: %w", err)
	}
	return conn, nil
}
