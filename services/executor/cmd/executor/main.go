// Command executor runs one executor process against a NATS server.
package main

import (
	"context"
	"os"

	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/services/executor"
)

func main() {
	servicekit.Headroom(servicekit.DefaultHeadroom, os.Environ())
	s := executor.DefaultProcess()
	host := servicekit.Host{Args: os.Args[1:], Environ: os.Environ(), Stderr: os.Stderr}
	os.Exit(servicekit.Main(host, "executor", s, &s.Process, func(ctx context.Context, p servicekit.Process) error {
		return executor.Process(ctx, p, s, os.LookupEnv)
	}))
}
