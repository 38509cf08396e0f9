package engine

import (
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/scheduler/internal/job"
)

// active is a job in memory, with what the engine keeps beside it.
type active struct {
	*job.Job
	trace    trace
	log      zerolog.Logger
	cancel   *contract.JobCancel
	busy     bool              // an effect is under way
	stopSent bool              // its gate is closed, or about to be
	turn     int               // when it last put tasks out, counted in turns
	queues   map[string]*queue // by site: tasks to release
	unread   *contract.Problem // why its submission cannot be read
	// asideSince is when the newest of its tasks began to wait for a person.
	asideSince time.Time
	parked     map[job.Limit]*queue
	logins     map[string][]job.Limit // what is parked for a login, by authentication domain
	freed      map[job.Limit]struct{} // limits that may have room again for parked tasks
	entered    int                    // the last wave whose tasks are in the queues
}

// prepare gives the job its tasks and waves, and makes the queues.
func (a *active) prepare(tasks []job.Task, waves []contract.Wave) {
	a.Plan(tasks, waves)
	a.queues, a.parked, a.freed = map[string]*queue{}, map[job.Limit]*queue{}, map[job.Limit]struct{}{}
	a.logins = map[string][]job.Limit{}
}

// enter puts every task of the waves that have begun, and that was never claimed, in the queue of its site; those of a wave
// once. One that waits for another attempt gets there when its delay has passed.
//
// The order is mixed, the same way for the same job: neighbours often fail together, and until a login has succeeded only a
// few tasks are out at once. In order of their ids, a hundred devices that are switched off would hold up all after them.
func (a *active) enter() {
	if len(a.Waves) > 0 && a.entered == a.Wave() {
		return
	}
	fresh := map[string][]int{}
	for i := range a.Tasks {
		t := &a.Tasks[i]
		if t.Phase == job.Waiting && t.Seq == 0 && a.InWave(i) && (len(a.Waves) == 0 || int(t.Wave) > a.entered) {
			fresh[a.site(i)] = append(fresh[a.site(i)], i)
		}
	}
	a.entered = a.Wave()
	h := fnv.New64a()
	h.Write([]byte(a.ID)) //nolint:errcheck // a hash never fails
	for site, items := range fresh {
		rand.New(rand.NewPCG(h.Sum64(), 0)).Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		q := a.queue(site)
		for _, i := range items {
			q.push(i)
		}
	}
}

func (a *active) site(i int) string { return a.Tasks[i].Device.Site }

func (a *active) queue(site string) *queue {
	q := a.queues[site]
	if q == nil {
		q = &queue{}
		a.queues[site] = q
	}
	return q
}

// releasable reports whether the job may put tasks out now.
func (a *active) releasable() bool {
	return a.State == contract.JobRunning && a.Stopping == nil && !a.GateClosed && a.GateSeq != 0 && a.Out() < a.Spec.Limits.Parallel
}

func (q *queue) len() int { return len(q.items) - q.head }

// queue is first in, first out, and lets what was taken be put back in front.
type queue struct {
	items []int32
	head  int
}

func (q *queue) push(i int) { q.items = append(q.items, int32(i)) }

// pushFront puts items in front, in their order. There may be a hundred thousand.
func (q *queue) pushFront(items ...int) {
	if q.head < len(items) {
		room := len(items) + (len(q.items)-q.head)/2 // so that many single ones do not move all each time
		moved := make([]int32, room, room+len(q.items)-q.head)
		q.items, q.head = append(moved, q.items[q.head:]...), room
	}
	q.head -= len(items)
	for i, item := range items {
		q.items[q.head+i] = int32(item)
	}
}

func (q *queue) pop() (int, bool) {
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
		return 0, false
	}
	i := q.items[q.head]
	q.head++
	return int(i), true
}
