package intake

import (
	"context"
	"errors"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/services/executor/internal/run"
)

// stopper tells the tasks of one job that its gate is closed.
type stopper struct {
	closed chan struct{}
	done   bool
	users  int
}

// watchJob returns what tells a task of the job to stop; done must be called when the task has ended.
func (in *Intake) watchJob(job string) (stop run.Stop, done func()) {
	in.mu.Lock()
	defer in.mu.Unlock()
	s := in.stopped[job]
	if s == nil {
		s = &stopper{closed: make(chan struct{})}
		in.stopped[job] = s
	}
	s.users++
	return s.closed, func() {
		in.mu.Lock()
		defer in.mu.Unlock()
		if s.users--; s.users == 0 {
			delete(in.stopped, job)
		}
	}
}

// FollowGates stops tasks in hand when their job's gate closes, until ctx ends. Only gates that close from now on matter:
// behind one that is closed already nothing can be claimed. Where the ledger begins anew (a disk that was full took back
// what the server had announced), so does this.
func (in *Intake) FollowGates(ctx context.Context) error {
	for {
		err := in.followGates(ctx)
		if !errors.Is(err, bus.ErrStreamReset) {
			return err
		}
		in.log.Warn().Err(err).Msg("the ledger does not go on where it was; following its gates from where it stands")
	}
}

func (in *Intake) followGates(ctx context.Context) error {
	state, err := in.conn.State(ctx, ledger.Stream)
	for err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		in.log.Warn().Err(err).Msg("looking where the ledger stands failed; trying again")
		pause(ctx, 500*time.Millisecond)
		state, err = in.conn.State(ctx, ledger.Stream)
	}
	return in.conn.Follow(ctx, bus.FollowConfig{
		Stream: ledger.Stream, Filters: []string{ledger.Subject(contract.Gates)}, FromSeq: state.LastSeq + 1,
	}, func(s bus.Stored) error {
		e, err := ledger.Decode(s)
		if err != nil {
			in.log.Error().Err(err).Msg("a gate cannot be read; it is left out")
			return nil
		}
		if e.Gate != nil && !e.Gate.Open {
			in.stopJob(e.Key.Gate)
		}
		return nil
	})
}

func (in *Intake) stopJob(job string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if s := in.stopped[job]; s != nil && !s.done {
		s.done = true
		close(s.closed)
	}
}
