package view

// schemaVersion changes with every change of the tables or of the fold. A file of another version is folded again.
const schemaVersion = "3"

// Times are Unix nanoseconds, 0 for none. jobs.seq is the sequence in JOBS of the last message applied to the job.
// tasks.seq is the sequence of the ledger record that a row shows (0: none yet), tasks.jseq that of the job's event which
// last changed the row (its planning, its end): together they are where a stream of events resumes.
// tasks.was is the state before the newest record, so that one statement writes a record and tells what it counted as before.
// Outputs are apart, compressed, so that lists of tasks read small rows.
const schema = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE cursors (stream TEXT PRIMARY KEY, identity TEXT NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE jobs (
	id TEXT PRIMARY KEY,
	seq INTEGER NOT NULL,
	name TEXT NOT NULL DEFAULT '',
	state TEXT NOT NULL,
	principal TEXT NOT NULL DEFAULT '',
	spec TEXT NOT NULL DEFAULT '{}',
	reason TEXT NOT NULL DEFAULT '',
	stopping TEXT,
	problems TEXT,
	submitted_at INTEGER NOT NULL DEFAULT 0,
	started_at INTEGER NOT NULL DEFAULT 0,
	ended_at INTEGER NOT NULL DEFAULT 0,
	deadline INTEGER NOT NULL DEFAULT 0,
	plan_digest TEXT NOT NULL DEFAULT '',
	inventory_revision INTEGER NOT NULL DEFAULT 0,
	retry_of TEXT NOT NULL DEFAULT '',
	final_counts TEXT,
	waves TEXT,
	wave TEXT
);
CREATE INDEX jobs_by_time ON jobs (submitted_at DESC, id DESC);
CREATE INDEX jobs_by_state ON jobs (state, submitted_at DESC, id DESC);
CREATE TABLE counts (
	job TEXT PRIMARY KEY,
	total INTEGER NOT NULL DEFAULT 0,
	pending INTEGER NOT NULL DEFAULT 0,
	running INTEGER NOT NULL DEFAULT 0,
	succeeded INTEGER NOT NULL DEFAULT 0,
	failed INTEGER NOT NULL DEFAULT 0,
	skipped INTEGER NOT NULL DEFAULT 0,
	cancelled INTEGER NOT NULL DEFAULT 0,
	uncertain INTEGER NOT NULL DEFAULT 0,
	not_reached INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE tasks (
	job TEXT NOT NULL,
	device TEXT NOT NULL,
	seq INTEGER NOT NULL DEFAULT 0,
	jseq INTEGER NOT NULL DEFAULT 0,
	name TEXT NOT NULL DEFAULT '',
	platform TEXT NOT NULL DEFAULT '',
	site TEXT NOT NULL DEFAULT '',
	state TEXT NOT NULL,
	was TEXT NOT NULL DEFAULT '',
	was_not_reached INTEGER NOT NULL DEFAULT 0,
	attempt INTEGER NOT NULL DEFAULT 0,
	not_reached INTEGER NOT NULL DEFAULT 0,
	kind TEXT NOT NULL DEFAULT '',
	error TEXT,
	waiting TEXT NOT NULL DEFAULT '',
	started_at INTEGER NOT NULL DEFAULT 0,
	finished_at INTEGER NOT NULL DEFAULT 0,
	duration_ms INTEGER NOT NULL DEFAULT 0,
	summary TEXT NOT NULL DEFAULT '',
	output_bytes INTEGER NOT NULL DEFAULT 0,
	output_object TEXT,
	wave INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (job, device)
) WITHOUT ROWID;
CREATE INDEX tasks_by_seq ON tasks (job, seq);
CREATE INDEX tasks_by_jseq ON tasks (job, jseq) WHERE state <> 'pending';
CREATE TABLE outputs (
	job TEXT NOT NULL,
	device TEXT NOT NULL,
	data BLOB NOT NULL,
	PRIMARY KEY (job, device)
);
`

// tables are all of them, for a reset.
var tables = [...]string{"meta", "cursors", "jobs", "counts", "tasks", "outputs"}
