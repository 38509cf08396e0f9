package job

import "github.com/netrust/netrust/libs/contract"

// Lose notes that the job's plan cannot be read, and why: which devices it has is known only as far as the ledger names
// them ([Job.Learn]), and nothing more of it is released.
func (j *Job) Lose(why string) {
	j.lost, j.learned = why, map[string]int{}
	if j.Stopping == nil {
		j.Stopping = &contract.Stopping{Kind: contract.KindInternal, Reason: why}
	}
}

// Lost reports whether the job's plan cannot be read.
func (j *Job) Lost() bool { return j.lost != "" }

// Learn adds the task of a lost job that a record names, and returns its index.
func (j *Job) Learn(key contract.TaskKey, r *contract.TaskRecord) int {
	t := Task{Device: &contract.Device{ID: key.Device, Name: key.Device, Site: key.Site}}
	if r.Claim != nil {
		t.Repeatable = r.Claim.Repeatable
	}
	j.Tasks = append(j.Tasks, t)
	j.tally(&t).total++
	j.learned[key.Device] = len(j.Tasks) - 1
	return len(j.Tasks) - 1
}

// unknown is how many of a lost job's devices no record names: whatever a release said, the closed gate has refused it.
func (j *Job) unknown() int {
	if !j.Lost() {
		return 0
	}
	return max(0, j.Targets-len(j.Tasks)-j.Skipped)
}
