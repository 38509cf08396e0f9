package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Step is one thing that must hold.
type Step struct {
	Name string
	Run  func(context.Context) error
}

// FailedError names the steps that failed.
type FailedError struct{ Steps []string }

// Error lists them, one per line.
func (e *FailedError) Error() string {
	text := fmt.Sprintf("%d failed:", len(e.Steps))
	for _, s := range e.Steps {
		text += "\n  " + s
	}
	return text
}

// Run runs the steps in order, announces each on out, and returns a [FailedError] if any failed. When the context ends,
// the steps that did not run count as failed.
func Run(ctx context.Context, out io.Writer, steps []Step) error {
	var failed []string
	for _, s := range steps {
		if ctx.Err() != nil {
			failed = append(failed, s.Name+": not run: "+context.Cause(ctx).Error())
			continue
		}
		start := time.Now()
		fmt.Fprintf(out, "==> %s\n", s.Name)
		if err := s.Run(ctx); err != nil {
			fmt.Fprintf(out, "==> %s: %v\n", s.Name, err)
			failed = append(failed, s.Name+": "+firstLine(err))
		}
		if took := time.Since(start); took > 10*time.Second {
			fmt.Fprintf(out, "    (%s)\n", took.Round(time.Second))
		}
	}
	if len(failed) > 0 {
		return &FailedError{Steps: failed}
	}
	return nil
}

func firstLine(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "took longer than its limit"
	}
	text := err.Error()
	for i, r := range text {
		if r == '\n' {
			return text[:i]
		}
	}
	return text
}
