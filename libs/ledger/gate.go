package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
)

// closedGateTTL is how long a closed gate refuses late claims: twice the longest life of a job.
const closedGateTTL = 30 * 24 * time.Hour

// OpenGate lets a job's tasks be claimed, and returns the gate's sequence. A gate that was closed stays closed
// ([ErrGateClosed]); one that is open stays as it is. Only the leading scheduler calls it.
func OpenGate(ctx context.Context, conn *bus.Conn, job string, now time.Time) (uint64, error) {
	seq, err := writeGate(ctx, conn, job, contract.Gate{Open: true, At: now}, 0, 0)
	if !errors.Is(err, bus.ErrConflict) {
		return seq, err
	}
	gate, err := readGate(ctx, conn, job)
	if err != nil {
		return 0, err
	}
	if gate.Gate == nil || !gate.Gate.Open {
		return 0, fmt.Errorf("opening the gate of job %s: %w", job, ErrGateClosed)
	}
	return gate.Seq, nil
}

// CloseGate lets no more of a job's tasks be claimed: when it returns nil, no claim can follow. Closing twice is harmless.
// known is the sequence of the open gate, or 0: where it is the last one, no read is needed.
func CloseGate(ctx context.Context, conn *bus.Conn, job, reason string, known uint64, now time.Time) error {
	if known != 0 {
		_, err := writeGate(ctx, conn, job, contract.Gate{Reason: reason, At: now}, known, closedGateTTL)
		if !errors.Is(err, bus.ErrConflict) {
			return err
		}
	}
	for {
		gate, err := readGate(ctx, conn, job)
		if err != nil {
			return err
		}
		if gate.Gate != nil && !gate.Gate.Open {
			return nil
		}
		_, err = writeGate(ctx, conn, job, contract.Gate{Reason: reason, At: now}, gate.Seq, closedGateTTL)
		if !errors.Is(err, bus.ErrConflict) {
			return err
		}
	}
}

func writeGate(ctx context.Context, conn *bus.Conn, job string, g contract.Gate, expect uint64, ttl time.Duration) (uint64, error) {
	data, err := json.Marshal(g)
	if err != nil {
		return 0, err
	}
	seq, err := conn.Publish(ctx, bus.Message{Subject: Subject(contract.GateKey(job)), Data: data, Expect: &expect, TTL: ttl})
	if err != nil {
		return 0, fmt.Errorf("writing the gate of job %s: %w", job, err)
	}
	return seq, nil
}

func readGate(ctx context.Context, conn *bus.Conn, job string) (Entry, error) {
	key := contract.GateKey(job)
	s, err := read(ctx, conn, map[string]bool{key: true})
	if err != nil {
		return Entry{}, fmt.Errorf("reading the gate of job %s: %w", job, err)
	}
	return s[key], nil
}
