package contract_test

import (
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/contract"
)

// awkward are strings that must not change the shape of a subject.
var awkward = []string{
	"core1", "core1.paris", "*", ">", "a b", "=", "==2E", "=2E", "$KV", "tasks.>", "zürich", "日本", "\x00", "\xff\xfe", "a\r\nb",
	"10.0.0.1", "2001:db8::1", "-", "_", strings.Repeat("x.", 100),
}

func TestATaskKeySurvivesEverySubjectAndKey(t *testing.T) {
	t.Parallel()
	for i, s := range awkward {
		next := awkward[(i+1)%len(awkward)]
		want := contract.TaskKey{Site: s, Job: next, Phase: "plan-2", Device: s + next}
		for _, class := range contract.Classes {
			got, gotClass, err := contract.ParseTaskSubject(want.Subject(class))
			if err != nil || got != want || gotClass != class {
				t.Errorf("%s parses as %+v %s (%v)", want.Subject(class), got, gotClass, err)
			}
		}
		if got, err := contract.ParseExecKey(want.RecordKey()); err != nil || got.Task == nil || *got.Task != want {
			t.Errorf("%s parses as %+v (%v)", want.RecordKey(), got, err)
		}
		got, err := contract.ParseExecKey(want.DeviceKey())
		if err != nil || got.Device == nil || got.Device.Site != want.Site || got.Device.Device != want.Device {
			t.Errorf("%s parses as %+v (%v)", want.DeviceKey(), got, err)
		}
		letter, err := contract.ParseDeadLetterSubject(want.DeadLetterSubject())
		if err != nil || letter != (contract.TaskKey{Job: want.Job, Phase: want.Phase, Device: want.Device}) {
			t.Errorf("%s parses as %+v (%v)", want.DeadLetterSubject(), letter, err)
		}
	}
}

func TestJobsGatesAndExecutorsSurviveTheirSubjects(t *testing.T) {
	t.Parallel()
	for _, s := range awkward {
		if job, command, err := contract.ParseJobSubject(contract.JobCommandSubject(s)); job != s || !command || err != nil {
			t.Errorf("the command of job %q parses as %q, %v (%v)", s, job, command, err)
		}
		if job, command, err := contract.ParseJobSubject(contract.JobEventSubject(s)); job != s || command || err != nil {
			t.Errorf("the event of job %q parses as %q, %v (%v)", s, job, command, err)
		}
		if k, err := contract.ParseExecKey(contract.GateKey(s)); k != (contract.ExecKey{Gate: s}) || err != nil {
			t.Errorf("the gate of %q parses as %+v (%v)", s, k, err)
		}
		if k, err := contract.ParseExecKey(contract.ExecutorKey(s)); k != (contract.ExecKey{Executor: s}) || err != nil {
			t.Errorf("the executor %q parses as %+v (%v)", s, k, err)
		}
		if d, err := contract.ParseInventoryKey(contract.InventoryKey(s)); d != s || err != nil {
			t.Errorf("the device %q parses as %q (%v)", s, d, err)
		}
	}
}

func TestWhatIsNotOursIsRefused(t *testing.T) {
	t.Parallel()
	parsers := map[string]func(string) error{
		"task":           func(s string) error { _, _, err := contract.ParseTaskSubject(s); return err },
		"dead letter":    func(s string) error { _, err := contract.ParseDeadLetterSubject(s); return err },
		"about a letter": func(s string) error { _, _, err := contract.ParseLetterSubject(s); return err },
		"follow":         func(s string) error { _, _, err := contract.ParseFollowKey(s); return err },
		"job":            func(s string) error { _, _, err := contract.ParseJobSubject(s); return err },
		"exec":           func(s string) error { _, err := contract.ParseExecKey(s); return err },
		"inventory":      func(s string) error { _, err := contract.ParseInventoryKey(s); return err },
	}
	for what, subjects := range map[string][]string{
		"task": {"", "tasks", "tasks.a.normal.j.run", "tasks.a.normal.j.run.d.e", "job.a.normal.j.run.d", "tasks..normal.j.run.d",
			"tasks.a.normal.j.run.", "tasks.a.normal.*.run.d", "tasks.a.normal.j.run.d=2e", "tasks.a.normal.j.run.ü"},
		"dead letter": {"", "dlq", "dlq.j.run", "dlq.j.run.d.e", "dlq..run.d", "tasks.j.run.d", "dlq.j.run.="},
		"job":         {"", "job", "job.cmd", "job.cmd.", "job.cmd.a.b", "job.event.", "job.other.a", "xjob.cmd.a", "job.event.>"},
		"exec": {"", "task", "task.a.j.run", "task.a.j.run.d.e", "dev.a", "dev.a.b.c", "gate", "gate.", "gate.a.b", "executor.", "lease.a",
			"executor.*"},
		"inventory": {"", "device", "device.", "device.a.b", "devices.a", "device.>"},
	} {
		for _, s := range subjects {
			if parsers[what](s) == nil {
				t.Errorf("%s: %q is accepted", what, s)
			}
		}
	}
}

func FuzzParseTaskSubject(f *testing.F) {
	for _, s := range awkward {
		f.Add(contract.TaskKey{Site: s, Job: s, Phase: contract.PhaseRun, Device: s}.Subject(contract.Urgent))
	}
	f.Add("tasks.a.normal.j.run")
	f.Fuzz(func(t *testing.T, subject string) {
		key, class, err := contract.ParseTaskSubject(subject)
		if err == nil && key.Subject(class) != subject {
			t.Errorf("%q parses as %+v %s, which is %q", subject, key, class, key.Subject(class))
		}
	})
}

func FuzzParseExecKey(f *testing.F) {
	for _, s := range awkward {
		f.Add(contract.TaskKey{Site: s, Job: s, Phase: contract.PhaseRun, Device: s}.RecordKey())
		f.Add(contract.DeviceKey(s, s))
		f.Add(contract.GateKey(s))
		f.Add(contract.ExecutorKey(s))
	}
	f.Fuzz(func(t *testing.T, key string) {
		parsed, err := contract.ParseExecKey(key)
		if err != nil {
			return
		}
		var back string
		switch {
		case parsed.Task != nil:
			back = parsed.Task.RecordKey()
		case parsed.Device != nil:
			back = parsed.Device.DeviceKey()
		case parsed.Gate != "":
			back = contract.GateKey(parsed.Gate)
		default:
			back = contract.ExecutorKey(parsed.Executor)
		}
		if back != key {
			t.Errorf("%q parses as %+v, which is %q", key, parsed, back)
		}
	})
}

func FuzzParseJobSubject(f *testing.F) {
	for _, s := range awkward {
		f.Add(contract.JobCommandSubject(s))
		f.Add(contract.JobEventSubject(s))
	}
	f.Fuzz(func(t *testing.T, subject string) {
		job, command, err := contract.ParseJobSubject(subject)
		if err != nil {
			return
		}
		back := contract.JobEventSubject(job)
		if command {
			back = contract.JobCommandSubject(job)
		}
		if back != subject {
			t.Errorf("%q parses as job %q, command %v, which is %q", subject, job, command, back)
		}
	})
}

func FuzzParseDeadLetterSubject(f *testing.F) {
	for _, s := range awkward {
		f.Add(contract.TaskKey{Job: s, Phase: contract.PhaseRun, Device: s}.DeadLetterSubject())
	}
	f.Fuzz(func(t *testing.T, subject string) {
		if key, err := contract.ParseDeadLetterSubject(subject); err == nil && key.DeadLetterSubject() != subject {
			t.Errorf("%q parses as %+v, which is %q", subject, key, key.DeadLetterSubject())
		}
	})
}

func FuzzParseLetterSubject(f *testing.F) {
	for _, s := range []string{"", "a", "a.b", "ä=", "x y"} {
		f.Add(contract.LetterCommandSubject(s))
		f.Add(contract.LetterEventSubject(s))
	}
	f.Fuzz(func(t *testing.T, subject string) {
		letter, command, err := contract.ParseLetterSubject(subject)
		if err != nil {
			return
		}
		again := contract.LetterEventSubject(letter)
		if command {
			again = contract.LetterCommandSubject(letter)
		}
		if again != subject {
			t.Errorf("%q parses as %q, which is %q", subject, letter, again)
		}
	})
}

func FuzzParseFollowKey(f *testing.F) {
	for _, s := range []string{"", "a", "a.b", "ä=", "x y"} {
		f.Add(contract.FollowKey(s, s))
	}
	f.Fuzz(func(t *testing.T, key string) {
		if job, device, err := contract.ParseFollowKey(key); err == nil && contract.FollowKey(job, device) != key {
			t.Errorf("%q parses as %q and %q", key, job, device)
		}
	})
}
