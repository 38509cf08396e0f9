package job

import (
	"fmt"
	"time"

	"github.com/netrust/netrust/libs/contract"
)

// tally counts the tasks of one wave.
type tally struct {
	total, ended, failed, succeeded int
}

// Plan gives the job its tasks, by device id, and its waves, if it is divided.
func (j *Job) Plan(tasks []Task, waves []contract.Wave) {
	j.Tasks, j.Waves = tasks, waves
	j.tallies = make([]tally, max(1, len(waves)))
	for i := range tasks {
		j.tally(&tasks[i]).total++
	}
}

func (j *Job) tally(t *Task) *tally { return &j.tallies[waveIndex(t)] }

func waveIndex(t *Task) int { return max(0, int(t.Wave)-1) }

// Wave is the wave that is released, from 1; 0 in a job without waves, and before its first.
func (j *Job) Wave() int { return j.wave }

// Enter applies what an event says of a wave.
func (j *Job) Enter(p *contract.WaveProgress) {
	j.wave, j.waveEnded, j.pauseUntil = p.Number, p.State == contract.WaveEnded, p.PauseUntil
}

// Due says what happens next to the job's waves, or nil: the first begins with the job, a wave ends when all its tasks have
// ended, and the next begins when the pause after it is over.
func (j *Job) Due(now time.Time) *contract.WaveProgress {
	if len(j.Waves) == 0 {
		return nil
	}
	p := contract.WaveProgress{Number: j.wave, Of: len(j.Waves), State: contract.WaveStarted}
	switch {
	case j.wave == 0:
		p.Number = 1
	case !j.waveEnded:
		t := j.tallies[j.wave-1]
		if t.ended < t.total || j.wave == len(j.Waves) { // the last one ends with the job
			return nil
		}
		p.State, p.Failed = contract.WaveEnded, t.failed
		p.PauseUntil = now.Add(time.Duration(j.Spec.Rollout.PauseMS) * time.Millisecond).UTC()
	case now.Before(j.pauseUntil):
		return nil
	default:
		p.Number++
	}
	p.Name = j.Waves[p.Number-1].Name
	return &p
}

// PauseUntil is when the next wave begins; zero when no wave is awaited.
func (j *Job) PauseUntil() time.Time { return j.pauseUntil }

// InWave reports whether the tasks of task i's wave may be put out.
func (j *Job) InWave(i int) bool { return int(j.Tasks[i].Wave) <= j.wave }

// Threshold returns why the job must stop, or nil: too many of its tasks failed, or are uncertain. It is asked before the
// next wave begins, so that no device of it is touched.
func (j *Job) Threshold() *contract.Stopping {
	limit := j.Spec.Rollout.FailureThreshold
	if limit.Count > 0 && j.failed >= limit.Count {
		return j.threshold("%d of %d devices failed, which is the failure threshold (%d)", j.failed, len(j.Tasks), limit.Count)
	}
	if j.badWave == 0 {
		return nil
	}
	w := j.badWave - 1
	if t := &j.tallies[w]; j.tooMany(t) {
		return j.threshold("%d of %d devices %sfailed, which is at least the failure threshold of %d%%", t.failed, t.total, j.of(w), limit.Percent)
	}
	return j.threshold("no device of the canary succeeded")
}

// judge notes a wave whose failures stop the job.
func (j *Job) judge(w int) {
	t := &j.tallies[w]
	deadCanary := w == 0 && j.hasCanary() && t.ended == t.total && t.succeeded == 0
	if j.badWave == 0 && t.failed > 0 && (deadCanary || j.tooMany(t)) {
		j.badWave = w + 1
	}
}

func (j *Job) tooMany(t *tally) bool {
	percent := j.Spec.Rollout.FailureThreshold.Percent
	return percent > 0 && t.failed > 0 && t.failed*100 >= percent*t.total
}

func (j *Job) threshold(format string, args ...any) *contract.Stopping {
	reason := fmt.Sprintf(format, args...) + ": no more devices are touched"
	if left := len(j.Waves) - j.wave; left > 0 && j.wave > 0 {
		reason += fmt.Sprintf("; waves %d to %d were not begun", j.wave+1, len(j.Waves))
	}
	return &contract.Stopping{Kind: contract.KindThreshold, Reason: reason}
}

func (j *Job) of(wave int) string {
	if len(j.Waves) == 0 {
		return ""
	}
	return fmt.Sprintf("of wave %d (%s) ", wave+1, j.Waves[wave].Name)
}

func (j *Job) hasCanary() bool {
	return len(j.Waves) > 0 && j.Waves[0].Name == contract.WaveCanary
}
