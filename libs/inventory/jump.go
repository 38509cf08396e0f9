package inventory

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/internal/document"
	"github.com/netrust/netrust/libs/internal/nearest"
)

// jumpPort is the port of a jump host that names none.
const jumpPort = 22

// jumpFields are the fields of a jump host in the file.
type jumpFields struct {
	Address    string `json:"address"`
	Port       int    `json:"port"`
	Credential string `json:"credential"`
	HostKey    string `json:"host_key"`
}

// jump checks the jump hosts that the file names, and keeps them for the devices.
func (p *parser) jump(n *document.Node, given map[string]jumpFields) {
	if n == nil || n.Kind != document.Map {
		return
	}
	p.jumpHosts = make(map[string]contract.JumpHost, len(given))
	for i := range n.Fields {
		f := &n.Fields[i]
		h := given[f.Name]
		p.jumpHosts[f.Name] = contract.JumpHost{Name: f.Name, Address: h.Address, Port: cmp.Or(h.Port, jumpPort), Credential: h.Credential, HostKey: h.HostKey}
		if message := checkText(f.Name, MaxTag); message != "" {
			p.faults.Add(document.At(&document.Node{Line: f.Line, Column: f.Column}, "jump_hosts", "has a name that "+message, fmt.Sprintf("use 1 to %d bytes of plain text", MaxTag)))
			continue
		}
		if f.Value.Kind != document.Map {
			continue // reported already
		}
		c := check{p: p, node: f.Value, path: "jump_hosts." + f.Name, given: &deviceFields{Address: h.Address, Port: h.Port, Credential: h.Credential}}
		c.address()
		c.port()
		c.credential()
		if c.has("host_key") && h.HostKey != "strict" && h.HostKey != "trust-first" {
			c.fail("host_key", fmt.Sprintf("%q is not a way to check host keys", clip(h.HostKey)), "use strict or trust-first")
		}
		for field, remedy := range map[string]string{"address": "add address: an IP address or a host name", "credential": "add credential, such as age:bastion"} {
			if f.Value.Find(field) == nil {
				c.fail(field, "is missing", remedy)
			}
		}
	}
}

// way checks the jump hosts that a device, or the defaults, name.
func (c *check) way() {
	names := c.given.Options.Jump
	n := c.node.Find("options").Find("jump")
	if n == nil || n.Kind != document.List {
		return
	}
	if len(names) > contract.MaxJump {
		c.fail("options.jump", fmt.Sprintf("names %d jump hosts; at most %d are gone through", len(names), contract.MaxJump), "shorten the way")
		return
	}
	for i, name := range names {
		item := n.Items[i]
		if item.Kind == document.Null || item.Kind == document.List || item.Kind == document.Map {
			continue // reported already
		}
		path := fmt.Sprintf("%s.options.jump[%d]", c.path, i)
		if _, known := c.p.jumpHosts[name]; !known {
			remedy := nearest.Question(nearest.To(name, maps.Keys(c.p.jumpHosts), 3))
			if remedy == "" {
				remedy = "add it there, with address and credential"
			}
			c.p.faults.Add(document.At(item, path, fmt.Sprintf("%q is no jump host under jump_hosts", clip(name)), remedy))
		} else if slices.Contains(names[:i], name) {
			c.p.faults.Add(document.At(item, path, fmt.Sprintf("goes through %q twice", clip(name)), "remove one"))
		}
	}
}
