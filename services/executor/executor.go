// Package executor takes released tasks, claims them in the ledger, runs them on devices through drivers, and records
// how they ended. Any number may run. README.md has the subjects and what happens when things fail.
package executor

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/credential/agefile"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/hostkey"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/libs/sealed"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/services/executor/internal/hostkeys"
	"github.com/netrust/netrust/services/executor/internal/intake"
	"github.com/netrust/netrust/services/executor/internal/live"
	"github.com/netrust/netrust/services/executor/internal/measure"
	"github.com/netrust/netrust/services/executor/internal/run"
	"github.com/netrust/netrust/services/executor/internal/session"
)

// Config is the executor's settings.
type Config struct {
	Sites          []string      `yaml:"sites" help:"sites whose devices it works on; * for all (do not mix with named ones on the same bus)"`
	NormalSlots    int           `yaml:"normal_slots" help:"tasks of normal class at once"`
	UrgentSlots    int           `yaml:"urgent_slots" help:"tasks of urgent class at once, besides"`
	LivenessTTL    time.Duration `yaml:"liveness_ttl" help:"how long it is believed alive after its last sign; whole seconds"`
	AckWait        time.Duration `yaml:"ack_wait" help:"after how long a task that nobody claimed is delivered again"`
	ConnectTimeout time.Duration `yaml:"connect_timeout" help:"for a login up to the first prompt, where the device states none"`
	DrainTimeout   time.Duration `yaml:"task_drain" help:"how long tasks in hand may go on when it ends"`
	// SessionIdle and the settings below it bound the sessions that are kept open for the next task.
	SessionIdle       time.Duration `yaml:"session_idle" help:"how long a session stays open for the next task on its device; 0 closes each at the end of its task"`
	SessionKeepalive  time.Duration `yaml:"session_keepalive" help:"after how long without a word an open session's device is asked for a sign of life; 0 for never"`
	SessionLimit      int           `yaml:"session_limit" help:"idle sessions at most; the one that was used longest ago is closed for a new one"`
	SessionsPerDevice int           `yaml:"sessions_per_device" help:"how many executors may have a session on a device at once, where its max_sessions does not say"`
	MaxOutput         int64         `yaml:"max_output" help:"bytes kept of one task's output"`
	RawIdentityFile   string        `yaml:"raw_identity_file" help:"file with a key of age (age-keygen) that raw output of jobs with keep_raw is encrypted to; empty: such jobs are refused"`
	RawRecipients     []string      `yaml:"raw_recipients" help:"public keys of age (age1...) that raw output is encrypted to besides"`
	HostKey           string        `yaml:"host_key" help:"unknown SSH host keys: strict (known_hosts only) or trust-first (recorded on first use)"`
	KnownHosts        string        `yaml:"known_hosts" help:"known_hosts file; what it says about an address wins"`
	// CredentialsFile is for [Credentials]; an executor itself is given a provider.
	CredentialsFile    string        `yaml:"credentials_file" help:"file that file: references to credentials are looked up in"`
	CredentialsAgeFile string        `yaml:"credentials_age_file" help:"file, encrypted with age, that age: references to credentials are looked up in; netrust credential set writes it"`
	CredentialsUnlock  string        `yaml:"credentials_unlock" help:"what opens credentials_age_file: identity:PATH, passphrase-file:PATH, passphrase-env:VARIABLE or keyring:NAME"`
	CredentialTTL      time.Duration `yaml:"credential_ttl" help:"how long a credential is used before it is looked up again; a file that changed is read at once; 0 keeps none"`
	SSHAgent           string        `yaml:"ssh_agent" help:"Unix socket of the SSH agent, for credentials that ask for one; empty: SSH_AUTH_SOCK"`

	// Observe is how it is watched; the zero value is that nobody does.
	Observe servicekit.Observe `yaml:"-"`
}

// Default settings.
func Default() Config {
	return Config{
		Sites: []string{contract.AnySite}, NormalSlots: 256, UrgentSlots: 32, LivenessTTL: ledger.DefaultLivenessTTL,
		AckWait: bus.DefaultAckWait, ConnectTimeout: 20 * time.Second, DrainTimeout: 20 * time.Second, MaxOutput: 8 << 20,
		SessionIdle: time.Minute, SessionKeepalive: 20 * time.Second, SessionLimit: 1000, SessionsPerDevice: 1,
		HostKey: hostkeys.TrustFirst, CredentialTTL: credential.DefaultTTL,
	}
}

// maxCredentialTTL is the longest that a credential is used without looking for a newer one.
const maxCredentialTTL = 24 * time.Hour

// maxSessionIdle is the longest that a session may stay open without a task.
const maxSessionIdle = 24 * time.Hour

// Validate reports every fault.
func (c *Config) Validate() error {
	var faults []error
	check := func(bad bool, path, remedy, what string) {
		if bad {
			faults = append(faults, servicekit.Fault(path, remedy, "%s", what))
		}
	}
	check(len(c.Sites) == 0, "sites", "name sites, or * for all", "no site")
	check(c.NormalSlots < 1 || c.NormalSlots > 10_000, "normal_slots", "set it between 1 and 10000", "out of range")
	check(c.UrgentSlots < 1 || c.UrgentSlots > 10_000, "urgent_slots", "set it between 1 and 10000", "out of range")
	check(c.LivenessTTL < ledger.MinLivenessTTL, "liveness_ttl", "set it to 3s or more", "the server keeps no shorter TTL")
	check(c.AckWait < time.Second, "ack_wait", "set it to 1s or more", "too short")
	check(c.ConnectTimeout < 100*time.Millisecond, "connect_timeout", "set it to 100ms or more", "too short")
	check(c.CredentialTTL < 0 || c.CredentialTTL > maxCredentialTTL, "credential_ttl", "set it between 0 and 24h", "out of range")
	if c.CredentialsUnlock != "" {
		_, err := agefile.ParseUnlock(c.CredentialsUnlock)
		check(err != nil || c.CredentialsUnlock == agefile.ByPrompt, "credentials_unlock", "write "+strings.Join(agefile.Forms(), ", "), "is none of the ways to open the file without a person")
	}
	check(c.CredentialsAgeFile != "" && c.CredentialsUnlock == "", "credentials_unlock", "say what opens credentials_age_file: "+strings.Join(agefile.Forms(), ", "), "is not set")
	check(c.SessionIdle < 0 || c.SessionIdle > maxSessionIdle, "session_idle", "set it between 1s and 24h, or to 0 to keep none", "out of range")
	check(c.SessionKeepalive < 0 || c.SessionKeepalive > 0 && c.SessionKeepalive < time.Second, "session_keepalive", "set it to 1s or more, or to 0 for never", "too short")
	check(c.SessionLimit < 1 || c.SessionLimit > 100_000, "session_limit", "set it between 1 and 100000; session_idle: 0 keeps none", "out of range")
	check(c.SessionsPerDevice < 1 || c.SessionsPerDevice > 100, "sessions_per_device", "set it between 1 and 100", "out of range")
	check(c.MaxOutput < 4096, "max_output", "set it to 4096 or more", "too small")
	check(c.HostKey != hostkeys.Strict && c.HostKey != hostkeys.TrustFirst, "host_key", "use strict or trust-first", "unknown policy "+c.HostKey)
	if c.RawIdentityFile != "" {
		if _, err := sealed.Open(c.RawIdentityFile, c.RawRecipients); err != nil {
			faults = append(faults, servicekit.Fault("raw_identity_file", "name a file that age-keygen made, with mode 600, and public keys in raw_recipients", "%v", err))
		}
	}
	check(c.RawIdentityFile == "" && len(c.RawRecipients) > 0, "raw_recipients", "set raw_identity_file too", "there is no key of the executor's own")
	return errors.Join(faults...)
}

// Executor is one executor process.
type Executor struct {
	cfg     Config
	log     zerolog.Logger
	conn    *bus.Conn
	holder  *ledger.Holder
	keys    *hostkeys.Store
	intake  *intake.Intake
	pool    *session.Pool
	mailbox *session.Mailbox
	live    *live.Hub
}

// New checks the settings and makes an executor. It reads the known_hosts file, and does no other I/O.
func New(conn *bus.Conn, cfg Config, drivers *driver.Registry, credentials credential.Provider, log zerolog.Logger) (*Executor, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	var known *hostkey.KnownHosts
	if cfg.KnownHosts != "" {
		var err error
		if known, err = hostkey.NewKnownHosts(cfg.KnownHosts); err != nil {
			return nil, fmt.Errorf("known_hosts: %w", err)
		}
	}
	self := contract.Executor{
		Incarnation: newIncarnation(), PID: os.Getpid(), Sites: cfg.Sites, UrgentSlots: cfg.UrgentSlots,
		NormalSlots: cfg.NormalSlots, StartedAt: time.Now().UTC(), HostKey: cfg.HostKey,
	}
	self.Host, _ = os.Hostname()
	log = log.With().Str("executor", self.Incarnation).Logger()
	holder, err := ledger.NewHolder(conn, self, ledger.Config{LivenessTTL: cfg.LivenessTTL, Metrics: cfg.Observe.Metrics}, log)
	if err != nil {
		return nil, err
	}
	var box *sealed.Box
	if cfg.RawIdentityFile != "" {
		if box, err = sealed.Open(cfg.RawIdentityFile, cfg.RawRecipients); err != nil {
			return nil, fmt.Errorf("raw_identity_file: %w", err)
		}
	}
	keys := hostkeys.New(conn, known)
	meters := measure.New(cfg.Observe)
	mailbox := session.NewMailbox(conn, self.Incarnation, log)
	pool := session.New(self.Incarnation, session.Config{
		Idle: cfg.SessionIdle, Keepalive: cfg.SessionKeepalive, Limit: cfg.SessionLimit, PerDevice: cfg.SessionsPerDevice,
	}, holder, mailbox, log)
	printed := live.New(conn, log)
	showSessions(cfg.Observe.Metrics, pool.Counts)
	runner := &run.Runner{
		Live:    printed,
		Meters:  meters,
		Drivers: drivers, Credentials: credentials, HostKeys: keys.For, HostKeyPolicy: cfg.HostKey, AgentSocket: cfg.SSHAgent,
		ConnectTimeout: cfg.ConnectTimeout, MaxOutput: cfg.MaxOutput, KeepsRaw: box != nil, Sessions: pool, Proved: intake.Proof(conn),
	}
	in := intake.New(conn, holder, runner, intake.Config{
		Meters: meters, Raw: box,
		Sites: cfg.Sites, ConnectTimeout: cfg.ConnectTimeout, AckWait: cfg.AckWait, RecordWithin: 5 * time.Second,
		Slots: map[contract.Class]int{contract.Urgent: cfg.UrgentSlots, contract.Normal: cfg.NormalSlots},
	}, log)
	return &Executor{cfg: cfg, log: log, conn: conn, holder: holder, keys: keys, intake: in, pool: pool, mailbox: mailbox, live: printed}, nil
}

func newIncarnation() string {
	id := make([]byte, 8)
	rand.Read(id) //nolint:errcheck // crypto/rand.Read never fails
	return hex.EncodeToString(id)
}

// Ready returns an error when the executor could not give a sign of life for a while.
func (e *Executor) Ready(context.Context) error { return e.holder.Ready() }

// Run works until ctx ends. It then takes no more tasks, lets those in hand go on for the drain timeout, cuts off what is
// left at a safe point, records it, and leaves.
func (e *Executor) Run(ctx context.Context) error {
	// What tasks stand on outlives them: it ends when Run returns.
	base, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	work, cut := context.WithCancelCause(base)
	defer cut(nil)

	below, belowCtx := errgroup.WithContext(base)
	below.Go(func() error { return e.holder.Run(belowCtx) })
	below.Go(func() error { return e.intake.FollowGates(belowCtx) })
	below.Go(func() error { return e.intake.KeepInHand(belowCtx) })
	below.Go(func() error { return e.live.Run(belowCtx) })
	below.Go(func() error { return e.conn.Observe(belowCtx) })
	below.Go(func() error { return e.mailbox.Run(belowCtx, e.pool.Release) })
	below.Go(func() error { return e.pool.Run(belowCtx, e.lookEvery()) })
	known := make(chan struct{})
	below.Go(func() error { return e.keys.Run(belowCtx, func() { close(known) }) })

	fetch, fetchCtx := errgroup.WithContext(ctx)
	context.AfterFunc(belowCtx, func() { cut(context.Cause(belowCtx)) })
	fetch.Go(func() error {
		select {
		case <-known:
			return e.fetchAll(fetchCtx, work)
		case <-fetchCtx.Done():
			return fetchCtx.Err()
		case <-belowCtx.Done():
			return context.Cause(belowCtx)
		}
	})
	err := fetch.Wait()
	e.drain(base, cut)
	e.pool.Close() // before the liveness key goes, by which others see that no session is left
	leave()
	return errors.Join(err, ignoreEnd(below.Wait()))
}

// lookEvery is how often the idle sessions are looked after: several times between the moment when this executor knows that it
// may be taken for dead, and the one when it is.
func (e *Executor) lookEvery() time.Duration { return min(time.Second, e.cfg.LivenessTTL/16) }

// Sessions counts the sessions that this executor has on devices, and what became of others.
func (e *Executor) Sessions() session.Counts { return e.pool.Counts() }

// fetchAll fetches for every site and class until ctx ends.
func (e *Executor) fetchAll(ctx, work context.Context) error {
	e.log.Info().Strs("sites", e.cfg.Sites).Int("normal_slots", e.cfg.NormalSlots).Int("urgent_slots", e.cfg.UrgentSlots).Msg("executor takes tasks")
	g, ctx := errgroup.WithContext(ctx)
	for _, site := range e.cfg.Sites {
		for _, class := range contract.Classes {
			g.Go(func() error { return e.intake.Fetch(ctx, work, site, class) })
		}
	}
	return g.Wait()
}

// drain waits for the tasks in hand, and cuts them off when their time is over.
func (e *Executor) drain(base context.Context, cut context.CancelCauseFunc) {
	if err := e.holder.Drain(base); err != nil {
		e.log.Warn().Err(err).Msg("the scheduler could not be told that this executor drains")
	}
	timer := time.AfterFunc(e.cfg.DrainTimeout, func() {
		e.log.Warn().Dur("after", e.cfg.DrainTimeout).Msg("tasks in hand are cut off: the drain timeout has passed")
		cut(run.ErrShutdown)
	})
	defer timer.Stop()
	e.intake.Wait()
}

func ignoreEnd(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
