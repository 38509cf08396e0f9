package contract

import "time"

// JobKind is what a job does.
type JobKind string

// JobKindCommand runs commands and returns what the devices print.
const JobKindCommand JobKind = "command"

// JobSpec is what an operator submits. libs/jobspec fills the defaults and checks it.
type JobSpec struct {
	Kind     JobKind        `json:"kind"`
	Name     string         `json:"name,omitempty"`
	Targets  TargetSelector `json:"targets"`
	Commands []string       `json:"commands"`
	// Repeatable declares that running the commands twice harms nothing, though they are not in the grammar of reads.
	Repeatable bool        `json:"repeatable,omitempty"`
	Priority   Priority    `json:"priority,omitempty"`
	Limits     Limits      `json:"limits,omitzero"`
	Retry      RetryPolicy `json:"retry,omitzero"`
	// Rollout divides the job into waves. Absent: all devices at once.
	Rollout Rollout `json:"rollout,omitzero"`
	// Labels are kept with the job (a ticket, a reason).
	Labels map[string]string `json:"labels,omitempty"`
	// KeepRaw keeps what the devices print as it is, encrypted to the executors' keys, besides the redacted form.
	KeepRaw bool `json:"keep_raw,omitempty"`
	// DryRun resolves the targets, shows them, and touches nothing.
	DryRun bool `json:"dry_run,omitempty"`
	// RetryOf names the job whose not-reached devices this one runs again.
	RetryOf string `json:"retry_of,omitempty"`
}

// TargetSelector chooses devices. All stands alone; of ids, tags and labels those given must all hold.
type TargetSelector struct {
	All bool `json:"all,omitempty"`
	// IDs are device ids or names; each must exist.
	IDs []string `json:"ids,omitempty"`
	// Tags must all be on the device. A tag "key:value" also matches a label key with that value.
	Tags []string `json:"tags,omitempty"`
	// Labels is an expression over labels: `site=paris, role in (core,edge), !legacy`.
	Labels string `json:"labels,omitempty"`
	// NotReachedOf takes the devices that the named job did not reach.
	NotReachedOf string `json:"not_reached_of,omitempty"`
}

// Priority orders jobs. Urgent ones use slots of their own.
type Priority string

// The priorities.
const (
	PriorityLow    Priority = "low"
	PriorityNormal Priority = "normal"
	PriorityHigh   Priority = "high"
	PriorityUrgent Priority = "urgent"
)

// Class is the class of tasks that a job of the priority releases.
func (p Priority) Class() Class {
	if p == PriorityUrgent {
		return Urgent
	}
	return Normal
}

// Limits bound a job. Zero means the default.
type Limits struct {
	// Parallel is how many devices are worked on at once.
	Parallel int `json:"parallel,omitempty"`
	// CommandTimeoutMS bounds one command, DeviceTimeoutMS one attempt on one device, DeadlineMS the whole job.
	CommandTimeoutMS int64 `json:"command_timeout_ms,omitempty"`
	DeviceTimeoutMS  int64 `json:"device_timeout_ms,omitempty"`
	DeadlineMS       int64 `json:"deadline_ms,omitempty"`
	// AuthFailures is how many logins in a row may be refused in one authentication domain until the job ends. Those of
	// other jobs count too, for a while.
	AuthFailures int `json:"auth_failures,omitempty"`
	// PerSite, PerGroup (redundancy group), PerPlatform and PerDomain (authentication domain) are how many of the job's
	// devices are worked on at once that have the same. Absent: no limit; but devices of one redundancy group on which
	// commands may change something are worked on one at a time.
	PerSite     int `json:"per_site,omitempty"`
	PerGroup    int `json:"per_group,omitempty"`
	PerPlatform int `json:"per_platform,omitempty"`
	PerDomain   int `json:"per_domain,omitempty"`
	// LoginsPerMinute is how many logins the job may make in one authentication domain within a minute. Absent: no limit.
	LoginsPerMinute int `json:"logins_per_minute,omitempty"`
}

// RetryPolicy says how often and how soon an attempt is repeated, where repeating is safe.
type RetryPolicy struct {
	// Attempts is the highest number of attempts, the first included; 1 means no retry.
	Attempts int `json:"attempts,omitempty"`
	// BackoffMS is the delay before the second attempt; it doubles up to MaxBackoffMS, with jitter.
	BackoffMS    int64 `json:"backoff_ms,omitempty"`
	MaxBackoffMS int64 `json:"max_backoff_ms,omitempty"`
}

// JobSubmit asks the scheduler to run a job. Its publish expects that its subject is empty, so one id is one job.
// Published by the gateway.
type JobSubmit struct {
	JobID string `json:"job_id"`
	// Principal is who asked: the name of the token.
	Principal string    `json:"principal"`
	At        time.Time `json:"at"`
	Spec      JobSpec   `json:"spec"`
	// SpecDigest is the SHA-256 of the spec as submitted; the same idempotency key with another digest is refused.
	SpecDigest string `json:"spec_digest"`
	// Role and Address are those of who asked, for the audit.
	Role    string `json:"role,omitempty"`
	Address string `json:"address,omitempty"`
}

// JobCancel asks the scheduler to cancel a job.
type JobCancel struct {
	JobID     string    `json:"job_id"`
	Principal string    `json:"principal"`
	At        time.Time `json:"at"`
	Reason    string    `json:"reason,omitempty"`
	// Role and Address are those of who asked, for the audit.
	Role    string `json:"role,omitempty"`
	Address string `json:"address,omitempty"`
}

// JobEvent states that a job entered a state, or (with Stopping) that it is being stopped. Each expects the sequence of the one before it on
// its subject, so that a deposed leader cannot write.
// Published by the leading scheduler.
type JobEvent struct {
	JobID string    `json:"job_id"`
	State JobState  `json:"state"`
	At    time.Time `json:"at"`
	// Reason says why, for a person.
	Reason string `json:"reason,omitempty"`
	// Problems say field and remedy when the job was rejected.
	Problems []Problem `json:"problems,omitempty"`
	// Stopping says why no more tasks are started, while those in hand end.
	Stopping *Stopping `json:"stopping,omitempty"`

	// Manifest refers to the resolved targets; set with state planned.
	Manifest          *ObjectRef `json:"manifest,omitempty"`
	InventoryRevision uint64     `json:"inventory_revision,omitempty"`
	Targets           int        `json:"targets,omitempty"`
	Deadline          time.Time  `json:"deadline,omitzero"`
	// Waves are what the targets are divided into, in order; set with state planned when there is more than one.
	Waves []Wave `json:"waves,omitempty"`

	// Wave says that a wave of the job began or ended; set with state running of a job with waves.
	Wave *WaveProgress `json:"wave,omitempty"`

	// Counts and NotReached are set with a last state.
	Counts *Counts `json:"counts,omitempty"`
	// NotReached refers to the JSON list of devices that the job did not reach.
	NotReached *ObjectRef `json:"not_reached,omitempty"`
}

// Stopping is why a running job starts no more tasks.
type Stopping struct {
	Kind   ErrorKind `json:"kind"` // cancelled, deadline, breaker, threshold, or internal
	Reason string    `json:"reason"`
	By     string    `json:"by,omitempty"`
}

// Problem is one fault of a submission: the field, what is wrong, what to do.
type Problem struct {
	Field   string `json:"field"`
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

// Error implements error.
func (p Problem) Error() string {
	if p.Remedy == "" {
		return p.Field + ": " + p.Message
	}
	return p.Field + ": " + p.Message + "; " + p.Remedy
}

// Counts says how many of a job's tasks are in each state. NotReached is counted across states: devices on which nothing
// can have happened and which gave no answer.
type Counts struct {
	Total      int `json:"total"`
	Pending    int `json:"pending"`
	Running    int `json:"running"`
	Succeeded  int `json:"succeeded"`
	Failed     int `json:"failed"`
	Skipped    int `json:"skipped"`
	Cancelled  int `json:"cancelled"`
	Uncertain  int `json:"uncertain"`
	NotReached int `json:"not_reached"`
}

// JobSummary is a job's line in bucket jobs: what remains of it when its ledger records are gone.
type JobSummary struct {
	JobID      string     `json:"job_id"`
	Principal  string     `json:"principal"`
	State      JobState   `json:"state"`
	Spec       JobSpec    `json:"spec"`
	Submitted  time.Time  `json:"submitted_at"`
	Ended      time.Time  `json:"ended_at,omitzero"`
	Reason     string     `json:"reason,omitempty"`
	Counts     Counts     `json:"counts"`
	Manifest   *ObjectRef `json:"manifest,omitempty"`
	NotReached *ObjectRef `json:"not_reached,omitempty"`
}

// Manifest is what a job was planned on. It is stored as an object; its SHA-256 is the plan's digest.
type Manifest struct {
	JobID             string           `json:"job_id"`
	InventoryRevision uint64           `json:"inventory_revision"`
	Targets           []ManifestTarget `json:"targets"`
}

// ManifestTarget is one device of a plan.
type ManifestTarget struct {
	Device Device `json:"device"`
	// Revision is the device's revision in bucket inventory.
	Revision uint64 `json:"revision"`
	// ReadOnly says that every command is in the platform's grammar of reads.
	ReadOnly bool `json:"read_only"`
	// Wave is the number of the wave that the device is in, from 1; 0 when the job has no waves.
	Wave int `json:"wave,omitempty"`
	// Skip, when set, says why the job leaves the device alone.
	Skip string `json:"skip,omitempty"`
}

// NotReached lists the devices that a job did not reach, with the reason of each.
type NotReached struct {
	JobID   string             `json:"job_id"`
	Devices []NotReachedDevice `json:"devices"`
}

// NotReachedDevice is one of them.
type NotReachedDevice struct {
	DeviceID string    `json:"device_id"`
	Kind     ErrorKind `json:"kind"`
	Reason   string    `json:"reason"`
}
