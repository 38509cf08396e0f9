package jobspec

import (
	"time"

	"github.com/netrust/netrust/libs/contract"
)

// The defaults. A timeout that holds a longer one is raised with it, and one inside a shorter one lowered, so that setting
// one field is enough.
const (
	DefaultParallel       = 50
	DefaultCommandTimeout = 30 * time.Second
	DefaultDeviceTimeout  = 5 * time.Minute
	DefaultDeadline       = time.Hour
	// DefaultAuthFailures is one less than what most servers lock an account after.
	DefaultAuthFailures = 2
	DefaultAttempts     = 3
	DefaultBackoff      = time.Second
	DefaultMaxBackoff   = 30 * time.Second
)

// WithDefaults returns the spec with a value in every field that has a default. The spec given is not changed; what it
// refers to is shared.
func WithDefaults(spec contract.JobSpec) contract.JobSpec {
	if spec.Kind == "" {
		spec.Kind = contract.JobKindCommand
	}
	if spec.Priority == "" {
		spec.Priority = contract.PriorityNormal
	}
	l := &spec.Limits
	fill(&l.Parallel, DefaultParallel)
	command, device := DefaultCommandTimeout.Milliseconds(), max(DefaultDeviceTimeout.Milliseconds(), l.CommandTimeoutMS)
	if l.DeadlineMS > 0 {
		device = max(min(device, l.DeadlineMS), l.CommandTimeoutMS)
	}
	fill(&l.DeviceTimeoutMS, device)
	if l.DeviceTimeoutMS > 0 { // what is negative is refused, and must not lower another
		command = min(command, l.DeviceTimeoutMS)
	}
	fill(&l.CommandTimeoutMS, command)
	fill(&l.DeadlineMS, max(DefaultDeadline.Milliseconds(), l.DeviceTimeoutMS))
	fill(&l.AuthFailures, DefaultAuthFailures)
	if InWaves(spec) && spec.Rollout.FailureThreshold == (contract.Threshold{}) {
		spec.Rollout.FailureThreshold.Count = 1
	}
	r := &spec.Retry
	fill(&r.Attempts, DefaultAttempts)
	fill(&r.BackoffMS, DefaultBackoff.Milliseconds())
	fill(&r.MaxBackoffMS, max(DefaultMaxBackoff.Milliseconds(), r.BackoffMS))
	return spec
}

func fill[T int | int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}
