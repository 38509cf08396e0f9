package intake

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/services/executor/internal/run"
)

// record writes how the task ended. While NATS is away it goes on trying, for as long as the executor lives.
func (in *Intake) record(ctx context.Context, t *contract.Task, lease *ledger.Lease, rep *run.Report) error {
	ctx, cancel := withGrace(ctx, in.cfg.RecordWithin)
	defer cancel()
	out := run.Decide(t, lease.Attempt(), rep, time.Now(), rand.Float64)
	in.meters.Ended(t, word(out), rep.Ended.Sub(rep.Started), failed(out))
	ctx, span := in.meters.Step(ctx, "finish")
	var err error
	defer func() { span.Str("netrust.outcome", word(out)).End(lost(err)) }()
	if out.Delay != nil {
		err = lease.Delay(ctx, *out.Delay, out.Started)
	} else {
		in.keepRaw(ctx, rep.Raw, out.Result)
		in.offload(ctx, out.Result)
		err = lease.Finish(ctx, *out.Result)
		logResult(ctx, t, out.Result)
	}
	if errors.Is(err, ledger.ErrLost) {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("the claim was taken over; the other's record is the truth")
		return nil
	}
	return err
}

// word is how an attempt ended, in a word.
func word(out run.Outcome) string {
	if out.Delay != nil {
		return "retry"
	}
	return string(out.Result.State)
}

// failed is what went wrong in an attempt, nil for nothing.
func failed(out run.Outcome) *contract.TaskError {
	if out.Delay != nil {
		return out.Delay.Error
	}
	return out.Result.Error
}

// lost says for a trace that an outcome could not be written.
func lost(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ledger.ErrLost):
		return "taken over"
	}
	return "not written"
}

// withGrace is a context that ends a while after its parent does.
func withGrace(parent context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(ctx, func() { timer.Stop() })
	})
	return ctx, func() { stop(); cancel() }
}

func logResult(ctx context.Context, t *contract.Task, r *contract.Result) {
	ev := zerolog.Ctx(ctx).Debug()
	if r.State == contract.TaskUncertain {
		ev = zerolog.Ctx(ctx).Error() // a person must look
	}
	if r.Error != nil {
		ev = ev.Str("kind", string(r.Error.Kind)).Str("reason", r.Error.Message)
	}
	ev.Str("task_id", t.Key().ID()).Str("state", string(r.State)).Int64("duration_ms", r.DurationMS).Msg("task ended")
}
