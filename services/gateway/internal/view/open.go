package view

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	_ "modernc.org/sqlite" // the driver's only way to register
)

const (
	fileName = "view.db"
	lockName = "view.lock"

	// readers bounds the connections that read at once; each may hold cacheKiB of pages.
	readers  = 4
	cacheKiB = 2048
)

// View is the read side of one gateway process. Reads may run at the same time as each other and as the one writer.
type View struct {
	dir   string
	lock  *os.File
	write *sql.DB // one connection: SQLite has one writer
	read  *sql.DB
	stmts statements
	hub   *hub

	packer packer // of the one who applies
}

// Open opens the view in dir, which only one process may use, and makes dir where it is missing. A file that cannot be used
// (damaged, another version) is thrown away: the fold begins again.
func Open(ctx context.Context, dir string) (*View, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the view's directory %s: %w", dir, err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	v := &View{dir: dir, lock: lock, hub: newHub()}
	err = v.openFile(ctx)
	if err == nil {
		return v, nil
	}
	if ctx.Err() != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if err := v.removeFile(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if err := v.openFile(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the view in %s: %w", dir, err), v.Close())
	}
	return v, nil
}

// Close closes the file and lets another process have the directory. Call it when the writer and all readers are done.
func (v *View) Close() error {
	err := v.closeFile()
	return errors.Join(err, v.lock.Close())
}

func lockDir(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockName)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the view's lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", dir, ErrInUse)
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return f, nil
}

func (v *View) openFile(ctx context.Context) error {
	var err error
	// NORMAL: a power cut may lose the last transactions, which the log gives again, but never damages the file.
	if v.write, err = connect(v.path(), 1, "immediate", "synchronous(NORMAL)", "journal_size_limit(16777216)"); err != nil {
		return err
	}
	if err := v.prepareSchema(ctx); err != nil {
		return errors.Join(err, v.closeFile())
	}
	if v.stmts, err = prepare(ctx, v.write); err != nil {
		return errors.Join(err, v.closeFile())
	}
	if v.read, err = connect(v.path(), readers, "deferred", "query_only(true)"); err != nil {
		return errors.Join(err, v.closeFile())
	}
	return nil
}

func connect(path string, conns int, txlock string, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_txlock": {txlock}}
	for _, p := range append([]string{"busy_timeout(5000)", "journal_mode(WAL)", fmt.Sprintf("cache_size(-%d)", cacheKiB)}, pragmas...) {
		q.Add("_pragma", p)
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// prepareSchema makes the tables of a new file, and refuses a file of another version.
func (v *View) prepareSchema(ctx context.Context) error {
	var n int
	if err := v.write.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&n); err != nil {
		return fmt.Errorf("reading the view: %w", err)
	}
	if n == 0 {
		return createSchema(ctx, v.write)
	}
	var version string
	if err := v.write.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = 'schema'").Scan(&version); err != nil {
		return fmt.Errorf("reading the view's version: %w", err)
	}
	if version != schemaVersion {
		return fmt.Errorf("the view is of version %s, not %s", version, schemaVersion)
	}
	return nil
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func createSchema(ctx context.Context, db execer) error {
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return fmt.Errorf("making the view's tables: %w", err)
	}
	if _, err := db.ExecContext(ctx, "INSERT INTO meta VALUES ('schema', ?)", schemaVersion); err != nil {
		return fmt.Errorf("writing the view's version: %w", err)
	}
	return nil
}

// Reset empties the view in one step, for a fold from the beginning. Readers see either the old rows or none.
func (v *View) Reset(ctx context.Context) error {
	tx, err := v.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("resetting the view: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	for _, t := range tables[1:] {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+t); err != nil {
			return fmt.Errorf("emptying the view's %s: %w", t, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("resetting the view: %w", err)
	}
	v.hub.wakeAll()
	return nil
}

// Dir is the directory of the view, for what is needed beside it for a moment.
func (v *View) Dir() string { return v.dir }

func (v *View) path() string { return filepath.Join(v.dir, fileName) }

func (v *View) closeFile() error {
	var errs []error
	for _, db := range []*sql.DB{v.read, v.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	v.read, v.write = nil, nil
	return errors.Join(errs...)
}

func (v *View) removeFile() error {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(v.path() + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("removing a view that cannot be read: %w", err)
		}
	}
	return nil
}
