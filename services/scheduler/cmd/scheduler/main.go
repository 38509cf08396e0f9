// Command scheduler runs one scheduler process against a NATS server.
package main

import (
	"context"
	"os"

	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/services/scheduler"
)

func main() {
	servicekit.Headroom(servicekit.DefaultHeadroom, os.Environ())
	s := scheduler.DefaultProcess()
	host := servicekit.Host{Args: os.Args[1:], Environ: os.Environ(), Stderr: os.Stderr}
	os.Exit(servicekit.Main(host, "scheduler", s, &s.Process, func(ctx context.Context, p servicekit.Process) error {
		return scheduler.Process(ctx, p, s)
	}))
}
