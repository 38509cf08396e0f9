package system

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/tests/peers"
)

// TestFRRoutingFromHTTPToResult runs jobs on real routers, and kills every process of netrust once while a job is under way.
func TestFRRoutingFromHTTPToResult(t *testing.T) {
	routers := peers.StartFRR(t, 3)
	c := Start(t, Options{
		Schedulers: 1, Executors: 1, ExecutorEnv: []string{"NETRUST_EXECUTOR_CONNECT_TIMEOUT=5s"},
		Env: []string{
			"NETRUST_CREDENTIAL_FRR_USERNAME=" + routers.Username, "NETRUST_CREDENTIAL_FRR_PASSWORD=" + routers.Password,
		},
	})
	c.API.Import(t, frrInventory(routers))
	for _, p := range append([]*Process{nil}, c.All()...) {
		name := "nothing"
		if p != nil {
			name = p.Name
		}
		t.Run("after the kill of "+name, func(t *testing.T) {
			job := c.API.Submit(t, "frr-"+name, contract.JobSpec{
				Kind: contract.JobKindCommand, Targets: contract.TargetSelector{All: true},
				Commands: slices.Repeat([]string{"show version", "show running-config", "show ip route"}, 6),
				Limits:   contract.Limits{DeviceTimeoutMS: 20_000, CommandTimeoutMS: 10_000},
			})
			if p != nil {
				p.Kill()
				p.Start(t)
			}
			if job = c.API.Await(t, job.ID, time.Minute); job.State != contract.JobSucceeded {
				t.Fatalf("the job %s: %s, %+v", job.State, job.Reason, job.Counts)
			}
			for _, r := range c.API.Results(t, job.ID) {
				if len(r.Outputs) != 18 || !strings.Contains(r.Outputs[0].Output, "FRRouting") ||
					!strings.Contains(r.Outputs[1].Output, "hostname "+r.DeviceID) {
					t.Errorf("%s answered %+v", r.DeviceID, r.Outputs)
				}
			}
		})
	}
}

// frrInventory names the routers' devices as the routers name themselves.
func frrInventory(f *peers.FRR) []byte {
	var b strings.Builder
	b.WriteString("defaults: {platform: frr, site: lab, credential: env:FRR}\ndevices:\n")
	for _, r := range f.Routers {
		fmt.Fprintf(&b, "  - {id: %s, address: %s, port: %d}\n", r.Name, r.Address, r.Port)
	}
	return []byte(b.String())
}
