package bus

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// stateSubject is where the embedded server says, every second, whether it takes writes. Plain NATS, not a stream: who
// listens wants only the newest.
const stateSubject = "netrust.nats.state"

// serverState is what it says.
type serverState struct {
	// Refuses is why writes are refused now; "" when they are taken.
	Refuses string `json:"refuses,omitempty"`
}

const (
	lookEvery   = 250 * time.Millisecond // at the free space
	tellEvery   = time.Second            // the clients
	askEvery    = time.Second            // the server how its streams are
	brokenAfter = 2 * time.Second        // a stream counts as broken: one that is being made looks so for a moment
	maxReserve  = 64 << 20
	// Between two starts of a server whose streams stay broken though there is room; doubled each time.
	reviveWait, maxReviveWait = 5 * time.Second, 10 * time.Minute
)

// diskWatch keeps the embedded server from running into a full disk, and brings it back when it has.
//
// nats-server (2.15.2) never answers a write again on a stream of which one write has failed, until it is started anew; a
// timeout is all that clients see. So clients are told to write nothing while a reserve is left, which loses nothing and
// ends by itself. What is faster than that still hits the end of the disk: then the server is started anew as soon as there
// is room. It finishes a batch that was cut off, and clients reconnect.
type diskWatch struct {
	server  *Server
	dir     string
	refuses string

	asked, since time.Time // the server was asked; it has said the same fault since
	fault        string
	revived      time.Time
	wait         time.Duration // until the next revival
}

// run looks after the server until stop is closed.
func (w *diskWatch) run(stop <-chan struct{}) {
	conn := w.connect()
	if conn != nil {
		defer conn.Close()
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var told time.Time
	for {
		select {
		case <-stop:
			return
		case <-look.C:
		}
		before := w.refuses
		w.look(time.Now())
		if w.refuses == before && time.Since(told) < tellEvery || conn == nil {
			continue
		}
		told = time.Now()
		data, _ := json.Marshal(serverState{w.refuses}) // a string always encodes
		_ = conn.Publish(stateSubject, data)            // refused only while the server restarts
	}
}

// connect is the watch's own connection to the server. Without one, clients learn of a full disk by time-outs alone.
func (w *diskWatch) connect() *nats.Conn {
	user, password := w.server.credentials("")
	conn, err := nats.Connect("", nats.InProcessServer(w.server), nats.UserInfo(user, password), nats.Name("netrust-disk-watch"),
		nats.MaxReconnects(-1), nats.ReconnectWait(lookEvery))
	if err != nil {
		w.server.log.Error().Err(err).Msg("clients cannot be told of a full disk")
		return nil
	}
	return conn
}

// look decides whether writes are refused, and starts the server anew where only that helps.
func (w *diskWatch) look(now time.Time) {
	room, err := diskRoom(w.dir)
	full := ""
	switch {
	case errors.Is(err, errors.ErrUnsupported):
	case err != nil:
		full = err.Error() // the disk is gone
	case room.short(w.refuses != ""):
		full = room.String()
	}
	broken := w.broken(now)
	if full == "" && broken != "" && now.Sub(w.revived) >= w.wait {
		broken = w.revive(now, broken)
	}
	w.say(cmp.Or(full, broken))
}

// revive starts the server anew, and returns what is still wrong.
func (w *diskWatch) revive(now time.Time, fault string) string {
	w.server.log.Error().Str("reason", fault).Msg("NATS cannot write a stream any more; starting it anew")
	w.say(fault)
	w.revived, w.wait = now, min(max(2*w.wait, reviveWait), maxReviveWait)
	if err := w.server.revive(); err != nil {
		return "NATS could not be started anew: " + err.Error()
	}
	w.fault, w.asked = "", time.Time{}
	return ""
}

// broken is what the server says is wrong with its streams, and has said for a while, or "".
func (w *diskWatch) broken(now time.Time) string {
	if now.Sub(w.asked) >= askEvery {
		w.asked = now
		fault := w.server.current().Healthz(&server.HealthzOptions{}).Error
		if fault != w.fault {
			w.fault, w.since = fault, now
		}
		if fault == "" && now.Sub(w.revived) > maxReviveWait {
			w.wait = 0
		}
	}
	if w.fault == "" || now.Sub(w.since) < brokenAfter {
		return ""
	}
	return w.fault
}

// say notes why writes are refused.
func (w *diskWatch) say(why string) {
	switch {
	case w.refuses == "" && why != "":
		w.server.log.Error().Str("reason", why).Msg("NATS takes no writes for now")
	case w.refuses != "" && why == "":
		w.server.log.Info().Msg("NATS takes writes again")
	}
	w.refuses = why
	w.server.refuses.Store(&why)
}

// room is what a disk has left.
type room struct {
	dir                       string
	free, total               uint64 // bytes
	freeFiles, files          uint64 // inodes; files is 0 where the file system does not count them
	reserveBytes, reserveNode uint64
}

func newRoom(dir string, free, total, freeFiles, files uint64) room {
	return room{dir, free, total, freeFiles, files, min(maxReserve, total/16), min(256, files/16)}
}

// short reports whether the reserve is touched. Once it was, a little more must be free: otherwise it would flicker.
func (r room) short(already bool) bool {
	bytes, nodes := r.reserveBytes, r.reserveNode
	if already {
		bytes, nodes = bytes+bytes/4, nodes+nodes/4
	}
	return r.free < bytes || r.files > 0 && r.freeFiles < nodes
}

// String says it for a person.
func (r room) String() string {
	if r.files > 0 && r.freeFiles < r.reserveNode+r.reserveNode/4 {
		return fmt.Sprintf("no space left on the disk of %s: %d files can still be made; remove some, it then goes on by itself", r.dir, r.freeFiles)
	}
	return fmt.Sprintf("no space left on the disk of %s: %.1f MiB are free, %.1f are kept in reserve; make room, it then goes on by itself",
		r.dir, float64(r.free)/(1<<20), float64(r.reserveBytes)/(1<<20))
}
