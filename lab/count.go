package lab

import (
	"maps"
	"time"
)

// Counts is what happened to a device.
type Counts struct {
	// Connections counts accepted TCP connections.
	Connections int `json:"connections"`
	// LoginsOK counts logins, LoginsFailed wrong passwords (several on one connection count each).
	LoginsOK     int `json:"logins_ok"`
	LoginsFailed int `json:"logins_failed"`
	// SessionsOpen is how many connections are logged in now, SessionsMax the highest number there was at once.
	SessionsOpen int `json:"sessions_open"`
	SessionsMax  int `json:"sessions_max"`
	// Commands counts all lines received, empty ones and answers to questions left out.
	Commands int `json:"commands"`
	Reloads  int `json:"reloads"`
	// Marks counts the runs of `test mark` and `show mark` by token.
	Marks map[string]int `json:"marks,omitempty"`
}

// Command is one command that a device received.
type Command struct {
	// Sequence counts the device's commands from 1.
	Sequence int       `json:"sequence"`
	At       time.Time `json:"at"`
	Line     string    `json:"line"`
}

// Commands is what a device was told to do.
type Commands struct {
	// Total counts by line. Beyond maxLines different lines the rest counts as "(other)".
	Total map[string]int `json:"total"`
	// Recent are the last commands in the order of their arrival.
	Recent []Command `json:"recent"`
}

// maxLines bounds how many different lines are counted apart, per device.
const (
	maxLines   = 10_000
	otherLines = "(other)"
)

// tally is what a device counts. The maps are made when first needed: most devices of a big lab receive little.
type tally struct {
	Counts
	lines  map[string]int
	recent []Command // a ring once it is full
	next   int
}

// host is a device as its command line needs it.
type host struct{ *Device }

// Received notes a command.
func (h host) Received(line string) {
	d := h.Device
	now := time.Now().UTC()
	d.mu.Lock()
	defer d.mu.Unlock()
	t := &d.tally
	t.Commands++
	if t.lines == nil {
		t.lines = map[string]int{}
	}
	if _, known := t.lines[line]; known || len(t.lines) < maxLines {
		t.lines[line]++
	} else {
		t.lines[otherLines]++
	}
	command := Command{Sequence: t.Counts.Commands, At: now, Line: line}
	if limit := d.lab.config.CommandLog; len(t.recent) < limit {
		t.recent = append(t.recent, command)
	} else {
		t.recent[t.next] = command
		t.next = (t.next + 1) % limit
	}
}

// Mark counts a marked command.
func (h host) Mark(token string) int {
	d := h.Device
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tally.Marks == nil {
		d.tally.Marks = map[string]int{}
	}
	d.tally.Marks[token]++
	return d.tally.Marks[token]
}

// Counts returns what happened to the device so far.
func (d *Device) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	counts := d.tally.Counts
	counts.Marks = maps.Clone(counts.Marks)
	return counts
}

// Commands returns what the device received so far.
func (d *Device) Commands() Commands {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := &d.tally
	recent := make([]Command, 0, len(t.recent))
	recent = append(append(recent, t.recent[t.next:]...), t.recent[:t.next]...)
	total := maps.Clone(t.lines)
	if total == nil {
		total = map[string]int{}
	}
	return Commands{Total: total, Recent: recent}
}

// count changes the device's counts.
func (d *Device) count(f func(c *Counts)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(&d.tally.Counts)
}
