package view

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// MaxPage is the highest number of rows in a page.
const MaxPage = 1000

// maxPageBytes ends a page early: specs and outputs can be large.
const maxPageBytes = 4 << 20

const jobColumns = `j.id, j.seq, j.name, j.state, j.principal, j.spec, j.reason, j.stopping, j.problems, j.submitted_at, j.started_at, j.ended_at,
	j.deadline, j.plan_digest, j.inventory_revision, j.retry_of, j.final_counts, j.wave, coalesce(c.total, 0), coalesce(c.pending, 0), coalesce(c.running, 0),
	coalesce(c.succeeded, 0), coalesce(c.failed, 0), coalesce(c.skipped, 0), coalesce(c.cancelled, 0), coalesce(c.uncertain, 0),
	coalesce(c.not_reached, 0) FROM jobs j LEFT JOIN counts c ON c.job = j.id`

type scanner interface{ Scan(...any) error }

// scanJob reads a row of jobColumns: the job, the sequence that it shows, and the size of its spec.
func scanJob(row scanner) (j api.Job, seq uint64, size int, err error) {
	var (
		spec                                  string
		stopping, problems, final, wave       sql.NullString
		submitted, started, ended, deadlineNS int64
		n                                     = &j.Counts
	)
	if err := row.Scan(&j.ID, &seq, &j.Name, &j.State, &j.Principal, &spec, &j.Reason, &stopping, &problems, &submitted, &started, &ended,
		&deadlineNS, &j.PlanDigest, &j.InventoryRevision, &j.RetryOf, &final, &wave, &n.Total, &n.Pending, &n.Running, &n.Succeeded, &n.Failed,
		&n.Skipped, &n.Cancelled, &n.Uncertain, &n.NotReached); err != nil {
		return j, 0, 0, err
	}
	j.SubmittedAt, j.StartedAt, j.EndedAt, j.Deadline = unixTime(submitted), unixTime(started), unixTime(ended), unixTime(deadlineNS)
	err = errors.Join(json.Unmarshal([]byte(spec), &j.Spec), decode(stopping, &j.Stopping), decode(problems, &j.Problems), decode(wave, &j.Wave))
	if final.Valid {
		err = errors.Join(err, decode(final, &j.Counts))
	}
	return j, seq, len(spec), err
}

func decode[T any](s sql.NullString, to *T) error {
	if !s.Valid {
		return nil
	}
	return json.Unmarshal([]byte(s.String), to)
}

// Job returns a job, or [ErrNotFound].
func (v *View) Job(ctx context.Context, id string) (api.Job, error) {
	job, _, _, err := scanJob(v.read.QueryRowContext(ctx, "SELECT "+jobColumns+" WHERE j.id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return job, fmt.Errorf("job %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return job, fmt.Errorf("reading job %s: %w", id, err)
	}
	return job, nil
}

// Waves returns the waves of a job with the states of their tasks, in order; none for a job that is not divided. It reads all
// tasks of the job.
func (v *View) Waves(ctx context.Context, id string) ([]api.Wave, error) {
	var text sql.NullString
	var waves []contract.Wave
	err := v.read.QueryRowContext(ctx, "SELECT waves FROM jobs WHERE id = ?", id).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !text.Valid {
		return nil, nil
	}
	if err == nil {
		err = decode(text, &waves)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the waves of job %s: %w", id, err)
	}
	out := make([]api.Wave, len(waves))
	for i, w := range waves {
		out[i] = api.Wave{Number: i + 1, Name: w.Name}
	}
	rows, err := v.read.QueryContext(ctx, "SELECT wave, state, not_reached, count(*) FROM tasks WHERE job = ? AND wave > 0 GROUP BY 1, 2, 3", id)
	if err != nil {
		return nil, fmt.Errorf("counting the waves of job %s: %w", id, err)
	}
	defer rows.Close() //nolint:errcheck // its error is read by rows.Err
	for rows.Next() {
		var number, n int
		var state contract.TaskState
		var notReached bool
		if err := rows.Scan(&number, &state, &notReached, &n); err != nil {
			return nil, fmt.Errorf("counting the waves of job %s: %w", id, err)
		}
		if number <= len(out) {
			add(&out[number-1].Counts, state, notReached, n)
		}
	}
	return out, rows.Err()
}

// JobFilter chooses jobs; the zero value takes all.
type JobFilter struct {
	States    []contract.JobState
	Principal string
	// Labels must all be on the job.
	Labels map[string]string
}

// Jobs returns a page of jobs, newest first, and the cursor of the next one ("" at the end).
func (v *View) Jobs(ctx context.Context, f JobFilter, cursor string, limit int) (api.JobList, error) {
	q := newQuery("SELECT " + jobColumns)
	if len(f.States) > 0 {
		q.where("j.state IN ("+strings.TrimSuffix(strings.Repeat("?,", len(f.States)), ",")+")", anys(f.States)...)
	}
	if f.Principal != "" {
		q.where("j.principal = ?", f.Principal)
	}
	for k, value := range f.Labels {
		q.where("EXISTS (SELECT 1 FROM json_each(j.spec, '$.labels') l WHERE l.key = ? AND l.value = ?)", k, value)
	}
	if cursor != "" {
		var at int64
		var id string
		if err := decodeCursor(cursor, &at, &id); err != nil {
			return api.JobList{}, err
		}
		q.where("(j.submitted_at, j.id) < (?, ?)", at, id)
	}
	limit = clamp(limit)
	rows, err := q.run(ctx, v.read, "ORDER BY j.submitted_at DESC, j.id DESC LIMIT ?", limit+1)
	if err != nil {
		return api.JobList{}, fmt.Errorf("listing jobs: %w", err)
	}
	defer rows.Close() //nolint:errcheck // its error is read by rows.Err
	page := api.JobList{Jobs: []api.Job{}}
	for bytes := 0; rows.Next(); {
		job, _, size, err := scanJob(rows)
		if err != nil {
			return api.JobList{}, fmt.Errorf("listing jobs: %w", err)
		}
		if bytes += size; len(page.Jobs) == limit || (bytes > maxPageBytes && len(page.Jobs) > 0) {
			last := page.Jobs[len(page.Jobs)-1]
			page.Next = encodeCursor(unix(last.SubmittedAt), last.ID)
			break
		}
		page.Jobs = append(page.Jobs, job)
	}
	return page, rows.Err()
}

// query collects conditions and their arguments.
type query struct {
	sql  strings.Builder
	args []any
	word string
}

func newQuery(selectFrom string) *query {
	q := &query{word: " WHERE "}
	q.sql.WriteString(selectFrom)
	return q
}

func (q *query) where(condition string, args ...any) {
	q.sql.WriteString(q.word + condition)
	q.word = " AND "
	q.args = append(q.args, args...)
}

func (q *query) run(ctx context.Context, db *sql.DB, tail string, args ...any) (*sql.Rows, error) {
	return db.QueryContext(ctx, q.sql.String()+" "+tail, append(q.args, args...)...)
}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

func clamp(limit int) int { return max(1, min(limit, MaxPage)) }

// readTimeout bounds every read that has no earlier deadline.
const readTimeout = 30 * time.Second
