package contract

// TaskState is the state of a task as people see it.
type TaskState string

// The states of a task. Uncertain means that we cannot tell what the device did: a person looks.
const (
	TaskPending   TaskState = "pending"
	TaskRunning   TaskState = "running"
	TaskSucceeded TaskState = "succeeded"
	TaskFailed    TaskState = "failed"
	TaskSkipped   TaskState = "skipped"
	TaskCancelled TaskState = "cancelled"
	TaskUncertain TaskState = "uncertain"
)

// Ended reports whether the state is a last one.
func (s TaskState) Ended() bool { return s != TaskPending && s != TaskRunning && s != "" }

// ErrorKind says what kind of thing went wrong with a task.
type ErrorKind string

// The kinds of task errors.
const (
	KindUnreachable    ErrorKind = "unreachable"
	KindAuthentication ErrorKind = "authentication"
	KindHostKey        ErrorKind = "host_key"
	KindBusy           ErrorKind = "busy"
	KindTimeout        ErrorKind = "timeout"
	KindRejected       ErrorKind = "rejected"
	KindAmbiguous      ErrorKind = "ambiguous"
	KindCredential     ErrorKind = "credential" // the reference could not be resolved
	KindCancelled      ErrorKind = "cancelled"
	KindDeadline       ErrorKind = "deadline"
	KindBreaker        ErrorKind = "breaker"     // stopped by the circuit breaker
	KindThreshold      ErrorKind = "threshold"   // stopped by the failure threshold of the rollout
	KindHolderLost     ErrorKind = "holder_lost" // the executor died with the task in hand
	KindNoExecutor     ErrorKind = "no_executor" // nobody serves the device's site
	KindInternal       ErrorKind = "internal"
	KindUnknown        ErrorKind = "unknown"
)

// NotReachedKind reports whether an error of the kind means that the device gave no answer to what was asked: with no
// effect on it, the task counts as not reached, and a retry runs it again.
func NotReachedKind(k ErrorKind) bool {
	switch k {
	case KindUnreachable, KindAuthentication, KindHostKey, KindBusy, KindCredential, KindCancelled, KindDeadline, KindBreaker, KindThreshold,
		KindNoExecutor, KindHolderLost, KindTimeout, KindInternal:
		return true
	}
	return false
}

// Effect says whether anything can have happened on the device.
type Effect string

// The two answers.
const (
	EffectNone     Effect = "none"
	EffectPossible Effect = "possible"
)

// TaskError tells a person what happened, to which device, and what to do.
type TaskError struct {
	Kind    ErrorKind `json:"kind"`
	Message string    `json:"message"` // redacted
	Effect  Effect    `json:"effect"`
	Remedy  string    `json:"remedy,omitempty"`
}

// Error implements error.
func (e *TaskError) Error() string { return string(e.Kind) + ": " + e.Message }

// JobState is the state of a job.
type JobState string

// The states of a job. Every one but submitted, planned and running is a last one.
const (
	JobSubmitted JobState = "submitted"
	JobPlanned   JobState = "planned"
	JobRunning   JobState = "running"
	JobSucceeded JobState = "succeeded"
	JobFailed    JobState = "failed"
	JobCancelled JobState = "cancelled"
	JobRejected  JobState = "rejected"
)

// Ended reports whether the state is a last one.
func (s JobState) Ended() bool {
	return s == JobSucceeded || s == JobFailed || s == JobCancelled || s == JobRejected
}
