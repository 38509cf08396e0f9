// Command gateway runs one gateway process against a NATS server.
package main

import (
	"context"
	"os"

	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/services/gateway"
)

func main() {
	servicekit.Headroom(servicekit.DefaultHeadroom, os.Environ())
	s := gateway.DefaultProcess()
	host := servicekit.Host{Args: os.Args[1:], Environ: os.Environ(), Stderr: os.Stderr}
	os.Exit(servicekit.Main(host, "gateway", s, &s.Process, func(ctx context.Context, p servicekit.Process) error {
		return gateway.Process(ctx, p, s, os.Stdout)
	}))
}
