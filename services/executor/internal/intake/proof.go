package intake

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/kvstore"
)

const (
	// proofTTL is how long the proof of a login stands: a leader that takes over in the meantime finds it.
	proofTTL = time.Minute
	// proofWithin bounds the writing of one. Without it others wait until the attempt has ended, which is no fault.
	proofWithin = 5 * time.Second
)

// Proof returns what tells the scheduler that the attempt at a task got into its device, while its commands still run.
func Proof(conn *bus.Conn) func(context.Context, *contract.Task, bool) {
	proofs := kvstore.Open[contract.LoginProof](conn, contract.BucketExec)
	return func(ctx context.Context, t *contract.Task, reused bool) {
		ctx, cancel := context.WithTimeout(ctx, proofWithin)
		defer cancel()
		key := contract.LoginKey(t.JobID, t.DeviceID)
		p := contract.LoginProof{JobID: t.JobID, DeviceID: t.DeviceID, Attempt: t.Attempt, At: time.Now().UTC(), Reused: reused}
		_, err := proofs.Create(ctx, key, p, proofTTL)
		if errors.Is(err, bus.ErrConflict) { // an earlier attempt has left one
			var old kvstore.Entry[contract.LoginProof]
			if old, err = proofs.Get(ctx, key); err == nil {
				_, err = proofs.Update(ctx, key, p, old.Revision, proofTTL)
			}
		}
		if err != nil {
			zerolog.Ctx(ctx).Debug().Err(err).Msg("that a login succeeded could not be told early; others wait for the attempt's end")
		}
	}
}
