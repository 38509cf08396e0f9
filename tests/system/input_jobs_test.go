package system

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// The devices of the lab: those up to rightUntil log in with the right credential, the others with a wrong one. From
// patientFrom on they have half a minute for a login.
const (
	patientFrom = 97
	rightUntil  = 100
	wrongUntil  = 400
)

// network is a lab and a netrust, shared by the tests of what jobs promise. Each test has devices of its own.
type network struct {
	*Cluster
	lab *Lab
}

func startNetwork(t *testing.T) *network {
	devices := StartLab(t, "--devices", fmt.Sprint(wrongUntil), "--seed", "301", "--platforms", "cisco_ios,frr", "--sites", "2")
	c := Start(t, Options{
		Schedulers: 1, Executors: 2, Audits: 1, Env: devices.Env, ExecutorEnv: []string{
			"NETRUST_CREDENTIAL_WRONG_USERNAME=" + devices.Credential("USERNAME"), "NETRUST_CREDENTIAL_WRONG_PASSWORD=not-the-password",
			"NETRUST_EXECUTOR_CONNECT_TIMEOUT=2s", "NETRUST_EXECUTOR_NORMAL_SLOTS=40", "NETRUST_EXECUTOR_MAX_OUTPUT=1048576",
			"NETRUST_EXECUTOR_LOG_LEVEL=debug",
			"NETRUST_EXECUTOR_SESSION_IDLE=0", // what is tested here begins with a login
		},
	})
	devices.Inventory = entry.ReplaceAllFunc(devices.Inventory, func(device []byte) []byte {
		switch id := string(entry.FindSubmatch(device)[1]); {
		case id > dev(rightUntil):
			return []byte(strings.Replace(string(device), "env:LAB", "env:WRONG", 1))
		case id >= dev(patientFrom):
			return fmt.Appendf(nil, "%s\n    options: {connect_timeout: 30s}", device)
		}
		return device
	})
	c.API.Import(t, devices.Inventory)
	return &network{Cluster: c, lab: devices}
}

var entry = regexp.MustCompile(`(?s)- id: (\S+)\n.*?credential: \S+`)

// dev is the id of a device by its number; odd ones are cisco_ios, even ones frr.
func dev(n int) string { return fmt.Sprintf("lab-%04d", n) }

// devs are the devices from, from+step, … up to and with to.
func devs(from, to, step int) []string {
	var ids []string
	for ; from <= to; from += step {
		ids = append(ids, dev(from))
	}
	return ids
}

// quick is a job on devices by id, with short times, that tries twice.
func quick(ids []string, commands ...string) contract.JobSpec {
	return contract.JobSpec{
		Kind: contract.JobKindCommand, Targets: contract.TargetSelector{IDs: ids}, Commands: commands,
		Limits: contract.Limits{CommandTimeoutMS: 1500, DeviceTimeoutMS: 6000, DeadlineMS: 60_000},
		Retry:  contract.RetryPolicy{Attempts: 2, BackoffMS: 20, MaxBackoffMS: 50},
	}
}

// run submits a job and waits for its end; it returns the results by device.
func (n *network) run(t *testing.T, spec contract.JobSpec) (api.Job, map[string]api.Result) {
	t.Helper()
	job := n.API.Await(t, n.API.Submit(t, t.Name()+spec.Name, spec).ID, time.Minute)
	return job, n.results(t, job.ID)
}

func (n *network) results(t *testing.T, job string) map[string]api.Result {
	t.Helper()
	results := map[string]api.Result{}
	for _, r := range n.API.Results(t, job) {
		if _, twice := results[r.DeviceID]; twice {
			t.Errorf("job %s has two results for %s", job, r.DeviceID)
		}
		results[r.DeviceID] = r
	}
	return results
}

func TestJobsAsPromised(t *testing.T) {
	t.Parallel()
	n := startNetwork(t)
	t.Run("targets, and a dry run that touches nothing", n.targets)
	t.Run("a first run meets every device", func(t *testing.T) {
		spec := quick(devs(1, rightUntil, 1), "show version")
		if job, results := n.run(t, spec); job.State != contract.JobSucceeded || len(results) != rightUntil {
			t.Fatalf("it %s (%s) with %d results", job.State, job.Reason, len(results))
		}
	})
	t.Run("silent devices do not hold up the others", n.silentMany)
	t.Run("at once", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T){
			"faults while reading": n.readingFaults, "faults while changing": n.changingFaults, "the circuit breaker": n.breaker,
			"cancel of what reads": n.cancelReading, "cancel of what changes": n.cancelChanging, "the deadline": n.deadline,
			"urgent behind a long job": n.urgent, "large outputs": n.largeOutputs, "little time": n.shortTime, "a credential that is missing": n.noCredential,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t)
			})
		}
	})
	t.Run("secrets stay where they are", n.secrets)
}

// targets checks each selector against the devices that the inventory names, by dry runs.
func (n *network) targets(t *testing.T) {
	var all []contract.Device
	for cursor := ""; ; {
		var page api.DeviceList
		if err := n.API.Do("GET", api.PathDevices+"?limit=1000&cursor="+cursor, nil, nil, &page); err != nil {
			t.Fatal(err)
		}
		if all = append(all, page.Devices...); page.Next == "" {
			break
		}
		cursor = page.Next
	}
	if len(all) != wrongUntil {
		t.Fatalf("the inventory has %d devices, want %d", len(all), wrongUntil)
	}
	role, site := all[1].Labels["role"], all[1].Site // of one that is not Cisco's
	for name, tc := range map[string]struct {
		targets contract.TargetSelector
		holds   func(*contract.Device) bool
	}{
		"all":              {contract.TargetSelector{All: true}, func(*contract.Device) bool { return true }},
		"ids and names":    {contract.TargetSelector{IDs: []string{all[0].ID, all[7].Name}}, func(d *contract.Device) bool { return d.ID == all[0].ID || d.ID == all[7].ID }},
		"a tag":            {contract.TargetSelector{Tags: []string{"role:" + role}}, func(d *contract.Device) bool { return slices.Contains(d.Tags, "role:"+role) }},
		"a tag of a label": {contract.TargetSelector{Tags: []string{"vendor:cisco"}}, func(d *contract.Device) bool { return d.Labels["vendor"] == "cisco" }},
		"labels": {contract.TargetSelector{Labels: "role=" + role + ", vendor!=cisco, site=" + site},
			func(d *contract.Device) bool {
				return d.Labels["role"] == role && d.Labels["vendor"] != "cisco" && d.Site == site
			}},
		"a set of labels, and a tag": {contract.TargetSelector{Labels: "site in (" + site + ",nowhere)", Tags: []string{"role:" + role}},
			func(d *contract.Device) bool { return d.Site == site && d.Labels["role"] == role }},
	} {
		t.Run(name, func(t *testing.T) {
			spec := quick(nil, "reload")
			spec.Targets, spec.DryRun = tc.targets, true
			job, got := n.run(t, spec)
			want := 0
			for i := range all {
				r, chosen := got[all[i].ID]
				if holds := tc.holds(&all[i]); holds {
					want++
					if !chosen || r.State != contract.TaskSkipped {
						t.Errorf("%s is chosen: %t, %s", all[i].ID, chosen, r.State)
					}
				} else if chosen {
					t.Errorf("%s is chosen and should not be", all[i].ID)
				}
			}
			if want == 0 || want == len(all) && name != "all" || job.State != contract.JobSucceeded || job.Counts.Skipped != want {
				t.Errorf("%d devices should be chosen; the dry run %s: %+v", want, job.State, job.Counts)
			}
		})
	}
	for id, c := range n.lab.Counts(t) {
		if c.Connections != 0 {
			t.Errorf("a dry run connected to %s", id)
		}
	}
}
