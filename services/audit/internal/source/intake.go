package source

import (
	"encoding/json"
	"fmt"

	"github.com/netrust/netrust/libs/audit"
	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
)

// fromIntake reads a report: it is an event already.
func fromIntake(m bus.Stored) ([]contract.AuditEvent, error) {
	service, err := contract.ParseIntakeSubject(m.Subject)
	if err != nil {
		return nil, err
	}
	var e contract.AuditEvent
	if err := json.Unmarshal(m.Data, &e); err != nil {
		return nil, err
	}
	if !audit.PlainKind(e.Kind) {
		return nil, fmt.Errorf("its kind is %q", e.Kind)
	}
	// The subject is what NATS lets only this service publish on; what the report itself says is not proven.
	e.Actor.Service = service
	return []contract.AuditEvent{e}, nil
}
