package view_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/gateway/internal/view"
)

// history is a random log: the two streams, each in order, of jobs in all ways that they can go.
type history struct {
	rnd    *rand.Rand
	jobs   []view.Change
	ledger []view.Change
	// after says how many ledger changes must be folded before the job change of that index (an end).
	after map[int]int
	at    time.Time
	want  map[string]contract.Counts
}

func newHistory(seed uint64, jobs int) *history {
	h := &history{rnd: rand.New(rand.NewPCG(seed, 1)), after: map[int]int{}, at: time.Unix(1740000000, 0).UTC(), want: map[string]contract.Counts{}}
	for i := range jobs {
		h.job(fmt.Sprintf("job%02d", i))
	}
	return h
}

func (h *history) now() time.Time {
	h.at = h.at.Add(time.Duration(1+h.rnd.IntN(1000)) * time.Millisecond)
	return h.at
}

func (h *history) push(c func(seq uint64) view.Change) {
	h.jobs = append(h.jobs, c(uint64(10*len(h.jobs)+10)))
}

func (h *history) event(e contract.JobEvent) {
	e.At = h.now()
	h.push(func(seq uint64) view.Change { return view.Changed{Seq: seq, JobEvent: e} })
}

func (h *history) record(r contract.TaskRecord) {
	r.Phase, r.Site = contract.PhaseRun, "paris"
	h.ledger = append(h.ledger, view.Record{Seq: uint64(3*len(h.ledger) + 5), TaskRecord: r})
}

// job adds one job, whose devices end in random ways, and notes what its counts must be.
func (h *history) job(id string) {
	spec := contract.JobSpec{Kind: contract.JobKindCommand, Commands: []string{"show version"}, Labels: map[string]string{"ticket": id}, DryRun: h.rnd.IntN(8) == 0}
	h.push(func(seq uint64) view.Change {
		return view.Submitted{Seq: seq, JobSubmit: contract.JobSubmit{JobID: id, Principal: "p", At: h.now(), Spec: spec}}
	})
	if h.rnd.IntN(8) == 0 {
		h.event(contract.JobEvent{JobID: id, State: contract.JobRejected, Reason: "no", Problems: []contract.Problem{{Field: "targets", Message: "none"}}})
		return
	}
	devices := make([]contract.ManifestTarget, 1+h.rnd.IntN(12))
	for i := range devices {
		if h.rnd.IntN(10) == 0 {
			devices[i].Skip = "its status is maintenance"
		}
		devices[i].Device = contract.Device{ID: fmt.Sprintf("d.%02d", i), Name: fmt.Sprintf("n%d", i), Platform: "frr", Site: "paris", Status: contract.DeviceActive}
	}
	seq := uint64(10*len(h.jobs) + 20) // of the event, after the part
	half := h.rnd.IntN(len(devices) + 1)
	for _, part := range [][]contract.ManifestTarget{devices[:half], devices[half:]} {
		h.jobs = append(h.jobs, view.Planned{Seq: seq, JobID: id, Targets: part})
	}
	e := contract.JobEvent{JobID: id, State: contract.JobPlanned, Manifest: &contract.ObjectRef{SHA256: "plan" + id}, Targets: len(devices), At: h.now()}
	h.push(func(uint64) view.Change { return view.Changed{Seq: uint64(10*len(h.jobs) + 10), JobEvent: e} })
	counts := contract.Counts{Total: len(devices)}
	if spec.DryRun {
		counts.Skipped = len(devices)
		h.finish(id, contract.JobSucceeded, counts, nil)
		return
	}
	h.event(contract.JobEvent{JobID: id, State: contract.JobRunning})
	var abandoned []contract.NotReachedDevice
	for _, d := range devices {
		if d.Skip != "" {
			counts.Skipped++
			continue
		}
		if h.device(id, d.Device.ID, &counts) {
			abandoned = append(abandoned, contract.NotReachedDevice{DeviceID: d.Device.ID, Kind: contract.KindCancelled, Reason: "stopped"})
		}
	}
	state := contract.JobFailed
	if len(abandoned) > 0 {
		state = contract.JobCancelled
	}
	h.finish(id, state, counts, abandoned)
}

// device ends one device's task, and reports whether it never began.
func (h *history) device(job, id string, counts *contract.Counts) bool {
	rec := contract.TaskRecord{JobID: job, DeviceID: id}
	for attempt := range h.rnd.IntN(4) {
		rec.Attempt = attempt + 1
		claim := rec
		claim.State, claim.Claim = contract.Claimed, &contract.Claim{Platform: "frr", ClaimedAt: h.now()}
		h.record(claim)
		again := rec
		again.State, again.Retry = contract.Retry, &contract.Delay{Reason: "busy", Error: &contract.TaskError{Kind: contract.KindBusy, Effect: contract.EffectNone}}
		h.record(again)
	}
	if h.rnd.IntN(8) == 0 { // its executor is lost, and nobody recovers it
		rec.Attempt++
		rec.State, rec.Claim = contract.Claimed, &contract.Claim{Platform: "frr", ClaimedAt: h.now()}
		h.record(rec)
		counts.Uncertain++
		return false
	}
	rec.Attempt++
	ending := h.rnd.IntN(5)
	if ending > 0 && h.rnd.IntN(8) > 0 { // else its job's gate was closed before it could be claimed again
		claim := rec
		claim.State, claim.Claim = contract.Claimed, &contract.Claim{Platform: "frr", ClaimedAt: h.now()}
		h.record(claim)
	}
	rec.State, rec.Result = contract.Finished, &contract.Result{FinishedAt: h.now(), StartedAt: h.now(), DurationMS: 7}
	switch ending {
	case 0:
		counts.Cancelled, counts.NotReached = counts.Cancelled+1, counts.NotReached+1
		return true
	case 1:
		rec.Result.State, rec.Result.Error = contract.TaskFailed, &contract.TaskError{Kind: contract.KindUnreachable, Effect: contract.EffectNone}
		counts.Failed, counts.NotReached = counts.Failed+1, counts.NotReached+1
	case 2:
		rec.Result.State, rec.Result.Error = contract.TaskUncertain, &contract.TaskError{Kind: contract.KindHolderLost, Effect: contract.EffectPossible}
		counts.Uncertain++
	case 3:
		rec.Result.State, rec.Result.Error = contract.TaskFailed, &contract.TaskError{Kind: contract.KindRejected, Effect: contract.EffectNone}
		counts.Failed++
	default:
		rec.Result.State, rec.Result.Outputs = contract.TaskSucceeded, []contract.CommandOutput{{Command: "show version", Output: "output of " + id}}
		counts.Succeeded++
	}
	h.record(rec)
	return false
}

func (h *history) finish(id string, state contract.JobState, counts contract.Counts, abandoned []contract.NotReachedDevice) {
	h.want[id] = counts
	h.after[len(h.jobs)] = len(h.ledger)
	if len(abandoned) > 0 {
		h.jobs = append(h.jobs, view.Abandoned{Seq: uint64(10*len(h.jobs) + 20), JobID: id, Devices: abandoned})
		h.after[len(h.jobs)] = len(h.ledger)
	}
	// The view's own counts are under test: the event brings none.
	h.event(contract.JobEvent{JobID: id, State: state})
}

// fold applies the history in a random interleaving and in random batches, repeating some of what was applied before.
func (h *history) fold(t *testing.T, v *view.View, seed uint64) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 2))
	var batch []view.Change
	commit := func() {
		if err := v.Apply(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		batch = nil
	}
	j, l := 0, 0
	for j < len(h.jobs) || l < len(h.ledger) {
		jobsMay := j < len(h.jobs) && l >= h.after[j]
		if jobsMay && (l == len(h.ledger) || rnd.IntN(2) == 0) {
			batch = append(batch, h.jobs[j])
			j++
		} else {
			batch = append(batch, h.ledger[l])
			l++
		}
		switch rnd.IntN(10) {
		case 0:
			commit()
		case 1: // the same again, as after a crash before the acknowledgement
			commit()
			for back := range min(l, rnd.IntN(4)) {
				batch = append(batch, h.ledger[l-1-back])
			}
			if j > 0 && rnd.IntN(2) == 0 {
				batch = append(batch, h.jobs[j-1])
			}
		}
	}
	commit()
}

// rows is everything that the view shows.
func rows(t *testing.T, v *view.View) string {
	t.Helper()
	jobs, err := v.Jobs(t.Context(), view.JobFilter{}, "", view.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{"jobs": jobs}
	for _, job := range jobs.Jobs {
		results, next, err := v.Results(t.Context(), job.ID, view.TaskFilter{}, "", view.MaxPage)
		if err != nil || next != "" {
			t.Fatal(err, next)
		}
		all[job.ID] = results
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func open(t *testing.T) *view.View {
	t.Helper()
	v, err := view.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

func TestEveryFoldOfALogEndsInTheSameRows(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		h := newHistory(seed, 12)
		first := open(t)
		h.fold(t, first, seed)
		want := rows(t, first)

		second := open(t)
		h.fold(t, second, seed+1000)
		if got := rows(t, second); got != want {
			t.Fatalf("seed %d: another interleaving gives other rows:\n%s\nfirst:\n%s", seed, got, want)
		}
		if err := first.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.fold(t, first, seed+2000)
		if got := rows(t, first); got != want {
			t.Fatalf("seed %d: a fold after a reset gives other rows", seed)
		}
		for id, counts := range h.want {
			job, err := first.Job(t.Context(), id)
			if err != nil || job.Counts != counts {
				t.Errorf("seed %d, %s: counts %+v, want %+v (%v)", seed, id, job.Counts, counts, err)
			}
		}
	}
}
