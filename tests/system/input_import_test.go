package system

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// TestAJobThatFollowsAnImportSeesAllOfIt imports devices and submits a job on them while the scheduler hangs, again and
// again: it then hears of devices and job at once, and the job runs on all of them all the same.
func TestAJobThatFollowsAnImportSeesAllOfIt(t *testing.T) {
	t.Parallel()
	c := Start(t, Options{Schedulers: 1})
	const rounds, devices = 6, 1000
	for round := range rounds {
		var b strings.Builder
		fmt.Fprintf(&b, "defaults: {platform: frr, site: lab, credential: 'env:NONE', labels: {round: r%d}}\ndevices:\n", round)
		for i := range devices {
			fmt.Fprintf(&b, "  - {id: r%d-%d, address: 192.0.2.1}\n", round, i)
		}
		scheduler := c.Schedulers[0]
		if err := scheduler.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		c.API.Import(t, []byte(b.String()))
		var job api.Job
		spec := fmt.Sprintf(`{"targets":{"labels":"round=r%d"},"commands":["show version"],"dry_run":true}`, round)
		if err := c.API.Do("POST", api.PathJobs, map[string]string{"Content-Type": "application/json"}, []byte(spec), &job); err != nil {
			t.Fatal(err)
		}
		if err := scheduler.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		job = c.API.Await(t, job.ID, 20*time.Second)
		if job.State != contract.JobSucceeded || job.Counts.Total != devices {
			t.Errorf("round %d: the job %s (%s) with %d devices of %d", round, job.State, job.Reason, job.Counts.Total, devices)
		}
	}
}
