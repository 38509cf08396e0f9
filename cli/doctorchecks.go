package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// settings checks what this user keeps for the commands.
func (d *doctor) settings() {
	a := d.app
	if a.ConfigDir == "" {
		d.warn("settings", "this user has no directory for settings", "set HOME or XDG_CONFIG_HOME")
		return
	}
	private := true
	for _, name := range []string{"", connectionFile, contextsFile} {
		path := filepath.Join(a.ConfigDir, name)
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			d.fail("settings", err.Error(), "let this user read it")
			private = false
		case info.Mode().Perm()&0o022 != 0:
			d.fail("settings", fmt.Sprintf("%s can be changed by others (mode %04o): they could send your token elsewhere", path, info.Mode().Perm()), "chmod go-w "+path)
			private = false
		}
	}
	use, err := a.chooseContext()
	if err != nil {
		d.fail("context", explain(err), "see netrust context list")
		return
	}
	if private {
		d.ok("settings", a.ConfigDir)
	}
	d.ok("context", fmt.Sprintf("%s, chosen by %s: %s", use.Name, use.By, firstOf(use.Server, DefaultServer)))
	for _, name := range []string{"NETRUST_SERVER", "NETRUST_TOKEN", "NETRUST_TOKEN_FILE"} {
		if a.env(name) != "" && use.By != byDefault {
			d.warn("context", name+" is set beside context "+use.Name, "unset it, or the context: of the two one wins, see netrust context --help")
		}
	}
	d.tokenFile(firstOf(a.tokenFile, a.env("NETRUST_TOKEN_FILE"), use.TokenFile))
}

// tokenFile checks that nobody else reads the token.
func (d *doctor) tokenFile(path string) {
	if path == "" {
		return
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		d.fail("token file", err.Error(), "name another by --token-file, or start netrust up again")
	case info.Mode().Perm()&0o077 != 0:
		d.fail("token file", fmt.Sprintf("%s can be read by others (mode %04o)", path, info.Mode().Perm()), "chmod 600 "+path+", and replace the token if others use this machine")
	default:
		d.ok("token file", path)
	}
}

// judge says what is wrong with the installation.
func (d *doctor) judge(s api.Status) {
	if s.Leader == nil {
		d.fail("scheduler", "no scheduler leads: jobs are taken and do not begin", "start one: netrust serve scheduler")
	} else {
		d.ok("scheduler", fmt.Sprintf("%s leads since %s", s.Leader.Host, stamp(s.Leader.Since)))
	}
	d.executors(s)
	if len(s.Unserved) == 0 {
		d.ok("sites", fmt.Sprintf("every active device of %d has an executor for its site", s.Devices))
	}
	for _, site := range sortedKeys(s.Unserved) {
		d.fail("sites", fmt.Sprintf("no executor serves site %s, which has %s", site, plural(s.Unserved[site], "active device", "active devices")),
			"start one there, or give a running one the site: NETRUST_EXECUTOR_SITES="+site)
	}
	d.streams(s)
	if s.OpenLetters > 0 {
		d.warn("dead letters", plural(s.OpenLetters, "message waits", "messages wait")+" for a person", "netrust deadletter list")
	} else {
		d.ok("dead letters", "none is open")
	}
}

// seenWithin is how old the last sign of life of a healthy executor is at most: it gives one every 10 seconds.
const seenWithin = 20 * time.Second

func (d *doctor) executors(s api.Status) {
	if len(s.Executors) == 0 {
		d.fail("executors", "none lives: no task begins", "start one: netrust serve executor")
		return
	}
	policies := map[string]int{}
	for _, x := range s.Executors {
		name := fmt.Sprintf("%s (%s, pid %d) serves %s, %d and %d urgent tasks at once", x.Incarnation, x.Host, x.PID, sites(x.Sites), x.NormalSlots, x.UrgentSlots)
		seen := time.Duration(x.SeenMS) * time.Millisecond
		switch {
		case x.Draining:
			d.warn("executor", name+"; it drains", "it ends when its tasks have; start another if there is none")
		case seen > seenWithin:
			d.warn("executor", fmt.Sprintf("%s; its last sign of life is %s old", name, seen.Round(time.Second)), "look whether it hangs or has lost NATS")
		default:
			d.ok("executor", name)
		}
		if x.HostKey != "" {
			policies[x.HostKey]++
		}
	}
	d.hostKeys(policies)
}

func sites(list []string) string {
	if slices.Contains(list, contract.AnySite) {
		return "every site"
	}
	return listed(list)
}

func (d *doctor) hostKeys(policies map[string]int) {
	const trust = "trust-first"
	switch {
	case len(policies) == 0:
	case len(policies) > 1:
		d.warn("host keys", "executors differ: "+listed(sortedKeys(policies)), "set NETRUST_EXECUTOR_HOST_KEY to the same on all, in production to strict")
	case policies[trust] > 0:
		d.ok("host keys", "unknown SSH host keys are recorded at the first login (trust-first); strict with known_hosts is safer")
	default:
		d.ok("host keys", "unknown SSH host keys are refused ("+sortedKeys(policies)[0]+")")
	}
}

// storeWarn is the part of JetStream's room in use, in percent, over which a person is told.
const storeWarn = 80

func (d *doctor) streams(s api.Status) {
	broken := 0
	for _, st := range s.Streams {
		if st.Problem != "" {
			d.fail("stream "+st.Name, st.Problem, "restart a service: each makes what is missing at its start")
			broken++
		}
	}
	largest := slices.SortedFunc(slices.Values(s.Streams), func(a, b api.StreamStatus) int { return cmp.Compare(b.Bytes, a.Bytes) })
	if broken == 0 && len(largest) > 0 {
		d.ok("streams", fmt.Sprintf("%d of them; the largest is %s with %s", len(largest), largest[0].Name, size(largest[0].Bytes)))
	}
	used := size(s.Store.Used) + " in use"
	switch limit := s.Store.Limit; {
	case limit == 0:
		d.ok("store", used+", without a limit of the account")
	case s.Store.Used*100 >= limit*storeWarn:
		d.warn("store", fmt.Sprintf("%s of %s", used, size(limit)), "give NATS more room, or shorten what is kept: a full store refuses writes")
	default:
		d.ok("store", fmt.Sprintf("%s of %s", used, size(limit)))
	}
}

func size(n uint64) string {
	const kib = 1 << 10
	for _, u := range []struct {
		unit string
		of   uint64
	}{{"GiB", kib * kib * kib}, {"MiB", kib * kib}, {"KiB", kib}} {
		if n >= u.of {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(u.of), u.unit)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
