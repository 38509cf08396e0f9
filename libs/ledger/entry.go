package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
)

// Stream is the stream behind the ledger's bucket.
var Stream = bus.KVStream(contract.BucketExec)

// Subject is the subject behind a key of the ledger's bucket.
func Subject(key string) string { return bus.KVSubject(contract.BucketExec, key) }

// Entry is one message of the ledger, decoded. Of the values the one that the key names is set, unless Deleted.
type Entry struct {
	Key     contract.ExecKey
	Seq     uint64
	Deleted bool

	Task     *contract.TaskRecord
	Lease    *contract.DeviceLease
	Gate     *contract.Gate
	Executor *contract.Executor
	Login    *contract.LoginProof

	// Sessions are the executors that may keep an open session on the device that the key names, the oldest first: as its
	// lease says, or the marker that released it.
	Sessions []string
}

// Decode reads one message of the ledger's stream.
func Decode(s bus.Stored) (Entry, error) {
	key, err := contract.ParseExecKey(strings.TrimPrefix(s.Subject, Subject("")))
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Key: key, Seq: s.Seq, Deleted: s.Deleted}
	if s.Deleted {
		return e, e.released(s)
	}
	var value any
	switch {
	case key.Task != nil:
		e.Task = new(contract.TaskRecord)
		value = e.Task
	case key.Device != nil:
		e.Lease = new(contract.DeviceLease)
		value = e.Lease
	case key.Gate != "":
		e.Gate = new(contract.Gate)
		value = e.Gate
	case key.Login != nil:
		e.Login = new(contract.LoginProof)
		value = e.Login
	default:
		e.Executor = new(contract.Executor)
		value = e.Executor
	}
	if err := json.Unmarshal(s.Data, value); err != nil {
		return Entry{}, fmt.Errorf("ledger entry %s at %d: %w", s.Subject, s.Seq, err)
	}
	if e.Lease != nil {
		e.Sessions = e.Lease.Sessions
	}
	return e, nil
}

// released reads what a device's last holder left behind.
func (e *Entry) released(s bus.Stored) error {
	if e.Key.Device == nil || len(s.Data) == 0 {
		return nil
	}
	var left contract.DeviceRelease
	if err := json.Unmarshal(s.Data, &left); err != nil {
		return fmt.Errorf("ledger entry %s at %d: %w", s.Subject, s.Seq, err)
	}
	e.Sessions = left.Sessions
	return nil
}

// state is what was read of some keys as of one moment. A key without entry has the zero Entry: sequence 0, no value.
type state map[string]Entry

func (s state) seq(key string) uint64 { return s[key].Seq }

// read returns the newest entries of the keys.
func read(ctx context.Context, conn *bus.Conn, keys map[string]bool) (state, error) {
	subjects := make([]string, 0, len(keys))
	for k := range keys {
		subjects = append(subjects, Subject(k))
	}
	found, err := conn.MultiLast(ctx, Stream, subjects)
	if err != nil {
		return nil, fmt.Errorf("reading the ledger: %w", err)
	}
	out := make(state, len(found))
	for subject, stored := range found {
		e, err := Decode(stored)
		if err != nil {
			return nil, err
		}
		out[strings.TrimPrefix(subject, Subject(""))] = e
	}
	return out, nil
}
