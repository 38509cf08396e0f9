// Command audit runs one audit process against a NATS server.
package main

import (
	"context"
	"os"

	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/services/audit"
)

func main() {
	s := audit.DefaultProcess()
	host := servicekit.Host{Args: os.Args[1:], Environ: os.Environ(), Stderr: os.Stderr}
	os.Exit(servicekit.Main(host, "audit", s, &s.Process, func(ctx context.Context, p servicekit.Process) error {
		return audit.Process(ctx, p, s)
	}))
}
