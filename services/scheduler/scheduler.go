// Package scheduler turns submitted jobs into released tasks, and their results into the job's end.
//
// Any number may run; one leads. What the others would have to know is in the log. README.md has the subjects.
package scheduler

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/libs/servicekit/tracing"
	"github.com/netrust/netrust/services/scheduler/internal/engine"
	"github.com/netrust/netrust/services/scheduler/internal/leader"
	"github.com/netrust/netrust/services/scheduler/internal/measure"
)

// Config is the scheduler's settings.
type Config struct {
	LeaderTTL      time.Duration `yaml:"leader_ttl" help:"how long a leader that died is believed in; whole seconds"`
	ReleaseEvery   time.Duration `yaml:"release_every" help:"pace at which tasks are released"`
	UnclaimedAfter time.Duration `yaml:"unclaimed_after" help:"when a released task that no executor claimed is released again"`
	SilentAfter    time.Duration `yaml:"silent_after" help:"when an executor without a sign of life is taken for gone; over its liveness TTL"`
	MaxTasks       int           `yaml:"max_tasks" help:"tasks of running jobs in memory; more jobs wait"`
	HoldAside      time.Duration `yaml:"hold_aside" help:"how long a job of which only dead letters are left waits for somebody to decide"`
	KeepRecords    time.Duration `yaml:"keep_records" help:"how long a job's ledger records stay after its end"`
	KeepForAudit   time.Duration `yaml:"keep_for_audit" help:"how much longer they stay while no audit has recorded them; 0s: no longer"`
	TraceTasks     int           `yaml:"trace_tasks" help:"tasks of one job that are in its trace with all their steps, where traces are made"`

	RememberRefused time.Duration `yaml:"remember_refused" help:"how long refused logins of one job count for the next in the same authentication domain"`
	MaxPerSite      int           `yaml:"max_per_site" help:"tasks of all jobs at one site at once; 0: no limit"`
	MaxPerDomain    int           `yaml:"max_per_domain" help:"tasks of all jobs in one authentication domain at once; 0: no limit"`
	LoginsPerMinute int           `yaml:"logins_per_minute" help:"logins of all jobs in one authentication domain within a minute; 0: no limit"`

	// Observe is how it is watched; the zero value is that nobody does.
	Observe servicekit.Observe `yaml:"-"`
}

// Default settings.
func Default() Config {
	return Config{
		LeaderTTL: 5 * time.Second, ReleaseEvery: 20 * time.Millisecond, UnclaimedAfter: time.Minute,
		SilentAfter: 45 * time.Second, MaxTasks: 500_000, KeepRecords: 24 * time.Hour, KeepForAudit: 7 * 24 * time.Hour, HoldAside: 5 * time.Minute, TraceTasks: 200,
		RememberRefused: 15 * time.Minute,
	}
}

// Validate reports every fault.
func (c *Config) Validate() error {
	var faults []error
	check := func(bad bool, path, remedy, what string) {
		if bad {
			faults = append(faults, servicekit.Fault(path, remedy, "%s", what))
		}
	}
	check(c.LeaderTTL < 3*time.Second, "leader_ttl", "set it to 3s or more", "the server keeps no shorter TTL")
	check(c.ReleaseEvery < time.Millisecond || c.ReleaseEvery > time.Second, "release_every", "set it between 1ms and 1s", "out of range")
	check(c.UnclaimedAfter < time.Second, "unclaimed_after", "set it to 1s or more", "too short")
	check(c.SilentAfter < 3*time.Second, "silent_after", "set it above the executors' liveness TTL", "too short")
	check(c.MaxTasks < 1, "max_tasks", "set it to 1 or more", "no job could run")
	check(c.HoldAside < time.Second, "hold_aside", "set it to 1s or more", "nobody could decide in time")
	check(c.KeepRecords < time.Minute, "keep_records", "set it to 1m or more", "gateways need a while to read a job's results")
	check(c.KeepForAudit < 0, "keep_for_audit", "set it to 0s or more", "less than no time")
	check(c.TraceTasks < 0, "trace_tasks", "set it to 0 or more", "less than none")
	check(c.RememberRefused < time.Second || c.RememberRefused > c.KeepRecords, "remember_refused", "set it between 1s and keep_records", "out of range")
	check(c.MaxPerSite < 0, "max_per_site", "set it to 1 or more, or to 0 for no limit", "is negative")
	check(c.MaxPerDomain < 0, "max_per_domain", "set it to 1 or more, or to 0 for no limit", "is negative")
	check(c.LoginsPerMinute < 0 || c.LoginsPerMinute > 60_000, "logins_per_minute", "set it between 1 and 60000, or to 0 for no limit", "is out of range")
	return errors.Join(faults...)
}

// Scheduler is one scheduler process.
type Scheduler struct {
	conn *bus.Conn
	cfg  Config
	self contract.Leader
	log  zerolog.Logger

	meters *measure.Meters
	tracer *tracing.Tracer
}

// New checks the settings and makes a scheduler. It does no I/O.
func New(conn *bus.Conn, cfg Config, log zerolog.Logger) (*Scheduler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	id := make([]byte, 8)
	rand.Read(id) //nolint:errcheck // crypto/rand.Read never fails
	host, _ := os.Hostname()
	self := contract.Leader{Incarnation: hex.EncodeToString(id), Host: host, Since: time.Now().UTC()}
	return &Scheduler{
		conn: conn, cfg: cfg, self: self, log: log.With().Str("scheduler", self.Incarnation).Logger(),
		meters: measure.New(cfg.Observe.Metrics), tracer: cfg.Observe.Tracer.As("netrust-scheduler"),
	}, nil
}

// Run takes part in the election and schedules while it leads, until ctx ends.
func (s *Scheduler) Run(ctx context.Context) error {
	election := leader.New(s.conn, s.self, s.cfg.LeaderTTL, s.log)
	return election.Run(ctx, func(ctx context.Context) error {
		s.meters.Leader.Set(1)
		defer s.meters.Leader.Set(0)
		return engine.New(s.conn, engine.Config{
			Incarnation: s.self.Incarnation, ReleaseEvery: s.cfg.ReleaseEvery, UnclaimedAfter: s.cfg.UnclaimedAfter,
			SilentAfter: s.cfg.SilentAfter, MaxTasks: s.cfg.MaxTasks, KeepRecords: s.cfg.KeepRecords, KeepForAudit: s.cfg.KeepForAudit, HoldAside: s.cfg.HoldAside,
			TraceTasks: s.cfg.TraceTasks, Tracer: s.tracer, Meters: s.meters,
			RememberRefused: s.cfg.RememberRefused, MaxPerSite: s.cfg.MaxPerSite, MaxPerDomain: s.cfg.MaxPerDomain, LoginsPerMinute: s.cfg.LoginsPerMinute,
		}, s.log).Run(ctx)
	})
}
