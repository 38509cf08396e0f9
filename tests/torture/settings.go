package torture

import (
	"math/rand/v2"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/executor"
	"github.com/netrust/netrust/services/scheduler"
)

// Settings say how large a round is and how much goes wrong in it.
type Settings struct {
	Seed       uint64
	Devices    int
	Jobs       int // each on all devices
	Executors  int
	Schedulers int
	// Chaos is how long jobs are submitted and faults are made.
	Chaos time.Duration
	// Recover bounds what comes after: all jobs must have ended by then.
	Recover time.Duration
	// Faults of each kind.
	ExecutorKills, ExecutorPauses, ExecutorStops int
	SchedulerKills, SchedulerPauses              int
	ServerKills, ServerPauses                    int
	// Cancels is how many jobs are cancelled.
	Cancels int
}

// Short is a round of 1,500 tasks for every run of the tests.
func Short(seed uint64) Settings {
	return Settings{
		Seed: seed, Devices: 150, Jobs: 10, Executors: 4, Schedulers: 2, Chaos: 22 * time.Second, Recover: 2 * time.Minute,
		ExecutorKills: 6, ExecutorPauses: 2, ExecutorStops: 1, SchedulerKills: 3, SchedulerPauses: 1, ServerKills: 3, ServerPauses: 1,
		Cancels: 3,
	}
}

// Long is a round of 8,000 tasks.
func Long(seed uint64) Settings {
	return Settings{
		Seed: seed, Devices: 400, Jobs: 20, Executors: 4, Schedulers: 2, Chaos: 90 * time.Second, Recover: 5 * time.Minute,
		ExecutorKills: 20, ExecutorPauses: 8, ExecutorStops: 3, SchedulerKills: 9, SchedulerPauses: 3, ServerKills: 10, ServerPauses: 3,
		Cancels: 6,
	}
}

// The times of the protocol are short, so that much happens in a round.
const (
	livenessTTL    = 3 * time.Second
	leaderTTL      = 3 * time.Second
	ackWait        = 2 * time.Second
	unclaimedAfter = 3 * time.Second
	commandTimeout = 1500 * time.Millisecond
	deviceTimeout  = 3 * time.Second
	connectTimeout = time.Second
	jobDeadline    = 4 * time.Minute
	normalSlots    = 12
	urgentSlots    = 6
	parallel       = 12
	commandsPerJob = 2
	retryAttempts  = 4
	platformName   = "cisco_ios"
	site           = "lab"
)

func schedulerConfig() scheduler.Config {
	cfg := scheduler.Default()
	cfg.LeaderTTL, cfg.UnclaimedAfter, cfg.SilentAfter = leaderTTL, unclaimedAfter, 2*livenessTTL
	return cfg
}

func executorConfig() executor.Config {
	cfg := executor.Default()
	cfg.LivenessTTL, cfg.AckWait, cfg.ConnectTimeout = livenessTTL, ackWait, connectTimeout
	cfg.NormalSlots, cfg.UrgentSlots, cfg.DrainTimeout = normalSlots, urgentSlots, 2*time.Second
	return cfg
}

// Job is one job of a round.
type Job struct {
	ID         string
	Class      contract.Class
	Repeatable bool
	Devices    []string
	// Submit and Cancel are when, from the start of the round; Cancel 0 for never.
	Submit, Cancel time.Duration
	Spec           contract.JobSpec
}

// jobs makes the round's jobs: half of them may not be repeated, every fourth is urgent.
func (s *Settings) jobs(rnd *rand.Rand) []Job {
	devices := s.deviceIDs()
	jobs := make([]Job, s.Jobs)
	for i := range jobs {
		j := &jobs[i]
		j.ID = contract.DeriveJobID("torture", string(rune('a'+i))+time.Duration(s.Seed).String())
		j.Devices, j.Repeatable, j.Class = devices, i%2 == 1, contract.Normal
		j.Submit = time.Duration(i) * (s.Chaos * 9 / 10) / time.Duration(s.Jobs)
		j.Spec = spec(j.ID, i, j.Repeatable)
		if i%4 == 3-i/4%2 { // of both kinds
			j.Spec.Priority, j.Class = contract.PriorityUrgent, contract.Urgent
		}
	}
	for _, i := range rnd.Perm(len(jobs))[:min(s.Cancels, len(jobs))] {
		jobs[i].Cancel = jobs[i].Submit + time.Duration(rnd.Int64N(int64(5*time.Second)))
	}
	return jobs
}

func (s *Settings) deviceIDs() []string {
	ids := make([]string, s.Devices)
	for i := range ids {
		ids[i] = deviceID(i)
	}
	return ids
}

func spec(job string, i int, repeatable bool) contract.JobSpec {
	commands := make([]string, commandsPerJob)
	for k := range commands {
		switch {
		case repeatable && i%3 == 0:
			commands[k] = commandText(verbRead, job, k)
		case repeatable:
			commands[k] = commandText(verbAgain, job, k)
		default:
			commands[k] = commandText(verbOnce, job, k)
		}
	}
	return contract.JobSpec{
		Kind: contract.JobKindCommand, Targets: contract.TargetSelector{All: true}, Commands: commands, Repeatable: repeatable,
		Limits: contract.Limits{
			Parallel: parallel, CommandTimeoutMS: commandTimeout.Milliseconds(), DeviceTimeoutMS: deviceTimeout.Milliseconds(),
			DeadlineMS: jobDeadline.Milliseconds(),
		},
		Retry: contract.RetryPolicy{Attempts: retryAttempts, BackoffMS: 100, MaxBackoffMS: 500},
	}
}
