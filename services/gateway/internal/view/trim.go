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

// Trim drops outputs of jobs that have ended, the oldest first, until the view is within the bound, and where that is not
// enough their tasks; their counts stay. It returns how many times it dropped something of a job. A job that runs keeps all.
func (v *View) Trim(ctx context.Context, maxBytes int64) (dropped int, err error) {
	for _, table := range []string{"outputs", "tasks"} {
		for {
			size, err := v.Size(ctx)
			if err != nil || size <= maxBytes {
				return dropped, err
			}
			more, err := v.dropOldest(ctx, table)
			if err != nil {
				return dropped, fmt.Errorf("trimming the view: %w", err)
			}
			if !more {
				break
			}
			dropped++
		}
	}
	return dropped, nil
}

// dropOldest deletes the rows of a table for the oldest ended job that has any.
func (v *View) dropOldest(ctx context.Context, table string) (bool, error) {
	var job string
	err := v.read.QueryRowContext(ctx, "SELECT id FROM jobs j WHERE ended_at > 0 AND EXISTS (SELECT 1 FROM "+table+
		" t WHERE t.job = j.id) ORDER BY submitted_at LIMIT 1").Scan(&job)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err == nil {
		_, err = v.write.ExecContext(ctx, "DELETE FROM "+table+" WHERE job = ?", job)
	}
	return err == nil, err
}
