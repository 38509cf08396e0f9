package observe

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/lab/fault"
	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/tests/system"
)

// day is what happens to netrust while it is scraped.
type day struct {
	*testing.T
	cluster *system.Cluster
	lab     *system.Lab
	jobs    int
}

// healthy is jobs that go well, long enough for the services to look at their queues. It returns when the first had ended:
// until then the services are still finding each other.
func (d *day) healthy() (from time.Time) {
	d.slow(500, d.all()...)
	stop := d.follow(d.submit("show version", func(*contract.JobSpec) {}).ID)
	d.succeeds(d.submit("show version", func(*contract.JobSpec) {}))
	stop()
	from = time.Now()
	d.succeeds(d.submit("show version", func(*contract.JobSpec) {}))
	d.slow(0, d.all()...)
	d.succeeds(d.submit("show version", func(s *contract.JobSpec) { s.Priority = contract.PriorityUrgent }))
	d.passes(7 * time.Second)
	return from
}

// bad is what goes wrong, one after the other.
func (d *day) bad() {
	d.refusedLogins()
	d.badDevices()
	d.cancelled()
	d.poison()
	d.lostExecutors()
	d.lostNATS()
}

func (d *day) refusedLogins() {
	for _, id := range d.some(0, 6) {
		d.lab.Reset(d, id) // a session that is open needs no login
		d.lab.Fault(d, id, fault.Set{WrongPassword: true})
	}
	d.fails(d.submit("show version", func(s *contract.JobSpec) {
		s.Targets = contract.TargetSelector{IDs: d.some(0, 6)}
	}))
	d.passes(2 * time.Second)
	d.heal()
}

func (d *day) badDevices() {
	for i, id := range d.some(0, 9) {
		d.lab.Reset(d, id)
		d.lab.Fault(d, id, []fault.Set{{Refuse: true}, {Invalid: []string{"show version"}}, {Busy: fault.BusySession}}[i%3])
	}
	d.fails(d.submit("show version", func(s *contract.JobSpec) { s.Retry = contract.RetryPolicy{Attempts: 3, BackoffMS: 500} }))
	d.heal()
}

func (d *day) cancelled() {
	d.slow(700, d.all()...)
	job := d.submit("show version", func(*contract.JobSpec) {})
	d.atWork(job)
	if err := d.cluster.API.Do("POST", api.PathJobs+"/"+job.ID+"/cancel", map[string]string{"Content-Type": "application/json"}, []byte("{}"), nil); err != nil {
		d.Fatal(err)
	}
	d.fails(job)
	d.slow(0, d.all()...)
}

// poison puts a message that is no task among the tasks, and takes a consumer away.
func (d *day) poison() {
	conn, err := bus.Connect(d.Context(), bus.Config{
		URL: d.cluster.NATSURL, User: bus.ServerUser, PasswordFile: d.cluster.PasswordFile, Name: d.Name(),
	}, zerolog.Nop())
	if err != nil {
		d.Fatal(err)
	}
	defer conn.Close()
	subject := contract.TaskKey{Site: "lab", Job: "none", Phase: contract.PhaseRun, Device: "none"}.Subject(contract.Normal)
	if _, err := conn.Publish(d.Context(), bus.Message{Subject: subject, Data: []byte("poison"), Type: contract.TypeTask, ID: "poison"}); err != nil {
		d.Fatal(err)
	}
	d.eventually("the dead letter", func() error {
		state, err := conn.State(d.Context(), contract.StreamDLQ)
		if err == nil && state.Messages == 0 {
			err = fmt.Errorf("there is none")
		}
		return err
	})
	if err := conn.JetStream().DeleteConsumer(d.Context(), contract.StreamTasks, "tasks-any-normal"); err != nil {
		d.Fatal(err)
	}
	d.passes(7 * time.Second) // the leader looks at the streams every five seconds
}

// lostExecutors kills one executor with tasks in hand that must not be repeated, and later the other, while a job waits.
func (d *day) lostExecutors() {
	d.slow(2500, d.all()...)
	job := d.submit("clear counters", func(s *contract.JobSpec) { s.Limits.CommandTimeoutMS, s.Limits.DeviceTimeoutMS = 4000, 5000 })
	d.atWork(job)
	d.passes(time.Second)
	d.cluster.Executors[0].Kill()
	d.fails(job)
	waits := d.submit("show version", func(*contract.JobSpec) {})
	d.atWork(waits)
	d.cluster.Executors[1].Kill()
	d.passes(13 * time.Second)
	d.slow(0, d.all()...)
	for _, x := range d.cluster.Executors {
		x.Start(d)
	}
	d.succeeds(waits)
}

func (d *day) lostNATS() {
	d.cluster.NATS.Kill()
	d.passes(time.Second)
	for range 5 {
		a := d.cluster.API.Send(d, "POST", api.PathJobs, nil, `{"targets":{"all":true},"commands":["show version"]}`)
		if a.Status < 500 {
			d.Errorf("a job without NATS gets %d %s", a.Status, a.Body)
		}
		d.passes(1200 * time.Millisecond) // over more than one scrape
	}
	d.cluster.NATS.Start(d)
	d.eventually("the gateway to be ready", d.cluster.API.Ready)
	d.succeeds(d.submit("show version", func(*contract.JobSpec) {}))
	d.passes(3 * time.Second)
}

func (d *day) all() []string { return d.some(0, 24) }

// some are the lab's devices from one number to another.
func (d *day) some(from, to int) (ids []string) {
	for i := from + 1; i <= to; i++ {
		ids = append(ids, fmt.Sprintf("lab-%04d", i))
	}
	return ids
}

// slow makes every command of the devices take so long.
func (d *day) slow(ms int, devices ...string) {
	d.Helper()
	for _, id := range devices {
		d.lab.Fault(d, id, fault.Set{CommandDelayMS: ms})
	}
}

func (d *day) heal() { d.slow(0, d.all()...) }

func (d *day) submit(command string, change func(*contract.JobSpec)) api.Job {
	d.Helper()
	d.jobs++
	spec := contract.JobSpec{Kind: contract.JobKindCommand, Targets: contract.TargetSelector{All: true}, Commands: []string{command},
		Limits: contract.Limits{AuthFailures: 100}, // refused logins are a part of the day
	}
	change(&spec)
	return d.cluster.API.Submit(d, fmt.Sprint("job ", d.jobs), spec)
}

func (d *day) succeeds(job api.Job) {
	d.Helper()
	if ended := d.cluster.API.Await(d, job.ID, 2*time.Minute); ended.State != contract.JobSucceeded {
		d.Fatalf("the job %v is %s: %+v", job.Spec.Commands, ended.State, ended.Counts)
	}
}

func (d *day) fails(job api.Job) {
	d.Helper()
	if ended := d.cluster.API.Await(d, job.ID, 2*time.Minute); ended.State == contract.JobSucceeded {
		d.Fatalf("the job %v succeeded", job.Spec.Commands)
	}
}

// atWork waits until tasks of the job are in executors' hands.
func (d *day) atWork(job api.Job) {
	d.Helper()
	d.eventually("tasks at work", func() error {
		var now api.Job
		if err := d.cluster.API.Do("GET", api.PathJobs+"/"+job.ID, nil, nil, &now); err != nil {
			return err
		}
		if now.Counts.Running == 0 {
			return fmt.Errorf("%+v", now.Counts)
		}
		return nil
	})
}

// follow reads a job's events, until stop is called.
func (d *day) follow(job string) (stop func()) {
	d.Helper()
	ctx, cancel := context.WithCancel(d.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.cluster.API.URL+api.PathJobs+"/"+job+"/events", nil)
	if err != nil {
		d.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.cluster.API.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		}
	}()
	return func() { cancel(); resp.Body.Close(); <-done } //nolint:errcheck // its end is ours
}

func (d *day) eventually(what string, holds func() error) {
	d.Helper()
	system.Eventually(d, time.Minute, what, holds)
}

// passes lets time pass: what is measured is measured over time.
func (d *day) passes(t time.Duration) {
	select {
	case <-time.After(t):
	case <-d.Context().Done():
	}
}
