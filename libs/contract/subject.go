package contract

import (
	"fmt"
	"strings"
)

// Streams, buckets and the prefixes of their subjects. The settings of each are in libs/bus.
const (
	StreamJobs   = "JOBS"   // job.cmd.<job>, job.event.<job>
	StreamTasks  = "TASKS"  // tasks.<site>.<class>.<job>.<phase>.<device>
	StreamDLQ    = "DLQ"    // dlq.<job>.<phase>.<device>, deadletter.cmd.<letter>, deadletter.event.<letter>
	StreamOutput = "OUTPUT" // output.<job>.<device>, in memory
	// StreamSession is in memory, too.
	StreamSession = "SESSION" // session.ask.<incarnation>, session.answer.<incarnation>
	SessionFilter = "session.>"

	StreamAudit  = "AUDIT"        // audit.<noun>.<verb>
	StreamIntake = "AUDIT_INTAKE" // intake.<service>

	BucketExec      = "exec"      // ledger, device leases, gates, liveness
	BucketJobs      = "jobs"      // job summaries, the scheduler's leadership
	BucketInventory = "inventory" // one device per key
	BucketIdentity  = "identity"  // API tokens, as digests
	BucketObserved  = "observed"  // what devices showed: host keys
	BucketFollow    = "follow"    // whose live output somebody follows, in memory

	ObjectsResults = "results" // outputs over 256 KiB, manifests: kept as long as their job
	ObjectsRaw     = "raw"     // raw outputs, encrypted with age: kept as long as their job
)

// PhaseRun is the phase of a command job's tasks. Changes have others (plan-N, apply-N, check-N, undo-N).
const PhaseRun = "run"

// AnySite is the site name by which an executor serves every site.
const AnySite = "*"

// JobCommandSubject is where commands about one job are published.
func JobCommandSubject(job string) string { return "job.cmd." + EscapeToken(job) }

// JobEventSubject is where the leading scheduler publishes what happened to a job.
func JobEventSubject(job string) string { return "job.event." + EscapeToken(job) }

// JobSubjects are the filters of everything about jobs.
const (
	JobCommandFilter = "job.cmd.>"
	JobEventFilter   = "job.event.>"
	DLQFilter        = "dlq.>"
	TasksFilter      = "tasks.>"
	AuditFilter      = "audit.>"
	IntakeFilter     = "intake.>"
)

// ParseJobSubject returns the job of a subject made by [JobCommandSubject] or [JobEventSubject], and whether it is a command.
func ParseJobSubject(subject string) (job string, command bool, err error) {
	rest, command := strings.CutPrefix(subject, "job.cmd.")
	if !command {
		var event bool
		if rest, event = strings.CutPrefix(subject, "job.event."); !event {
			return "", false, fmt.Errorf("subject %q is not about a job", subject)
		}
	}
	job, err = UnescapeToken(rest)
	return job, command, err
}

// TaskKey names one task: one device's share of a phase of a job, and the site whose executors run it.
type TaskKey struct {
	Site, Job, Phase, Device string
}

// ID is the task's id as people and logs see it: <job>.<phase>.<device>, escaped.
func (k TaskKey) ID() string {
	return EscapeToken(k.Job) + "." + EscapeToken(k.Phase) + "." + EscapeToken(k.Device)
}

// Subject is where the scheduler releases the task for executors of the class.
func (k TaskKey) Subject(class Class) string {
	return "tasks." + EscapeToken(k.Site) + "." + string(class) + "." + k.ID()
}

// RecordKey is the key of the task's ledger record in bucket exec.
func (k TaskKey) RecordKey() string { return "task." + EscapeToken(k.Site) + "." + k.ID() }

// DeviceKey is the key of the device's lease in bucket exec.
func (k TaskKey) DeviceKey() string { return DeviceKey(k.Site, k.Device) }

// DeadLetterSubject is where the task goes when it cannot be processed.
func (k TaskKey) DeadLetterSubject() string { return "dlq." + k.ID() }

// DeviceKey is the key of a device's lease in bucket exec.
func DeviceKey(site, device string) string {
	return "dev." + EscapeToken(site) + "." + EscapeToken(device)
}

// GateKey is the key of a job's gate in bucket exec.
func GateKey(job string) string { return "gate." + EscapeToken(job) }

// ExecutorKey is the liveness key of one executor process in bucket exec.
func ExecutorKey(incarnation string) string { return "executor." + EscapeToken(incarnation) }

// SessionAskSubject is where an executor process is asked to close a session that it keeps.
func SessionAskSubject(incarnation string) string { return "session.ask." + EscapeToken(incarnation) }

// SessionAnswerSubject is where an executor process gets the answers to what it asked.
func SessionAnswerSubject(incarnation string) string {
	return "session.answer." + EscapeToken(incarnation)
}

// LoginKey is the key in bucket exec by which an attempt tells that it got into its device.
func LoginKey(job, device string) string {
	return "login." + EscapeToken(job) + "." + EscapeToken(device)
}

// Key patterns of bucket exec.
const (
	TaskRecords = "task.>"
	Gates       = "gate.*"
	Executors   = "executor.*"
)

// JobTaskRecords is the key pattern of one job's ledger records.
func JobTaskRecords(job string) string { return "task.*." + EscapeToken(job) + ".>" }

// TasksOf is the filter of the tasks released at a site (or at [AnySite]) for a class.
func TasksOf(site string, class Class) string {
	if site != AnySite {
		site = EscapeToken(site)
	}
	return "tasks." + site + "." + string(class) + ".>"
}

// TasksOfJob is the filter of one job's released tasks.
func TasksOfJob(job string) string { return "tasks.*.*." + EscapeToken(job) + ".>" }

// ParseTaskSubject reverses [TaskKey.Subject].
func ParseTaskSubject(subject string) (TaskKey, Class, error) {
	p := strings.Split(subject, ".")
	if len(p) != 6 || p[0] != "tasks" {
		return TaskKey{}, "", fmt.Errorf("subject %q is not a task's", subject)
	}
	k, err := parseTaskTokens(p[1], p[3], p[4], p[5])
	return k, Class(p[2]), err
}

// ParseDeadLetterSubject returns job, phase and device of a dead letter; the site is not part of it.
func ParseDeadLetterSubject(subject string) (TaskKey, error) {
	p := strings.Split(subject, ".")
	if len(p) != 4 || p[0] != "dlq" {
		return TaskKey{}, fmt.Errorf("subject %q is not a dead letter's", subject)
	}
	k, err := parseTaskTokens("none", p[1], p[2], p[3])
	k.Site = ""
	return k, err
}

// ExecKey is a key of bucket exec, parsed. Exactly one of the fields is set.
type ExecKey struct {
	Task     *TaskKey
	Device   *TaskKey // only Site and Device
	Gate     string   // job
	Executor string   // incarnation
	Login    *TaskKey // only Job and Device
}

// ParseExecKey parses a key of bucket exec.
func ParseExecKey(key string) (ExecKey, error) {
	p := strings.Split(key, ".")
	switch {
	case p[0] == "task" && len(p) == 5:
		k, err := parseTaskTokens(p[1], p[2], p[3], p[4])
		return ExecKey{Task: &k}, err
	case p[0] == "dev" && len(p) == 3:
		k, err := parseTaskTokens(p[1], "none", "none", p[2])
		return ExecKey{Device: &TaskKey{Site: k.Site, Device: k.Device}}, err
	case p[0] == "gate" && len(p) == 2:
		job, err := UnescapeToken(p[1])
		return ExecKey{Gate: job}, err
	case p[0] == "executor" && len(p) == 2:
		inc, err := UnescapeToken(p[1])
		return ExecKey{Executor: inc}, err
	case p[0] == "login" && len(p) == 3:
		k, err := parseTaskTokens("none", p[1], "none", p[2])
		return ExecKey{Login: &TaskKey{Job: k.Job, Device: k.Device}}, err
	}
	return ExecKey{}, fmt.Errorf("key %q is not of bucket %s", key, BucketExec)
}

func parseTaskTokens(site, job, phase, device string) (k TaskKey, err error) {
	for _, f := range []struct {
		to    *string
		token string
	}{{&k.Site, site}, {&k.Job, job}, {&k.Phase, phase}, {&k.Device, device}} {
		if *f.to, err = UnescapeToken(f.token); err != nil {
			return TaskKey{}, err
		}
	}
	return k, nil
}
