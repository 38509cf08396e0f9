package contract

import "time"

// Class decides which consumer, slots and batches a task uses, so that urgent work never waits behind a long queue.
type Class string

// The two classes.
const (
	Urgent Class = "urgent"
	Normal Class = "normal"
)

// Classes lists both, the urgent one first.
var Classes = [...]Class{Urgent, Normal}

// Task releases one attempt at a task to the executors of a site. It carries the ledger sequences that the claim must
// expect, so that a claim needs no read.
// Published by the scheduler, consumed by executors. Carries no message id: a repeat is refused by the ledger.
type Task struct {
	JobID     string `json:"job_id"`
	Phase     string `json:"phase"`
	DeviceID  string `json:"device_id"`
	Site      string `json:"site"`
	Class     Class  `json:"class"`
	Principal string `json:"principal"`

	// Attempt is the number that a claim will give its attempt, from 1.
	Attempt int `json:"attempt"`
	// TaskSeq, DeviceSeq and GateSeq are the last sequences of the task's record, the device's lease and the job's gate
	// when the task was released; 0 where there was none.
	TaskSeq   uint64 `json:"task_seq"`
	DeviceSeq uint64 `json:"device_seq"`
	GateSeq   uint64 `json:"gate_seq"`
	// Sessions are the executors that may keep an open session on the device, as the device's lease said at DeviceSeq; those
	// that are gone are left out.
	Sessions []string `json:"sessions,omitempty"`
	// Recover marks a release for a claim whose holder is gone: find out what is true, and write it.
	Recover bool `json:"recover,omitempty"`

	// Probe says that no login has succeeded yet in the job and the device's authentication domain: nobody else of the job
	// logs in there until this attempt has. It writes a [LoginProof] as soon as it is in.
	Probe bool `json:"probe,omitempty"`
	// NoLogin says that the attempt may use a session that is open, and may not log in: no login has succeeded yet in the job.
	// Without a session the task is given back ([Delay.NeedsLogin]).
	NoLogin bool `json:"no_login,omitempty"`
	// MaxLogins is how many logins the attempt may make that are refused, a refresh of the credential included. 0: no limit.
	MaxLogins int `json:"max_logins,omitempty"`

	Target   Target   `json:"target"`
	Commands []string `json:"commands"`
	// Repeatable says that running the task twice harms nothing: every command is in the platform's grammar of reads, or
	// the job's spec says so.
	Repeatable bool `json:"repeatable"`
	// ReadOnly says that every command is in the platform's grammar of reads.
	ReadOnly bool `json:"read_only"`
	// KeepRaw asks for [Result.RawObject].
	KeepRaw bool `json:"keep_raw,omitempty"`

	CommandTimeoutMS int64       `json:"command_timeout_ms"`
	DeviceTimeoutMS  int64       `json:"device_timeout_ms"`
	Deadline         time.Time   `json:"deadline"`
	Retry            RetryPolicy `json:"retry"`
	ReleasedAt       time.Time   `json:"released_at"`

	// Trace is the W3C traceparent of the release: it travels as the message's header, not in its payload.
	Trace string `json:"-"`
}

// Key names the task.
func (t *Task) Key() TaskKey {
	return TaskKey{Site: t.Site, Job: t.JobID, Phase: t.Phase, Device: t.DeviceID}
}

// Target is a device as a task reaches it: taken from the inventory at the revision that the job was planned on.
type Target struct {
	Address    string            `json:"address"`
	Port       int               `json:"port"`
	Platform   string            `json:"platform"`
	Credential string            `json:"credential"` // a reference, never a secret
	Options    ConnectionOptions `json:"options,omitzero"`
}

// RecordState is what a task's newest ledger record says.
type RecordState string

// The states of a ledger record. Nothing is ever written after finished.
const (
	Claimed  RecordState = "claimed"
	Retry    RecordState = "retry"
	Finished RecordState = "finished"
)

// TaskRecord is one entry of the ledger, the newest of which is the truth about a task.
// Written by executors; read by scheduler, gateway and audit.
type TaskRecord struct {
	State    RecordState `json:"state"`
	JobID    string      `json:"job_id"`
	Phase    string      `json:"phase"`
	DeviceID string      `json:"device_id"`
	Site     string      `json:"site"`
	// Attempt is the number of the last attempt that started; 0 if none has.
	Attempt int `json:"attempt"`
	// AttemptID is unique to one claim, so that a writer recognises its own after an unknown outcome.
	AttemptID string `json:"attempt_id"`
	// Holder is the incarnation of the executor that wrote the record.
	Holder string `json:"holder"`

	Claim  *Claim  `json:"claim,omitempty"`  // set when claimed
	Retry  *Delay  `json:"retry,omitempty"`  // set when retry
	Result *Result `json:"result,omitempty"` // set when finished
}

// Claim is the write-ahead part of a claimed record: what is about to be done, by whom, until when at the latest.
type Claim struct {
	Principal  string   `json:"principal"`
	Commands   []string `json:"commands"` // redacted
	Address    string   `json:"address"`
	Platform   string   `json:"platform"`
	Credential string   `json:"credential"` // reference
	// Jump are the jump hosts on the way to the device, whose credentials are used too.
	Jump       []JumpHost `json:"jump,omitempty"`
	Repeatable bool       `json:"repeatable"`
	ClaimedAt  time.Time  `json:"claimed_at"`
	// ExclusiveUntil is when the holder has stopped touching the device at the latest, whatever happens to it.
	ExclusiveUntil time.Time `json:"exclusive_until"`
}

// Delay says that the task is to be released again, and not before when.
type Delay struct {
	Reason    string     `json:"reason"`
	Error     *TaskError `json:"error,omitempty"`
	NotBefore time.Time  `json:"not_before"`
	// NeedsLogin says that the attempt could not begin because it was not to log in, and no session was open.
	NeedsLogin bool   `json:"needs_login,omitempty"`
	Login      *Login `json:"login,omitempty"` // how the attempt got into the device, if it came so far
}

// Login says how an attempt got into its device, or tried to. Schedulers count its attempts against the limits of the
// authentication domain; audit records it.
type Login struct {
	// Method is how the account was proven the last time: password, keyboard-interactive, publickey, agent. Empty: nothing
	// was offered to the device.
	Method string `json:"method,omitempty"`
	// Attempts is how many logins the device was offered: each may count towards a lockout if it fails.
	Attempts int `json:"attempts"`
	// Reused says that an open session was used, without a login of this attempt's.
	Reused bool `json:"reused,omitempty"`
	// Refreshed says that the credential was read anew after the device had refused it, and was another one.
	Refreshed bool `json:"refreshed,omitempty"`
}

// Result is the end of a task.
type Result struct {
	State      TaskState       `json:"state"`
	Error      *TaskError      `json:"error,omitempty"`
	StartedAt  time.Time       `json:"started_at"`
	FinishedAt time.Time       `json:"finished_at"`
	DurationMS int64           `json:"duration_ms"`
	Outputs    []CommandOutput `json:"outputs,omitempty"`
	// OutputObject refers to the JSON of Outputs when it is over 256 KiB.
	OutputObject *ObjectRef `json:"output_object,omitempty"`
	// OutputTruncated says that an output in OutputObject was longer than the limit and its end is not kept.
	OutputTruncated bool `json:"output_truncated,omitempty"`
	// RawObject refers to the JSON of Outputs as the device printed them, without durations: encrypted with age, and named by
	// the SHA-256 of the plain text. Only where the task asked for it.
	RawObject *ObjectRef `json:"raw_object,omitempty"`
	// Summary is the first line of the last output that says something, at most 200 bytes.
	Summary string `json:"summary,omitempty"`
	Login   *Login `json:"login,omitempty"` // how the attempt got into the device, if it came so far
}

// CommandOutput is what one command printed, redacted.
type CommandOutput struct {
	Command    string `json:"command"`
	Output     string `json:"output"`
	DurationMS int64  `json:"duration_ms"`
	// Truncated says that the output was longer than the limit and its end is not kept.
	Truncated bool `json:"truncated,omitempty"`
	// Failed says that the device rejected this command, or that it did not end.
	Failed bool `json:"failed,omitempty"`
}

// DeviceLease is an exclusive claim on a device. Its fencing token is its sequence.
type DeviceLease struct {
	Holder         string    `json:"holder"`
	TaskID         string    `json:"task_id"`
	AttemptID      string    `json:"attempt_id"`
	ExclusiveUntil time.Time `json:"exclusive_until"`
	// Sessions are the executors that may keep an open session on the device besides the holder, the oldest first.
	Sessions []string `json:"sessions,omitempty"`
}

// DeviceRelease is the payload of the marker that releases a device, where sessions on it stay open. It is an upper bound: an
// executor that is named may have closed its session since, one that is not named has none.
type DeviceRelease struct {
	// Sessions are the executors that may keep an open session on the device, the oldest first.
	Sessions []string `json:"sessions,omitempty"`
}

// SessionAsk asks an executor to close the session that it keeps on a device, because the asker holds the device now.
// To one executor process, which answers with a [SessionAnswer]; kept for a minute.
type SessionAsk struct {
	ID       string `json:"id"` // of this question, which the answer repeats
	Site     string `json:"site"`
	DeviceID string `json:"device_id"`
	Asker    string `json:"asker"` // the incarnation of the executor that asks
}

// SessionState is what an executor says of a session that it was asked to close.
type SessionState string

// The states of a session that an executor was asked to close.
const (
	SessionUnknown SessionState = "unknown" // the executor cannot tell
	SessionClosed  SessionState = "closed"  // it has none on the device, now
	SessionInUse   SessionState = "in_use"  // a task of its own still works in it; it is closed when that ends
)

// SessionAnswer answers a [SessionAsk].
type SessionAnswer struct {
	ID    string       `json:"id"` // of the question
	State SessionState `json:"state"`
}

// Gate lets a job's tasks be claimed or not. Written by the leading scheduler; each claim batch expects its sequence.
type Gate struct {
	Open   bool      `json:"open"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// LoginProof says that an attempt got into its device: others of its job need not wait for the attempt's end. Its key has a
// time to live; the result is the truth.
// Written by executors for tasks that are a probe; read by the scheduler.
type LoginProof struct {
	JobID    string    `json:"job_id"`
	DeviceID string    `json:"device_id"`
	Attempt  int       `json:"attempt"`
	At       time.Time `json:"at"`
	// Reused says that the session was open before: the credential got in then, and nobody logged in now.
	Reused bool `json:"reused,omitempty"`
}

// Executor says that an executor process lives, and what it can take. Its key dies with it.
type Executor struct {
	Incarnation string    `json:"incarnation"`
	Host        string    `json:"host"`
	PID         int       `json:"pid"`
	Sites       []string  `json:"sites"`
	UrgentSlots int       `json:"urgent_slots"`
	NormalSlots int       `json:"normal_slots"`
	StartedAt   time.Time `json:"started_at"`
	Draining    bool      `json:"draining,omitempty"`
	// HostKey is its policy for unknown SSH host keys: strict or trust-first.
	HostKey string `json:"host_key,omitempty"`
}

// Slots returns how many tasks of the class the executor runs at once.
func (e *Executor) Slots(c Class) int {
	if c == Urgent {
		return e.UrgentSlots
	}
	return e.NormalSlots
}

// MaxInline is the size in bytes over which a payload goes to the object store and the message carries a reference.
const MaxInline = 256 << 10

// ObjectRef names an object by the SHA-256 of its content, in lower-case hexadecimal.
type ObjectRef struct {
	Bucket string `json:"bucket"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}
