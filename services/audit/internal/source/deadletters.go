package source

import (
	"encoding/json"
	"fmt"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
)

// fromDeadLetters reads what was set aside, and what people decided about it.
func fromDeadLetters(m bus.Stored) ([]contract.AuditEvent, error) {
	switch t := m.HeaderValue(contract.HeaderType); t {
	case contract.TypeDeadLetter:
		return setAside(m)
	case contract.TypeLetterCommand:
		return one(m, letterAsked)
	case contract.TypeLetterEvent:
		return one(m, letterDecided)
	default:
		return nil, fmt.Errorf("its type is %q", t)
	}
}

// setAside leaves the payload out: nobody has redacted it.
func setAside(m bus.Stored) ([]contract.AuditEvent, error) {
	var d contract.DeadLetter
	if err := json.Unmarshal(m.Data, &d); err != nil {
		return nil, err
	}
	e := contract.AuditEvent{
		Kind: contract.AuditLetterSetAside, At: d.At, Outcome: contract.AuditFailed, Reason: d.Reason,
		Object: "deadletter/" + m.Subject, Parameters: parameters("subject", d.Subject, "sha256", contract.Digest(d.Payload)),
	}
	if key, err := contract.ParseDeadLetterSubject(m.Subject); err == nil && key.Job != "unknown" {
		e.JobID, e.DeviceID = key.Job, key.Device
	}
	return []contract.AuditEvent{e}, nil
}

func letterAsked(c *contract.LetterCommand) contract.AuditEvent {
	return contract.AuditEvent{
		Kind: contract.AuditLetterAsked, At: c.At, Outcome: contract.AuditRequested, Reason: c.Reason, Object: "deadletter/" + c.LetterID,
		Actor: contract.AuditActor{Principal: c.Principal}, Parameters: parameters("action", string(c.Action), "subject", c.Subject),
	}
}

func letterDecided(c *contract.LetterEvent) contract.AuditEvent {
	e := contract.AuditEvent{
		Kind: contract.AuditLetterDecided, At: c.At, Outcome: contract.AuditSucceeded, Reason: c.Reason, Object: "deadletter/" + c.LetterID,
		Actor: contract.AuditActor{Principal: c.Principal}, Parameters: parameters("action", string(c.Action)),
	}
	if c.Refused {
		e.Outcome = contract.AuditRefused
		if e.Reason == "" {
			e.Reason = problems(c.Problems)
		}
	}
	return e
}
