package system

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/netrust/netrust/lab/fault"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// drainTime is the executors' task_drain in these tests.
const drainTime = 4 * time.Second

// TestAnExecutorThatIsStoppedEndsWhatItHas stops executors in three ways, each with tasks in hand.
func TestAnExecutorThatIsStoppedEndsWhatItHas(t *testing.T) {
	t.Parallel()
	devices := StartLab(t, "--devices", "12", "--seed", "401", "--platforms", "frr")
	c := Start(t, Options{Schedulers: 1, Executors: 2, Env: devices.Env, ExecutorEnv: []string{
		"NETRUST_EXECUTOR_TASK_DRAIN=" + drainTime.String(), "NETRUST_EXECUTOR_CONNECT_TIMEOUT=4s", "NETRUST_EXECUTOR_NORMAL_SLOTS=6",
		"NETRUST_EXECUTOR_SESSION_IDLE=0", // all tasks of a job are at work at the same time: none finds a session open
	}})
	c.API.Import(t, devices.Inventory)
	n := &network{Cluster: c, lab: devices}
	t.Run("tasks in hand end, and it exits well", n.drainEnds)
	t.Run("tasks that take longer are cut off, and run elsewhere", n.drainCuts)
	t.Run("a second signal ends it at once", n.drainForced)
}

// atWork submits a job on all devices, which have the fault, and returns when all of them are at work.
func (n *network) atWork(t *testing.T, command string, faults fault.Set) api.Job {
	t.Helper()
	ids := devs(1, 12, 1)
	for _, id := range ids {
		n.lab.Fault(t, id, faults)
	}
	spec := quick(ids, command)
	spec.Limits = contract.Limits{Parallel: 12, CommandTimeoutMS: 8000, DeviceTimeoutMS: 9000, AuthFailures: 20}
	return n.submit(t, spec, len(ids))
}

// drainEnds: what was begun within the drain time is ended and recorded by the executor that began it.
func (n *network) drainEnds(t *testing.T) {
	job := n.atWork(t, "test mark drain", fault.Set{CommandDelayMS: 1000})
	began := time.Now()
	if err := n.Executors[0].Stop(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if took := time.Since(began); took > drainTime {
		t.Errorf("it took %s", took)
	}
	job = n.API.Await(t, job.ID, 20*time.Second)
	counts := n.lab.Counts(t)
	for id, r := range n.results(t, job.ID) {
		if r.State != contract.TaskSucceeded || r.Attempt != 1 || counts[id].Marks["drain"] != 1 {
			t.Errorf("%s: %s in attempt %d, %d times on the device, %+v", id, r.State, r.Attempt, counts[id].Marks["drain"], r.Error)
		}
	}
	n.Executors[0].Start(t)
	Eventually(t, 10*time.Second, "the executor is back", n.Executors[0].Ready)
	n.known(t, 2)
}

// known waits until so many executors live in the ledger.
func (n *network) known(t *testing.T, executors int) {
	t.Helper()
	Eventually(t, 10*time.Second, "the executors are known", func() error {
		live := map[string]bool{}
		for _, s := range n.Streams(t) {
			if s.name != "KV_exec" {
				continue
			}
			for _, m := range s.messages {
				if key, err := contract.ParseExecKey(m.Subject[len("$KV.exec."):]); err == nil && key.Executor != "" {
					live[key.Executor] = !m.Deleted
				}
			}
		}
		alive := 0
		for _, l := range live {
			if l {
				alive++
			}
		}
		if alive != executors {
			return fmt.Errorf("%d live", alive)
		}
		return nil
	})
}

// drainCuts: what takes longer than the drain time and may be repeated is given back, and ends elsewhere.
func (n *network) drainCuts(t *testing.T) {
	job := n.atWork(t, "show mark cut", fault.Set{Hang: []string{"show mark cut"}})
	began := time.Now()
	if err := n.Executors[1].Stop(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if took := time.Since(began); took < drainTime || took > drainTime+3*time.Second {
		t.Errorf("it took %s; tasks have %s", took, drainTime)
	}
	for _, id := range devs(1, 12, 1) {
		n.lab.Fault(t, id, fault.Set{})
	}
	if job = n.API.Await(t, job.ID, 20*time.Second); job.State != contract.JobSucceeded {
		t.Errorf("the job is %s, %+v", job.State, job.Counts)
	}
	n.Executors[1].Start(t)
	Eventually(t, 10*time.Second, "the executor is back", n.Executors[1].Ready)
	n.known(t, 2)
}

// drainForced: a second signal does not wait. What was in hand is recovered as after a kill: uncertain, since it may not run
// twice.
func (n *network) drainForced(t *testing.T) {
	job := n.atWork(t, "test mark forced", fault.Set{CommandDelayMS: 1500})
	began, before := time.Now(), len(n.Executors[0].Log())
	for range 2 {
		if err := n.Executors[0].Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		// Two signals at once are one for the process.
		Eventually(t, 5*time.Second, "the signal is taken", func() error { return contains(n.Executors[0].Log()[before:], `"message":"stopping"`) })
	}
	err := n.Executors[0].Wait()
	var exit *exec.ExitError
	if took := time.Since(began); !errors.As(err, &exit) || exit.ExitCode() != 1 || took > time.Second {
		t.Errorf("it ended with %v after %s", err, took)
	}
	job = n.API.Await(t, job.ID, 40*time.Second)
	counts, uncertain := n.lab.Counts(t), 0
	for id, r := range n.results(t, job.ID) {
		if marks := counts[id].Marks["forced"]; marks > 1 || r.State == contract.TaskSucceeded && marks != 1 {
			t.Errorf("%s: %s, %d times on the device", id, r.State, marks)
		}
		if r.State == contract.TaskUncertain {
			uncertain++
		}
	}
	if uncertain == 0 || uncertain > 6 {
		t.Errorf("%d tasks are uncertain; the executor had up to 6 in hand", uncertain)
	}
}
