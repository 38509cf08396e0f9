package jobspec

import (
	"errors"
	"fmt"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/inventory"
)

// Bounds of a rollout.
const (
	// MaxWaves bounds the waves of a job: each is two events.
	MaxWaves     = 1000
	MaxBatches   = 1000
	MaxCanaryIDs = 10000
	MaxPause     = MaxDeadline
)

// InWaves reports whether the spec divides its devices.
func InWaves(spec contract.JobSpec) bool {
	c := spec.Rollout.Canary
	return len(spec.Rollout.Batches) > 0 || c.Count != 0 || c.Percent != 0 || len(c.IDs) > 0 || c.Labels != ""
}

// rollout checks what can be told without an inventory.
func (c *checker) rollout(r contract.Rollout) {
	if InWaves(contract.JobSpec{Rollout: r}) {
		c.canary(r.Canary)
		c.batches(r.Batches)
	} else if r.PauseMS != 0 {
		c.add("rollout.pause_ms", "asks for a pause between waves, and there is one wave only", "add a canary or batches, or leave it out")
	}
	if r.PauseMS != 0 {
		c.duration("rollout.pause_ms", r.PauseMS, time.Millisecond, MaxPause)
	}
	t := r.FailureThreshold
	switch {
	case t.Count != 0 && t.Percent != 0:
		c.add("rollout.failure_threshold", "has count and percent", "keep one of them")
	case t.Percent != 0:
		c.between("rollout.failure_threshold.percent", int64(t.Percent), 1, 100, "percent of the devices of a wave")
	case t.Count != 0:
		c.between("rollout.failure_threshold.count", int64(t.Count), 1, 1<<31-1, "devices")
	}
}

func (c *checker) canary(w contract.Canary) {
	const field = "rollout.canary"
	given := 0
	if w.Count != 0 {
		given++
		c.between(field+".count", int64(w.Count), 1, 1<<31-1, "devices")
	}
	if w.Percent != 0 {
		given++
		c.between(field+".percent", int64(w.Percent), 1, 99, "percent of the job's devices: all of them are no canary")
	}
	if len(w.IDs) > 0 {
		given++
		if len(w.IDs) > MaxCanaryIDs {
			c.add(field+".ids", fmt.Sprintf("names %d devices; at most %d are taken", len(w.IDs), MaxCanaryIDs), "choose them by a label")
		}
		for i, id := range w.IDs {
			if id == "" || len(id) > inventory.MaxID {
				c.add(fmt.Sprintf("%s.ids[%d]", field, i), fmt.Sprintf("%q is not the id or the name of a device", clip(id)), "give the id or the name of one of the targets")
			}
		}
	}
	if w.Labels != "" {
		given++
		if _, err := inventory.Compile(w.Labels); err != nil {
			c.expression(field+".labels", err)
		}
	}
	if given > 1 {
		c.add(field, "chooses devices in several ways", "keep one of count, percent, ids and labels")
	}
}

func (c *checker) batches(list []contract.Batch) {
	if len(list) > MaxBatches {
		c.add("rollout.batches", fmt.Sprintf("holds %d batches; at most %d are taken", len(list), MaxBatches), "the last batch is repeated by itself: leave out those that are equal")
		return
	}
	for i, b := range list {
		field, given := fmt.Sprintf("rollout.batches[%d]", i), 0
		if b.Count != 0 {
			given++
			c.between(field+".count", int64(b.Count), 1, 1<<31-1, "devices")
		}
		if b.Percent != 0 {
			given++
			c.between(field+".percent", int64(b.Percent), 1, 100, "percent of the job's devices")
		}
		if b.Label != "" {
			given++
			c.text(field+".label", b.Label, inventory.MaxID)
		}
		switch {
		case given == 0:
			c.add(field, "says nothing about its devices", "give it count, percent or label")
		case given > 1:
			c.add(field, "goes by several things", "keep one of count, percent and label")
		}
	}
}

func (c *checker) expression(field string, err error) {
	p := contract.Problem{Field: field, Message: err.Error()}
	if e := (*inventory.ExpressionError)(nil); errors.As(err, &e) {
		p.Message, p.Remedy = fmt.Sprintf("column %d: %s", e.Column, e.Message), e.Remedy
	}
	c.problems = append(c.problems, p)
}
