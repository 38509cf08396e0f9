package torture

import (
	"fmt"

	"github.com/netrust/netrust/libs/contract"
)

// checkJobs judges the events and counts of each job.
func (c *checker) checkJobs() {
	for _, e := range c.h.Later {
		c.fail("event after the end", "a fresh scheduler wrote %s for job %s at %d", e.State, e.JobID, e.Seq)
	}
	for i := range c.h.Jobs {
		job := &c.h.Jobs[i]
		events := c.h.Events[job.ID]
		if why := illegal(events); why != "" {
			c.fail("illegal events", "job %s: %s", job.ID, why)
			continue
		}
		c.checkCounts(job, events[len(events)-1])
	}
}

// illegal says what is wrong with a job's events, or "": planned, running, perhaps running and stopping, then one end; or an
// end at once, where the job was cancelled before.
func illegal(events []Event) string {
	state, stopping := contract.JobSubmitted, false
	for _, e := range events {
		legal := false
		switch {
		case state.Ended():
			return fmt.Sprintf("%s at %d follows its end", e.State, e.Seq)
		case e.State == contract.JobPlanned:
			legal = state == contract.JobSubmitted && e.Manifest != nil
		case e.State == contract.JobRunning && e.Stopping == nil:
			legal = state == contract.JobPlanned
		case e.State == contract.JobRunning:
			legal = state == contract.JobRunning && !stopping
			stopping = true
		case e.State == contract.JobCancelled:
			legal = e.Stopping != nil && e.Counts != nil
		case e.State == contract.JobSucceeded, e.State == contract.JobFailed:
			legal = state == contract.JobRunning && e.Counts != nil
		}
		if !legal {
			return fmt.Sprintf("%s at %d follows %s", e.State, e.Seq, state)
		}
		state = e.State
	}
	if !state.Ended() {
		return fmt.Sprintf("it was left as %s", state)
	}
	return ""
}

// checkCounts compares the job's counts with its ledger records, folded here by other code than the scheduler's.
func (c *checker) checkCounts(job *Job, end Event) {
	planned := len(c.h.Events[job.ID]) > 1
	var want contract.Counts
	for _, device := range job.Devices {
		if !planned {
			break // cancelled before it had tasks
		}
		want.Total++
		id := contract.TaskKey{Site: site, Job: job.ID, Phase: contract.PhaseRun, Device: device}.ID()
		records := c.tasks[id]
		state := contract.TaskCancelled // never claimed, or waiting for another attempt
		if n := len(records); n > 0 && records[n-1].Task.State == contract.Finished && records[n-1].Task.Result != nil {
			state = records[n-1].Task.Result.State
		} else if end.Stopping == nil {
			c.fail("no result", "task %s has none, though its job was not stopped", id)
		}
		switch state {
		case contract.TaskSucceeded:
			want.Succeeded++
		case contract.TaskFailed:
			want.Failed++
		case contract.TaskUncertain:
			want.Uncertain++
		case contract.TaskCancelled:
			want.Cancelled++
		}
	}
	c.stats.Tasks += want.Total
	c.stats.Cancelled += want.Cancelled
	c.stats.Failed += want.Failed
	got := *end.Counts
	got.NotReached = 0
	if got != want {
		c.fail("wrong counts", "job %s ended with %+v, its records say %+v", job.ID, got, want)
	}
	state := contract.JobFailed
	switch {
	case want.Succeeded == want.Total && planned:
		state = contract.JobSucceeded
	case end.Stopping != nil && end.Stopping.Kind == contract.KindCancelled && (want.Cancelled > 0 || !planned):
		state = contract.JobCancelled
	}
	if end.State != state {
		c.fail("wrong end", "job %s ended as %s with %+v; want %s", job.ID, end.State, want, state)
	}
	summary, ok := c.h.Summaries[job.ID]
	if !ok || summary.State != end.State || summary.Counts != *end.Counts {
		c.fail("summary differs", "job %s ended as %s %+v, its summary says %s %+v", job.ID, end.State, *end.Counts, summary.State, summary.Counts)
	}
}
