package view

import "sync"

// hub wakes those who wait for a job's rows to change. It carries no data: who is woken reads the view, so a slow reader
// costs one pending wake-up and no queue.
type hub struct {
	mu   sync.Mutex
	jobs map[string]map[chan struct{}]struct{}
	all  map[chan struct{}]struct{} // wait for any commit
}

func newHub() *hub {
	return &hub{jobs: map[string]map[chan struct{}]struct{}{}, all: map[chan struct{}]struct{}{}}
}

// Watch returns a channel that gets a value after every commit that touched the job (several may share one), and a
// function that ends the watch. A watch of "" sees every commit.
func (v *View) Watch(job string) (changed <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	h := v.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if job == "" {
		h.all[ch] = struct{}{}
		return ch, func() { h.mu.Lock(); delete(h.all, ch); h.mu.Unlock() }
	}
	if h.jobs[job] == nil {
		h.jobs[job] = map[chan struct{}]struct{}{}
	}
	h.jobs[job][ch] = struct{}{}
	return ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if delete(h.jobs[job], ch); len(h.jobs[job]) == 0 {
			delete(h.jobs, job)
		}
	}
}

func (h *hub) wake(jobs map[string]struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.all {
		poke(ch)
	}
	for job := range jobs {
		for ch := range h.jobs[job] {
			poke(ch)
		}
	}
}

func (h *hub) wakeAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.all {
		poke(ch)
	}
	for _, chans := range h.jobs {
		for ch := range chans {
			poke(ch)
		}
	}
}

func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
