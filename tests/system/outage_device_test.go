package system

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/lab/fault"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// ailment is a fault of a device, and what must become of its task.
type ailment struct {
	name   string
	faults fault.Set
	state  contract.TaskState
	kinds  []contract.ErrorKind // one of them; none for success
	effect contract.Effect
	// attempts is the number of the last one; logins and commands are what the device counts, -1 for any number.
	attempts, logins, commands int
	says                       string // in the error's message or remedy
}

// checkAilments gives each ailment a device, runs the job, and compares.
func (n *network) checkAilments(t *testing.T, ids []string, spec contract.JobSpec, list []ailment) api.Job {
	t.Helper()
	spec.Targets.IDs = append([]string{}, ids...)
	before := n.lab.Counts(t)
	count := func(id string) int { return n.lab.Commands(t, id).Total[spec.Commands[0]] }
	commands := map[string]int{}
	for i, a := range list {
		commands[ids[i]] = count(ids[i])
		n.lab.Fault(t, ids[i], a.faults)
	}
	job, results := n.run(t, spec)
	after := n.lab.Counts(t)
	for i, a := range list {
		id := ids[i]
		r, now, then := results[id], after[id], before[id]
		if fault := a.judge(&r, logins(now)-logins(then), count(id)-commands[id]); fault != "" {
			t.Errorf("%s (%s): %s; %s, attempt %d, %+v, %d logins, %d commands",
				a.name, id, fault, r.State, r.Attempt, r.Error, logins(now)-logins(then), count(id)-commands[id])
		}
	}
	for _, id := range ids[len(list):] {
		if results[id].State != contract.TaskSucceeded {
			t.Errorf("the healthy %s is %s: %+v", id, results[id].State, results[id].Error)
		}
	}
	return job
}

func logins(c lab.Counts) int { return c.LoginsOK + c.LoginsFailed }

func (a *ailment) judge(r *api.Result, logins, commands int) string {
	switch {
	case r.State != a.state:
		return "it should be " + string(a.state)
	case len(a.kinds) > 0 && (r.Error == nil || !slices.Contains(a.kinds, r.Error.Kind)):
		return fmt.Sprintf("the kind should be one of %v", a.kinds)
	case len(a.kinds) == 0 && r.Error != nil:
		return "there should be no error"
	case r.Error != nil && r.Error.Effect != a.effect:
		return "the effect should be " + string(a.effect)
	case r.Error != nil && !strings.Contains(r.Error.Message+" "+r.Error.Remedy, a.says):
		return fmt.Sprintf("it should say %q", a.says)
	case r.Attempt != a.attempts:
		return fmt.Sprintf("there should be %d attempts", a.attempts)
	case a.logins >= 0 && logins != a.logins:
		return fmt.Sprintf("the device should count %d logins", a.logins)
	case a.commands >= 0 && commands != a.commands:
		return fmt.Sprintf("the device should count %d commands", a.commands)
	}
	return ""
}

// is lists kinds.
func is(kinds ...contract.ErrorKind) []contract.ErrorKind { return kinds }

// readingFaults: what only reads is tried again after faults that may pass, and never after a refusal; nothing has an effect.
func (n *network) readingFaults(t *testing.T) {
	const show = "show version"
	ok, failed, none := contract.TaskSucceeded, contract.TaskFailed, contract.EffectNone
	list := []ailment{
		{"refuses connections", fault.Set{Refuse: true}, failed, is(contract.KindUnreachable), none, 2, 0, 0, "check address"},
		{"silent after accept", fault.Set{SilentAfterAccept: true}, failed, is(contract.KindUnreachable), none, 2, 0, 0, "check address"},
		{"silent after login", fault.Set{SilentAfterLogin: true}, failed, is(contract.KindTimeout), none, 2, 2, 0, "more time"},
		{"wrong password", fault.Set{WrongPassword: true}, failed, is(contract.KindAuthentication), none, 1, 1, 0, "check user, password"},
		{"changed host key", fault.Set{ChangedHostKey: true}, failed, is(contract.KindHostKey), none, 1, 0, 0, "known_hosts"},
		{"no room for a connection", fault.Set{Busy: fault.BusyConnection}, failed, is(contract.KindBusy, contract.KindUnreachable), none, 2, 0, 0, "retry"},
		{"no room for a session", fault.Set{Busy: fault.BusySession}, failed, is(contract.KindBusy), none, 2, 2, 0, "close idle sessions"},
		{"closes at login", fault.Set{CloseOnLogin: true}, failed, is(contract.KindUnreachable, contract.KindBusy), none, 2, 2, 0, "retry"},
		{"drops in the middle of an output", fault.Set{Drop: &fault.Drop{Command: show, AfterBytes: 100}}, failed,
			is(contract.KindUnreachable, contract.KindAmbiguous), none, 2, 2, 2, "lost"},
		{"never ends a command", fault.Set{Hang: []string{show}}, failed, is(contract.KindTimeout), none, 2, 2, 2, "more time"},
		{"does not know the command", fault.Set{Invalid: []string{show}}, failed, is(contract.KindRejected), none, 1, 1, 1, "Invalid input"},
		{"slow", fault.Set{CommandDelayMS: 600}, ok, nil, "", 1, 1, 1, ""},
		{"slow in small pieces", fault.Set{DripBytes: 400, DripIntervalMS: 20}, ok, nil, "", 1, 1, 1, ""},
		{"a banner of 64 KiB", fault.Set{BannerBytes: 64 << 10}, ok, nil, "", 1, 1, 1, ""},
		{"pages all the same", fault.Set{ForcePaging: true}, ok, nil, "", 1, 1, 1, ""},
		{"asks on the keyboard", fault.Set{KeyboardInteractiveOnly: true}, ok, nil, "", 1, 1, 1, ""},
	}
	job := n.checkAilments(t, devs(1, 2*len(list)+5, 2), quick(nil, show), list)
	if job.State != contract.JobFailed || job.Counts.Failed != 11 || job.Counts.NotReached != 10 {
		t.Errorf("the job %s with %+v; 11 devices should have failed, 10 of them were not reached", job.State, job.Counts)
	}

	// Healthy again, just those that were not reached are run again.
	for _, id := range devs(1, 2*len(list), 2) {
		n.lab.Fault(t, id, fault.Set{})
	}
	var retried api.Job
	if err := n.API.Do("POST", api.PathJobs+"/"+job.ID+"/retry?wait=5s", nil, []byte("{}"), &retried); err != nil {
		t.Fatal(err)
	}
	retried = n.API.Await(t, retried.ID, 30*time.Second)
	again := n.results(t, retried.ID)
	if retried.RetryOf != job.ID || retried.State != contract.JobSucceeded || len(again) != 10 {
		t.Errorf("the retry is of %q, %s, with %d devices; want 10", retried.RetryOf, retried.State, len(again))
	}
	for i, a := range list {
		if _, in := again[dev(1+2*i)]; in != (a.state == failed && !slices.Contains(a.kinds, contract.KindRejected)) {
			t.Errorf("the retry runs the device with the fault %q: %t", a.name, in)
		}
	}
}

// changingFaults: what may change a device is tried again only where nothing was sent; where something may have happened,
// the result says so.
func (n *network) changingFaults(t *testing.T) {
	const mark = "test mark change"
	ok, failed, uncertain := contract.TaskSucceeded, contract.TaskFailed, contract.TaskUncertain
	none, possible := contract.EffectNone, contract.EffectPossible
	list := []ailment{
		{"refuses connections", fault.Set{Refuse: true}, failed, is(contract.KindUnreachable), none, 2, 0, 0, "check address"},
		{"no room for a session", fault.Set{Busy: fault.BusySession}, failed, is(contract.KindBusy), none, 2, 2, 0, "close idle sessions"},
		{"silent after login", fault.Set{SilentAfterLogin: true}, failed, is(contract.KindTimeout), none, 2, 2, 0, ""},
		{"wrong password", fault.Set{WrongPassword: true}, failed, is(contract.KindAuthentication), none, 1, 1, 0, ""},
		{"drops in the middle of an output", fault.Set{Drop: &fault.Drop{Command: mark, AfterBytes: 3}}, uncertain,
			is(contract.KindUnreachable, contract.KindAmbiguous), possible, 1, 1, 1, ""},
		{"never ends the command", fault.Set{Hang: []string{mark}}, uncertain, is(contract.KindTimeout), possible, 1, 1, 1, ""},
		{"does not know the command", fault.Set{Invalid: []string{mark}}, failed, is(contract.KindRejected), none, 1, 1, 1, ""},
		{"slow", fault.Set{CommandDelayMS: 600}, ok, nil, "", 1, 1, 1, ""},
	}
	job := n.checkAilments(t, devs(2, 2*len(list)+4, 2), quick(nil, mark), list)
	if job.State != contract.JobFailed || job.Counts.Uncertain != 2 || job.Counts.NotReached != 4 {
		t.Errorf("the job %s with %+v; 2 devices should be uncertain, 4 not reached", job.State, job.Counts)
	}
}

// silentMany: many devices that never speak do not hold up the others, though until a login has succeeded only three tasks
// are out at once.
func (n *network) silentMany(t *testing.T) {
	ids, healthy := devs(1, 60, 1), 15
	for _, id := range ids[:len(ids)-healthy] {
		n.lab.Fault(t, id, fault.Set{SilentAfterAccept: true})
	}
	spec := quick(ids, "show mark silence")
	spec.Retry.Attempts = 1
	began := time.Now()
	job, results := n.run(t, spec)
	took := time.Since(began)
	for _, id := range ids {
		n.lab.Fault(t, id, fault.Set{})
		if id > ids[len(ids)-healthy-1] && results[id].State != contract.TaskSucceeded {
			t.Errorf("%s is %s", id, results[id].State)
		}
	}
	if took > 12*time.Second || job.Counts.Succeeded != healthy {
		t.Errorf("it took %s: %+v", took, job.Counts)
	}
}
