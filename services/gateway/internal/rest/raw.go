package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/services/gateway/internal/problem"
)

// getRaw streams a raw output as it is stored: encrypted. The gateway has no key to it.
func (s *server) getRaw(ctx context.Context, in *TaskPath) (*streamed, error) {
	task, err := s.task(ctx, in)
	if err != nil {
		return nil, err
	}
	if task.RawObject == nil {
		return nil, problem.New(http.StatusNotFound, fmt.Sprintf("no raw output of %s is kept for this job; submit jobs with keep_raw (--keep-raw) to have it", in.Device))
	}
	object, err := s.Conn.OpenSealed(ctx, *task.RawObject)
	if errors.Is(err, bus.ErrNotFound) {
		return nil, noLongerKept(in.Device)
	}
	if err != nil {
		return nil, s.failure(ctx, err)
	}
	return &streamed{func(hc huma.Context) {
		defer object.Close() //nolint:errcheck // everything was read or the read has failed
		_, w, rc := controller(hc)
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set(api.HeaderPlainSum, task.RawObject.SHA256)
		w.WriteHeader(http.StatusOK)
		piece := make([]byte, 64<<10)
		for {
			if err := extend(rc); err != nil {
				panic(http.ErrAbortHandler)
			}
			n, err := object.Read(piece)
			if _, writeErr := w.Write(piece[:n]); writeErr != nil {
				panic(http.ErrAbortHandler)
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil { // the client must not take a part for the whole
				s.Log.Warn().Err(err).Msg("sending a raw output")
				panic(http.ErrAbortHandler)
			}
		}
	}}, nil
}
