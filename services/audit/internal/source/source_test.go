package source_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/schemas"
	"github.com/netrust/netrust/schemas/validate"
	"github.com/netrust/netrust/services/audit/internal/source"
)

var stored = time.Date(2025, 6, 2, 8, 15, 1, 0, time.UTC)

// message is one as a stream holds it.
func message(subject, typ string, data []byte) bus.Stored {
	return bus.Stored{Subject: subject, Seq: 7, Time: stored, Data: data, Header: map[string][]string{
		contract.HeaderType: {typ}, contract.HeaderSource: {"netrust/netrust-scheduler"}, contract.HeaderTraceparent: {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
	}}
}

func sourceOf(stream string) source.Source {
	for _, s := range source.Sources() {
		if s.Stream == stream {
			return s
		}
	}
	panic("no source " + stream)
}

func events(t testing.TB, stream string, m bus.Stored) []contract.AuditEvent {
	t.Helper()
	s := sourceOf(stream)
	list := s.Events(m)
	v, err := validate.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Check("audit_event.v1", data); err != nil {
			t.Errorf("%s: %v", data, err)
		}
	}
	return list
}

// carriers says where the messages of a schema are.
var carriers = map[string]struct{ stream, subject, typ string }{
	"job_submit.v1":     {contract.StreamJobs, contract.JobCommandSubject("j1"), contract.TypeJobSubmit},
	"job_cancel.v1":     {contract.StreamJobs, contract.JobCommandSubject("j1"), contract.TypeJobCancel},
	"job_event.v1":      {contract.StreamJobs, contract.JobEventSubject("j1"), contract.TypeJobEvent},
	"task_record.v1":    {ledger.Stream, ledger.Subject("task.paris.j1.run.dev"), contract.TypeTaskRecord},
	"dead_letter.v1":    {contract.StreamDLQ, "dlq.j1.run.dev", contract.TypeDeadLetter},
	"letter_command.v1": {contract.StreamDLQ, contract.LetterCommandSubject("l1"), contract.TypeLetterCommand},
	"letter_event.v1":   {contract.StreamDLQ, contract.LetterEventSubject("l1"), contract.TypeLetterEvent},
	"audit_event.v1":    {contract.StreamIntake, contract.IntakeSubject("gateway"), contract.TypeAuditEvent},
}

func TestEverySampleOfEverySourceIsRead(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for schema, c := range carriers {
		samples, err := schemas.Samples(schema)
		if err != nil || len(samples) == 0 {
			t.Fatalf("%s: %d samples, %v", schema, len(samples), err)
		}
		for _, s := range samples {
			list := events(t, c.stream, message(c.subject, c.typ, s.JSON))
			if len(list) == 0 {
				t.Errorf("%s/%s gives no event", schema, s.Name)
			}
			for _, e := range list {
				seen[e.Kind] = true
				if e.Kind == contract.AuditMessageUnknown {
					t.Errorf("%s/%s is not understood: %s", schema, s.Name, e.Reason)
				}
				if len(e.TraceID) != 32 {
					t.Errorf("%s/%s: %s has the trace %q", schema, s.Name, e.Kind, e.TraceID)
				}
			}
		}
	}
	for _, kind := range []string{
		contract.AuditJobSubmitted, contract.AuditJobCancelAsked, contract.AuditJobPlanned, contract.AuditJobStarted, contract.AuditJobStopping, contract.AuditJobEnded,
		contract.AuditCredentialAccessed, contract.AuditCommandClaimed, contract.AuditDeviceLogin, contract.AuditTaskDelayed, contract.AuditTaskFinished,
		contract.AuditLetterSetAside, contract.AuditLetterAsked, contract.AuditLetterDecided,
	} {
		if !seen[kind] {
			t.Errorf("no sample gives %s", kind)
		}
	}
}

func record(t testing.TB, r contract.TaskRecord) []contract.AuditEvent {
	t.Helper()
	r.JobID, r.DeviceID, r.Site, r.Phase, r.Attempt, r.Holder = "j1", "core1.paris", "paris", "run", 2, "executor-1"
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return events(t, ledger.Stream, message(ledger.Subject("task.paris.j1.run.core1=2Eparis"), contract.TypeTaskRecord, data))
}

func TestLogins(t *testing.T) {
	t.Parallel()
	fail := func(kind contract.ErrorKind) *contract.TaskError {
		return &contract.TaskError{Kind: kind, Message: "the device says no", Effect: contract.EffectNone}
	}
	printed := []contract.CommandOutput{{Command: "show version", Output: "IOS"}}
	for name, c := range map[string]struct {
		result contract.Result
		want   contract.AuditOutcome // "" for no login
	}{
		"an answer shows that there was one, also where the record does not say": {contract.Result{State: contract.TaskSucceeded, Outputs: printed}, contract.AuditSucceeded},
		"a reused session is one": {contract.Result{State: contract.TaskSucceeded, Login: &contract.Login{Reused: true}, Outputs: printed}, contract.AuditSucceeded},
		"a refusal is one that failed": {contract.Result{State: contract.TaskFailed, Error: fail(contract.KindAuthentication),
			Login: &contract.Login{Method: "password", Attempts: 1}}, contract.AuditFailed},
		"also where the record does not say":      {contract.Result{State: contract.TaskFailed, Error: fail(contract.KindAuthentication)}, contract.AuditFailed},
		"a device that is not there is none":      {contract.Result{State: contract.TaskFailed, Error: fail(contract.KindUnreachable)}, ""},
		"nor when nothing was offered":            {contract.Result{State: contract.TaskFailed, Error: fail(contract.KindHostKey), Login: &contract.Login{}}, ""},
		"nor when the task never started":         {contract.Result{State: contract.TaskCancelled, Error: fail(contract.KindCancelled)}, ""},
		"a command that is refused comes after":   {contract.Result{State: contract.TaskFailed, Error: fail(contract.KindRejected), Login: &contract.Login{Attempts: 1}, Outputs: printed}, contract.AuditSucceeded},
		"a device that falls silent at the login": {contract.Result{State: contract.TaskFailed, Error: fail(contract.KindTimeout), Login: &contract.Login{Attempts: 1}}, contract.AuditFailed},
	} {
		c.result.StartedAt, c.result.FinishedAt = stored, stored
		list := record(t, contract.TaskRecord{State: contract.Finished, Result: &c.result})
		last := list[len(list)-1]
		if last.Kind != contract.AuditTaskFinished || last.DeviceID != "core1.paris" || last.Attempt != 2 || last.Actor.Incarnation != "executor-1" {
			t.Errorf("%s: the end is %+v", name, last)
		}
		got := contract.AuditOutcome("")
		if len(list) == 2 && list[0].Kind == contract.AuditDeviceLogin {
			got = list[0].Outcome
		}
		if got != c.want || len(list) > 2 {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	list := record(t, contract.TaskRecord{State: contract.Retry, Retry: &contract.Delay{Reason: "refused", Error: fail(contract.KindAuthentication), NotBefore: stored}})
	if len(list) != 2 || list[0].Kind != contract.AuditDeviceLogin || list[0].Outcome != contract.AuditFailed || list[1].Kind != contract.AuditTaskDelayed {
		t.Errorf("a delay after a refused login gives %+v", list)
	}
}

func TestEveryCredentialAndEveryCommandOfAClaim(t *testing.T) {
	t.Parallel()
	list := record(t, contract.TaskRecord{State: contract.Claimed, Claim: &contract.Claim{
		Principal: "alice", Commands: []string{"show version", "username bob password hunter2secret"}, Address: "192.0.2.11", Platform: "cisco_ios",
		Credential: "age:core", Jump: []contract.JumpHost{{Name: "bastion", Address: "198.51.100.7", Port: 22, Credential: "age:bastions"}}, ClaimedAt: stored,
	}})
	var got []string
	for _, e := range list {
		got = append(got, e.Kind+" "+e.Object+strings.Join(e.Commands, ""))
		if e.Actor.Principal != "alice" || e.Outcome != contract.AuditIntended || !e.At.Equal(stored) {
			t.Errorf("%+v", e)
		}
	}
	want := "credential.accessed credential/age:core|credential.accessed credential/age:bastions|command.claimed show version|command.claimed username bob password [redacted]"
	if strings.Join(got, "|") != want {
		t.Errorf("got\n%s, want\n%s", strings.Join(got, "|"), want)
	}
}

func TestAReportIsOfTheServiceThatMayPublishIt(t *testing.T) {
	t.Parallel()
	data, _ := json.Marshal(contract.AuditEvent{Kind: "token.created", Actor: contract.AuditActor{Service: "gateway", Principal: "alice"}, Outcome: contract.AuditSucceeded})
	list := events(t, contract.StreamIntake, message(contract.IntakeSubject("executor"), contract.TypeAuditEvent, data))
	if len(list) != 1 || list[0].Actor.Service != "executor" || list[0].Actor.Principal != "alice" || list[0].At.IsZero() {
		t.Errorf("got %+v", list)
	}
}

func TestAMarkerOfAPurgeGivesNothing(t *testing.T) {
	t.Parallel()
	m := message(ledger.Subject("task.paris.j1.run.dev"), "", nil)
	m.Deleted = true
	if list := events(t, ledger.Stream, m); len(list) != 0 {
		t.Errorf("got %+v", list)
	}
}

// Whatever a message holds, it gives an event that fits the schema.
func FuzzEvents(f *testing.F) {
	for schema := range carriers {
		samples, err := schemas.Samples(schema)
		if err != nil {
			f.Fatal(err)
		}
		for _, s := range samples {
			f.Add(s.JSON)
		}
	}
	f.Add([]byte("null"))
	f.Add([]byte(`{"state":"claimed","claim":{}}`))
	v, err := validate.New()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for schema, c := range carriers {
			s := sourceOf(c.stream)
			list := s.Events(message(c.subject, c.typ, data))
			if len(list) == 0 {
				t.Fatalf("%s: %q gives nothing", schema, data)
			}
			for _, e := range list {
				text, err := json.Marshal(e)
				if err != nil {
					t.Fatal(err)
				}
				if err := v.Check("audit_event.v1", text); err != nil {
					t.Fatalf("%s: %q gives %s: %v", schema, data, text, err)
				}
			}
		}
	})
}
