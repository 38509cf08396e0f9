package job

import (
	"fmt"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/scheduler/internal/login"
)

// account is how the job's logins with one credential went in one authentication domain.
type account struct {
	proven    bool      // a login has succeeded, and none was refused since
	refused   int       // logins in a row
	lost      int       // attempts that were lost with their executor while a probe: each may have been refused
	refusedAt time.Time // the last of them
}

type accountKey struct{ domain, credential string }

func (j *Job) account(d *contract.Device) *account {
	k := accountKey{d.AuthDomain, d.Credential}
	a := j.accounts[k]
	if a == nil {
		if j.accounts == nil {
			j.accounts = map[accountKey]*account{}
		}
		a = &account{}
		j.accounts[k] = a
	}
	return a
}

// fleet is what is known of all jobs' logins.
func (j *Job) fleet() *login.Accounts {
	if j.Accounts == nil {
		j.Accounts = login.New(time.Hour, 0)
	}
	return j.Accounts
}

// begin marks task i a probe, if no login has succeeded yet with its credential in its domain.
func (j *Job) begin(t *Task) {
	if t.Probe || j.account(t.Device).proven {
		return
	}
	t.Probe = true
	if j.probes == nil {
		j.probes = map[string]int{}
	}
	j.probes[t.Device.AuthDomain]++
	j.fleet().Probe(t.Device.AuthDomain)
}

// probed says that it is known how the probe went, or that it never will be.
func (j *Job) probed(t *Task) {
	if !t.Probe {
		return
	}
	t.Probe = false
	j.probes[t.Device.AuthDomain]--
	j.fleet().Probed(t.Device.AuthDomain)
}

// LoggedIn notes that the attempt which is at work on task i got in, before its end. It reports whether that is news.
func (j *Job) LoggedIn(i int, p *contract.LoginProof) bool {
	t := &j.Tasks[i]
	if t.Phase != Claimed || int(t.Attempt) != p.Attempt || !t.Probe {
		return false
	}
	if !p.Reused { // a session that was open proves nothing, but it is no login either: another may try one
		j.prove(t.Device, p.At)
	}
	j.probed(t)
	return true
}

// prove notes that an attempt which began at the time got in.
func (j *Job) prove(d *contract.Device, began time.Time) {
	if a := j.account(d); began.After(a.refusedAt) {
		a.proven, a.refused, a.lost = true, 0, 0
	}
	j.fleet().Proved(d.AuthDomain, d.Credential, began)
}

// note counts how the logins of an attempt went, by its end. Only what a device says after a login proves the credential: a
// session that was open before does not, and a time-out may have come while logging in.
func (j *Job) note(t *Task, r *contract.Result) {
	a := j.account(t.Device)
	if n := Refused(r); n > 0 {
		a.proven, a.refused, a.refusedAt = false, a.refused+n, r.FinishedAt
		j.fleet().Refused(t.Device.AuthDomain, t.Device.Credential, n, r.FinishedAt)
		j.trip(t.Device.AuthDomain)
		return
	}
	if Proves(r) {
		j.prove(t.Device, r.StartedAt)
	}
}

// Refused is how many logins of an attempt were refused, by its result.
func Refused(r *contract.Result) int {
	if r.Error == nil || r.Error.Kind != contract.KindAuthentication {
		return 0
	}
	if r.Login != nil {
		return max(1, r.Login.Attempts)
	}
	return 1
}

// Proves reports whether the result shows that its attempt got in by itself. A device may ask for nothing, or its driver not count
// what it was asked: then the answer of the device shows it.
func Proves(r *contract.Result) bool {
	if r.Login != nil && r.Login.Reused {
		return false
	}
	return r.Error == nil && r.State == contract.TaskSucceeded || r.Error != nil && r.Error.Kind == contract.KindRejected
}

// lose counts an attempt that another took over while nobody knows whether its login was refused.
func (j *Job) lose(t *Task) {
	if t.Probe {
		j.account(t.Device).lost++
		j.trip(t.Device.AuthDomain)
	}
}

// trip ends the job when too many logins were refused in the domain. What was lost counts once something was refused: an
// executor that dies is no bad password.
func (j *Job) trip(domain string) {
	refused, lost := j.refusedIn(domain)
	if refused > 0 && refused+lost >= j.Spec.Limits.AuthFailures {
		j.tripped = domain
	}
}

func (j *Job) refusedIn(domain string) (refused, lost int) {
	for k, a := range j.accounts {
		if k.domain == domain {
			refused, lost = refused+a.refused, lost+a.lost
		}
	}
	return refused, lost
}

// Proven reports whether a login has succeeded in this job with the credential of task i.
func (j *Job) Proven(i int) bool { return j.account(j.Tasks[i].Device).proven }

// MayLogIn reports whether task i may be put out, as far as logins go: until one has succeeded in this job with its
// credential, one at a time in the authentication domain, and none that could be one too many. A device that may have an
// open session needs none.
func (j *Job) MayLogIn(i int, open bool, now time.Time) bool {
	d := j.Tasks[i].Device
	if j.account(d).proven || open && !j.Tasks[i].NeedsLogin && j.tripped == "" {
		return true
	}
	return j.tripped == "" && j.probes[d.AuthDomain] == 0 && j.fleet().MayProbe(d.AuthDomain, d.Credential, j.Spec.Limits.AuthFailures, now)
}

// loginsLeft is how many refused logins an attempt at the task may make; 0 for no limit.
func (j *Job) loginsLeft(t *Task, now time.Time) int {
	if !t.Probe {
		return 0
	}
	refused, lost := j.refusedIn(t.Device.AuthDomain)
	others, _ := j.fleet().InARow(t.Device.AuthDomain, now)
	return max(1, j.Spec.Limits.AuthFailures-max(refused+lost, others))
}

// Refuse notes that the job has tasks in a domain where so many logins were refused lately, by other jobs too, that it may
// not try. It reports whether that is so.
func (j *Job) Refuse(domain string, now time.Time) bool {
	n, last := j.fleet().InARow(domain, now)
	if n < j.Spec.Limits.AuthFailures {
		return false
	}
	j.refusedBefore = &contract.Stopping{Kind: contract.KindBreaker, Reason: fmt.Sprintf(
		"%s refused lately in authentication domain %s, the last one at %s: one more could lock the account out; correct the credential, then run the job with limits.auth_failures %d (--auth-failures %d), or after %s",
		logins(n), domain, last.UTC().Format(time.TimeOnly+" MST"), n+1, n+1, last.Add(j.fleet().Keep).UTC().Format(time.TimeOnly+" MST"))}
	return true
}

// Breaker returns why the job must stop, or nil: too many refused logins in a row in one domain.
func (j *Job) Breaker() *contract.Stopping {
	if j.tripped == "" {
		return j.refusedBefore
	}
	refused, lost := j.refusedIn(j.tripped)
	more := ""
	if lost > 0 {
		more = fmt.Sprintf(", and %d may have been when executors were lost", lost)
	}
	return &contract.Stopping{Kind: contract.KindBreaker, Reason: fmt.Sprintf(
		"%s refused in authentication domain %s%s: stopped before the account is locked out; correct the credential, then retry with limits.auth_failures %d (--auth-failures %d), or in %s",
		logins(refused), j.tripped, more, refused+lost+1, refused+lost+1, j.fleet().Keep)}
}

func logins(n int) string {
	if n == 1 {
		return "1 login was"
	}
	return fmt.Sprintf("%d logins in a row were", n)
}
