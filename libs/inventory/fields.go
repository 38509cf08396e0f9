package inventory

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/libs/internal/document"
)

// defaultSite is the site of devices that name none.
const defaultSite = "default"

// deviceFields are the fields of a device in the file.
type deviceFields struct {
	ID              string            `json:"id"`
	Name            string            `json:"name"`
	Platform        string            `json:"platform"`
	Address         string            `json:"address"`
	Port            int               `json:"port"`
	Site            string            `json:"site"`
	Status          string            `json:"status"`
	Tags            []string          `json:"tags"`
	Labels          map[string]string `json:"labels"`
	Credential      string            `json:"credential"`
	AuthDomain      string            `json:"auth_domain"`
	RedundancyGroup string            `json:"redundancy_group"`
	Options         optionFields      `json:"options"`
}

type optionFields struct {
	HostKey          string   `json:"host_key"`
	LegacyAlgorithms bool     `json:"legacy_algorithms"`
	ConnectTimeout   string   `json:"connect_timeout"`
	KeepSession      *bool    `json:"keep_session"`
	MaxSessions      int      `json:"max_sessions"`
	Jump             []string `json:"jump"`
}

// defaultFields are those that a device can inherit.
type defaultFields struct {
	Platform   string            `json:"platform"`
	Port       int               `json:"port"`
	Site       string            `json:"site"`
	Status     string            `json:"status"`
	Tags       []string          `json:"tags"`
	Labels     map[string]string `json:"labels"`
	Credential string            `json:"credential"`
	AuthDomain string            `json:"auth_domain"`
	Options    optionFields      `json:"options"`
}

func (d *defaultFields) device() deviceFields {
	return deviceFields{Platform: d.Platform, Port: d.Port, Site: d.Site, Status: d.Status, Tags: d.Tags, Labels: d.Labels,
		Credential: d.Credential, AuthDomain: d.AuthDomain, Options: d.Options}
}

// merge makes the device of what the file gives it and of the defaults. Everything has been checked.
func (p *parser) merge(given *deviceFields, n *document.Node) contract.Device {
	defaults := &p.defaults
	known, _ := platform.Lookup(cmp.Or(given.Platform, defaults.Platform)) // checked
	credential := cmp.Or(given.Credential, defaults.Credential)
	d := contract.Device{
		ID: cmp.Or(given.ID, given.Name), Name: cmp.Or(given.Name, given.ID),
		Platform: known.Name, Address: given.Address, Port: cmp.Or(given.Port, defaults.Port, known.Port),
		Site:       cmp.Or(given.Site, defaults.Site, defaultSite),
		Status:     contract.DeviceStatus(cmp.Or(given.Status, defaults.Status, string(contract.DeviceActive))),
		Tags:       mergeTags(given.Tags, defaults.Tags),
		Labels:     mergeLabels(given.Labels, defaults.Labels),
		Credential: credential, AuthDomain: cmp.Or(given.AuthDomain, defaults.AuthDomain, credential),
		RedundancyGroup: given.RedundancyGroup,
	}
	d.Options.HostKey = cmp.Or(given.Options.HostKey, defaults.Options.HostKey)
	d.Options.LegacyAlgorithms = given.Options.LegacyAlgorithms
	if n.Find("options").Find("legacy_algorithms") == nil {
		d.Options.LegacyAlgorithms = defaults.Options.LegacyAlgorithms
	}
	d.Options.KeepSession = cmp.Or(given.Options.KeepSession, defaults.Options.KeepSession)
	d.Options.MaxSessions = cmp.Or(given.Options.MaxSessions, defaults.Options.MaxSessions)
	if timeout := cmp.Or(given.Options.ConnectTimeout, defaults.Options.ConnectTimeout); timeout != "" {
		parsed, _ := time.ParseDuration(timeout) // checked
		d.Options.ConnectTimeoutMS = parsed.Milliseconds()
	}
	way := given.Options.Jump
	if n.Find("options").Find("jump") == nil {
		way = defaults.Options.Jump
	}
	for _, name := range way {
		d.Options.Jump = append(d.Options.Jump, p.jumpHosts[name])
	}
	return d
}

func mergeTags(given, defaults []string) []string {
	if len(given)+len(defaults) == 0 {
		return nil
	}
	tags := slices.Concat(given, defaults)
	slices.Sort(tags)
	return slices.Compact(tags)
}

func mergeLabels(given, defaults map[string]string) map[string]string {
	if len(defaults) == 0 {
		if len(given) == 0 {
			return nil
		}
		return given
	}
	labels := maps.Clone(defaults)
	maps.Copy(labels, given)
	return labels
}

func compareIDs(a, b *contract.Device) int { return cmp.Compare(a.ID, b.ID) }
