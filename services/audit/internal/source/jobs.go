package source

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
)

// fromJobs reads commands and events of jobs.
func fromJobs(m bus.Stored) ([]contract.AuditEvent, error) {
	if _, _, err := contract.ParseJobSubject(m.Subject); err != nil {
		return nil, err
	}
	switch t := m.HeaderValue(contract.HeaderType); t {
	case contract.TypeJobSubmit:
		return one(m, submitted)
	case contract.TypeJobCancel:
		return one(m, cancelAsked)
	case contract.TypeJobEvent:
		return one(m, changed)
	default:
		return nil, fmt.Errorf("its type is %q", t)
	}
}

// one reads a message of one event.
func one[T any](m bus.Stored, event func(*T) contract.AuditEvent) ([]contract.AuditEvent, error) {
	var v T
	if err := json.Unmarshal(m.Data, &v); err != nil {
		return nil, err
	}
	return []contract.AuditEvent{event(&v)}, nil
}

func submitted(c *contract.JobSubmit) contract.AuditEvent {
	s := &c.Spec
	return contract.AuditEvent{
		Kind: contract.AuditJobSubmitted, At: c.At, Outcome: contract.AuditRequested, JobID: c.JobID,
		Actor:    contract.AuditActor{Principal: c.Principal, Role: c.Role, Address: c.Address},
		Commands: s.Commands, Labels: s.Labels,
		Parameters: parameters("kind", string(s.Kind), "name", s.Name, "targets", targets(&s.Targets), "spec_digest", c.SpecDigest,
			"priority", string(s.Priority), "repeatable", yes(s.Repeatable), "dry_run", yes(s.DryRun), "retry_of", s.RetryOf),
	}
}

// targets says which devices were chosen.
func targets(t *contract.TargetSelector) string {
	const shown = 50
	var parts []string
	if t.All {
		parts = append(parts, "all devices")
	}
	list := func(what string, names []string) {
		if len(names) == 0 {
			return
		}
		text := what + " " + strings.Join(names[:min(len(names), shown)], ", ")
		if len(names) > shown {
			text += fmt.Sprintf(" and %d more", len(names)-shown)
		}
		parts = append(parts, text)
	}
	list("ids", t.IDs)
	list("tags", t.Tags)
	if t.Labels != "" {
		parts = append(parts, "labels "+t.Labels)
	}
	if t.NotReachedOf != "" {
		parts = append(parts, "not reached by job "+t.NotReachedOf)
	}
	return strings.Join(parts, " and ")
}

func cancelAsked(c *contract.JobCancel) contract.AuditEvent {
	return contract.AuditEvent{
		Kind: contract.AuditJobCancelAsked, At: c.At, Outcome: contract.AuditRequested, JobID: c.JobID, Reason: c.Reason,
		Actor: contract.AuditActor{Principal: c.Principal, Role: c.Role, Address: c.Address},
	}
}

func changed(c *contract.JobEvent) contract.AuditEvent {
	e := contract.AuditEvent{
		At: c.At, JobID: c.JobID, Reason: c.Reason, Parameters: parameters("state", string(c.State)),
	}
	e.Kind, e.Outcome = "job."+string(c.State), contract.AuditSucceeded
	switch {
	case c.State.Ended():
		e.Kind, e.Outcome = contract.AuditJobEnded, endOutcome(c.State)
		if c.State == contract.JobRejected && e.Reason == "" {
			e.Reason = problems(c.Problems)
		}
		counts(&e, c)
	case c.Stopping != nil:
		e.Kind, e.Reason, e.Actor.Principal = contract.AuditJobStopping, c.Stopping.Reason, c.Stopping.By
		e.Parameters = parameters("state", string(c.State), "why", string(c.Stopping.Kind))
	case c.State == contract.JobPlanned:
		e.Kind = contract.AuditJobPlanned
		e.Parameters = parameters("state", string(c.State), "targets", number(c.Targets), "inventory_revision", number(c.InventoryRevision),
			"waves", number(len(c.Waves)))
		if c.Manifest != nil {
			e.Parameters["plan_digest"] = c.Manifest.SHA256
		}
	case c.State == contract.JobRunning && c.Wave != nil:
		e.Kind, e.Parameters = contract.AuditJobWave, wave(c)
	case c.State == contract.JobRunning:
		e.Kind = contract.AuditJobStarted
	}
	return e
}

func wave(c *contract.JobEvent) map[string]string {
	p := parameters("state", string(c.State))
	if text, err := json.Marshal(c.Wave); err == nil {
		p["wave"] = string(text)
	}
	return p
}

func endOutcome(s contract.JobState) contract.AuditOutcome {
	switch s {
	case contract.JobSucceeded:
		return contract.AuditSucceeded
	case contract.JobCancelled:
		return contract.AuditCancelled
	case contract.JobRejected:
		return contract.AuditRefused
	}
	return contract.AuditFailed
}

func counts(e *contract.AuditEvent, c *contract.JobEvent) {
	if n := c.Counts; n != nil {
		for name, value := range parameters("total", number(n.Total), "succeeded", number(n.Succeeded), "failed", number(n.Failed),
			"skipped", number(n.Skipped), "cancelled", number(n.Cancelled), "uncertain", number(n.Uncertain), "not_reached", number(n.NotReached)) {
			e.Parameters[name] = value
		}
	}
}

func problems(list []contract.Problem) string {
	var lines []string
	for _, p := range list[:min(len(list), 10)] {
		lines = append(lines, p.Error())
	}
	return strings.Join(lines, "; ")
}

// Ended returns the end of a job that the message states, if it does.
func Ended(m bus.Stored) (end contract.JobEvent, ok bool) {
	if m.HeaderValue(contract.HeaderType) != contract.TypeJobEvent || json.Unmarshal(m.Data, &end) != nil {
		return end, false
	}
	return end, end.State.Ended()
}
