package view_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/gateway/internal/view"
)

func TestTrimDropsTheOldestOutputsFirst(t *testing.T) {
	t.Parallel()
	v := open(t)
	seq := uint64(0)
	for j := range 4 {
		id := fmt.Sprintf("job%d", j)
		at := time.Unix(int64(1740000000+j), 0)
		changes := []view.Change{view.Submitted{Seq: uint64(10*j + 1), JobSubmit: contract.JobSubmit{JobID: id, Principal: "p", At: at}}}
		for d := range 8 {
			noise := make([]byte, 64<<10) // does not compress
			rnd := rand.NewChaCha8([32]byte{byte(j), byte(d)})
			rnd.Read(noise) //nolint:errcheck // it never fails
			seq++
			changes = append(changes, view.Record{Seq: seq, TaskRecord: contract.TaskRecord{State: contract.Finished, JobID: id, DeviceID: fmt.Sprint(d), Result: &contract.Result{
				State: contract.TaskSucceeded, Outputs: []contract.CommandOutput{{Command: "show tech", Output: fmt.Sprintf("%x", noise)}},
			}}})
		}
		if j != 0 { // the oldest one still runs
			changes = append(changes, view.Changed{Seq: uint64(10*j + 5), JobEvent: contract.JobEvent{JobID: id, State: contract.JobSucceeded, At: at}})
		}
		if err := v.Apply(t.Context(), changes); err != nil {
			t.Fatal(err)
		}
	}
	size, err := v.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n, err := v.Trim(t.Context(), size); n != 0 || err != nil {
		t.Errorf("within the bound, outputs of %d jobs were dropped (%v)", n, err)
	}
	if n, err := v.Trim(t.Context(), size*7/10); n != 2 || err != nil {
		t.Errorf("outputs of %d jobs were dropped, want 2 (%v)", n, err)
	}
	for j, want := range []int{1, 0, 0, 1} {
		outputs, err := v.Outputs(t.Context(), fmt.Sprintf("job%d", j), "3")
		if err != nil || len(outputs) != want {
			t.Errorf("job%d has %d outputs, want %d (%v)", j, len(outputs), want, err)
		}
		if task, err := v.Task(t.Context(), fmt.Sprintf("job%d", j), "3"); err != nil || task.State != contract.TaskSucceeded {
			t.Errorf("job%d lost a task: %+v %v", j, task, err)
		}
	}
	if _, err := v.Trim(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for j, want := range []int{8, 0, 0, 0} {
		page, err := v.Tasks(t.Context(), fmt.Sprintf("job%d", j), view.TaskFilter{}, "", 100)
		if err != nil || len(page.Tasks) != want {
			t.Errorf("with no room at all, job%d has %d tasks, want %d (%v)", j, len(page.Tasks), want, err)
		}
	}
}

// FuzzCursor asks for pages by cursors that nobody gave out.
func FuzzCursor(f *testing.F) {
	f.Add("WzEsImEiXQ")
	f.Add("WyJhIl0")
	f.Add("%")
	v, err := view.Open(f.Context(), f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = v.Close() })
	f.Fuzz(func(t *testing.T, cursor string) {
		if _, err := v.Jobs(t.Context(), view.JobFilter{}, cursor, 10); err != nil && !errors.Is(err, view.ErrCursor) {
			t.Errorf("jobs from %q: %v", cursor, err)
		}
		if _, err := v.Tasks(t.Context(), "job", view.TaskFilter{}, cursor, 10); err != nil && !errors.Is(err, view.ErrCursor) {
			t.Errorf("tasks from %q: %v", cursor, err)
		}
	})
}
