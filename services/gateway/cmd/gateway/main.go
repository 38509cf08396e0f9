// Command gateway runs one gateway process against a NATS server.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/services/gateway"
)

const service = "gateway"

type settings struct {
	Process servicekit.ProcessSettings `yaml:",inline"`
	NATS    natsSettings               `yaml:"nats"`
	Service gateway.Config             `yaml:",inline"`
}

type natsSettings struct {
	URL             string `yaml:"url" help:"NATS server or servers, comma separated"`
	User            string `yaml:"user" help:"user of NATS"`
	PasswordFile    string `yaml:"password_file" help:"file that holds the user's password"`
	CredentialsFile string `yaml:"credentials_file" help:"file with a NATS JWT and its key, instead of user and password"`
	CAFile          string `yaml:"ca_file" help:"authority of the server's certificate"`
	Replicas        int    `yaml:"replicas" help:"copies of each stream: 1, or 3 on a cluster"`
}

func main() {
	s := settings{
		Process: servicekit.DefaultProcess(), Service: gateway.Default(),
		NATS: natsSettings{URL: "nats://127.0.0.1:4222", User: bus.ServerUser, Replicas: 1},
	}
	host := servicekit.Host{Args: os.Args[1:], Environ: os.Environ(), Stderr: os.Stderr}
	os.Exit(servicekit.Main(host, service, &s, &s.Process, func(ctx context.Context, p servicekit.Process) error {
		return run(ctx, p, &s)
	}))
}

func run(ctx context.Context, p servicekit.Process, s *settings) error {
	conn, err := bus.Connect(ctx, bus.Config{
		Name: service, URL: s.NATS.URL, User: s.NATS.User, PasswordFile: s.NATS.PasswordFile, CredentialsFile: s.NATS.CredentialsFile,
		CAFile: s.NATS.CAFile, Replicas: s.NATS.Replicas,
	}, p.Log)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Ensure(ctx); err != nil {
		return err
	}
	s.Service.ShowAdminToken = func(secret string) {
		fmt.Fprintf(os.Stderr, "The admin token, shown this once: %s\n", secret)
	}
	g, err := gateway.New(conn, s.Service, p.Log)
	if err != nil {
		return err
	}
	p.Health.Register(service, func(ctx context.Context) error {
		_, err := g.Health().Ready(ctx)
		return err
	})
	return g.Run(ctx)
}
