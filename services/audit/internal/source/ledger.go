package source

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

// record is a task's record, its outputs unread: they may be large, and the audit keeps their hash.
type record struct {
	contract.TaskRecord
	Result *result `json:"result,omitempty"`
}

type result struct {
	contract.Result
	Outputs json.RawMessage `json:"outputs,omitempty"`
}

// output is what the audit reads of a command's output.
type output struct {
	Failed    bool `json:"failed"`
	Truncated bool `json:"truncated"`
}

// fromLedger reads the records of tasks: the claim stands before the first byte is sent to the device.
func fromLedger(m bus.Stored) ([]contract.AuditEvent, error) {
	if m.Deleted {
		return nil, nil // the marker of a purge says nothing about a device
	}
	key, err := contract.ParseExecKey(m.Subject[min(len(ledger.Subject("")), len(m.Subject)):])
	if err != nil {
		return nil, err
	}
	if key.Task == nil {
		return nil, fmt.Errorf("its key is not a task's")
	}
	var r record
	if err := json.Unmarshal(m.Data, &r); err != nil {
		return nil, err
	}
	base := contract.AuditEvent{
		JobID: r.JobID, DeviceID: r.DeviceID, Site: r.Site, Phase: r.Phase, Attempt: r.Attempt,
		Actor: contract.AuditActor{Service: "executor", Incarnation: r.Holder},
	}
	switch {
	case r.State == contract.Claimed && r.Claim != nil:
		return claimed(base, r.Claim), nil
	case r.State == contract.Retry && r.TaskRecord.Retry != nil:
		return delayed(base, r.TaskRecord.Retry), nil
	case r.State == contract.Finished && r.Result != nil:
		return finished(base, r.Result), nil
	}
	return nil, fmt.Errorf("its state is %q", r.State)
}

// claimed is what is about to be done: the credentials that are read, and each command.
func claimed(base contract.AuditEvent, c *contract.Claim) []contract.AuditEvent {
	base.At, base.Outcome, base.Actor.Principal = c.ClaimedAt, contract.AuditIntended, c.Principal
	var events []contract.AuditEvent
	access := func(reference string, more ...string) {
		e := base
		e.Kind, e.Object = contract.AuditCredentialAccessed, "credential/"+reference
		e.Parameters = parameters(more...)
		events = append(events, e)
	}
	access(c.Credential, "address", c.Address)
	for _, hop := range c.Jump {
		access(hop.Credential, "address", hop.Address, "jump", hop.Name)
	}
	for i, command := range c.Commands {
		e := base
		e.Kind, e.Commands = contract.AuditCommandClaimed, []string{command}
		e.Parameters = parameters("address", c.Address, "platform", c.Platform, "number", strconv.Itoa(i+1), "of", strconv.Itoa(len(c.Commands)),
			"repeatable", yes(c.Repeatable))
		events = append(events, e)
	}
	return events
}

func delayed(base contract.AuditEvent, d *contract.Delay) []contract.AuditEvent {
	var events []contract.AuditEvent
	if e, ok := login(base, d.Login, d.Error, false); ok {
		events = append(events, e)
	}
	base.Kind, base.Outcome, base.Reason = contract.AuditTaskDelayed, contract.AuditFailed, d.Reason
	base.Parameters = parameters("not_before", d.NotBefore.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
	if d.Error != nil {
		base.Reason, base.Parameters["error"], base.Parameters["effect"] = d.Error.Message, string(d.Error.Kind), string(d.Error.Effect)
	}
	return append(events, base)
}

func finished(base contract.AuditEvent, r *result) []contract.AuditEvent {
	base.At = r.FinishedAt
	var outputs []output
	_ = json.Unmarshal(r.Outputs, &outputs) // what cannot be read has its hash all the same
	var events []contract.AuditEvent
	if e, ok := login(base, r.Login, r.Error, len(outputs) > 0 || r.OutputObject != nil); ok {
		events = append(events, e)
	}
	base.Kind, base.Outcome = contract.AuditTaskFinished, taskOutcome(r.State)
	failed, truncated := 0, 0
	for _, o := range outputs {
		if o.Failed {
			failed++
		}
		if o.Truncated {
			truncated++
		}
	}
	base.Parameters = parameters("state", string(r.State), "duration_ms", strconv.FormatInt(r.DurationMS, 10), "outputs", number(len(outputs)),
		"outputs_failed", number(failed), "outputs_truncated", number(truncated))
	switch {
	case r.OutputObject != nil:
		base.Parameters["outputs_sha256"] = r.OutputObject.SHA256
	case len(r.Outputs) > 0:
		base.Parameters["outputs_sha256"] = contract.Digest(r.Outputs)
	}
	if r.Error != nil {
		base.Reason = r.Error.Message
		base.Parameters["error"], base.Parameters["effect"] = string(r.Error.Kind), string(r.Error.Effect)
	}
	return append(events, base)
}

// login is the event of a login, if there was one or one was tried. A record that does not say (of an older executor) shows
// it by what came of the attempt.
func login(base contract.AuditEvent, l *contract.Login, failed *contract.TaskError, answered bool) (contract.AuditEvent, bool) {
	refused := failed != nil && failed.Kind == contract.KindAuthentication
	if l == nil && !refused && !answered {
		return base, false
	}
	base.Kind, base.Outcome = contract.AuditDeviceLogin, contract.AuditSucceeded
	if l != nil {
		base.Parameters = parameters("method", l.Method, "attempts", strconv.Itoa(l.Attempts), "reused", yes(l.Reused), "refreshed", yes(l.Refreshed))
	}
	if refused {
		base.Outcome, base.Reason = contract.AuditFailed, failed.Message
	} else if failed != nil && !answered && beforeLogin(failed.Kind) {
		base.Outcome, base.Reason = contract.AuditFailed, failed.Message
		if l == nil || l.Attempts == 0 && !l.Reused {
			return base, false // the device was never offered a login
		}
	}
	return base, true
}

// beforeLogin reports whether an error of the kind may come before the login has succeeded.
func beforeLogin(k contract.ErrorKind) bool {
	switch k {
	case contract.KindUnreachable, contract.KindHostKey, contract.KindCredential, contract.KindTimeout:
		return true
	}
	return false
}

func taskOutcome(s contract.TaskState) contract.AuditOutcome {
	switch s {
	case contract.TaskSucceeded:
		return contract.AuditSucceeded
	case contract.TaskFailed:
		return contract.AuditFailed
	case contract.TaskCancelled, contract.TaskSkipped:
		return contract.AuditCancelled
	case contract.TaskUncertain:
		return contract.AuditUncertain
	}
	return contract.AuditUnknown
}
