// Command netrust is all of netrust in one binary: the services (netrust up, netrust serve), the simulated devices
// (netrust lab), a demonstration (netrust demo), and the operator's commands (netrust run, job, device, token).
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/netrust/internal/configcmd"
	"github.com/netrust/netrust/netrust/internal/credentialcmd"
	"github.com/netrust/netrust/netrust/internal/demo"
	"github.com/netrust/netrust/netrust/internal/environ"
	"github.com/netrust/netrust/netrust/internal/labcmd"
	"github.com/netrust/netrust/netrust/internal/natscmd"
	"github.com/netrust/netrust/netrust/internal/parsecmd"
	"github.com/netrust/netrust/netrust/internal/serve"
	"github.com/netrust/netrust/netrust/internal/settingscmd"
	"github.com/netrust/netrust/netrust/internal/up"
	"github.com/netrust/netrust/netrust/internal/world"
)

func main() {
	servicekit.Headroom(servicekit.DefaultHeadroom, os.Environ())
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	w := world.OS()
	w.HostChecks = func() []cli.Check { return hostChecks(w) }
	root := cli.Command(w.Deps)
	root.AddCommand(up.Command(w), serve.Command(w), labcmd.Command(w), natscmd.Command(w), demo.Command(w), settingscmd.Command(w), parsecmd.Command(w),
		configcmd.Command(w), credentialcmd.Command(w))
	return cli.Execute(ctx, root, w.Deps, os.Args[1:])
}

// hostChecks are what doctor looks at besides: variables that no part of netrust knows.
func hostChecks(w world.World) (checks []cli.Check) {
	all := up.Default(w.DataDir)
	for _, u := range environ.Find(w, &all) {
		checks = append(checks, cli.Check{
			Name: "environment", Verdict: cli.CheckWarn, Detail: u.Name + " is no setting of any part of netrust",
			Remedy: "remove it; the nearest that there is: " + u.Nearest,
		})
	}
	if checks == nil {
		checks = []cli.Check{{Name: "environment", Verdict: cli.CheckOK, Detail: "every NETRUST_ variable is known"}}
	}
	return checks
}
