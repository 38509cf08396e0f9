package inventory

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/libs/internal/document"
	"github.com/netrust/netrust/libs/internal/nearest"
)

// Bounds of a device's fields.
const (
	maxSite       = 64
	maxAddress    = 253
	maxLabels     = 64
	maxLabelKey   = 64
	maxLabelValue = 256
	leastConnect  = 100 * time.Millisecond
	mostConnect   = 10 * time.Minute
	mostSessions  = 100
)

// check looks at the fields that a device, or the defaults, give. Inherited values were looked at where they stand, so
// that a faulty default is one fault and not ten thousand.
type check struct {
	p     *parser
	node  *document.Node
	path  string
	given *deviceFields
}

// fail reports a fault of a field, at its place.
func (c *check) fail(field, message, remedy string) {
	at := c.node
	for name := range strings.SplitSeq(field, ".") {
		if found := at.Find(name); found != nil {
			at = found
		}
	}
	path := c.path
	if field != "" {
		path += "." + field
	}
	c.p.faults.Add(document.At(at, path, message, remedy))
}

// has reports whether the field is written, and not with a value of a wrong kind or where it cannot be: those are
// reported already.
func (c *check) has(field string) bool {
	if c.given == &c.p.defaults && slices.Contains([]string{"id", "name", "address", "redundancy_group"}, field) {
		return false
	}
	n := c.node.Find(field)
	return n != nil && n.Kind != document.Null && n.Kind != document.List && n.Kind != document.Map
}

func (c *check) fields() {
	if c.node == nil || c.node.Kind != document.Map {
		return
	}
	c.text("id", c.given.ID, MaxID)
	c.text("name", c.given.Name, MaxID)
	c.text("site", c.given.Site, maxSite)
	c.text("auth_domain", c.given.AuthDomain, MaxID)
	c.text("redundancy_group", c.given.RedundancyGroup, MaxID)
	if c.given.Site == contract.AnySite {
		c.fail("site", "is *, which stands for every site", "name the device's site")
	}
	c.platform()
	c.address()
	c.status()
	c.credential()
	c.tags()
	c.labels()
	c.options()
	c.port()
}

func (c *check) port() {
	if c.has("port") && c.node.Find("port").Kind == document.Number && (c.given.Port < 1 || c.given.Port > 65535) && !c.faulty("port") {
		c.fail("port", fmt.Sprintf("%s is not a port", c.node.Find("port").Text), "use a number from 1 to 65535, or leave it out for the platform's")
	}
}

// faulty reports whether a fault of the field is known already.
func (c *check) faulty(field string) bool {
	list := c.p.faults.List
	return len(list) > 0 && list[len(list)-1].Path == c.path+"."+field
}

func (c *check) text(field, text string, limit int) {
	if !c.has(field) {
		return
	}
	if message := checkText(text, limit); message != "" {
		c.fail(field, message, fmt.Sprintf("use 1 to %d bytes of plain text", limit))
	}
}

func (c *check) platform() {
	if !c.has("platform") {
		return
	}
	if _, err := platform.Lookup(c.given.Platform); err != nil {
		near := nearest.To(c.given.Platform, func(yield func(string) bool) {
			for _, p := range platform.All() {
				for _, name := range append([]string{p.Name}, p.Aliases...) {
					if !yield(name) {
						return
					}
				}
			}
		}, 3)
		remedy := "use one of " + strings.Join(platform.Names(), ", ")
		if len(near) > 0 {
			remedy = nearest.Question(near) + " Otherwise " + remedy
		}
		c.fail("platform", fmt.Sprintf("%q is not a platform that netrust knows", clip(c.given.Platform)), remedy)
	}
}

func (c *check) address() {
	if !c.has("address") {
		return
	}
	a := c.given.Address
	if _, err := netip.ParseAddr(a); err == nil {
		return
	}
	hostname := func(r rune) bool {
		return r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)) || strings.ContainsRune("-_.", r)
	}
	host, port, split := strings.Cut(a, ":")
	switch message := checkText(a, maxAddress); {
	case message != "":
		c.fail("address", message, "write an IP address or a host name")
	case strings.HasPrefix(a, "["):
		c.fail("address", "is in brackets", "write an IPv6 address without brackets, and the port in the field port")
	case strings.Contains(a, "://"):
		c.fail("address", "is a URL", "write the host alone, and the port in the field port")
	case split && host != "" && strings.Trim(port, "0123456789") == "":
		c.fail("address", "holds a port", fmt.Sprintf("write address: %s and port: %s", host, port))
	case strings.ContainsFunc(a, func(r rune) bool { return !hostname(r) }) || strings.Contains(a, "..") || strings.HasPrefix(a, ".") || strings.HasPrefix(a, "-"):
		c.fail("address", fmt.Sprintf("%q is neither an IP address nor a host name", clip(a)), "correct it")
	case strings.Trim(a, "0123456789.") == "":
		c.fail("address", fmt.Sprintf("%q is not an IP address", clip(a)), "correct it: four numbers from 0 to 255")
	}
}

func (c *check) status() {
	known := []contract.DeviceStatus{contract.DeviceActive, contract.DeviceMaintenance, contract.DeviceQuarantined}
	if c.has("status") && !slices.Contains(known, contract.DeviceStatus(c.given.Status)) {
		c.fail("status", fmt.Sprintf("%q is not a status", clip(c.given.Status)), "use active, maintenance or quarantined")
	}
}

// credential never repeats the text: it may be a secret in the wrong place.
func (c *check) credential() {
	if !c.has("credential") {
		return
	}
	_, err := credential.ParseReference(c.given.Credential)
	if reference := (*credential.ReferenceError)(nil); errors.As(err, &reference) {
		c.fail("credential", reference.Message, reference.Remedy)
	} else if err != nil {
		c.fail("credential", "has a scheme that is not known", "use env:NAME, file:NAME or age:NAME; never put a secret here")
	}
}

func (c *check) tags() {
	if len(c.given.Tags) > MaxTags {
		c.fail("tags", fmt.Sprintf("holds %d tags; at most %d are taken", len(c.given.Tags), MaxTags), "use labels")
	}
	for i, tag := range c.given.Tags {
		item := c.node.Find("tags").Items[i]
		if item.Kind == document.Null || item.Kind == document.List || item.Kind == document.Map {
			continue // reported already
		}
		message := checkText(tag, MaxTag)
		if message == "" && strings.Contains(tag, ",") {
			message = "holds a comma"
		}
		if message != "" {
			c.p.faults.Add(document.At(item, fmt.Sprintf("%s.tags[%d]", c.path, i), message, "write a tag such as core or role:core"))
		}
	}
}

func (c *check) labels() {
	if len(c.given.Labels) > maxLabels {
		c.fail("labels", fmt.Sprintf("holds %d labels; at most %d are taken", len(c.given.Labels), maxLabels), "keep the ones that you select by")
		return
	}
	n := c.node.Find("labels")
	if n == nil {
		return
	}
	for i := range n.Fields {
		f := &n.Fields[i]
		message, remedy := checkLabel(f.Name, c.given.Labels[f.Name])
		if message != "" {
			at := &document.Node{Line: f.Line, Column: f.Column}
			c.p.faults.Add(document.At(at, c.path+".labels", message, remedy))
		}
	}
}

func checkLabel(key, value string) (message, remedy string) {
	switch {
	case slices.Contains(builtIn, key):
		return "has the label " + key + ", which is a field of the device", "set the field " + key + " of the device, or rename the label"
	case checkText(key, maxLabelKey) != "" || strings.ContainsFunc(key, func(r rune) bool { return !wordRune(r) }):
		return fmt.Sprintf("has a label with the key %q, which an expression cannot name", clip(key)),
			fmt.Sprintf("use 1 to %d letters, digits and _ - . /", maxLabelKey)
	case value != "":
		if fault := checkText(value, maxLabelValue); fault != "" {
			return "has the label " + key + ", whose value " + fault, fmt.Sprintf("use up to %d bytes of plain text", maxLabelValue)
		}
	}
	return "", ""
}

func (c *check) options() {
	n := c.node.Find("options")
	if n == nil {
		return
	}
	o := c.given.Options
	if n.Find("host_key") != nil && o.HostKey != "strict" && o.HostKey != "trust-first" {
		c.fail("options.host_key", fmt.Sprintf("%q is not a way to check host keys", clip(o.HostKey)), "use strict or trust-first")
	}
	c.way()
	if at := n.Find("connect_timeout"); at != nil && at.Kind != document.Null && at.Kind != document.List && at.Kind != document.Map {
		d, err := time.ParseDuration(o.ConnectTimeout)
		if err != nil || d < leastConnect || d > mostConnect {
			c.fail("options.connect_timeout", fmt.Sprintf("%q is not a time between %v and %v", clip(o.ConnectTimeout), leastConnect, mostConnect),
				"write it with its unit, such as 10s")
		}
	}
	if at := n.Find("max_sessions"); at != nil && at.Kind == document.Number && (o.MaxSessions < 1 || o.MaxSessions > mostSessions) {
		c.fail("options.max_sessions", fmt.Sprintf("%s is not a number of executors between 1 and %d", clip(at.Text), mostSessions),
			"leave it out for the executor's setting, or set keep_session: false to keep none open")
	}
}

// identity reports ids and names that are missing or taken.
func (c *check) identity() {
	id, name := c.given.ID, c.given.Name
	if id == "" && name == "" {
		if !c.has("id") && !c.has("name") {
			c.fail("", "has neither id nor name", "add id")
		}
		return
	}
	at := place{c.p.count, c.node.Line}
	for _, f := range [...]struct{ field, text string }{{"id", id}, {"name", name}} {
		if f.text == "" {
			continue
		}
		if first, taken := c.p.used[f.text]; taken && first.device != at.device {
			c.fail(f.field, fmt.Sprintf("%q stands for the device of line %d already", clip(f.text), first.line), "give each device an id and a name of its own")
			continue
		}
		c.p.used[f.text] = at
	}
}

// required reports what neither the device nor the defaults give.
func (c *check) required() {
	defaults := &c.p.defaults
	for _, f := range []struct{ field, given, inherited, remedy string }{
		{"address", c.given.Address, "", "add address: an IP address or a host name"},
		{"platform", c.given.Platform, defaults.Platform, "add platform to the device or to defaults: one of " + strings.Join(platform.Names(), ", ")},
		{"credential", c.given.Credential, defaults.Credential, "add credential to the device or to defaults, such as env:LAB"},
	} {
		if f.given == "" && f.inherited == "" && c.node.Find(f.field) == nil {
			c.fail(f.field, "is missing", f.remedy)
		}
	}
}

// clip keeps what a message repeats short.
func clip(text string) string {
	if len(text) > 60 {
		return strings.ToValidUTF8(text[:60], "") + "…"
	}
	return text
}
