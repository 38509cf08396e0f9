package view

import (
	"context"
	"database/sql"
	"fmt"
)

// statements are what the fold runs for every message, prepared once.
type statements struct {
	cursor, setCursor, addCounts                      *sql.Stmt
	task, putTask, planTask                           *sql.Stmt
	openTask, endTask, dropTask, openTasks, putOutput *sql.Stmt
	submitJob, spec, exist, changeJob, endJob         *sql.Stmt
	summary                                           *sql.Stmt
}

func prepare(ctx context.Context, db *sql.DB) (statements, error) {
	var s statements
	for _, p := range []struct {
		to  **sql.Stmt
		sql string
	}{
		{&s.cursor, `SELECT seq FROM cursors WHERE stream = ?`},
		{&s.setCursor, `INSERT INTO cursors (stream, identity, seq) VALUES (?1, '', ?2) ON CONFLICT (stream) DO UPDATE SET seq = ?2`},
		{&s.addCounts, `INSERT INTO counts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (job) DO UPDATE SET
			total = total + ?2, pending = pending + ?3, running = running + ?4, succeeded = succeeded + ?5, failed = failed + ?6,
			skipped = skipped + ?7, cancelled = cancelled + ?8, uncertain = uncertain + ?9, not_reached = not_reached + ?10`},

		{&s.task, `SELECT seq, state, not_reached, started_at FROM tasks WHERE job = ? AND device = ?`},
		{&s.putTask, `INSERT INTO tasks (job, device, seq, platform, site, state, attempt, not_reached, kind, error, waiting, started_at, finished_at,
			duration_ms, summary, output_bytes, output_object)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, max(?12, 0), ?13, ?14, ?15, ?16, ?17) ON CONFLICT (job, device) DO UPDATE SET
			was = state, was_not_reached = not_reached,
			seq = ?3, platform = CASE platform WHEN '' THEN ?4 ELSE platform END, site = ?5, state = ?6, attempt = ?7, not_reached = ?8, kind = ?9,
			error = ?10, waiting = ?11, started_at = CASE WHEN ?12 < 0 THEN started_at ELSE ?12 END, finished_at = ?13, duration_ms = ?14, summary = ?15,
			output_bytes = ?16, output_object = ?17 WHERE seq < ?3 RETURNING was, was_not_reached`},
		{&s.planTask, `INSERT INTO tasks (job, device, jseq, name, platform, site, state, summary, wave) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
			ON CONFLICT (job, device) DO UPDATE SET jseq = max(jseq, ?3), name = ?4, platform = ?5, site = ?6, wave = ?9`},
		{&s.openTask, `SELECT state FROM tasks WHERE job = ? AND device = ? AND state IN ('pending', 'running')`},
		{&s.endTask, `UPDATE tasks SET jseq = ?3, state = ?4, not_reached = ?5, kind = ?6, error = ?7, waiting = '' WHERE job = ?1 AND device = ?2`},
		{&s.putOutput, `INSERT INTO outputs VALUES (?1, ?2, ?3) ON CONFLICT (job, device) DO UPDATE SET data = ?3`},
		{&s.openTasks, `SELECT device, state FROM tasks WHERE job = ? AND state IN ('pending', 'running', 'uncertain')`},
		{&s.dropTask, `DELETE FROM tasks WHERE job = ? AND device = ?`},

		{&s.submitJob, `INSERT INTO jobs (id, seq, name, state, principal, spec, submitted_at, retry_of)
			VALUES (?1, ?2, ?3, 'submitted', ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING`},
		{&s.spec, `SELECT spec FROM jobs WHERE id = ?`},
		{&s.exist, `INSERT INTO jobs (id, seq, state, submitted_at) VALUES (?1, 0, 'submitted', ?2) ON CONFLICT (id) DO NOTHING`},
		{&s.changeJob, `UPDATE jobs SET seq = ?2, state = ?3, reason = ?4, stopping = coalesce(?5, stopping), problems = coalesce(?6, problems),
			started_at = CASE WHEN started_at = 0 THEN ?7 ELSE started_at END, deadline = CASE WHEN ?8 = 0 THEN deadline ELSE ?8 END,
			plan_digest = CASE ?9 WHEN '' THEN plan_digest ELSE ?9 END,
			inventory_revision = CASE ?10 WHEN 0 THEN inventory_revision ELSE ?10 END,
			waves = coalesce(?11, waves), wave = coalesce(?12, wave) WHERE id = ?1 AND seq < ?2`},
		// A job that the log knows (seq > 0 and a principal) needs nothing of its summary.
		{&s.summary, `INSERT INTO jobs (id, seq, state, name, principal, spec, reason, submitted_at, ended_at, plan_digest, retry_of, final_counts)
			VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (id) DO UPDATE SET name = ?3, principal = ?4, spec = ?5,
			submitted_at = ?7, retry_of = ?10 WHERE principal = ''`},
		{&s.endJob, `UPDATE jobs SET ended_at = ?2, final_counts = coalesce(?3, final_counts), stopping = NULL WHERE id = ?1`},
	} {
		var err error
		if *p.to, err = db.PrepareContext(ctx, p.sql); err != nil {
			return statements{}, fmt.Errorf("preparing %q: %w", p.sql, err)
		}
	}
	return s, nil
}
