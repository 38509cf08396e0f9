package engine

import (
	"container/heap"
	"time"
)

// timer is something to be done when it is due.
type timer struct {
	due time.Time
	do  func(now time.Time)
}

// timers are due in order.
type timers []timer

// Len, Less, Swap, Push and Pop are for container/heap.
func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, k int) bool { return t[i].due.Before(t[k].due) }
func (t timers) Swap(i, k int)      { t[i], t[k] = t[k], t[i] }

// Push adds x.
func (t *timers) Push(x any) { *t = append(*t, x.(timer)) }

// Pop removes the last one.
func (t *timers) Pop() any {
	last := len(*t) - 1
	x := (*t)[last]
	(*t)[last] = timer{}
	*t = (*t)[:last]
	return x
}

// at has do called by the loop when due.
func (e *Engine) at(due time.Time, do func(now time.Time)) {
	heap.Push(&e.timers, timer{due, do})
}

// fire does what is due.
func (e *Engine) fire(now time.Time) {
	for len(e.timers) > 0 && !e.timers[0].due.After(now) {
		heap.Pop(&e.timers).(timer).do(now)
	}
}
