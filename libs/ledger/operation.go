package ledger

import (
	"encoding/json"
	"fmt"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
)

// operation is one change of the ledger: a task's record and its device's lease, written together, under expectations.
type operation struct {
	key    contract.TaskKey
	record contract.TaskRecord
	// lease is the device's new lease; nil releases the device, unless keepDevice leaves it alone.
	lease      *contract.DeviceLease
	keepDevice bool
	// sessions are the executors that may keep a session on the device besides the holder, while it is leased; all of them,
	// once it is released.
	sessions []string

	// taskSeq and deviceSeq are the sequences that the operation was decided from.
	taskSeq, deviceSeq uint64
	// claims says that the job's gate must be open, with sequence gateSeq.
	claims  bool
	gateSeq uint64
	// proof, when set, is the liveness key of the holder that is gone, and proofSeq the sequence that shows it.
	proof    string
	proofSeq uint64

	data []byte // the record's JSON
	done chan verdict
}

// verdict is how an operation ended.
type verdict struct {
	err                error
	taskSeq, deviceSeq uint64
	sessions           []string // as of deviceSeq
}

func newOperation(key contract.TaskKey, record contract.TaskRecord) (*operation, error) {
	data, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("encoding the record of task %s: %w", key.ID(), err)
	}
	return &operation{key: key, record: record, data: data, done: make(chan verdict, 1)}, nil
}

// keys are those that the operation reads or writes.
func (o *operation) keys(into map[string]bool) {
	into[o.key.RecordKey()] = true
	into[o.key.DeviceKey()] = true
	if o.claims {
		into[contract.GateKey(o.key.Job)] = true
	}
	if o.proof != "" {
		into[o.proof] = true
	}
}

// messages are the operation's own writes; the carriers of gates and proofs are the batch's.
func (o *operation) messages() []bus.Message {
	out := make([]bus.Message, 1, 2)
	out[0] = bus.Message{
		Subject: Subject(o.key.RecordKey()), Data: o.data, Expect: bus.Seq(o.taskSeq),
		Type: contract.TypeTaskRecord, ID: o.record.AttemptID + "/" + string(o.record.State),
	}
	if o.keepDevice {
		return out
	}
	device := bus.Message{Subject: Subject(o.key.DeviceKey()), Expect: bus.Seq(o.deviceSeq)}
	switch {
	case o.lease != nil:
		o.lease.Sessions = o.sessions
		device.Data, _ = json.Marshal(o.lease) // structs of strings and times always encode
	case len(o.sessions) > 0:
		device.Delete = true
		device.Data, _ = json.Marshal(contract.DeviceRelease{Sessions: o.sessions})
	default:
		device.Delete = true
	}
	return append(out, device)
}

// judge says what a refused operation means, given what the ledger holds now. It returns nil when the operation may be
// written (again), now with the sequences read.
func (o *operation) judge(s state) *verdict {
	task, device := s[o.key.RecordKey()], s[o.key.DeviceKey()]
	if task.Task != nil && task.Task.AttemptID == o.record.AttemptID && task.Task.State == o.record.State {
		return &verdict{taskSeq: task.Seq, deviceSeq: device.Seq, sessions: o.sessions} // it was written after all
	}
	if o.proof != "" && s[o.proof].Executor != nil {
		return &verdict{err: ErrHeld} // the holder that seemed gone is back
	}
	if task.Seq != o.taskSeq {
		return &verdict{err: o.overtaken(task)}
	}
	if o.claims {
		gate := s[contract.GateKey(o.key.Job)]
		if gate.Gate == nil || !gate.Gate.Open {
			return &verdict{err: ErrGateClosed}
		}
		o.gateSeq = gate.Seq
	}
	if o.proof != "" {
		o.proofSeq = s.seq(o.proof)
	}
	if device.Seq != o.deviceSeq && !o.keepDevice {
		// Whoever holds the claim holds the device: only a first claim can find it changed.
		if device.Lease != nil || o.lease == nil {
			return &verdict{err: ErrDeviceBusy}
		}
		o.deviceSeq, o.sessions = device.Seq, others(device.Sessions, o.record.Holder)
	}
	return nil
}

// others are the executors but one.
func others(all []string, one string) []string {
	var out []string
	for _, s := range all {
		if s != one {
			out = append(out, s)
		}
	}
	return out
}

// overtaken says why an operation whose task has a newer record is refused.
func (o *operation) overtaken(task Entry) error {
	switch {
	case !o.claims && o.proof == "":
		return ErrLost
	case task.Task == nil:
		return ErrStale
	case task.Task.State == contract.Finished:
		return ErrFinished
	case task.Task.State == contract.Claimed:
		return ErrHeld
	default:
		return ErrStale
	}
}
