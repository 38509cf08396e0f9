package system

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/ledger"
)

var (
	seed  = flag.Uint64("faults.seed", 0, "seed of the fault test; 0 takes one from the clock")
	kills = flag.Int("faults.kills", 40, "how many processes the fault test kills")
)

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	Cleanup()
	os.Exit(code)
}

// TestAJobSurvivesKillsOfEveryProcess runs two jobs of marked commands on 500 devices, one of them not repeatable, while
// every process but the lab is killed at random, again and again.
func TestAJobSurvivesKillsOfEveryProcess(t *testing.T) { survivesKills(t, Options{}) }

// TestTheDeployedLayoutSurvivesKillsOfEveryProcess does the same with what deploy/ describes: a nats-server of its own, with the
// settings there, and each service a process that logs in as its own user.
func TestTheDeployedLayoutSurvivesKillsOfEveryProcess(t *testing.T) {
	survivesKills(t, Options{OutsideNATS: true, Audits: 2})
}

func survivesKills(t *testing.T, o Options) {
	t.Helper()
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d: go test ./system -run %s -faults.seed %d", s, t.Name(), s)
	rnd := rand.New(rand.NewPCG(s, 0))

	devices := StartLab(t, "--devices", "500", "--latency", "250ms", "--seed", fmt.Sprint(s), "--platforms", "cisco_ios,frr")
	o.Schedulers, o.Executors, o.Env = 2, 3, devices.Env
	o.ExecutorEnv = []string{"NETRUST_EXECUTOR_NORMAL_SLOTS=8", "NETRUST_EXECUTOR_CONNECT_TIMEOUT=5s"}
	c := Start(t, o)
	c.API.Import(t, devices.Inventory)

	once := c.API.Submit(t, "once", markJob("once", "cisco_ios", false))
	again := c.API.Submit(t, "again", markJob("again", "frr", true))

	stop := make(chan struct{})
	var killer sync.WaitGroup
	killer.Go(func() { killAtRandom(t, c, rnd, stop) })
	jobs := []api.Job{c.API.Await(t, once.ID, 4*time.Minute), c.API.Await(t, again.ID, 4*time.Minute)}
	close(stop)
	killer.Wait()

	counts := devices.Counts(t)
	killed := map[string]bool{}
	for _, e := range c.Executors {
		for _, id := range e.Killed() {
			killed[id] = true
		}
	}
	uncertain := 0
	for i, job := range jobs {
		token := []string{"once", "again"}[i]
		results := c.API.Results(t, job.ID)
		if len(results) != 250 {
			t.Errorf("job %s has %d results, want one for each of 250 devices", token, len(results))
		}
		seen := map[string]bool{}
		for _, r := range results {
			if seen[r.DeviceID] {
				t.Errorf("job %s has two results for %s", token, r.DeviceID)
			}
			seen[r.DeviceID] = true
			if r.State == contract.TaskUncertain {
				uncertain++
			}
			if fault := judge(r, token == "once", counts[r.DeviceID].Marks[token], killed); fault != "" {
				t.Errorf("job %s, %s: %s; %s, error %+v", token, r.DeviceID, fault, r.State, r.Error)
			}
		}
	}
	checkLedger(t, c)
	t.Logf("%d executor incarnations killed, %d tasks uncertain, %+v, %+v", len(killed), uncertain, jobs[0].Counts, jobs[1].Counts)
	if len(killed) == 0 {
		t.Error("no executor was killed: the test shows nothing")
	}
	for _, p := range c.All() {
		if strings.Contains(p.Log(), "does not permit") || strings.Contains(p.Log(), "Permissions Violation") {
			t.Errorf("%s was refused what it needs:\n%s", p.Name, tail(p.Log(), 3000))
		}
	}
}

func markJob(token, platform string, repeatable bool) contract.JobSpec {
	return contract.JobSpec{
		Kind: contract.JobKindCommand, Name: token, Targets: contract.TargetSelector{Labels: "platform=" + platform},
		Commands: []string{"test mark " + token}, Repeatable: repeatable,
		Limits: contract.Limits{Parallel: 12, CommandTimeoutMS: 4000, DeviceTimeoutMS: 8000, DeadlineMS: 180_000},
		Retry:  contract.RetryPolicy{Attempts: 5, BackoffMS: 100, MaxBackoffMS: 500},
	}
}

// killAtRandom kills one process after the other, and starts each again, until stop or until it has killed enough.
func killAtRandom(t *testing.T, c *Cluster, rnd *rand.Rand, stop <-chan struct{}) {
	targets := []*Process{c.NATS, c.Gateway}
	targets = append(targets, c.Schedulers...)
	for range 2 {
		targets = append(targets, c.Executors...)
	}
	targets = append(targets, c.Audits...)
	for range *kills {
		p := targets[rnd.IntN(len(targets))]
		pause := time.Duration(300+rnd.IntN(1200)) * time.Millisecond
		down := time.Duration(50+rnd.IntN(600)) * time.Millisecond
		select {
		case <-stop:
			return
		case <-time.After(pause):
		}
		t.Logf("kill -9 %s", p.Name)
		p.Kill()
		<-time.After(down)
		p.Start(t)
	}
}

// judge says what is wrong with a result, given how often the device ran the marked command.
func judge(r api.Result, once bool, marks int, killed map[string]bool) string {
	switch r.State {
	case contract.TaskSucceeded:
		if marks == 0 {
			return "it succeeded and the device never got the command"
		}
		if once && marks > 1 {
			return fmt.Sprintf("the device got the command %d times", marks)
		}
	case contract.TaskUncertain:
		switch {
		case !once:
			return "a repeatable task is uncertain"
		case marks > 1:
			return fmt.Sprintf("the device got the command %d times", marks)
		case r.Error == nil || r.Error.Kind != contract.KindHolderLost:
			return "it is uncertain for another reason than a lost executor"
		case !slices.ContainsFunc(strings.Fields(r.Error.Message), func(w string) bool { return killed[w] }):
			return "its reason does not name an executor that was killed"
		}
	default:
		return "it neither succeeded nor is uncertain"
	}
	return ""
}

// checkLedger reads the whole ledger: every task that was ever claimed has one result, and nothing after it.
func checkLedger(t *testing.T, c *Cluster) {
	conn, err := bus.Connect(t.Context(), bus.Config{URL: c.NATSURL, User: bus.ServerUser, PasswordFile: c.PasswordFile, Name: t.Name()}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	finished := map[contract.TaskKey]int{}
	done := errors.New("read")
	err = conn.Follow(ctx, bus.FollowConfig{Stream: ledger.Stream, Filters: []string{ledger.Subject(contract.TaskRecords)}, Idle: func() error { return done }},
		func(s bus.Stored) error {
			e, err := ledger.Decode(s)
			if err != nil {
				return err
			}
			switch key := *e.Key.Task; {
			case finished[key] > 0:
				t.Errorf("task %s has a record after its result: %+v", key.ID(), e.Task)
			case e.Task.State == contract.Finished:
				finished[key]++
			}
			return nil
		})
	if !errors.Is(err, done) {
		t.Fatal(err)
	}
	if len(finished) != 500 {
		t.Errorf("the ledger has results of %d tasks, want 500", len(finished))
	}
}
