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
	var ref contract.ObjectRef
	for end := time.Now().Add(time.Minute); ; {
		if ref, err = in.conn.PutObject(ctx, contract.ObjectsResults, data); err == nil {
			r.OutputTruncated = slices.ContainsFunc(r.Outputs, func(o contract.CommandOutput) bool { return o.Truncated })
			r.Outputs, r.OutputObject = nil, &ref
			return
		}
		if ctx.Err() == nil && in.conn.Ready(ctx) != nil {
			end = time.Now().Add(time.Minute)
		}
		if ctx.Err() != nil || time.Now().After(end) {
			break
		}
		zerolog.Ctx(ctx).Warn().Err(err).Msg("storing a large output failed; trying again")
		pause(ctx, time.Second)
	}
	for i := range r.Outputs {
		r.Outputs[i].Output = fmt.Sprintf("[%d bytes of output could not be stored]", len(r.Outputs[i].Output))
		r.Outputs[i].Truncated = true
	}
	zerolog.Ctx(ctx).Error().Err(err).Msg("a large output is lost: the object store refused it")
}
