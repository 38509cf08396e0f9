package contract

import "time"

// Rollout says how a job goes over its devices: a canary first, then batches, one wave after the other. libs/jobspec
// resolves it, and refuses waves that can never be reached.
type Rollout struct {
	// Canary chooses the devices of the first wave.
	Canary Canary `json:"canary,omitzero"`
	// Batches divide the devices after the canary, in order. The last one, unless it goes by a label, is repeated until
	// every device is in a wave. Without batches, the rest of the devices is one wave.
	Batches []Batch `json:"batches,omitempty"`
	// PauseMS is the time between the end of a wave and the beginning of the next.
	PauseMS int64 `json:"pause_ms,omitempty"`
	// FailureThreshold stops the job before its next task. By default the first failure does, where there are waves.
	FailureThreshold Threshold `json:"failure_threshold,omitzero"`
}

// Canary chooses the devices that go first. Exactly one field is set.
type Canary struct {
	Count   int `json:"count,omitempty"`
	Percent int `json:"percent,omitempty"` // of the job's devices, rounded up
	// IDs are device ids or names; each must be among the targets.
	IDs []string `json:"ids,omitempty"`
	// Labels is an expression over labels, as in a target selector.
	Labels string `json:"labels,omitempty"`
}

// Batch is one or several waves. Exactly one field is set.
type Batch struct {
	Count   int `json:"count,omitempty"`
	Percent int `json:"percent,omitempty"` // of the job's devices, rounded up
	// Label makes a wave for each value of a label (or of site, platform and the other fields that an expression knows), in
	// the order of the values.
	Label string `json:"label,omitempty"`
}

// Threshold is when failures stop a job: at Count failed or uncertain tasks of the job, or at Percent of those of one wave.
// The job also stops when no task of its canary succeeded. At most one field is set.
type Threshold struct {
	Count   int `json:"count,omitempty"`
	Percent int `json:"percent,omitempty"`
}

// Wave is a part of a job that is released together.
type Wave struct {
	Name    string `json:"name"` // canary, batch 1, site=paris
	Targets int    `json:"targets"`
}

// WaveCanary is the name of the wave that goes first, where the job has a canary.
const WaveCanary = "canary"

// WaveState is where a wave stands.
type WaveState string

// The states of a wave that an event states.
const (
	WaveStarted WaveState = "started"
	WaveEnded   WaveState = "ended"
)

// WaveProgress says how far a job is in its waves.
type WaveProgress struct {
	Number int       `json:"number"` // from 1
	Of     int       `json:"of"`
	Name   string    `json:"name"`
	State  WaveState `json:"state"`
	// Failed is how many tasks of the wave failed or are uncertain; set when it has ended.
	Failed int `json:"failed,omitempty"`
	// PauseUntil is when the next wave begins, set when this one has ended and there is a next.
	PauseUntil time.Time `json:"pause_until,omitzero"`
}
