package inventory

import (
	"errors"
	"fmt"
	"slices"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/internal/document"
)

// Bounds of an inventory file.
const (
	MaxSize    = 32 << 20 // bytes
	MaxDevices = 200_000
)

// Fault is one thing wrong with an inventory file: line, path of the field, what, and what to do.
type Fault = document.Fault

// Faults are all things wrong with an inventory file, in the order of its lines. It is the error of [Parse]; at most a
// thousand are kept.
type Faults = document.Faults

// Problems are the faults as the API reports them.
func Problems(faults *Faults) []contract.Problem {
	problems := make([]contract.Problem, 0, len(faults.List)+1)
	for _, f := range faults.List {
		p := contract.Problem{Field: f.Path, Message: f.Message, Remedy: f.Remedy}
		if p.Field == "" {
			p.Field = "body"
		}
		if f.Line > 0 {
			p.Message = fmt.Sprintf("line %d: %s", f.Line, f.Message)
		}
		problems = append(problems, p)
	}
	if faults.Full() {
		problems = append(problems, contract.Problem{Field: "body", Message: "there may be more faults; the search has ended", Remedy: "correct these first"})
	}
	return problems
}

// Parse reads an inventory file: YAML, or JSON with the same fields. The devices are complete, with the defaults of the
// file and of their platforms, and in the order of their ids. The error is a *[Faults] with every fault of the file; a
// syntax error ends the search, and so does the thousandth fault.
//
//	jump_hosts:                # SSH servers through which devices are reached, by name
//	  bastion: {address: 198.51.100.7, credential: age:bastion}
//	defaults:                  # for devices that do not say otherwise; tags and labels are added to theirs
//	  credential: env:LAB
//	  site: paris
//	devices:
//	  - id: core-1             # id or name; each stands for the other
//	    platform: cisco_ios    # or what other tools call it
//	    address: 192.0.2.1
//	    labels: {role: core}
//	    options: {jump: [bastion]}
func Parse(data []byte) ([]contract.Device, error) {
	p := parser{used: map[string]place{}}
	records, err := document.ReadRecords(data, "devices", MaxSize)
	if err != nil {
		p.stop(err)
		return nil, p.faults.Err()
	}
	p.top(records.Top)
	for item, err := range records.Items {
		if err != nil {
			p.stop(err)
			break
		}
		if p.count == MaxDevices {
			p.stop(document.At(item, "devices", fmt.Sprintf("holds more than %d devices", MaxDevices), "split the file by site"))
			break
		}
		if p.device(item); p.faults.Full() {
			break
		}
	}
	if p.count == 0 && p.faults.Count() == 0 {
		p.stop(Fault{Path: "devices", Message: "holds no device", Remedy: "write at least one"})
	}
	if err := p.faults.Err(); err != nil {
		return nil, err
	}
	slices.SortFunc(p.devices, func(a, b contract.Device) int { return compareIDs(&a, &b) })
	return p.devices, nil
}

// parser collects devices and faults.
type parser struct {
	defaults  deviceFields
	jumpHosts map[string]contract.JumpHost
	devices   []contract.Device
	count     int
	used      map[string]place // by id and name
	faults    Faults
}

type place struct {
	device, line int
}

// stop notes the fault after which nothing more is read.
func (p *parser) stop(err error) {
	fault := Fault{}
	if !errors.As(err, &fault) {
		fault.Message = err.Error()
	}
	p.faults.Add(fault)
}

// file is what an inventory file holds besides the devices themselves.
type file struct {
	JumpHosts map[string]jumpFields `json:"jump_hosts"`
	Defaults  defaultFields         `json:"defaults"`
	Devices   []struct{}            `json:"devices"`
}

func (p *parser) top(n *document.Node) {
	if n.Kind == document.Null {
		p.stop(document.At(nil, "", "is empty", "write a map with the fields defaults and devices"))
		return
	}
	var f file
	document.Bind(n, "", &f, true, &p.faults)
	if n.Kind == document.Map && n.Find("devices") == nil {
		p.stop(document.At(n, "devices", "is missing", "write devices: and the devices as a list under it"))
	}
	p.jump(n.Find("jump_hosts"), f.JumpHosts)
	d := n.Find("defaults")
	p.defaults = f.Defaults.device()
	c := check{p: p, node: d, path: "defaults", given: &p.defaults}
	c.fields()
}

func (p *parser) device(n *document.Node) {
	path := fmt.Sprintf("devices[%d]", p.count)
	p.count++
	var given deviceFields
	document.Bind(n, path, &given, true, &p.faults)
	if n.Kind != document.Map {
		return
	}
	c := check{p: p, node: n, path: path, given: &given}
	c.fields()
	c.identity()
	c.required()
	if p.faults.Count() == 0 {
		p.devices = append(p.devices, p.merge(&given, n))
	}
}
