package contract_test

import (
	"slices"
	"testing"

	"github.com/netrust/netrust/libs/contract"
)

func TestLastStatesAreThoseOfTheDesign(t *testing.T) {
	t.Parallel()
	constants := readConstants(t)
	for _, s := range constants["JobState"] {
		open := slices.Contains([]string{"submitted", "planned", "running"}, s)
		if contract.JobState(s).Ended() == open {
			t.Errorf("job state %s: Ended is %v", s, !open)
		}
	}
	for _, s := range constants["TaskState"] {
		open := slices.Contains([]string{"pending", "running"}, s)
		if contract.TaskState(s).Ended() == open {
			t.Errorf("task state %s: Ended is %v", s, !open)
		}
	}
	if contract.JobState("").Ended() || contract.TaskState("").Ended() {
		t.Error("no state counts as a last one")
	}
}

func TestOnlyUrgentJobsReleaseUrgentTasks(t *testing.T) {
	t.Parallel()
	for _, p := range append(readConstants(t)["Priority"], "") {
		want := contract.Normal
		if p == "urgent" {
			want = contract.Urgent
		}
		if got := contract.Priority(p).Class(); got != want {
			t.Errorf("priority %q releases %s tasks, want %s", p, got, want)
		}
	}
	e := contract.Executor{UrgentSlots: 4, NormalSlots: 64}
	if e.Slots(contract.Urgent) != 4 || e.Slots(contract.Normal) != 64 {
		t.Errorf("slots are %d and %d, want 4 and 64", e.Slots(contract.Urgent), e.Slots(contract.Normal))
	}
}

func TestErrorsReadAsSentences(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"targets.ids[1]: there is no device x; netrust device list shows the ids": contract.Problem{Field: "targets.ids[1]", Message: "there is no device x", Remedy: "netrust device list shows the ids"},
		"commands: is empty":             contract.Problem{Field: "commands", Message: "is empty"},
		"timeout: no prompt within 30 s": &contract.TaskError{Kind: contract.KindTimeout, Message: "no prompt within 30 s"},
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err.Error(), want)
		}
	}
}
