package jobspec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/libs/inventory"
)

// Plan is what a job would do, device by device.
type Plan struct {
	Targets []Target            // by device id
	Skipped []inventory.Skipped // selected, but left alone, by device id
	// Waves are what the targets are divided into, in order; nil when the spec divides nothing.
	Waves []contract.Wave
	// Revision is that of the inventory that was asked.
	Revision uint64
}

// Target is one device of a plan. The device is shared with the inventory: do not change it.
type Target struct {
	Device   *contract.Device
	Revision uint64
	// ReadOnly says that every command is in the platform's grammar of reads; Repeatable that running them twice harms
	// nothing, because they only read or because the spec says so.
	ReadOnly   bool
	Repeatable bool
	// Wave is the number of the target's wave, from 1; 0 without waves.
	Wave int
}

// ReadOnly reports whether all targets only read.
func (p *Plan) ReadOnly() bool {
	for i := range p.Targets {
		if !p.Targets[i].ReadOnly {
			return false
		}
	}
	return true
}

// MakePlan resolves the spec's targets over the inventory. The spec must be valid. notReached are the devices that the
// job of targets.not_reached_of did not reach; nil when the spec names none. Devices of a platform that nobody knows are
// skipped. Problems mean that there is no plan.
func MakePlan(spec contract.JobSpec, devices *inventory.Set, notReached []string) (Plan, []contract.Problem) {
	var selection inventory.Selection
	var problems []contract.Problem
	if spec.Targets.NotReachedOf != "" && notReached != nil {
		selection, problems = devices.ResolveAmong(spec.Targets, notReached)
	} else {
		selection, problems = devices.Resolve(spec.Targets)
	}
	if problems != nil {
		return Plan{}, problems
	}
	plan := Plan{Targets: make([]Target, 0, len(selection.Members)), Skipped: selection.Skipped, Revision: selection.Revision}
	grammars := map[string]grammar{} // by platform: each is asked once
	for _, m := range selection.Members {
		g, asked := grammars[m.Device.Platform]
		if !asked {
			g = askGrammar(m.Device.Platform, spec.Commands)
			grammars[m.Device.Platform] = g
		}
		if !g.known {
			plan.Skipped = append(plan.Skipped, inventory.Skipped{DeviceID: m.Device.ID, Device: m.Device, Reason: fmt.Sprintf("no driver knows its platform %q", clip(m.Device.Platform))})
			continue
		}
		plan.Targets = append(plan.Targets, Target{Device: m.Device, Revision: m.Revision, ReadOnly: g.readOnly, Repeatable: g.readOnly || spec.Repeatable})
	}
	if len(plan.Targets) == 0 {
		return Plan{}, []contract.Problem{{Field: "targets", Message: "selects only devices of platforms that no driver knows, such as " + plan.Skipped[0].DeviceID,
			Remedy: "correct their platform in the inventory: one of " + strings.Join(platform.Names(), ", ")}}
	}
	slices.SortFunc(plan.Skipped, func(a, b inventory.Skipped) int { return cmp.Compare(a.DeviceID, b.DeviceID) })
	if plan.Waves, problems = divide(spec, plan.Targets); problems != nil {
		return Plan{}, problems
	}
	return plan, nil
}

// grammar is what a platform says of a job's commands.
type grammar struct {
	known, readOnly bool
}

func askGrammar(name string, commands []string) grammar {
	if _, err := platform.Lookup(name); err != nil {
		return grammar{}
	}
	for _, command := range commands {
		if !platform.ReadOnly(name, command) {
			return grammar{known: true}
		}
	}
	return grammar{known: true, readOnly: len(commands) > 0}
}

// NotReadOnly lists the commands that may change something on a platform of the plan, for the question that is asked
// before they run.
func (p *Plan) NotReadOnly(commands []string) []string {
	var changing []string
	platforms := map[string]struct{}{}
	for i := range p.Targets {
		platforms[p.Targets[i].Device.Platform] = struct{}{}
	}
	for _, command := range commands {
		for name := range platforms {
			if !platform.ReadOnly(name, command) {
				changing = append(changing, command)
				break
			}
		}
	}
	return changing
}

// Manifest is the plan as it is stored.
func (p *Plan) Manifest(job string) contract.Manifest {
	m := contract.Manifest{JobID: job, InventoryRevision: p.Revision, Targets: make([]contract.ManifestTarget, len(p.Targets))}
	for i, t := range p.Targets {
		m.Targets[i] = contract.ManifestTarget{Device: *t.Device, Revision: t.Revision, ReadOnly: t.ReadOnly, Wave: t.Wave}
	}
	return m
}

// String counts the plan, for logs.
func (p *Plan) String() string {
	waves := ""
	if p.Waves != nil {
		waves = fmt.Sprintf(" in %d waves", len(p.Waves))
	}
	return fmt.Sprintf("%d targets%s, %d skipped, inventory revision %d", len(p.Targets), waves, len(p.Skipped), p.Revision)
}
