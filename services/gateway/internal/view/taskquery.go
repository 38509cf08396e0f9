package view

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

const taskColumns = `t.job, t.device, t.seq, t.name, t.platform, t.site, t.state, t.attempt, t.not_reached, t.error, t.waiting, t.started_at,
	t.finished_at, t.duration_ms, t.summary, t.output_bytes, t.output_object, t.wave`

// Task is one task with what the view knows of its output.
type Task struct {
	api.Task
	// Seq is the ledger sequence that the row shows, 0 before the first record.
	Seq uint64
	// OutputBytes is the size of the outputs; OutputObject refers to them where they are not kept here.
	OutputBytes  int64
	OutputObject *contract.ObjectRef
	// OutputTruncated says that what OutputObject refers to was longer than the limit.
	OutputTruncated bool
	// RawObject refers to the outputs as the device printed them, encrypted.
	RawObject *contract.ObjectRef
}

func scanTask(row scanner, more ...any) (t Task, err error) {
	var (
		taskErr, object   sql.NullString
		started, finished int64
	)
	if err := row.Scan(append([]any{&t.JobID, &t.DeviceID, &t.Seq, &t.Name, &t.Platform, &t.Site, &t.State, &t.Attempt, &t.NotReached, &taskErr,
		&t.Waiting, &started, &finished, &t.DurationMS, &t.Summary, &t.OutputBytes, &object, &t.Wave}, more...)...); err != nil {
		return t, err
	}
	t.ID = contract.TaskKey{Job: t.JobID, Phase: contract.PhaseRun, Device: t.DeviceID}.ID()
	t.StartedAt, t.FinishedAt = unixTime(started), unixTime(finished)
	if t.Name == "" {
		t.Name = t.DeviceID // a record came before the plan
	}
	var stored *storedObject
	err = errors.Join(decode(taskErr, &t.Error), decode(object, &stored))
	if stored != nil {
		t.RawObject = stored.Raw
	}
	if stored != nil && stored.SHA256 != "" {
		t.OutputObject, t.OutputTruncated = &stored.ObjectRef, stored.Truncated
	}
	return t, err
}

// TaskFilter chooses tasks of a job; the zero value takes all.
type TaskFilter struct {
	States     []contract.TaskState
	NotReached bool
	// Kind is the kind of the error.
	Kind contract.ErrorKind
}

func (f TaskFilter) add(q *query) {
	if len(f.States) > 0 {
		q.where("t.state IN ("+strings.TrimSuffix(strings.Repeat("?,", len(f.States)), ",")+")", anys(f.States)...)
	}
	if f.NotReached {
		q.where("t.not_reached")
	}
	if f.Kind != "" {
		q.where("t.kind = ?", f.Kind)
	}
}

// Task returns the task of a device, or [ErrNotFound].
func (v *View) Task(ctx context.Context, job, device string) (Task, error) {
	t, err := scanTask(v.read.QueryRowContext(ctx, "SELECT "+taskColumns+" FROM tasks t WHERE t.job = ? AND t.device = ?", job, device))
	if errors.Is(err, sql.ErrNoRows) {
		return t, fmt.Errorf("device %s in job %s: %w", device, job, ErrNotFound)
	}
	if err != nil {
		return t, fmt.Errorf("reading the task of %s: %w", device, err)
	}
	return t, nil
}

// Tasks returns a page of a job's tasks by device id.
func (v *View) Tasks(ctx context.Context, job string, f TaskFilter, cursor string, limit int) (api.TaskList, error) {
	page := api.TaskList{Tasks: []api.Task{}}
	next, err := v.pageOfTasks(ctx, "SELECT "+taskColumns+" FROM tasks t", job, f, cursor, limit, func(t Task, _ []byte) (int, error) {
		page.Tasks = append(page.Tasks, t.Task)
		return 0, nil
	})
	page.Next = next
	return page, err
}

// Result is a task with its outputs as far as the view keeps them.
type Result struct {
	Task
	Outputs []contract.CommandOutput
}

// Results returns a page of a job's tasks with their outputs, by device id. A page ends early when it gets large.
func (v *View) Results(ctx context.Context, job string, f TaskFilter, cursor string, limit int) (results []Result, next string, err error) {
	next, err = v.pageOfTasks(ctx, "SELECT "+taskColumns+", o.data FROM tasks t LEFT JOIN outputs o ON o.job = t.job AND o.device = t.device",
		job, f, cursor, limit, func(t Task, data []byte) (int, error) {
			r := Result{Task: t}
			if len(data) > 0 {
				if r.Outputs, err = unpack(data); err != nil {
					return 0, fmt.Errorf("reading the output of %s: %w", t.DeviceID, err)
				}
			}
			results = append(results, r)
			return outputSize(r.Outputs), nil
		})
	return results, next, err
}

// Outputs returns what a task's commands printed, where the view keeps it; none otherwise.
func (v *View) Outputs(ctx context.Context, job, device string) ([]contract.CommandOutput, error) {
	var data []byte
	err := v.read.QueryRowContext(ctx, "SELECT data FROM outputs WHERE job = ? AND device = ?", job, device).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the output of %s: %w", device, err)
	}
	return unpack(data)
}

func outputSize(outputs []contract.CommandOutput) (n int) {
	for i := range outputs {
		n += len(outputs[i].Output) + len(outputs[i].Command)
	}
	return n
}

// pageOfTasks calls add for each row of a page, which returns the row's weight, and returns the next page's cursor.
func (v *View) pageOfTasks(ctx context.Context, selectFrom, job string, f TaskFilter, cursor string, limit int, add func(Task, []byte) (int, error)) (string, error) {
	withData := strings.Contains(selectFrom, "o.data")
	q := newQuery(selectFrom)
	q.where("t.job = ?", job)
	f.add(q)
	if cursor != "" {
		var after string
		if err := decodeCursor(cursor, &after); err != nil {
			return "", err
		}
		q.where("t.device > ?", after)
	}
	limit = clamp(limit)
	rows, err := q.run(ctx, v.read, "ORDER BY t.device LIMIT ?", limit+1)
	if err != nil {
		return "", fmt.Errorf("listing the tasks of job %s: %w", job, err)
	}
	defer rows.Close() //nolint:errcheck // its error is read by rows.Err
	last := ""
	for n, weight := 0, 0; rows.Next(); n++ {
		if n == limit || weight > maxPageBytes {
			return encodeCursor(last), nil
		}
		var data []byte
		var more []any
		if withData {
			more = []any{&data}
		}
		t, err := scanTask(rows, more...)
		if err != nil {
			return "", fmt.Errorf("listing the tasks of job %s: %w", job, err)
		}
		w, err := add(t, data)
		if err != nil {
			return "", err
		}
		last, weight = t.DeviceID, weight+w
	}
	return "", rows.Err()
}
