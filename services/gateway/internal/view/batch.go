package view

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/netrust/netrust/libs/contract"
)

// Change is one step of the fold: a message of a stream, or a part of what it refers to.
type Change interface {
	// apply writes the change. It must give the same rows when it is applied again.
	apply(b *batch) error
	// position is the stream and sequence that the change completes; sequence 0 completes none.
	position() (stream string, seq uint64)
}

// batch is one transaction of the fold.
type batch struct {
	ctx    context.Context //nolint:containedctx // lives as long as the transaction
	tx     *sql.Tx
	stmts  *statements
	inTx   map[*sql.Stmt]*sql.Stmt
	packer *packer
	deltas map[string]*contract.Counts
	jobs   map[string]struct{} // touched: to be woken
	cursor map[string]uint64
}

// Apply commits the changes together with the cursors of the streams they came from, and then wakes who watches their
// jobs. Changes at or before a stream's cursor are passed over, so a redelivery changes nothing. On an error nothing is
// changed, and the same changes may be applied again. Only one call may be in progress.
func (v *View) Apply(ctx context.Context, changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	// A batch is short. Under a context that can end, the driver would start a goroutine per statement to watch it.
	ctx = context.WithoutCancel(ctx)
	tx, err := v.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a batch of the view: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	b := &batch{
		ctx: ctx, tx: tx, stmts: &v.stmts, inTx: map[*sql.Stmt]*sql.Stmt{}, packer: &v.packer,
		deltas: map[string]*contract.Counts{}, jobs: map[string]struct{}{}, cursor: map[string]uint64{},
	}
	for _, c := range merged(changes) {
		if err := b.step(c); err != nil {
			return err
		}
	}
	if err := b.flush(); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing a batch of the view: %w", err)
	}
	v.hub.wake(b.jobs)
	return nil
}

func (b *batch) step(c Change) error {
	stream, seq := c.position()
	if seq == 0 {
		return c.apply(b)
	}
	at, known := b.cursor[stream]
	if !known {
		err := b.row(b.stmts.cursor, stream).Scan(&at)
		if err != nil && err != sql.ErrNoRows { //nolint:errorlint // database/sql returns it as it is
			return fmt.Errorf("reading the cursor of %s: %w", stream, err)
		}
		b.cursor[stream] = at
	}
	if seq <= at {
		return nil
	}
	if err := c.apply(b); err != nil {
		return fmt.Errorf("folding %s %d: %w", stream, seq, err)
	}
	b.cursor[stream] = seq
	return nil
}

// flush writes what the changes have in common: counts per job and the cursors.
func (b *batch) flush() error {
	for job, d := range b.deltas {
		if *d == (contract.Counts{}) {
			continue
		}
		if err := b.exec(b.stmts.addCounts, job, d.Total, d.Pending, d.Running, d.Succeeded, d.Failed, d.Skipped, d.Cancelled, d.Uncertain, d.NotReached); err != nil {
			return fmt.Errorf("counting the tasks of job %s: %w", job, err)
		}
	}
	for stream, seq := range b.cursor {
		if err := b.exec(b.stmts.setCursor, stream, seq); err != nil {
			return fmt.Errorf("moving the cursor of %s: %w", stream, err)
		}
	}
	return nil
}

// count adds n tasks of the state to the job's counts.
func (b *batch) count(job string, state contract.TaskState, notReached bool, n int) {
	d := b.deltas[job]
	if d == nil {
		d = &contract.Counts{}
		b.deltas[job] = d
	}
	add(d, state, notReached, n)
}

// add counts n tasks of the state.
func add(d *contract.Counts, state contract.TaskState, notReached bool, n int) {
	d.Total += n
	if notReached {
		d.NotReached += n
	}
	switch state {
	case contract.TaskPending:
		d.Pending += n
	case contract.TaskRunning:
		d.Running += n
	case contract.TaskSucceeded:
		d.Succeeded += n
	case contract.TaskFailed:
		d.Failed += n
	case contract.TaskSkipped:
		d.Skipped += n
	case contract.TaskCancelled:
		d.Cancelled += n
	default: // a state that this version does not know is one that a person looks at
		d.Uncertain += n
	}
}

func (b *batch) exec(s *sql.Stmt, args ...any) error {
	_, err := b.stmt(s).ExecContext(b.ctx, args...)
	return err
}

func (b *batch) row(s *sql.Stmt, args ...any) *sql.Row {
	return b.stmt(s).QueryRowContext(b.ctx, args...)
}

// stmt binds a statement to the transaction, once.
func (b *batch) stmt(s *sql.Stmt) *sql.Stmt {
	bound := b.inTx[s]
	if bound == nil {
		bound = b.tx.StmtContext(b.ctx, s)
		b.inTx[s] = bound
	}
	return bound
}
