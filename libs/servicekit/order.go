package servicekit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Part is one long-lived part of a process.
type Part struct {
	Name string
	// Run works until its context ends, drains, and returns.
	Run func(context.Context) error
	// Ready, if set, returns when later parts may start; it is given up when its context ends.
	Ready func(context.Context) error
}

// RunInOrder starts the parts one after the other, each when the one before it is ready, and waits. When ctx ends, or any
// part returns, it stops them in the reverse order, waiting for each, all of them together within drain (0: without a
// bound). What it returns joins the parts' errors, except for context.Canceled; a part that did not end in time is named.
func RunInOrder(ctx context.Context, drain time.Duration, parts ...Part) error {
	r := &order{ended: make(chan struct{})}
	for _, p := range parts {
		if ctx.Err() != nil || r.anyEnded() {
			break
		}
		r.start(ctx, p)
		if err := r.await(ctx, p); err != nil {
			r.fail(err)
			break
		}
	}
	if len(r.running) == len(parts) {
		select {
		case <-ctx.Done():
		case <-r.ended:
		}
	}
	r.stop(drain)
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.errs...)
}

type order struct {
	running []running
	once    sync.Once
	ended   chan struct{} // closed when the first part has returned

	mu   sync.Mutex
	errs []error
}

type running struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
}

func (r *order) start(ctx context.Context, p Part) {
	// Not cancelled by ctx: a part is stopped when its turn comes.
	partCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	run := running{name: p.Name, cancel: cancel, done: make(chan struct{})}
	r.running = append(r.running, run)
	go func() {
		defer close(run.done)
		err := p.Run(partCtx)
		switch {
		case err != nil && !errors.Is(err, context.Canceled):
			r.fail(fmt.Errorf("%s: %w", p.Name, err))
		case partCtx.Err() == nil:
			r.fail(fmt.Errorf("%s: ended though nothing asked it to", p.Name))
		}
		r.once.Do(func() { close(r.ended) })
	}()
}

func (r *order) await(ctx context.Context, p Part) error {
	if p.Ready == nil {
		return nil
	}
	readyCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // a part that ends will never be ready
		select {
		case <-r.ended:
			cancel()
		case <-readyCtx.Done():
		}
	}()
	err := p.Ready(readyCtx)
	if err == nil || ctx.Err() != nil || r.anyEnded() {
		return nil // the wait that follows sees why
	}
	return fmt.Errorf("waiting for %s to be ready: %w", p.Name, err)
}

func (r *order) anyEnded() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

func (r *order) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, err)
}

func (r *order) stop(drain time.Duration) {
	var expired <-chan time.Time
	if drain > 0 {
		timer := time.NewTimer(drain)
		defer timer.Stop()
		expired = timer.C
	}
	for i := len(r.running) - 1; i >= 0; i-- {
		r.running[i].cancel()
		select {
		case <-r.running[i].done:
		case <-expired:
			r.abandon(i, drain)
			return
		}
	}
}

// abandon cancels what is left and names what has not ended.
func (r *order) abandon(last int, drain time.Duration) {
	var names []string
	for i := last; i >= 0; i-- {
		r.running[i].cancel()
		names = append(names, r.running[i].name)
	}
	r.fail(fmt.Errorf("stopping: %s had not ended after %s; raise drain_timeout if the work needs longer", strings.Join(names, ", "), drain))
}
