package torture

import (
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/ledger"
)

// History is all that a round left behind.
type History struct {
	Jobs   []Job
	Faults []Fault
	// Lines are what the devices saw, in order of time.
	Lines []Line
	// Ledger is the whole stream, as a follower saw it that lived through the round; Replay the newest entry of each key,
	// as a new leader reads it in the end; Kept what the stream still held of its history in the end.
	Ledger, Replay, Kept []Entry
	Events               map[string][]Event
	Summaries            map[string]contract.JobSummary
	// Later are the events that a fresh scheduler wrote after all had ended.
	Later []Event
}

// Entry is one entry of the ledger and when the server stored it.
type Entry struct {
	ledger.Entry
	Subject string
	At      time.Time
}

func newEntry(s bus.Stored) (Entry, error) {
	e, err := ledger.Decode(s)
	return Entry{e, s.Subject, s.Time}, err
}

// Event is one event of a job and its sequence.
type Event struct {
	Seq uint64
	contract.JobEvent
}

// Stats counts what a round went through.
type Stats struct {
	Tasks, Effects, Takeovers, Uncertain, Cancelled, Failed, Retries, Busy int
	// HeldUp counts effects that were sent long after their question, and met a newer holder.
	HeldUp int
	Faults map[string]int
	Took   time.Duration
}
