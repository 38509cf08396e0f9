package jobspec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/inventory"
)

// divide gives each target the number of its wave, by the order of their ids, and returns the waves. A wave that can never
// be reached is a problem.
//
// A job on the devices that another did not reach has the rollout of that one, which was made for more devices: there what
// is left of a wave is taken, and a wave of which nothing is left is left out.
func divide(spec contract.JobSpec, targets []Target) ([]contract.Wave, []contract.Problem) {
	d := divider{targets: targets, rest: make([]int, len(targets)), retry: spec.Targets.NotReachedOf != ""}
	for i := range targets {
		d.rest[i] = i
	}
	if InWaves(spec) {
		d.canary(spec.Rollout.Canary)
		d.batches(spec.Rollout.Batches)
		d.times(spec)
	}
	if n := spec.Rollout.FailureThreshold.Count; n > len(targets) && !d.retry {
		d.add("failure_threshold.count", fmt.Sprintf("%d failures can never be reached: the job has %s", n, devices(len(targets))),
			fmt.Sprintf("set it to %d or less", len(targets)))
	}
	if d.problems != nil {
		return nil, d.problems
	}
	return d.waves, nil
}

// divider takes targets out of the rest, wave by wave.
type divider struct {
	targets  []Target
	rest     []int // targets without a wave, by device id
	waves    []contract.Wave
	retry    bool
	problems []contract.Problem
}

func (d *divider) add(field, message, remedy string) {
	d.problems = append(d.problems, contract.Problem{Field: "rollout." + field, Message: message, Remedy: remedy})
}

// take makes a wave of the targets among the rest for which in holds.
func (d *divider) take(name string, in func(target int) bool) {
	left := make([]int, 0, len(d.rest))
	n := 0
	for _, i := range d.rest {
		if !in(i) {
			left = append(left, i)
			continue
		}
		n++
		d.targets[i].Wave = len(d.waves) + 1
	}
	if n > 0 {
		d.rest = left
		d.waves = append(d.waves, contract.Wave{Name: name, Targets: n})
	}
}

func (d *divider) takeFirst(name string, size int) {
	size = min(size, len(d.rest))
	d.waves = append(d.waves, contract.Wave{Name: name, Targets: size})
	for _, i := range d.rest[:size] {
		d.targets[i].Wave = len(d.waves)
	}
	d.rest = d.rest[size:]
}

// share is so many of a hundred of the job's devices, rounded up.
func (d *divider) share(percent int) int { return (len(d.targets)*percent + 99) / 100 }

func (d *divider) canary(c contract.Canary) {
	const name = contract.WaveCanary
	field := name
	switch {
	case c.Count > 0:
		field += ".count"
		d.takeFirst(name, c.Count)
	case c.Percent > 0:
		field += ".percent"
		d.takeFirst(name, d.share(c.Percent))
	case len(c.IDs) > 0:
		field += ".ids"
		d.canaryByID(name, c.IDs)
	case c.Labels != "":
		field += ".labels"
		if e, err := inventory.Compile(c.Labels); err == nil { // a valid spec's compiles
			d.take(name, func(i int) bool { return e.Match(d.targets[i].Device) })
		}
	default:
		return
	}
	switch {
	case d.retry || d.problems != nil:
	case len(d.waves) == 0:
		d.add(field, "matches none of the job's devices: the canary can never be reached", "correct it, or choose the canary by count or percent")
	case len(d.rest) == 0:
		d.add(field, fmt.Sprintf("takes all %s of the job: no wave after the canary can ever be reached", devices(len(d.targets))),
			"take fewer, select more devices, or leave the canary out")
	}
}

func (d *divider) canaryByID(wave string, ids []string) {
	wanted := make(map[string]bool, len(ids)) // whether it was found
	for _, id := range ids {
		wanted[id] = false
	}
	d.take(wave, func(i int) bool {
		found := false
		for _, key := range []string{d.targets[i].Device.ID, d.targets[i].Device.Name} {
			if _, in := wanted[key]; in {
				wanted[key], found = true, true
			}
		}
		return found
	})
	var missing []string
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		if !wanted[id] {
			missing = append(missing, clip(id))
		}
	}
	if len(missing) == 0 || d.retry {
		return
	}
	const shown = 5
	more := ""
	if len(missing) > shown {
		more = fmt.Sprintf(" and %d more", len(missing)-shown)
	}
	d.add("canary.ids", "names "+strings.Join(missing[:min(shown, len(missing))], ", ")+more+", on which the job does not run",
		"name devices that the job's targets select and that are active")
}

func (d *divider) batches(list []contract.Batch) {
	if len(list) == 0 {
		list = []contract.Batch{{Percent: 100}}
		if len(d.rest) == 0 {
			return // the canary has said so
		}
	}
	number := 0
	for i, b := range list {
		field, before := fmt.Sprintf("batches[%d]", i), len(d.waves)
		if len(d.rest) == 0 && d.problems == nil && !d.retry {
			d.add(field, fmt.Sprintf("can never be reached: the waves before it take all %s of the job", devices(len(d.targets))), "leave it out, or make those before it smaller")
			return
		}
		size := b.Count
		if b.Percent > 0 {
			size = d.share(b.Percent)
		}
		switch {
		case b.Label != "":
			d.byLabel(b.Label)
			if len(d.waves) == before && d.problems == nil && !d.retry {
				d.add(field+".label", fmt.Sprintf("none of the devices that are left has the label %s: the batch can never be reached", clip(b.Label)),
					"name a label that devices of the job have, or site or platform")
			}
		case size > 0:
			for again := true; again && len(d.rest) > 0; again = i == len(list)-1 {
				if number++; len(d.waves) >= MaxWaves {
					d.add(field, fmt.Sprintf("divides the job into more than %d waves", MaxWaves), "make the batches larger")
					return
				}
				d.takeFirst(fmt.Sprintf("batch %d", number), size)
			}
		}
	}
	d.leftover(len(list)-1, list[len(list)-1].Label)
}

// byLabel makes a wave of each value that the rest has of a label.
func (d *divider) byLabel(label string) {
	size := map[string]int{}
	for _, i := range d.rest {
		if v, ok := inventory.Value(d.targets[i].Device, label); ok {
			size[v]++
		}
	}
	if len(d.waves)+len(size) > MaxWaves {
		d.add("batches", fmt.Sprintf("divide the job into more than %d waves: %s has %d values", MaxWaves, clip(label), len(size)), "choose a label with fewer values")
		return
	}
	wave := make(map[string]int, len(size))
	for _, value := range slices.Sorted(maps.Keys(size)) {
		d.waves = append(d.waves, contract.Wave{Name: label + "=" + value, Targets: size[value]})
		wave[value] = len(d.waves)
	}
	left := make([]int, 0, len(d.rest))
	for _, i := range d.rest {
		if v, ok := inventory.Value(d.targets[i].Device, label); ok {
			d.targets[i].Wave = wave[v]
		} else {
			left = append(left, i)
		}
	}
	d.rest = left
}

// leftover deals with devices that no batch has taken: those without the label that the last one goes by.
func (d *divider) leftover(last int, label string) {
	switch {
	case len(d.rest) == 0 || d.problems != nil:
	case d.retry:
		d.takeFirst("the rest", len(d.rest))
	default:
		d.add(fmt.Sprintf("batches[%d].label", last), fmt.Sprintf("%s of the job would never be reached: they have no label %s, such as %s",
			devices(len(d.rest)), clip(label), d.targets[d.rest[0]].Device.ID), "add a last batch by count or percent, or give them the label")
	}
}

// times compares the pauses with the job's deadline.
func (d *divider) times(spec contract.JobSpec) {
	pause, deadline := spec.Rollout.PauseMS, WithDefaults(spec).Limits.DeadlineMS
	if pause <= 0 || d.problems != nil {
		return
	}
	if pauses := int64(len(d.waves) - 1); pauses > 0 && pauses >= (deadline+pause-1)/pause {
		least := time.Duration(pauses*pause+1) * time.Millisecond
		remedy := fmt.Sprintf("set limits.deadline_ms above %d, with time for the devices too; or lower the pause", pauses*pause)
		if least > MaxDeadline {
			remedy = "lower the pause, or make fewer waves"
		}
		d.add("pause_ms", fmt.Sprintf("%d waves with pauses of %s between them take longer than the job may (limits.deadline_ms %d): the last can never be reached",
			len(d.waves), time.Duration(pause)*time.Millisecond, deadline), remedy)
	}
}

func devices(n int) string {
	if n == 1 {
		return "1 device"
	}
	return fmt.Sprintf("%d devices", n)
}
