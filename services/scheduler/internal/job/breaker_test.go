package job_test

import (
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/scheduler/internal/job"
	"github.com/netrust/netrust/services/scheduler/internal/login"
)

// desk makes jobs of one authentication domain that share what is known of its logins, and plays their executors.
type desk struct {
	*testing.T
	accounts *login.Accounts
	seq      uint64
	at       time.Time
}

func newDesk(t *testing.T) *desk {
	return &desk{T: t, accounts: login.New(15*time.Minute, 0), at: now}
}

func (d *desk) job(n, failures int) *job.Job {
	j := newJob(n)
	for i := range j.Tasks {
		j.Tasks[i].Device.AuthDomain, j.Tasks[i].Device.Credential = "tacacs", "env:LAB"
	}
	j.Accounts, j.Spec.Limits.AuthFailures = d.accounts, failures
	return j
}

// claim has an executor begin with a task.
func (d *desk) claim(j *job.Job, i, attempt int) {
	d.seq++
	j.Record(i, d.seq, &contract.TaskRecord{State: contract.Claimed, Attempt: attempt, Claim: &contract.Claim{}})
}

// end has an attempt end that began now, a second later.
func (d *desk) end(j *job.Job, i int, kind contract.ErrorKind, info ...contract.Login) {
	r := contract.Result{State: contract.TaskSucceeded, StartedAt: d.at, FinishedAt: d.at.Add(time.Second)}
	if kind != "" {
		r.State, r.Error = contract.TaskFailed, &contract.TaskError{Kind: kind, Effect: contract.EffectNone}
	}
	if info != nil {
		r.Login = &info[0]
	}
	d.seq++
	d.at = d.at.Add(2 * time.Second)
	j.Record(i, d.seq, &contract.TaskRecord{State: contract.Finished, Attempt: 1, Result: &r})
}

// room releases tasks from number from while the job may, and returns how many.
func (d *desk) room(j *job.Job, from int) (n int) {
	for i := from; i < len(j.Tasks) && j.MayLogIn(i, false, d.at); i++ {
		j.Release(i, false, d.at)
		n++
	}
	return n
}

func TestUntilALoginHasSucceededOneIsOut(t *testing.T) {
	t.Parallel()
	const ok = contract.ErrorKind("")
	refused := contract.KindAuthentication
	for _, c := range []struct {
		name   string
		ends   []contract.ErrorKind // of tasks, one after the other
		room   int                  // how many more may be out in the end
		breaks bool
	}{
		{"before any login one may be out", nil, 1, false},
		{"a refused login leaves one", []contract.ErrorKind{refused}, 1, false},
		{"the second one breaks", []contract.ErrorKind{refused, refused}, 0, true},
		{"a login that succeeds opens the domain", []contract.ErrorKind{ok}, 100, false},
		{"a rejected command comes after a login", []contract.ErrorKind{contract.KindRejected}, 100, false},
		{"what may have come before the login proves nothing", []contract.ErrorKind{contract.KindUnreachable, contract.KindHostKey, contract.KindTimeout, contract.KindAmbiguous, contract.KindBusy}, 1, false},
		{"after a refusal one is tried first, as in the beginning", []contract.ErrorKind{ok, refused}, 1, false},
		{"a login that succeeds ends the row", []contract.ErrorKind{refused, ok, refused, ok}, 100, false},
		{"a row breaks also where others have succeeded", []contract.ErrorKind{ok, refused, refused}, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			j := d.job(120, 2)
			for i, kind := range c.ends {
				d.end(j, i, kind)
			}
			if got := d.room(j, len(c.ends)); min(got, 100) != c.room || (j.Breaker() != nil) != c.breaks {
				t.Errorf("%d more may be out, the breaker says %v; want %d, %v", got, j.Breaker(), c.room, c.breaks)
			}
			if b := j.Breaker(); b != nil && (b.Kind != contract.KindBreaker || !strings.Contains(b.Reason, "2 logins in a row were refused in authentication domain tacacs")) {
				t.Errorf("the breaker says %+v", b)
			}
		})
	}
}

func TestTheProofOfALoginOpensTheDomainBeforeTheEnd(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	j := d.job(10, 2)
	if n := d.room(j, 0); n != 1 || !j.Tasks[0].Probe || j.LoginsLeft(0, d.at) != 2 {
		t.Fatalf("%d are out, the first with %d logins; want one probe with 2", n, j.LoginsLeft(0, d.at))
	}
	d.claim(j, 0, 1)
	if j.LoggedIn(0, &contract.LoginProof{Attempt: 2, At: d.at}) || d.room(j, 1) != 0 {
		t.Error("the proof of another attempt opens the domain")
	}
	if !j.LoggedIn(0, &contract.LoginProof{Attempt: 1, At: d.at}) || j.LoggedIn(0, &contract.LoginProof{Attempt: 1, At: d.at}) {
		t.Error("a proof is news once")
	}
	if n := d.room(j, 1); n != 9 || j.Tasks[1].Probe || j.LoginsLeft(1, d.at) != 0 {
		t.Errorf("%d more are out; want all 9, without a bound of logins", n)
	}
	// A login that began before another was refused does not end the row.
	d.at = d.at.Add(10 * time.Second)
	d.end(j, 1, contract.KindAuthentication)
	d.at = d.at.Add(-8 * time.Second)
	d.end(j, 2, "")
	d.at = d.at.Add(8 * time.Second)
	if d.end(j, 3, contract.KindAuthentication); j.Breaker() == nil {
		t.Error("a login from before the first refusal has ended the row")
	}
}

func TestEveryLoginOfAnAttemptCounts(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	j := d.job(10, 2)
	d.end(j, 0, contract.KindAuthentication, contract.Login{Method: "password", Attempts: 2, Refreshed: true})
	if j.Breaker() == nil {
		t.Error("an attempt with a refreshed credential made two logins, and one is counted")
	}
	d = newDesk(t)
	j = d.job(10, 2)
	d.end(j, 0, "", contract.Login{Method: "password", Reused: true})
	if n := d.room(j, 1); n != 1 {
		t.Errorf("a session that was open lets %d tasks out; it proves no login", n)
	}
	d = newDesk(t)
	j = d.job(10, 2)
	d.end(j, 0, contract.KindAuthentication)
	d.room(j, 1)
	if left := j.LoginsLeft(1, d.at); left != 1 {
		t.Errorf("after one refused login an attempt may make %d; want 1", left)
	}
	// The executor is lost, and another takes over: the first login may have been refused.
	d.claim(j, 1, 1)
	d.claim(j, 1, 2)
	if j.Breaker() == nil {
		t.Error("a login that was lost with its executor is not counted")
	}
	j = newDesk(t).job(10, 2)
	for attempt := range 5 {
		d.claim(j, 0, attempt+1)
	}
	if j.Breaker() != nil {
		t.Error("executors that die are taken for a wrong password")
	}
}

func TestRefusedLoginsOfOtherJobsCount(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first := d.job(10, 2)
	d.end(first, 0, contract.KindAuthentication)
	d.end(first, 1, contract.KindAuthentication)

	second := d.job(10, 2)
	if d.room(second, 0) != 0 || !second.Refuse("tacacs", d.at) || second.Breaker() == nil {
		t.Fatal("a job may log in although two logins were refused just before")
	}
	if b := second.Breaker(); b.Kind != contract.KindBreaker || !strings.Contains(b.Reason, "limits.auth_failures 3") || !strings.Contains(b.Reason, "08:15:0") {
		t.Errorf("the breaker says %+v", b)
	}
	third := d.job(10, 3)
	if third.Refuse("tacacs", d.at) || d.room(third, 0) != 1 || third.LoginsLeft(0, d.at) != 1 {
		t.Error("who allows one more may try once")
	}
	if fourth := d.job(10, 4); d.room(fourth, 0) != 0 {
		t.Error("two jobs try the same account at the same time")
	}
	if d.end(third, 0, ""); d.room(third, 1) != 9 {
		t.Error("a login that succeeded does not open the domain")
	}
	fifth, sixth, seventh := d.job(10, 2), d.job(10, 2), d.job(10, 2)
	if a, b, c := d.room(fifth, 0), d.room(sixth, 0), d.room(seventh, 0); a != 1 || b != 1 || c != 0 {
		t.Errorf("with an account that got in just now %d, %d and %d first logins are out; want 1, 1 and 0: two could be refused", a, b, c)
	}

	d = newDesk(t)
	d.end(d.job(10, 2), 0, contract.KindAuthentication)
	d.end(d.job(10, 2), 0, contract.KindAuthentication)
	d.at = d.at.Add(16 * time.Minute)
	if later := d.job(10, 2); later.Refuse("tacacs", d.at) || d.room(later, 0) != 1 {
		t.Error("refused logins are remembered for ever")
	}
}

func TestASecondCredentialOfADomainIsTriedByItself(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	j := d.job(10, 2)
	for i := 5; i < 10; i++ {
		j.Tasks[i].Device.Credential = "env:OTHER"
	}
	d.end(j, 0, "")
	if !j.MayLogIn(1, false, d.at) || !j.MayLogIn(5, false, d.at) {
		t.Fatal("neither credential may log in")
	}
	j.Release(5, false, d.at)
	if j.MayLogIn(6, false, d.at) || !j.MayLogIn(1, false, d.at) {
		t.Error("the second credential has not succeeded yet, and the first has")
	}
	d.end(j, 5, contract.KindAuthentication)
	d.end(j, 1, "") // of the other account
	if d.end(j, 6, contract.KindAuthentication); j.Breaker() == nil {
		t.Error("logins with one credential end the row of another")
	}
}

// A device with an open session needs no login; one that turns out to have none waits for its turn.
func TestOpenSessionsNeedNoLogin(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	j := d.job(10, 2)
	d.end(d.job(10, 2), 0, "") // the account got in just now: that opens nothing here
	for i := range 4 {
		if !j.MayLogIn(i, true, d.at) {
			t.Fatalf("task %d waits for a login that it does not need", i)
		}
		j.Release(i, true, d.at)
		d.claim(j, i, 1)
		if j.Tasks[i].Probe || !j.Tasks[i].NoLogin {
			t.Errorf("task %d may log in", i)
		}
	}
	d.end(j, 0, "", contract.Login{Method: "", Reused: true})
	d.end(j, 1, "", contract.Login{Method: "", Reused: true})
	if n := d.room(j, 4); n != 1 {
		t.Errorf("after tasks in open sessions %d first logins are out; want one", n)
	}
	d.seq++
	j.Record(2, d.seq, &contract.TaskRecord{State: contract.Retry, Attempt: 0, Retry: &contract.Delay{NeedsLogin: true}})
	if j.MayLogIn(2, true, d.at) {
		t.Error("a task whose session is gone logs in beside the first login")
	}
	d.claim(j, 4, 1)
	j.LoggedIn(4, &contract.LoginProof{Attempt: 1, At: d.at})
	if !j.MayLogIn(2, true, d.at) {
		t.Error("a task whose session is gone waits although a login has succeeded")
	}
	if j.Release(2, true, d.at); j.Tasks[2].NoLogin || j.Tasks[2].Probe {
		t.Error("it may not log in, or is a first login")
	}
}
