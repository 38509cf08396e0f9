package rest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/gateway/internal/problem"
)

type streamed struct {
	Body func(huma.Context)
}

// getOutput streams the whole output of one task: from the view, or from its object.
func (s *server) getOutput(ctx context.Context, in *struct {
	TaskPath
	Accept string `header:"Accept" hidden:"true"`
}) (*streamed, error) {
	task, err := s.task(ctx, &in.TaskPath)
	if err != nil {
		return nil, err
	}
	if !task.State.Ended() {
		return nil, problem.New(http.StatusConflict, fmt.Sprintf("device %s is %s; its output is there when it has ended", in.Device, task.State))
	}
	asJSON := !accepts(in.Accept, []string{"text/plain"})
	if task.OutputObject == nil {
		outputs, err := s.View.Outputs(ctx, in.ID, in.Device)
		if err != nil {
			return nil, s.failure(ctx, err)
		}
		if len(outputs) == 0 && task.OutputBytes > 0 {
			return nil, noLongerKept(in.Device)
		}
		return &streamed{func(hc huma.Context) {
			s.sendOutput(hc, asJSON, func(yield func(contract.CommandOutput) error) error {
				for _, o := range outputs {
					if err := yield(o); err != nil {
						return err
					}
				}
				return nil
			})
		}}, nil
	}
	// The object's reader lives as long as the request does.
	object, err := s.Conn.OpenObject(ctx, *task.OutputObject)
	if errors.Is(err, bus.ErrNotFound) {
		return nil, noLongerKept(in.Device)
	}
	if err != nil {
		return nil, s.failure(ctx, err)
	}
	return &streamed{func(hc huma.Context) {
		defer object.Close() //nolint:errcheck // everything was read or the read has failed
		s.sendOutput(hc, asJSON, func(yield func(contract.CommandOutput) error) error { return eachOutput(object, yield) })
	}}, nil
}

func noLongerKept(device string) *problem.Error {
	return problem.New(http.StatusGone, "the output of "+device+" is no longer kept here")
}

// eachOutput reads the JSON list of an object one entry at a time.
func eachOutput(object io.Reader, yield func(contract.CommandOutput) error) error {
	dec := json.NewDecoder(bufio.NewReader(object))
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return errors.Join(errors.New("the output's object is not a list"), err)
	}
	for dec.More() {
		var o contract.CommandOutput
		if err := dec.Decode(&o); err != nil {
			return fmt.Errorf("reading the output's object: %w", err)
		}
		if err := yield(o); err != nil {
			return err
		}
	}
	return nil
}

// sendOutput writes the outputs as they come. What fails in the middle cuts the connection: the client must not take a
// part for the whole.
func (s *server) sendOutput(hc huma.Context, asJSON bool, each func(func(contract.CommandOutput) error) error) {
	_, w, rc := controller(hc)
	form := textOutput
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if asJSON {
		form = jsonOutput
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(http.StatusOK)
	n := 0
	err := each(func(o contract.CommandOutput) error {
		defer func() { n++ }()
		return inPieces(w, rc, form(n, o))
	})
	if err == nil && asJSON {
		end := "]\n"
		if n == 0 {
			end = "[]\n"
		}
		err = inPieces(w, rc, end)
	}
	if err != nil {
		s.Log.Warn().Err(err).Msg("sending an output")
		panic(http.ErrAbortHandler)
	}
}

// textOutput shows a command's output under a line that names the command.
func textOutput(n int, o contract.CommandOutput) string {
	var b strings.Builder
	if n > 0 {
		b.WriteString("\n")
	}
	b.WriteString("$ " + o.Command + "\n" + o.Output)
	if !strings.HasSuffix(o.Output, "\n") {
		b.WriteString("\n")
	}
	if o.Truncated {
		b.WriteString("(the rest was longer than the limit and is not kept)\n")
	}
	return b.String()
}

func jsonOutput(n int, o contract.CommandOutput) string {
	body, err := json.Marshal(o)
	if err != nil { // strings and numbers always marshal
		return ""
	}
	if n == 0 {
		return "[" + string(body)
	}
	return "," + string(body)
}

// inPieces writes text with a deadline for each piece, so that a slow client may take long and a dead one may not.
func inPieces(w io.Writer, rc *http.ResponseController, text string) error {
	const piece = 64 << 10
	for len(text) > 0 {
		if err := extend(rc); err != nil {
			return err
		}
		n, err := io.WriteString(w, text[:min(piece, len(text))])
		if err != nil {
			return fmt.Errorf("writing the answer: %w", err)
		}
		text = text[n:]
	}
	return nil
}
