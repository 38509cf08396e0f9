package observe

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/servicekit/tracing/tracetest"
	"github.com/netrust/netrust/tests/system"
)

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	system.Cleanup()
	os.Exit(code)
}

// TestATraceOfOneJobIsOneTreeOverAllProcesses runs a job with every service in a process of its own, and gives their spans
// to a collector in the test.
func TestATraceOfOneJobIsOneTreeOverAllProcesses(t *testing.T) {
	t.Parallel()
	const devices = 4
	collector := tracetest.Start(t)
	lab := system.StartLab(t, "--devices", "4", "--platforms", "cisco_ios,frr")
	env := slices.Clone(lab.Env)
	for _, service := range []string{"GATEWAY", "SCHEDULER", "EXECUTOR"} {
		env = append(env, "NETRUST_"+service+"_OTLP_ENDPOINT="+collector.URL, "NETRUST_"+service+"_LOG_LEVEL=debug")
	}
	c := system.Start(t, system.Options{Schedulers: 1, Executors: 1, Env: env})
	c.API.Import(t, lab.Inventory)
	job := c.API.Submit(t, "traced", contract.JobSpec{
		Kind: contract.JobKindCommand, Targets: contract.TargetSelector{All: true}, Commands: []string{"show version"},
	})
	if ended := c.API.Await(t, job.ID, time.Minute); ended.State != contract.JobSucceeded {
		t.Fatalf("the job is %s: %+v", ended.State, ended.Counts)
	}
	// An orderly end hands on the last spans.
	for _, p := range slices.Concat(c.Executors, c.Schedulers, []*system.Process{c.Gateway}) {
		if err := p.Stop(); err != nil {
			t.Errorf("%s ended with %v", p.Name, err)
		}
	}

	of := traceOf(t, collector.Spans(), job.ID)
	tree := tree{of}
	root := tree.one(t, "", "POST /v1/jobs", "netrust-gateway")
	tree.one(t, root.ID, "plan", "netrust-scheduler")
	if whole := tree.one(t, root.ID, "job", "netrust-scheduler"); whole.Attributes["netrust.succeeded"] != "4" || whole.Failure != "" {
		t.Errorf("the span of the job as a whole is %+v", whole)
	}
	seen := map[string]bool{}
	for _, release := range tree.below(root.ID, "release", "netrust-scheduler") {
		for _, task := range tree.below(release.ID, "task", "netrust-executor") {
			seen[task.Attributes["netrust.device_id"]] = true
			claim := tree.one(t, task.ID, "claim", "netrust-executor")
			login := tree.one(t, task.ID, "login", "netrust-executor")
			command := tree.one(t, task.ID, "command", "netrust-executor")
			finish := tree.one(t, task.ID, "finish", "netrust-executor")
			if claim.End > login.Start || login.End > command.Start || command.End > finish.Start {
				t.Errorf("the steps of %s overlap:\n%s", task.Attributes["netrust.device_id"], tracetest.Tree(of))
			}
			if command.Attributes["netrust.command"] != "show version" || finish.Attributes["netrust.outcome"] != "succeeded" {
				t.Errorf("the command's span is %+v, the finish's %+v", command.Attributes, finish.Attributes)
			}
		}
	}
	if len(seen) != devices {
		t.Errorf("the trace shows %d of %d devices:\n%s", len(seen), devices, tracetest.Tree(of))
	}
	for _, s := range collector.Spans() {
		for key, value := range s.Attributes {
			if secret := lab.Credential("PASSWORD"); strings.Contains(value, secret) {
				t.Errorf("attribute %s of %s holds a password", key, s.Name)
			}
		}
	}
	for _, p := range []*system.Process{c.Gateway, c.Schedulers[0], c.Executors[0]} {
		if !logs(p.Log(), `"trace_id":"`+root.Trace+`"`, `"job_id":"`+job.ID+`"`) {
			t.Errorf("no log line of %s names both the job and its trace", p.Name)
		}
	}
}

// traceOf are the spans of the trace that the job is in.
func traceOf(t *testing.T, all []tracetest.Span, job string) []tracetest.Span {
	t.Helper()
	i := slices.IndexFunc(all, func(s tracetest.Span) bool { return s.Attributes["netrust.job_id"] == job })
	if i < 0 {
		t.Fatalf("no span is of job %s:\n%s", job, tracetest.Tree(all))
	}
	return slices.DeleteFunc(slices.Clone(all), func(s tracetest.Span) bool { return s.Trace != all[i].Trace })
}

type tree struct{ spans []tracetest.Span }

func (x tree) below(parent, name, service string) []tracetest.Span {
	return slices.DeleteFunc(slices.Clone(x.spans), func(s tracetest.Span) bool {
		return s.Parent != parent || s.Name != name || s.Service != service
	})
}

// one is the only span of the name below the parent.
func (x tree) one(t *testing.T, parent, name, service string) tracetest.Span {
	t.Helper()
	found := x.below(parent, name, service)
	if len(found) != 1 {
		t.Fatalf("%d spans %s of %s below %q in\n%s", len(found), name, service, parent, tracetest.Tree(x.spans))
	}
	return found[0]
}

// logs reports whether one line holds all the parts.
func logs(log string, parts ...string) bool {
	for line := range strings.Lines(log) {
		if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) }) {
			return true
		}
	}
	return false
}
