package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract"
)

// offload moves outputs over 256 KiB to the object store. The reference is published only after that, with the result.
// When the store alone refuses for a minute, the result says so instead of the output: the task's state must not be lost.
// While NATS as a whole is away the result could not be written either, and the output waits with it.
func (in *Intake) offload(ctx context.Context, r *contract.Result) {
	size := 0
	for _, o := range r.Outputs {
		size += len(o.Output) + len(o.Command)
	}
	if size < contract.MaxInline/2 {
		return // even with every byte escaped once it is small enough to look no further
	}
	data, err := json.Marshal(r.Outputs)
	if err != nil || len(data) <= contract.MaxInline {
		return
	}
	ref, err := in.store(ctx, func() (contract.ObjectRef, error) { return in.conn.PutObject(ctx, contract.ObjectsResults, data) })
	if err == nil {
		r.OutputTruncated = slices.ContainsFunc(r.Outputs, func(o contract.CommandOutput) bool { return o.Truncated })
		r.Outputs, r.OutputObject = nil, &ref
		return
	}
	for i := range r.Outputs {
		r.Outputs[i].Output = fmt.Sprintf("[%d bytes of output could not be stored]", len(r.Outputs[i].Output))
		r.Outputs[i].Truncated = true
	}
	zerolog.Ctx(ctx).Error().Err(err).Msg("a large output is lost: the object store refused it")
}

// store stores one object. When the store alone refuses for a minute it gives up; while NATS as a whole is away it waits.
func (in *Intake) store(ctx context.Context, put func() (contract.ObjectRef, error)) (contract.ObjectRef, error) {
	for end := time.Now().Add(time.Minute); ; {
		ref, err := put()
		if err == nil {
			return ref, nil
		}
		if ctx.Err() == nil && in.conn.Ready(ctx) != nil {
			end = time.Now().Add(time.Minute)
		}
		if ctx.Err() != nil || time.Now().After(end) {
			return ref, err
		}
		zerolog.Ctx(ctx).Warn().Err(err).Msg("storing an output failed; trying again")
		pause(ctx, time.Second)
	}
}

// keepRaw stores what the device printed, encrypted, and refers to it. A store that refuses costs the raw form, not the result.
func (in *Intake) keepRaw(ctx context.Context, raw []contract.CommandOutput, r *contract.Result) {
	if len(raw) == 0 || in.cfg.Raw == nil {
		return
	}
	plain, err := json.Marshal(raw)
	var ref contract.ObjectRef
	if err == nil {
		ref, err = in.store(ctx, func() (contract.ObjectRef, error) {
			return in.conn.PutSealed(ctx, contract.ObjectsRaw, plain, in.cfg.Raw.Mark(), func() ([]byte, error) { return in.cfg.Raw.Seal(plain) })
		})
	}
	if err != nil {
		zerolog.Ctx(ctx).Error().Err(err).Msg("a raw output is lost: it could not be stored")
		return
	}
	r.RawObject = &ref
}
