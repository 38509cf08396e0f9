package job

import (
	"fmt"

	"github.com/netrust/netrust/libs/contract"
)

// Close ends every task that has not ended, as the job ends: those never claimed are cancelled; those whose holder was
// lost and never recovered are uncertain, unless they may be repeated. unserved says whether nobody serves a site.
func (j *Job) Close(unserved func(site string) bool) {
	for i := range j.Tasks {
		t := &j.Tasks[i]
		if t.Phase == Ended {
			continue
		}
		lost := t.Phase == Claimed && !t.Repeatable
		if t.Phase == Claimed {
			j.claimed--
		}
		if t.out() {
			j.leaveOut(t)
		}
		j.probed(t)
		aside := t.Phase == Aside
		t.Phase = Ended
		j.ended++
		if lost {
			t.Outcome, t.Kind, t.NoEffect = contract.TaskUncertain, contract.KindHolderLost, false
			continue
		}
		if aside {
			t.Outcome, t.Kind, t.NoEffect = contract.TaskFailed, contract.KindInternal, true
			continue
		}
		t.Outcome, t.NoEffect = contract.TaskCancelled, true
		t.Kind = contract.KindCancelled
		switch {
		case t.Attempt == 0 && unserved(t.Device.Site):
			t.Kind = contract.KindNoExecutor
		case j.Stopping != nil:
			t.Kind = j.Stopping.Kind
		}
	}
}

// Counts counts the tasks by state.
func (j *Job) Counts() contract.Counts {
	c := contract.Counts{Total: len(j.Tasks) + j.Skipped + j.unknown(), Skipped: j.Skipped, Cancelled: j.unknown()}
	for i := range j.Tasks {
		t := &j.Tasks[i]
		switch {
		case t.Phase == Claimed:
			c.Running++
		case t.Phase != Ended:
			c.Pending++
		case t.Outcome == contract.TaskSucceeded:
			c.Succeeded++
		case t.Outcome == contract.TaskFailed:
			c.Failed++
		case t.Outcome == contract.TaskSkipped:
			c.Skipped++
		case t.Outcome == contract.TaskCancelled:
			c.Cancelled++
		default:
			c.Uncertain++
		}
		if t.notReached() {
			c.NotReached++
		}
	}
	return c
}

// notReached says that the device gave no answer and nothing can have happened on it.
func (t *Task) notReached() bool {
	if t.Phase != Ended || !t.NoEffect {
		return false
	}
	return t.Outcome == contract.TaskCancelled || t.Outcome == contract.TaskFailed && contract.NotReachedKind(t.Kind)
}

// NotReached lists the devices that the job did not reach.
func (j *Job) NotReached() contract.NotReached {
	out := contract.NotReached{JobID: j.ID, Devices: []contract.NotReachedDevice{}}
	for i := range j.Tasks {
		if t := &j.Tasks[i]; t.notReached() {
			out.Devices = append(out.Devices, contract.NotReachedDevice{
				DeviceID: t.Device.ID, Kind: t.Kind, Reason: j.why(t),
			})
		}
	}
	return out
}

func (j *Job) why(t *Task) string {
	switch {
	case t.Outcome == contract.TaskFailed && t.Attempt == 0 && t.Kind == contract.KindInternal:
		return fmt.Sprintf("its task could not be processed and is dead letter %s", j.LetterID(t))
	case t.Outcome == contract.TaskFailed:
		return fmt.Sprintf("%s, after %d attempts", t.Kind, t.Attempt)
	case t.Kind == contract.KindNoExecutor:
		return fmt.Sprintf("no executor serves site %s", t.Device.Site)
	case j.Stopping != nil:
		return j.Stopping.Reason
	default:
		return "the job ended before"
	}
}

var (
	states = internTable(contract.TaskPending, contract.TaskRunning, contract.TaskSucceeded, contract.TaskFailed,
		contract.TaskSkipped, contract.TaskCancelled, contract.TaskUncertain)
	kinds = internTable(contract.KindUnreachable, contract.KindAuthentication, contract.KindHostKey, contract.KindBusy,
		contract.KindTimeout, contract.KindRejected, contract.KindAmbiguous, contract.KindCredential, contract.KindCancelled,
		contract.KindDeadline, contract.KindBreaker, contract.KindThreshold, contract.KindHolderLost, contract.KindNoExecutor, contract.KindInternal)
)

func internTable[T ~string](all ...T) map[T]T {
	m := make(map[T]T, len(all))
	for _, v := range all {
		m[v] = v
	}
	return m
}

// internState gives the constant of a decoded state, so that a hundred thousand tasks share its bytes.
func internState(s contract.TaskState) contract.TaskState {
	if v, ok := states[s]; ok {
		return v
	}
	return contract.TaskUncertain
}

func internKind(k contract.ErrorKind) contract.ErrorKind {
	if v, ok := kinds[k]; ok {
		return v
	}
	return contract.KindUnknown
}
