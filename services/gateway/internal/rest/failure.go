package rest

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/inventory"
	"github.com/netrust/netrust/services/gateway/internal/command"
	"github.com/netrust/netrust/services/gateway/internal/devices"
	"github.com/netrust/netrust/services/gateway/internal/identity"
	"github.com/netrust/netrust/services/gateway/internal/problem"
	"github.com/netrust/netrust/services/gateway/internal/view"
)

// asProblem gives huma's own errors (parameters, bodies too large) the body that all errors have.
func asProblem(_ huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := problem.New(e.Status, e.Detail)
	for _, d := range e.Errors {
		if d != nil {
			p.Errors = append(p.Errors, contract.Problem{Field: d.Location, Message: d.Message, Remedy: "see " + pathDescription})
		}
	}
	switch {
	case len(p.Errors) > 0:
		p.Detail = p.Errors[0].Field + ": " + p.Errors[0].Message
	case e.Status == http.StatusRequestEntityTooLarge:
		p.Errors = []contract.Problem{{Field: "body", Message: e.Detail, Remedy: "send less at once"}}
	case e.Status < http.StatusInternalServerError:
		p.Errors = []contract.Problem{{Field: "body", Message: e.Detail, Remedy: "see " + pathDescription}}
	}
	return p, nil
}

// failure is the answer to what went wrong while doing what was asked. What nobody foresaw is a failure of NATS or of the
// disk: nothing was promised, and the request may be sent again.
func (s *server) failure(ctx context.Context, err error) error {
	var (
		known    *problem.Error
		invalid  *command.InvalidError
		state    *command.StateError
		faults   *inventory.Faults
		conflict *devices.ConflictError
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &invalid):
		return problem.Invalid(invalid.Problems)
	case errors.As(err, &faults):
		return problem.Malformed(inventory.Problems(faults))
	case errors.As(err, &state):
		return stateConflict(state)
	case errors.As(err, &conflict):
		return problem.New(http.StatusConflict, conflict.Error()+"; preview the import again and repeat it")
	case errors.Is(err, command.ErrNoJob), errors.Is(err, view.ErrNotFound):
		return problem.New(http.StatusNotFound, err.Error())
	case errors.Is(err, command.ErrKeyReused):
		return problem.Field("Idempotency-Key", err.Error(), "send a new key with a new request, and the same request with its key")
	case errors.Is(err, command.ErrNothingToRetry):
		return problem.New(http.StatusConflict, err.Error()+"; submit it again to run it on all of them")
	case errors.Is(err, view.ErrCursor):
		return problem.Field("cursor", err.Error(), "take next of the page before")
	case errors.Is(err, identity.ErrNameTaken):
		return problem.New(http.StatusConflict, err.Error(), contract.Problem{Field: "name", Message: err.Error(), Remedy: "choose another, or remove it first"})
	case errors.Is(err, identity.ErrNoToken):
		return problem.New(http.StatusNotFound, err.Error())
	case errors.Is(err, identity.ErrLastAdmin):
		return problem.New(http.StatusConflict, err.Error()+"; make another one first")
	case errors.Is(err, devices.ErrBusy):
		return problem.New(http.StatusConflict, err.Error()+"; repeat this one when it is through").WithHeader("Retry-After", "5")
	}
	if ctx.Err() == nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("a request failed")
	}
	detail := err.Error()
	if lost := s.Conn.Ready(ctx); lost != nil {
		detail = lost.Error() + " (" + detail + ")"
	}
	if errors.Is(err, bus.ErrUnknownOutcome) {
		return problem.Unavailable(detail + "; send the same request with the same Idempotency-Key again")
	}
	return problem.Unavailable(detail + "; try again in a moment")
}

func stateConflict(e *command.StateError) *problem.Error {
	remedy := "wait until it has ended, or cancel it"
	switch {
	case e.State == contract.JobRejected:
		remedy = "submit a corrected one"
	case e.State.Ended():
		remedy = "there is nothing left to stop"
	}
	return problem.New(http.StatusConflict, e.Error()+"; "+remedy, contract.Problem{Field: "state", Message: "is " + string(e.State), Remedy: remedy}).ForJob(e.JobID)
}
