package job

import (
	"github.com/netrust/netrust/libs/contract"
)

// MaxLetters is how often a task's message may be set aside before the task waits for a person: a fresh message may
// help where the first one was spoilt, or met an executor of another version.
const MaxLetters = 3

// letters is what a job knows of the tasks whose messages were set aside. Most jobs have none.
type letters struct {
	count     map[int]int // since the task's newest record, or its newest replay
	aside     int
	discarded int // of those aside
	given     map[int]bool
}

// SetAside notes that a message of task i was set aside, and reports whether the task now waits for a person. What an
// executor is at work on, or has ended, is left alone: the letter is of a message that came too late.
func (j *Job) SetAside(i int) (held bool) {
	t := &j.Tasks[i]
	if t.Phase == Claimed || t.Phase == Ended || t.Phase == Aside {
		return t.Phase == Aside
	}
	l := &j.letters
	if l.count == nil {
		l.count, l.given = map[int]int{}, map[int]bool{}
	}
	l.count[i]++
	if l.count[i] < MaxLetters {
		return false
	}
	if t.out() {
		j.leaveOut(t)
	}
	j.probed(t)
	t.Phase = Aside
	l.aside++
	return true
}

// forget drops what was noted of task i: it goes on.
func (l *letters) forget(j *Job, i int) {
	if l.count[i] == 0 {
		return
	}
	if j.Tasks[i].Phase == Aside {
		l.aside--
	}
	if l.given[i] {
		l.discarded--
	}
	delete(l.count, i)
	delete(l.given, i)
}

// Replay lets task i be released again at once, as a person decided. It reports whether the task is to be put in its queue: one
// that is released, or waits there, needs no more.
func (j *Job) Replay(i int) (enqueue bool) {
	t := &j.Tasks[i]
	aside := t.Phase == Aside
	j.letters.forget(j, i)
	if aside {
		t.Phase = Waiting
	}
	return aside
}

// Discard gives task i up, if it waits for a person: its job need not wait for it any more.
func (j *Job) Discard(i int) {
	if j.Tasks[i].Phase == Aside && !j.letters.given[i] {
		j.letters.given[i] = true
		j.letters.discarded++
	}
}

// OnlyAside reports whether all that is left of the job, or of its waves so far, are tasks that wait for a person, and whether
// all of these were given up.
func (j *Job) OnlyAside() (only, givenUp bool) {
	begun := len(j.Tasks)
	if len(j.Waves) > 0 {
		begun = 0
		for _, t := range j.tallies[:j.wave] {
			begun += t.total
		}
	}
	l := &j.letters
	return l.aside > 0 && j.ended+l.aside == begun, l.discarded == l.aside
}

// Aside is how many tasks wait for a person.
func (j *Job) Aside() int { return j.letters.aside }

// LetterID is the dead letter of a task's messages.
func (j *Job) LetterID(t *Task) string {
	key := contract.TaskKey{Job: j.ID, Phase: contract.PhaseRun, Device: t.Device.ID}
	return contract.LetterID(key.DeadLetterSubject())
}
