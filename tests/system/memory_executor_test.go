//go:build linux

package system

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
)

// peakMiB is the most memory that the process has had since it began.
func peakMiB(t *testing.T, p *Process) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		t.Fatal(err)
	}
	peak := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if peak == nil {
		t.Fatalf("no peak in %s", status)
	}
	kib, err := strconv.Atoi(string(peak[1]))
	if err != nil {
		t.Fatal(err)
	}
	return float64(kib) / 1024
}

// TestTheExecutorsMemoryDoesNotGrowWithTheJob runs a job of 500 tasks and one of 5,000, ten devices of the inventory being one
// of the lab.
func TestTheExecutorsMemoryDoesNotGrowWithTheJob(t *testing.T) {
	t.Parallel()
	const each = 10
	devices := StartLab(t, "--devices", "500", "--seed", "501", "--platforms", "frr")
	c := Start(t, Options{Schedulers: 1, Executors: 1, Env: devices.Env, ExecutorEnv: []string{
		"NETRUST_EXECUTOR_SESSION_IDLE=0", // open sessions have a limit of their own
		"GOGC=100",                        // and so has garbage, which 500 tasks do not reach
	}})
	var inventory strings.Builder
	inventory.WriteString("devices:\n")
	for i := range each {
		for line := range strings.Lines(string(devices.Inventory)) {
			line = strings.Replace(line, "- id: lab-", fmt.Sprintf("- id: %d-", i), 1)
			line = strings.Replace(line, "name: frr-", fmt.Sprintf("name: frr%d-", i), 1)
			line = strings.Replace(line, "labels: {", fmt.Sprintf("labels: {part: p%d, ", i), 1)
			if line != "devices:\n" {
				inventory.WriteString(line)
			}
		}
	}
	c.API.Import(t, []byte(inventory.String()))
	run := func(name string, targets contract.TargetSelector, want int) {
		t.Helper()
		job := c.API.Submit(t, name, contract.JobSpec{
			Kind: contract.JobKindCommand, Targets: targets, Commands: []string{"show version", "show interface"}, Limits: contract.Limits{Parallel: 40},
		})
		if job = c.API.Await(t, job.ID, 2*time.Minute); job.Counts.Succeeded != want {
			t.Fatalf("the %s job is %s, %s: %+v", name, job.State, job.Reason, job.Counts)
		}
	}
	run("small", contract.TargetSelector{Labels: "part=p0"}, 500)
	small := peakMiB(t, c.Executors[0])
	began := time.Now()
	run("large", contract.TargetSelector{All: true}, 500*each)
	large := peakMiB(t, c.Executors[0])
	t.Logf("peak of the executor: %.1f MiB after 500 tasks, %.1f after 5,000, which took %s", small, large, time.Since(began).Round(100*time.Millisecond))
	if large > small+16 {
		t.Errorf("the executor grew from %.1f to %.1f MiB", small, large)
	}
}
