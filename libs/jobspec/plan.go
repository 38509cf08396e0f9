package jobspec

import (
	"fmt"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/libs/inventory"
)

// Plan is what a job would do, device by device.
type Plan struct {
	Targets []Target            // by device id
	Skipped []inventory.Skipped // selected, but left alone, by device id
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
	resolve := devices.Resolve
	if spec.Targets.NotReachedOf != "" && notReached != nil {
		resolve = func(sel contract.TargetSelector) (inventory.Selection, []contract.Problem) {
			return devices.ResolveAmong(sel, notReached)
		}
	}
	selection, problems := resolve(spec.Targets)
	if problems != nil {
		return Plan{}, problems
	}
	plan := Plan{Targets: make([]Target, 0, len(selection.Members)), Skipped: selection.Skipped, Revision: selection.Revision}
	reads := map[string]bool{} // by platform: the grammar is asked once for each
	for _, m := range selection.Members {
		readOnly, asked := reads[m.Device.Platform]
		if !asked {
			readOnly = readsOnly(m.Device.Platform, spec.Commands)
			reads[m.Device.Platform] = readOnly
		}
		plan.Targets = append(plan.Targets, Target{m.Device, m.Revision, readOnly, readOnly || spec.Repeatable})
	}
	return plan, nil
}

func readsOnly(name string, commands []string) bool {
	for _, command := range commands {
		if !platform.ReadOnly(name, command) {
			return false
		}
	}
	return true
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
		m.Targets[i] = contract.ManifestTarget{Device: *t.Device, Revision: t.Revision, ReadOnly: t.ReadOnly}
	}
	return m
}

// String counts the plan, for logs.
func (p *Plan) String() string {
	return fmt.Sprintf("%d targets, %d skipped, inventory revision %d", len(p.Targets), len(p.Skipped), p.Revision)
}
