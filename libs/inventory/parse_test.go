package inventory_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/inventory"
)

func TestParseFillsInDefaults(t *testing.T) {
	t.Parallel()
	devices, err := inventory.Parse([]byte(`
defaults:
  platform: ios
  site: paris
  credential: env:PARIS
  tags: [prod, core]
  labels: {region: emea, role: access}
  options: {host_key: strict, legacy_algorithms: true, connect_timeout: 10s, keep_session: false, max_sessions: 3}
devices:
  - name: r2            # the name is the id as well
    address: 192.0.2.2
    port: 2222
    tags: [core, dc1]
    labels: {role: core, rack: 12}
    options: {legacy_algorithms: false, keep_session: true}
    redundancy_group: pair
    auth_domain: tacacs
  - id: r1.example.net
    name: r1
    platform: juniper-junos
    address: 2001:db8::1
    status: maintenance
    credential: file:r1
`))
	if err != nil {
		t.Fatal(err)
	}
	yes := true
	want := []contract.Device{
		{ID: "r1.example.net", Name: "r1", Platform: "juniper_junos", Address: "2001:db8::1", Port: 22, Site: "paris",
			Status: contract.DeviceMaintenance, Tags: []string{"core", "prod"}, Labels: map[string]string{"region": "emea", "role": "access"},
			Credential: "file:r1", AuthDomain: "file:r1",
			Options: contract.ConnectionOptions{HostKey: "strict", LegacyAlgorithms: true, ConnectTimeoutMS: 10000, KeepSession: new(bool), MaxSessions: 3}},
		{ID: "r2", Name: "r2", Platform: "cisco_ios", Address: "192.0.2.2", Port: 2222, Site: "paris",
			Status: contract.DeviceActive, Tags: []string{"core", "dc1", "prod"}, Labels: map[string]string{"region": "emea", "role": "core", "rack": "12"},
			Credential: "env:PARIS", AuthDomain: "tacacs", RedundancyGroup: "pair",
			Options: contract.ConnectionOptions{HostKey: "strict", ConnectTimeoutMS: 10000, KeepSession: &yes, MaxSessions: 3}},
	}
	for i := range want {
		if i >= len(devices) || !reflect.DeepEqual(devices[i], want[i]) {
			t.Errorf("device %d is\n%+v, want\n%+v", i, devices, want[i])
		}
	}
}

// good is a device without a fault, to put others beside.
const good = "  - {id: good, platform: frr, address: 192.0.2.9, credential: env:LAB}\n"

func TestParseReportsFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file string
		want []string // "line path: message" as far as given
	}{
		"an empty file":                        {"", []string{"0 : is empty"}},
		"a file of comments":                   {"# nothing\n", []string{"0 : is empty"}},
		"a list at the top":                    {"- id: a\n", []string{"1 : must be a map of fields"}},
		"no devices":                           {"defaults: {site: a}\n", []string{"1 devices: is missing"}},
		"an empty list":                        {"devices: []\n", []string{"0 devices: holds no device"}},
		"devices without a value":              {"devices:\n", []string{"1 devices: has no value"}},
		"an unknown field at the top":          {"device:\n" + "devices:\n" + good, []string{"1 device: is not a known field; did you mean devices?"}},
		"an unknown field after the list":      {"devices:\n" + good + "hosts: 1\n", []string{"3 hosts: is not a known field"}},
		"a misspelled field":                   {"devices:\n" + good + "  - id: b\n    adress: 10.0.0.1\n    address: 10.0.0.1\n    platform: frr\n    credential: env:LAB\n", []string{"4 devices[1].adress: is not a known field; did you mean address?"}},
		"what is missing":                      {"devices:\n  - id: a\n", []string{"2 devices[0].address: is missing", "2 devices[0].platform: is missing", "2 devices[0].credential: is missing"}},
		"neither id nor name":                  {"devices:\n  - {platform: frr, address: 192.0.2.1, credential: env:LAB}\n", []string{"2 devices[0]: has neither id nor name"}},
		"an id twice":                          {"devices:\n" + good + good, []string{`3 devices[1].id: "good" stands for the device of line 2 already`}},
		"a name that is another's id":          {"devices:\n" + good + "  - {id: other, name: good, platform: frr, address: 192.0.2.1, credential: env:LAB}\n", []string{`3 devices[1].name: "good" stands for`}},
		"a field twice":                        {"devices:\n  - {id: a, id: b, platform: frr, address: 192.0.2.1, credential: env:LAB}\n", []string{"2 devices[0].id: is given twice"}},
		"a device that is text":                {"devices:\n" + good + "  - r1\n", []string{"3 devices[1]: must be a map of fields, not text"}},
		"an unknown platform":                  {device("platform: cisco_isos"), []string{`2 devices[0].platform: "cisco_isos" is not a platform that netrust knows; did you mean cisco_ios`}},
		"ports out of range":                   {device("port: 0") + item("b", "port: 65536") + item("c", "port: 99999999999999999999") + item("d", "port: ssh"), []string{"2 devices[0].port: 0 is not a port", "3 devices[1].port: 65536 is not a port", "4 devices[2].port: must be a whole number", "5 devices[3].port: must be a number, not text"}},
		"an id that is too long":               {"devices:\n" + item(strings.Repeat("x", 129), ""), []string{"2 devices[0].id: is 129 bytes long; at most 128 are taken"}},
		"an id with a control character":       {"devices:\n" + item(`"a\u0007b"`, ""), []string{"2 devices[0].id: holds a control character"}},
		"an id with a space around":            {"devices:\n" + item(`"a "`, ""), []string{"2 devices[0].id: begins or ends with a space"}},
		"an empty id":                          {"devices:\n" + item(`""`, "name: a"), []string{"2 devices[0].id: is empty"}},
		"the site that stands for all":         {device(`site: "*"`), []string{"2 devices[0].site: is *"}},
		"an unknown status":                    {device("status: up"), []string{`2 devices[0].status: "up" is not a status; use active, maintenance or quarantined`}},
		"a secret for a credential":            {device("credential: hunter2"), []string{"2 devices[0].credential: is not a reference to a credential"}},
		"user and password for a credential":   {device("credential: admin:hunter2"), []string{"2 devices[0].credential: has a scheme that is not known"}},
		"bad tags":                             {device(`tags: ["a,b", "", [c]]`), []string{"2 devices[0].tags[0]: holds a comma", "2 devices[0].tags[1]: is empty", "2 devices[0].tags[2]: must be text, not a list"}},
		"a tag alone":                          {device("tags: core"), []string{"2 devices[0].tags: must be a list, not text"}},
		"a label that is a field":              {device("labels: {site: x}"), []string{"2 devices[0].labels: has the label site, which is a field of the device"}},
		"a label that cannot be named":         {device(`labels: {"a b": x}`), []string{`2 devices[0].labels: has a label with the key "a b"`}},
		"an unknown option":                    {device("options: {hostkey: strict}"), []string{"2 devices[0].options.hostkey: is not a known field; did you mean host_key?"}},
		"an unknown way to check keys":         {device("options: {host_key: ignore}"), []string{`2 devices[0].options.host_key: "ignore" is not a way to check host keys`}},
		"no session at all":                    {device("options: {max_sessions: 0}"), []string{"2 devices[0].options.max_sessions: 0 is not a number of executors between 1 and 100; leave it out for the executor's setting, or set keep_session: false to keep none open"}},
		"a choice that is none":                {device("options: {keep_session: 3}"), []string{"2 devices[0].options.keep_session: must be true or false, not a number; write true or false, or remove the field"}},
		"a time without a unit":                {device("options: {connect_timeout: 10}"), []string{`2 devices[0].options.connect_timeout: "10" is not a time between 100ms and 10m0s; write it with its unit, such as 10s`}},
		"an address with a port":               {device("address: r1.example.net:22"), []string{"2 devices[0].address: holds a port; write address: r1.example.net and port: 22"}},
		"an address that is a URL":             {device("address: ssh://r1"), []string{"2 devices[0].address: is a URL"}},
		"an address that is no address":        {device("address: 10.0.0.256"), []string{`2 devices[0].address: "10.0.0.256" is not an IP address`}},
		"a faulty default is one fault":        {"defaults: {platform: cicso_ios, credential: x}\ndevices:\n  - {id: a, address: 192.0.2.1}\n  - {id: b, address: 192.0.2.2}\n", []string{"1 defaults.platform: \"cicso_ios\"", "1 defaults.credential: is not a reference"}},
		"an id among the defaults":             {"defaults: {address: 192.0.2.1}\ndevices:\n" + good, []string{"1 defaults.address: is not a known field"}},
		"an anchor":                            {"defaults: &d {site: a}\ndevices:\n" + good, []string{"1 : uses a YAML anchor or alias"}},
		"an alias in a device":                 {"devices:\n" + good + "  - *a\n", []string{"3 : uses a YAML anchor or alias"}},
		"a tag of YAML":                        {"devices:\n" + good + "  - !!map {id: b}\n", []string{"3 : uses a YAML tag"}},
		"a second document":                    {"devices:\n" + good + "---\ndevices:\n" + good, []string{"4 : "}},
		"a tab":                                {"devices:\n" + good + "  - id: b\n\taddress: 192.0.2.1\n", []string{"4 : is not YAML"}},
		"bytes that are not UTF-8":             {"devices:\n" + good + "  - id: \xff\n", []string{"3 : is not UTF-8 text"}},
		"a NUL":                                {"devices:\n" + good + "  - id: a\x00\n", []string{"3 : holds the control character 0x00"}},
		"deep nesting":                         {"devices:\n" + good + "  - id: " + strings.Repeat("[", 1000) + "\n", []string{"3 : is nested more than 32 deep"}},
		"a fault in JSON":                      {`{"devices": [` + "\n" + `{"id": "a", "address": "192.0.2.1", "platform": "frr"}]}`, []string{"2 devices[0].credential: is missing"}},
		"JSON that ends too early":             {`{"devices": [` + "\n" + `{"id": "a"`, []string{"2 : is not YAML"}},
		"a file that is something else":        {"<html>\n<body>\n", []string{"1 : must be a map of fields, not text"}},
		"a large file that cannot be cut":      {"devices: [" + strings.Repeat("{id: a, address: 192.0.2.1},\n", 50000) + "]\n", []string{"0 : is larger than"}},
		"one enormous device":                  {"devices:\n  - id: |\n" + strings.Repeat("      x\n", 200000), []string{"2 : is an item of more than"}},
		"more defaults than a file needs":      {"defaults:\n  site: |\n" + strings.Repeat("    x\n", 200000) + "devices:\n" + good, []string{"0 : holds more than"}},
		"a device list under another document": {"a: 1\n---\ndevices:\n" + good, []string{"3 : is a second document"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			devices, err := inventory.Parse([]byte(c.file))
			var faults *inventory.Faults
			if !errors.As(err, &faults) {
				t.Fatalf("no faults: %v, %d devices", err, len(devices))
			}
			for i, f := range faults.List {
				got := fmt.Sprintf("%d %s: %s; %s", f.Line, f.Path, f.Message, f.Remedy)
				if i >= len(c.want) || !strings.HasPrefix(got, c.want[i]) {
					t.Errorf("fault %d is %q, want %q", i, got, c.want)
				}
				if f.Remedy == "" {
					t.Errorf("%q has no remedy", got)
				}
			}
			if len(faults.List) != len(c.want) {
				t.Errorf("%d faults, want %d", len(faults.List), len(c.want))
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats what may be a secret: %v", err)
			}
		})
	}
}

// item is a line with a device without a fault but for what is given.
func item(id, more string) string {
	line := "  - {id: " + id
	for _, field := range []string{"platform: frr", "address: 192.0.2.1", "credential: env:LAB"} {
		if key, _, _ := strings.Cut(field, ":"); !strings.HasPrefix(more, key+":") {
			line += ", " + field
		}
	}
	if more != "" {
		line += ", " + more
	}
	return line + "}\n"
}

func device(more string) string { return "devices:\n" + item("a", more) }

func TestJumpHostsAreNamedOnce(t *testing.T) {
	t.Parallel()
	devices, err := inventory.Parse([]byte(`
jump_hosts:
  bastion1: {address: 198.51.100.7, credential: age:bastion}
  bastion2: {address: b2.example.net, port: 2200, credential: env:B2, host_key: strict}
defaults:
  platform: frr
  credential: env:LAB
  options: {jump: [bastion1], host_key: strict}
devices:
  - {id: a, address: 192.0.2.1}
  - {id: b, address: 192.0.2.2, options: {jump: [bastion1, bastion2]}}
  - {id: c, address: 192.0.2.3, options: {jump: []}}
`))
	if err != nil {
		t.Fatal(err)
	}
	one := contract.JumpHost{Name: "bastion1", Address: "198.51.100.7", Port: 22, Credential: "age:bastion"}
	two := contract.JumpHost{Name: "bastion2", Address: "b2.example.net", Port: 2200, Credential: "env:B2", HostKey: "strict"}
	for i, want := range [][]contract.JumpHost{{one}, {one, two}, nil} {
		if got := devices[i].Options.Jump; !slices.Equal(got, want) {
			t.Errorf("%s is reached through %+v, want %+v", devices[i].ID, got, want)
		}
	}
}

func TestFaultyJumpHostsAreReported(t *testing.T) {
	t.Parallel()
	const hops = "jump_hosts:\n  bastion: {address: 192.0.2.9, credential: age:b}\n"
	for name, c := range map[string]struct{ file, path, says string }{
		"one that is not named":        {hops + device("options: {jump: [bastoin]}"), "devices[0].options.jump[0]", "bastion"},
		"none at all":                  {device("options: {jump: [bastion]}"), "devices[0].options.jump[0]", "add it there, with address and credential"},
		"one of the defaults":          {"defaults: {options: {jump: [x]}}\n" + device(""), "defaults.options.jump[0]", "is no jump host under jump_hosts"},
		"one twice":                    {hops + device("options: {jump: [bastion, bastion]}"), "devices[0].options.jump[1]", "twice"},
		"a way of nine":                {hops + device("options: {jump: [bastion, bastion, bastion, bastion, bastion, bastion, bastion, bastion, bastion]}"), "devices[0].options.jump", "at most 8"},
		"no list":                      {hops + device("options: {jump: bastion}"), "devices[0].options.jump", "a list"},
		"without an address":           {"jump_hosts: {b: {credential: env:B}}\n" + device(""), "jump_hosts.b.address", "is missing"},
		"without a credential":         {"jump_hosts: {b: {address: 192.0.2.9}}\n" + device(""), "jump_hosts.b.credential", "is missing"},
		"a secret for a credential":    {"jump_hosts: {b: {address: 192.0.2.9, credential: hunter2}}\n" + device(""), "jump_hosts.b.credential", "never put a secret here"},
		"no port":                      {"jump_hosts: {b: {address: 192.0.2.9, port: 70000, credential: env:B}}\n" + device(""), "jump_hosts.b.port", "not a port"},
		"a policy that does not exist": {"jump_hosts: {b: {address: 192.0.2.9, host_key: never, credential: env:B}}\n" + device(""), "jump_hosts.b.host_key", "strict or trust-first"},
		"a field that does not exist":  {"jump_hosts: {b: {adress: 192.0.2.9, credential: env:B}}\n" + device(""), "jump_hosts.b.adress", "address"},
		"a list of them":               {"jump_hosts: [b]\n" + device(""), "jump_hosts", "a map"},
		"one without fields":           {"jump_hosts: {b: 192.0.2.9}\n" + device(""), "jump_hosts.b", "a map"},
	} {
		_, err := inventory.Parse([]byte(c.file))
		var faults *inventory.Faults
		if !errors.As(err, &faults) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.ContainsFunc(faults.List, func(f inventory.Fault) bool {
			return f.Path == c.path && f.Line > 0 && f.Remedy != "" && strings.Contains(f.Error(), c.says) && !strings.Contains(f.Error(), "hunter2")
		}) {
			t.Errorf("%s: %v, want %s: %s", name, err, c.path, c.says)
		}
	}
}

func TestParseAcceptsHowPeopleWriteYAML(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"lists without indentation":     "devices:\n- id: a\n  platform: frr\n  address: 192.0.2.1\n  credential: env:LAB\n",
		"Windows line ends":             strings.ReplaceAll("devices:\n  - id: a\n    platform: frr\n    address: 192.0.2.1\n    credential: env:LAB\n", "\n", "\r\n"),
		"a byte order mark":             "\ufeffdevices:\n" + item("a", ""),
		"a document start":              "---\ndevices:\n" + item("a", ""),
		"no newline at the end":         strings.TrimSuffix("devices:\n"+item("a", ""), "\n"),
		"defaults after the devices":    "devices:\n  - {id: a, address: 192.0.2.1}\n\n# later\ndefaults: {platform: frr, credential: env:LAB}\n",
		"flow style":                    "{devices: [{id: a, platform: frr, address: 192.0.2.1, credential: env:LAB}]}",
		"JSON on many lines":            "{\n \"devices\": [\n  {\"id\": \"a\", \"platform\": \"frr\",\n   \"address\": \"192.0.2.1\", \"credential\": \"env:LAB\"}\n ]\n}\n",
		"JSON with defaults at the end": `{"devices": [{"id": "a", "address": "192.0.2.1"}], "defaults": {"platform": "frr", "credential": "env:LAB"}}`,
		"comments between devices":      "devices: # all\n  # the first\n\n  - id: a\n# at the margin\n    platform: frr\n    address: 192.0.2.1\n    credential: env:LAB\n# the end\n",
		"a dash on its own line":        "devices:\n  -\n    id: a\n    platform: frr\n    address: 192.0.2.1\n    credential: env:LAB\n",
		"quotes":                        "\"devices\":\n  - 'id': \"a\"\n    platform: 'frr'\n    address: \"192.0.2.1\"\n    credential: 'env:LAB'\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			devices, err := inventory.Parse([]byte(file))
			if err != nil {
				t.Fatal(err)
			}
			if len(devices) != 1 || devices[0].ID != "a" || devices[0].Platform != "frr" || devices[0].Credential != "env:LAB" {
				t.Errorf("read %+v", devices)
			}
		})
	}
}

// large writes an inventory of n devices, a few lines each.
func large(n int) string {
	var b strings.Builder
	b.WriteString("defaults:\n  platform: cisco_ios\n  credential: env:LAB\ndevices:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - id: r%d.example.net # router\n    name: r%d\n    address: 10.%d.%d.%d\n    site: s%d\n    tags: [core, dc%d]\n    labels:\n      role: core\n      rack: r%d\n",
			i, i, i>>16&255, i>>8&255, i&255, i%20, i%7, i%500)
	}
	return b.String()
}

func TestParseReadsTenThousandDevicesWithinASecond(t *testing.T) {
	file := []byte(large(10000))
	began := time.Now()
	devices, err := inventory.Parse(file)
	if err != nil || len(devices) != 10000 {
		t.Fatalf("%d devices, %v", len(devices), err)
	}
	// Ten times the aim: other tests use the same cores.
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestParseNamesTheLineFarInAFile(t *testing.T) {
	t.Parallel()
	file := large(3000)
	at := strings.Index(file, "r2987.example.net")
	line := 1 + strings.Count(file[:at], "\n")
	broken := file[:at] + "r2987.example.net\n    prot: 22" + file[at+len("r2987.example.net # router"):]
	_, err := inventory.Parse([]byte(broken))
	var faults *inventory.Faults
	if !errors.As(err, &faults) || len(faults.List) != 1 || faults.List[0].Line != line+1 || faults.List[0].Path != "devices[2987].prot" {
		t.Errorf("%v, want a fault at line %d", err, line+1)
	}
}

func TestParseBoundsTheFaults(t *testing.T) {
	t.Parallel()
	_, err := inventory.Parse([]byte("devices:\n" + strings.Repeat("  - {}\n", 5000)))
	var faults *inventory.Faults
	if !errors.As(err, &faults) || len(faults.List) != 1000 {
		t.Fatalf("%d faults kept, want 1000", len(faults.List))
	}
	if lines := strings.Count(err.Error(), "\n") + 1; lines != 21 || !strings.HasSuffix(err.Error(), "and at least 980 more") {
		t.Errorf("the text has %d lines:\n%v", lines, err)
	}
	if problems := inventory.Problems(faults); len(problems) != 1001 || problems[0].Field != "devices[0]" || !strings.HasPrefix(problems[0].Message, "line 2: ") {
		t.Errorf("%d problems, the first %+v", len(problems), problems[0])
	}
}

func TestParseRefusesTooManyDevices(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(`{"defaults":{"platform":"frr","credential":"env:LAB"},"devices":[`)
	for i := range inventory.MaxDevices + 1 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"r%d","address":"a"}`, i)
	}
	_, err := inventory.Parse([]byte(b.String() + "]}"))
	if err == nil || !strings.Contains(err.Error(), "holds more than 200000 devices") {
		t.Errorf("got %v", err)
	}
}

func TestParseRefusesALargeFile(t *testing.T) {
	t.Parallel()
	_, err := inventory.Parse(make([]byte, inventory.MaxSize+1))
	if err == nil || !strings.Contains(err.Error(), "at most 33554432 are read") {
		t.Errorf("got %v", err)
	}
}

// Files of the largest size, made to cost much: each is answered soon.
func TestParseBoundsItsWork(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"millions of faults":            "devices:\n" + strings.Repeat("  - x\n", inventory.MaxSize/7),
		"a comment without an end":      "devices:\n  - a: 1\n" + strings.Repeat("#\n", inventory.MaxSize/3),
		"fields without an end":         "devices:\n" + strings.Repeat("  - {"+strings.Repeat("a: 1, ", 50000)+"}\n", 100),
		"JSON with much beside devices": `{"x":[` + strings.Repeat("1,", inventory.MaxSize/3) + "1]}",
		"JSON with an enormous device":  `{"devices":[[` + strings.Repeat("1,", inventory.MaxSize/3) + "1]]}",
		"brackets":                      "devices:\n" + strings.Repeat("[", inventory.MaxSize/2),
	} {
		began := time.Now()
		if _, err := inventory.Parse([]byte(file)); err == nil {
			t.Errorf("%s: no error", name)
		}
		if took := time.Since(began); took > 30*time.Second { // seconds, and ten times that under the race detector
			t.Errorf("%s took %v", name, took)
		}
	}
}
