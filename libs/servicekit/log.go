package servicekit

import (
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/term"
)

// LogSettings say how much is logged, and in which form.
type LogSettings struct {
	Level  string `yaml:"level" help:"least level that is logged: debug, info, warn or error"`
	Format string `yaml:"format" help:"json, console (for people), or auto: console on a terminal, json elsewhere"`
}

// DefaultLog logs life-cycle steps and worse.
func DefaultLog() LogSettings { return LogSettings{Level: "info", Format: "auto"} }

// Validate reports every fault.
func (s *LogSettings) Validate() error {
	switch s.Level {
	case "debug", "info", "warn", "error":
	default:
		return Fault("level", "write debug, info, warn or error", "%q is not a level", s.Level)
	}
	switch s.Format {
	case "json", "console", "auto":
	default:
		return Fault("format", "write json, console or auto", "%q is not a format", s.Format)
	}
	return nil
}

// NewLogger makes the base logger of a process; each line carries the service.
func NewLogger(w io.Writer, service string, s LogSettings) zerolog.Logger {
	level, err := zerolog.ParseLevel(s.Level)
	if err != nil {
		level = zerolog.InfoLevel
	}
	if s.Format == "console" || s.Format == "auto" && terminal(w) {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.TimeOnly, NoColor: !terminal(w)}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Str("service", service).Logger()
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
