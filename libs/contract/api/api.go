// Package api holds the bodies of the gateway's HTTP API, for the gateway that writes them and for clients that read
// them. docs: schemas/openapi.yaml, which is generated from the gateway.
//
// Field names and units are those of libs/contract, whose types appear here where a body is the same thing.
package api

import (
	"time"

	"github.com/netrust/netrust/libs/contract"
)

// Paths of the API.
const (
	PathJobs      = "/v1/jobs"
	PathDevices   = "/v1/devices"
	PathImport    = "/v1/devices/import"
	PathTokens    = "/v1/tokens"
	PathLetters   = "/v1/deadletters"
	PathStatus    = "/v1/status"
	PathHealth    = "/healthz"
	PathReady     = "/readyz"
	PathMetrics   = "/metrics"
	PathOpenAPI   = "/openapi.yaml"
	MediaProblem  = "application/problem+json"
	HeaderIdemKey = "Idempotency-Key"
	// HeaderPlainSum is the SHA-256 of what an encrypted answer holds.
	HeaderPlainSum = "Netrust-Plain-Sha256"
)

// Job is one job: what was asked, and how far it is.
type Job struct {
	ID        string            `json:"id"`
	Name      string            `json:"name,omitempty"`
	State     contract.JobState `json:"state"`
	Principal string            `json:"principal"`
	Spec      contract.JobSpec  `json:"spec"`
	// Reason says why the job is in its state, when there is more to say.
	Reason string `json:"reason,omitempty"`
	// Stopping is set while the job starts no more tasks and those in hand end.
	Stopping    *contract.Stopping `json:"stopping,omitempty"`
	Problems    []contract.Problem `json:"problems,omitempty"`
	Counts      contract.Counts    `json:"counts"`
	SubmittedAt time.Time          `json:"submitted_at"`
	StartedAt   time.Time          `json:"started_at,omitzero"`
	EndedAt     time.Time          `json:"ended_at,omitzero"`
	Deadline    time.Time          `json:"deadline,omitzero"`
	// PlanDigest is the SHA-256 of the manifest.
	PlanDigest        string `json:"plan_digest,omitempty"`
	InventoryRevision uint64 `json:"inventory_revision,omitempty"`
	RetryOf           string `json:"retry_of,omitempty"`
	// Wave is where a job with waves stands.
	Wave *contract.WaveProgress `json:"wave,omitempty"`
	// Waves are the waves of a job that has more than one, in order; only in the answer for one job.
	Waves []Wave `json:"waves,omitempty"`
}

// Wave is one wave of a job, with the states of its tasks.
type Wave struct {
	Number int             `json:"number"`
	Name   string          `json:"name"`
	Counts contract.Counts `json:"counts"`
}

// JobList is a page of jobs, newest first.
type JobList struct {
	Jobs []Job `json:"jobs"`
	// Next is the cursor of the next page; empty on the last one.
	Next string `json:"next,omitempty"`
}

// Task is one device's share of a job.
type Task struct {
	ID       string             `json:"id"`
	JobID    string             `json:"job_id"`
	DeviceID string             `json:"device_id"`
	Name     string             `json:"device_name"`
	Platform string             `json:"platform"`
	Site     string             `json:"site"`
	State    contract.TaskState `json:"state"`
	Attempt  int                `json:"attempt"`
	// Wave is the number of the wave that the task is in, from 1; absent where the job has no waves.
	Wave int `json:"wave,omitempty"`
	// NotReached says that nothing can have happened on the device and that it gave no answer.
	NotReached bool                `json:"not_reached"`
	Error      *contract.TaskError `json:"error,omitempty"`
	// Waiting says why a pending task waits (its last failure, or that the device is busy).
	Waiting    string    `json:"waiting,omitempty"`
	StartedAt  time.Time `json:"started_at,omitzero"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
	DurationMS int64     `json:"duration_ms"`
	// Summary is a line of the answer.
	Summary string `json:"summary,omitempty"`
}

// TaskList is a page of tasks, by device id.
type TaskList struct {
	Tasks []Task `json:"tasks"`
	Next  string `json:"next,omitempty"`
}

// Result is a task with what its commands printed. Outputs over 256 KiB are fetched from OutputURL.
type Result struct {
	Task
	Outputs   []contract.CommandOutput `json:"outputs,omitempty"`
	OutputURL string                   `json:"output_url,omitempty"`
	// OutputBytes is the size of the outputs when they are fetched separately.
	OutputBytes int64 `json:"output_bytes,omitempty"`
	// OutputTruncated says, beside OutputURL, that an output was longer than the limit and its end is not kept.
	OutputTruncated bool `json:"output_truncated,omitempty"`
}

// ResultList is a page of results, by device id.
type ResultList struct {
	Results []Result `json:"results"`
	Next    string   `json:"next,omitempty"`
}

// CancelRequest is the body of POST /v1/jobs/{id}/cancel.
type CancelRequest struct {
	Reason string `json:"reason,omitempty"`
}

// RetryRequest is the body of POST /v1/jobs/{id}/retry.
type RetryRequest struct {
	DryRun bool `json:"dry_run,omitempty"`
	// AuthFailures replaces the first job's limits.auth_failures: logins that were refused lately count, and whoever has
	// corrected the credential may allow one more.
	AuthFailures int `json:"auth_failures,omitempty"`
}

// DeviceList is a page of devices, by id.
type DeviceList struct {
	Devices []contract.Device `json:"devices"`
	Next    string            `json:"next,omitempty"`
	// Revision is the inventory's revision that the page shows.
	Revision uint64 `json:"revision"`
}

// Import is the answer of POST /v1/devices/import (body: inventory YAML; ?preview=true changes nothing; ?prune=true removes
// devices that the file does not name).
type Import struct {
	Preview   bool           `json:"preview"`
	Created   int            `json:"created"`
	Changed   int            `json:"changed"`
	Removed   int            `json:"removed"`
	Unchanged int            `json:"unchanged"`
	Changes   []DeviceChange `json:"changes"`
	Revision  uint64         `json:"revision"`
}

// DeviceChange is what an import does to one device.
type DeviceChange struct {
	DeviceID string `json:"device_id"`
	// Action is created, changed or removed.
	Action string        `json:"action"`
	Fields []FieldChange `json:"fields,omitempty"`
}

// FieldChange is one field before and after.
type FieldChange struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// DeadLetter is a message that could not be processed, with what became of it. Repeats of one message are one letter.
type DeadLetter struct {
	ID string `json:"id"`
	// State is open, replayed or discarded. A letter that repeats after a decision is open again.
	State string `json:"state"`
	// JobID, DeviceID and Phase name the task, where it is a task's message; JobID alone, where it is about a job.
	JobID    string `json:"job_id,omitempty"`
	DeviceID string `json:"device_id,omitempty"`
	Phase    string `json:"phase,omitempty"`
	// JobState and TaskState are how job and task stand now.
	JobState  contract.JobState  `json:"job_state,omitempty"`
	TaskState contract.TaskState `json:"task_state,omitempty"`
	// Subject, Stream and Seq are where the message was published, Service is who could not process it.
	Subject string `json:"subject"`
	Stream  string `json:"stream,omitempty"`
	Seq     uint64 `json:"seq,omitempty"`
	Service string `json:"service"`
	Reason  string `json:"reason"`
	// Deliveries is how often the newest message had been delivered; Repeats how many messages were set aside in all.
	Deliveries uint64              `json:"deliveries"`
	Repeats    int                 `json:"repeats"`
	FirstAt    time.Time           `json:"first_at"`
	LastAt     time.Time           `json:"last_at"`
	Headers    map[string][]string `json:"headers,omitempty"`
	// PayloadSHA256 and PayloadBytes are of the whole message. Payload is the message as it came (base64), or its beginning: it may
	// hold commands, so only operators see it, and only where one letter is asked for.
	PayloadSHA256    string        `json:"payload_sha256,omitempty"`
	PayloadBytes     int64         `json:"payload_bytes"`
	PayloadTruncated bool          `json:"payload_truncated,omitempty"`
	Payload          []byte        `json:"payload,omitempty"`
	Pending          *LetterEntry  `json:"pending,omitempty"` // asked for, and not decided yet
	History          []LetterEntry `json:"history"`
}

// LetterEntry is one thing that happened to a dead letter: set_aside, replay or discard.
type LetterEntry struct {
	At     time.Time `json:"at"`
	Action string    `json:"action"`
	// By is the service that set it aside, or the principal who decided.
	By     string `json:"by"`
	Reason string `json:"reason,omitempty"`
	// Refused says that nothing was done, and Problems why.
	Refused  bool               `json:"refused,omitempty"`
	Problems []contract.Problem `json:"problems,omitempty"`
}

// DeadLetterList is a page of dead letters, the newest first.
type DeadLetterList struct {
	DeadLetters []DeadLetter `json:"dead_letters"`
	Next        string       `json:"next,omitempty"`
}

// LetterRequest is the body of POST /v1/deadletters/{id}/replay and …/discard.
type LetterRequest struct {
	Reason string `json:"reason,omitempty"`
}

// Status is the answer of GET /v1/status: what a person asks of an installation that does not do what it should.
type Status struct {
	// Principal and Role are those of the token that asks.
	Principal string            `json:"principal"`
	Role      contract.Role     `json:"role"`
	Version   string            `json:"version"`
	Time      time.Time         `json:"time"`
	Ready     bool              `json:"ready"`
	Checks    map[string]string `json:"checks"`
	Leader    *contract.Leader  `json:"leader,omitempty"`
	Executors []ExecutorStatus  `json:"executors"`
	// Unserved counts the active devices of each site that no executor serves.
	Unserved map[string]int `json:"unserved,omitempty"`
	Devices  int            `json:"devices"`
	Streams  []StreamStatus `json:"streams"`
	// OpenLetters is how many dead letters wait for a person.
	OpenLetters int `json:"open_letters"`
	// Store is what JetStream may use and uses, in bytes; a limit of 0 is none.
	Store StoreStatus `json:"store"`
}

// ExecutorStatus is one executor that lives.
type ExecutorStatus struct {
	contract.Executor
	// SeenMS is how long ago it gave its last sign of life.
	SeenMS int64 `json:"seen_ms"`
}

// StreamStatus is one stream or bucket.
type StreamStatus struct {
	Name     string `json:"name"`
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
	// Problem says what is wrong with it.
	Problem string `json:"problem,omitempty"`
}

// StoreStatus is JetStream's room.
type StoreStatus struct {
	Used  uint64 `json:"used"`
	Limit uint64 `json:"limit"`
}

// LiveOutput is the data of an "output" event of GET /v1/jobs/{id}/output/{device}/live.
type LiveOutput struct {
	Attempt int    `json:"attempt"`
	Index   int    `json:"index"`
	Command string `json:"command"`
	Text    string `json:"text"`
	Gap     bool   `json:"gap,omitempty"`
	Ended   bool   `json:"ended,omitempty"`
}

// TokenRequest is the body of POST /v1/tokens.
type TokenRequest struct {
	Name        string        `json:"name"`
	Role        contract.Role `json:"role"`
	ExpiresInMS int64         `json:"expires_in_ms,omitempty"`
}

// TokenCreated carries the secret of a new token: the only time that it is shown.
type TokenCreated struct {
	Name      string        `json:"name"`
	Role      contract.Role `json:"role"`
	Secret    string        `json:"secret"`
	ExpiresAt time.Time     `json:"expires_at,omitzero"`
}

// TokenList is every token, without its secret.
type TokenList struct {
	Tokens []contract.Token `json:"tokens"`
}

// Problem is the body of every error (RFC 9457). Errors names each faulty field with its remedy.
type Problem struct {
	Type   string             `json:"type,omitempty"`
	Title  string             `json:"title"`
	Status int                `json:"status"`
	Detail string             `json:"detail,omitempty"`
	Errors []contract.Problem `json:"errors,omitempty"`
	JobID  string             `json:"job_id,omitempty"`
}

// Error implements error.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}

// Health is the answer of /healthz and /readyz.
type Health struct {
	Status string            `json:"status"` // ok or not ready
	Checks map[string]string `json:"checks,omitempty"`
}

// Event kinds of the stream GET /v1/jobs/{id}/events (server-sent events). The data of a "job" event is a [Job], of a
// "task" event a [Task]. The stream ends after the job's last state with the event "end", whose data is the [Job].
const (
	EventJob  = "job"
	EventTask = "task"
	EventEnd  = "end"
	// EventOutput is an event of the stream of one device's live output, which ends with an "end" event (data: the [Task]).
	EventOutput = "output"
)
