package intake_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/netrust/netrust/libs/contract"
)

func TestQuickTasksAreClaimedAheadAndNoneWorksBesideTheSlots(t *testing.T) {
	t.Parallel()
	var block atomic.Bool
	end := make(chan struct{})
	f := newFloor(t, 2, func(ctx context.Context, _, _ string) (string, error) {
		if block.Load() {
			select {
			case <-end:
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		return "done", nil
	})
	for i := range 12 { // what is average
		quick := f.task(fmt.Sprint("quick", i), true)
		f.release(quick)
		f.state(quick, contract.Finished)
	}
	block.Store(true)
	var tasks []*contract.Task
	for i := range 4 {
		tasks = append(tasks, f.task(fmt.Sprint("slow", i), true))
		f.release(tasks[i])
	}
	// Two work. Two were claimed beside them, and are given back when no slot comes free.
	f.await("two tasks to be put off", func() bool {
		n := 0
		for _, task := range tasks {
			if r := f.record(task); r != nil && r.State == contract.Retry && r.Attempt == 0 {
				n++
			}
		}
		return n == 2
	})
	once := f.task("once", false) // one that may not be repeated is not claimed before it can begin
	f.release(once)
	f.device.mu.Lock()
	if f.device.highest > 2 {
		t.Errorf("%d sessions were open at once; there are 2 slots", f.device.highest)
	}
	f.device.mu.Unlock()
	if r := f.record(once); r != nil {
		t.Errorf("it was claimed while all slots are at work: %+v", r)
	}
	close(end)
	f.state(once, contract.Finished)
}
