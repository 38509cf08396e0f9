package view

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Size is how many bytes of the file are in use. What was deleted is used again before the file grows.
func (v *View) Size(ctx context.Context) (int64, error) {
	var pages, free, pageSize int64
	for _, p := range []struct {
		name string
		to   *int64
	}{{"page_count", &pages}, {"freelist_count", &free}, {"page_size", &pageSize}} {
		if err := v.read.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(p.to); err != nil {
			return 0, fmt.Errorf("reading the view's %s: %w", p.name, err)
		}
	}
	return (pages - free) * pageSize, nil
}

// Trim drops the outputs of jobs that have ended, the oldest first, until the view is within the bound, and returns of how
// many jobs. Tasks and counts stay. It drops none of a job that still runs.
func (v *View) Trim(ctx context.Context, maxBytes int64) (jobs int, err error) {
	for {
		size, err := v.Size(ctx)
		if err != nil || size <= maxBytes {
			return jobs, err
		}
		var job string
		err = v.read.QueryRowContext(ctx, `SELECT id FROM jobs j WHERE ended_at > 0 AND EXISTS (SELECT 1 FROM outputs o WHERE o.job = j.id)
			ORDER BY submitted_at LIMIT 1`).Scan(&job)
		if errors.Is(err, sql.ErrNoRows) {
			return jobs, nil
		}
		if err == nil {
			_, err = v.write.ExecContext(ctx, "DELETE FROM outputs WHERE job = ?", job)
		}
		if err != nil {
			return jobs, fmt.Errorf("trimming the view: %w", err)
		}
		jobs++
	}
}
