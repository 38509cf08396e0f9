package view

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// Position is how much of a job somebody has seen: the sequence in JOBS of the job's newest message, and a sequence of
// the ledger. Both are the streams' own, so a position holds at every gateway.
type Position struct {
	Jobs, Ledger uint64
}

// Delta is what a job shows beyond a position: at most a page of its tasks.
type Delta struct {
	Job api.Job
	// JobChanged says that the job itself, not only its counts, is beyond the position.
	JobChanged bool
	Tasks      []api.Task
	// At is the position after the delta.
	At Position
	// Next continues a page that was full; nil when the delta is complete.
	Next *Page
	// Current says that At is all there is of the job: with a job that has ended, nothing comes after it.
	Current bool
}

// Page continues a delta.
type Page struct {
	jobs   uint64 // the job's sequence when the delta began
	after  string // the last device of the first part
	listed bool   // the first part is through
}

// Since returns what the job and its tasks show beyond the position; page is nil, or the Next of the delta before. Tasks
// that still wait for their first attempt are left out: the counts tell of them. Intermediate states may be passed over;
// the newest one never is.
func (v *View) Since(ctx context.Context, job string, from Position, page *Page, limit int) (Delta, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	tx, err := v.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return Delta{}, fmt.Errorf("reading changes of job %s: %w", job, err)
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	var (
		d      = Delta{At: from}
		jobSeq uint64
		ledger uint64
	)
	d.Job, jobSeq, _, err = scanJob(tx.QueryRowContext(ctx, "SELECT "+jobColumns+" WHERE j.id = ?", job))
	if errors.Is(err, sql.ErrNoRows) {
		return d, fmt.Errorf("job %s: %w", job, ErrNotFound)
	}
	if err == nil {
		ledger, err = cursorOf(ctx, tx, LedgerStream)
	}
	if err != nil {
		return d, fmt.Errorf("reading changes of job %s: %w", job, err)
	}
	p := Page{jobs: jobSeq}
	if page != nil {
		p = *page
	}
	d.JobChanged = p.jobs > from.Jobs
	err = d.fill(ctx, tx, job, from, p, ledger, clamp(limit))
	d.Current = d.Next == nil && jobSeq <= d.At.Jobs
	return d, err
}

// fill lists in two parts: what the job's own events did to tasks whose records were seen before (dry runs, ends without
// a start), then what the ledger says. The job's own sequence moves only when both are through, or a resume in the middle
// would miss the first.
func (d *Delta) fill(ctx context.Context, tx *sql.Tx, job string, from Position, p Page, ledger uint64, limit int) error {
	if d.JobChanged && !p.listed {
		tasks, err := changed(ctx, tx, "t.job = ? AND t.jseq > ? AND t.state <> 'pending' AND t.seq <= ? AND t.device > ? ORDER BY t.device LIMIT ?",
			job, from.Jobs, from.Ledger, p.after, limit)
		if err != nil {
			return err
		}
		d.take(tasks)
		if len(tasks) == limit {
			p.after = tasks[limit-1].DeviceID
			d.Next = &p
			return nil
		}
		p.listed = true
	}
	tasks, err := changed(ctx, tx, "t.job = ? AND t.seq > ? ORDER BY t.seq LIMIT ?", job, from.Ledger, limit)
	if err != nil {
		return err
	}
	d.take(tasks)
	if len(tasks) == limit {
		d.At.Ledger, d.Next = tasks[limit-1].Seq, &p
		return nil
	}
	d.At = Position{Jobs: max(p.jobs, from.Jobs), Ledger: max(ledger, from.Ledger)}
	return nil
}

func (d *Delta) take(tasks []Task) {
	for i := range tasks {
		d.Tasks = append(d.Tasks, tasks[i].Task)
	}
}

func changed(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]Task, error) {
	rows, err := tx.QueryContext(ctx, "SELECT "+taskColumns+" FROM tasks t WHERE "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("reading changed tasks: %w", err)
	}
	defer rows.Close() //nolint:errcheck // its error is read by rows.Err
	var tasks []Task
	for rows.Next() {
		t, err := scanTask(rows)
		if err != nil {
			return nil, fmt.Errorf("reading changed tasks: %w", err)
		}
		tasks = append(tasks, t)
	}
	return tasks, rows.Err()
}

type rowQuerier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func cursorOf(ctx context.Context, db rowQuerier, stream string) (seq uint64, err error) {
	err = db.QueryRowContext(ctx, "SELECT seq FROM cursors WHERE stream = ?", stream).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return seq, err
}

// Cursor returns the sequence up to which the stream has been folded.
func (v *View) Cursor(ctx context.Context, stream string) (uint64, error) {
	seq, err := cursorOf(ctx, v.read, stream)
	if err != nil {
		return 0, fmt.Errorf("reading the cursor of %s: %w", stream, err)
	}
	return seq, nil
}

// Adopt says which incarnation of a stream the view is to be folded from, by its time of creation, and what the stream still
// holds. It returns false when the view was folded from another one, or lacks messages that are gone: it must be [View.Reset].
func (v *View) Adopt(ctx context.Context, stream string, created time.Time, first, last uint64) (bool, error) {
	id := created.UTC().Format(time.RFC3339Nano)
	var known string
	var seq uint64
	err := v.read.QueryRowContext(ctx, "SELECT identity, seq FROM cursors WHERE stream = ?", stream).Scan(&known, &seq)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("reading the cursor of %s: %w", stream, err)
	}
	if known != "" && (known != id || seq > last) {
		return false, nil
	}
	// The ledger drops records of ended jobs everywhere in the stream; JOBS only ages out at its beginning.
	if stream == contract.StreamJobs && seq > 0 && seq+1 < first {
		return false, nil
	}
	_, err = v.write.ExecContext(ctx, "INSERT INTO cursors VALUES (?1, ?2, 0) ON CONFLICT (stream) DO UPDATE SET identity = ?2", stream, id)
	if err != nil {
		return false, fmt.Errorf("noting the identity of %s: %w", stream, err)
	}
	return true, nil
}
