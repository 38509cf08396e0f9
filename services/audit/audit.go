// Package audit writes the audit log: what every service did, was asked and refused, as one chain of records that nobody
// can change unseen.
//
// Any number may run; the stream lets one write. README.md tells what it consumes and publishes, and what happens when
// things fail; docs/audit-format.md is the log's format.
package audit

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/services/audit/internal/writer"
)

// Config is the audit's settings.
type Config struct {
	Linger   time.Duration `yaml:"linger" help:"how long records are collected before they are written together"`
	Takeover time.Duration `yaml:"takeover" help:"how long the log must be quiet before an audit that stands by writes"`

	Observe servicekit.Observe `yaml:"-"`
}

// Default settings.
func Default() Config { return Config{Linger: 100 * time.Millisecond, Takeover: 5 * time.Second} }

// Validate reports every fault.
func (c *Config) Validate() error {
	var faults []error
	if c.Linger < 0 || c.Linger > 10*time.Second {
		faults = append(faults, servicekit.Fault("linger", "set it between 0s and 10s", "%s is out of range", c.Linger))
	}
	if c.Takeover < 500*time.Millisecond {
		faults = append(faults, servicekit.Fault("takeover", "set it to 500ms or more", "%s is too short: two would quarrel", c.Takeover))
	}
	return errors.Join(faults...)
}

// Audit is one audit process.
type Audit struct{ writer *writer.Writer }

// New checks the settings and makes an audit. It does no I/O. The topology must exist ([bus.Conn.Ensure]) when Run works.
func New(conn *bus.Conn, cfg Config, log zerolog.Logger) (*Audit, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	w := writer.New(conn, writer.Config{Linger: cfg.Linger, Takeover: cfg.Takeover, Metrics: cfg.Observe.Metrics}, log)
	return &Audit{w}, nil
}

// Run writes the log, or stands by while another does, until ctx ends; it returns ctx's error. What was read and not
// written then is read again by the next.
func (a *Audit) Run(ctx context.Context) error { return a.writer.Run(ctx) }

// Ready is nil while this audit writes or stands by, and otherwise what keeps it from that, for /readyz.
func (a *Audit) Ready() error { return a.writer.Status().Failed }
