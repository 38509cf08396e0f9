package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/gateway/internal/problem"
)

// Bounds of bodies.
const (
	maxBody         = 1 << 20
	maxImport       = 32 << 20
	bodyReadTimeout = time.Minute
)

// readJSON reads a small body strictly: one value, no fields that nobody knows. An empty body is an empty object.
func readJSON(raw []byte, to any) *problem.Error {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	err := dec.Decode(to)
	if err == nil {
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			return malformed("body", "holds more than one value", "send one JSON object")
		}
		return nil
	}
	if e := (*json.SyntaxError)(nil); errors.As(err, &e) {
		line, column := place(raw, e.Offset)
		return malformed("body", fmt.Sprintf("line %d, column %d: %s", line, column, e.Error()), "send valid JSON")
	}
	if e := (*json.UnmarshalTypeError)(nil); errors.As(err, &e) {
		field := e.Field
		if field == "" {
			field = "body"
		}
		return malformed(field, fmt.Sprintf("is a JSON %s, not %s", e.Value, e.Type), "see "+pathDescription)
	}
	// encoding/json has no type for this error.
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return malformed(strings.Trim(field, `"`), "is not a field of this body", "remove it, or correct its name")
	}
	return malformed("body", "ends too early", "send a whole JSON object")
}

func malformed(field, message, remedy string) *problem.Error {
	return problem.Malformed([]contract.Problem{{Field: field, Message: message, Remedy: remedy}})
}

// place finds the line and column of an offset, both from 1.
func place(text []byte, offset int64) (line, column int) {
	before := text[:max(0, min(offset-1, int64(len(text))))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}

// Waits is the parameter of operations that can wait.
type Waits struct {
	Wait string `query:"wait" example:"5s" doc:"Wait up to so long (at most 60s) before answering."`
}

// maxWait bounds ?wait=.
const maxWait = time.Minute

func (w Waits) duration() (time.Duration, error) {
	if w.Wait == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(w.Wait)
	if err != nil || d < 0 || d > maxWait {
		return 0, problem.Field("wait", fmt.Sprintf("%q is not a time from 0s to 60s", w.Wait), "write it like 500ms, 5s or 1m")
	}
	return d, nil
}

// Pages are the parameters of operations that answer in pages.
type Pages struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Rows of a page at most."`
	Cursor string `query:"cursor" maxLength:"500" doc:"Where the page begins: next of the page before."`
}

type controllerKey struct{}

// patient keeps the connection's deadlines where handlers can move them: a read deadline that passes while a handler
// waits would end its request.
func patient(ctx huma.Context, next func(huma.Context)) {
	_, _, rc := controller(ctx)
	next(huma.WithValue(ctx, controllerKey{}, rc))
}

// unhurried lifts the connection's deadlines for a handler that has read its body and now takes so long.
func unhurried(ctx context.Context, d time.Duration) {
	if rc, ok := ctx.Value(controllerKey{}).(interface {
		SetReadDeadline(time.Time) error
		SetWriteDeadline(time.Time) error
	}); ok {
		_ = rc.SetReadDeadline(time.Time{}) // a connection that knows no deadlines needs none lifted
		_ = rc.SetWriteDeadline(time.Now().Add(d + writeTimeout))
	}
}
