package system

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/sealed"
)

// Options of a cluster.
type Options struct {
	Schedulers, Executors, Audits int
	// Env is added for every process, such as credentials.
	Env []string
	// ExecutorEnv is added for the executors.
	ExecutorEnv []string
	// NATSDir is where NATS keeps its data; a temporary folder when empty.
	NATSDir string
	// OutsideNATS runs a nats-server with the settings in deploy/nats instead of netrust's own.
	OutsideNATS bool
}

// Cluster is netrust as separate processes: NATS, one gateway, schedulers, executors, audits.
type Cluster struct {
	NATS       *Process
	Gateway    *Process
	Schedulers []*Process
	Executors  []*Process
	Audits     []*Process

	API     *API
	NATSURL string
	// PasswordFile logs in to NATS as its administrator. Services have their own.
	PasswordFile string
	// RawIdentity is the file with the key that raw outputs are encrypted to.
	RawIdentity string
}

// Start starts all processes and waits until the gateway is ready. Everything ends with the test; when it failed, the
// logs are shown.
func Start(t testing.TB, o Options) *Cluster {
	t.Helper()
	bin, dir := Binary(t), t.TempDir()
	natsPort, apiPort := FreePort(t), FreePort(t)
	natsDir := cmp.Or(o.NATSDir, filepath.Join(dir, "nats"))
	c := &Cluster{NATSURL: "nats://127.0.0.1:" + natsPort, PasswordFile: bus.PasswordFile(natsDir)}
	service := func(name, kind string, extra ...string) *Process {
		prefix := map[string]string{"nats": "NETRUST_NATS_", "gateway": "NETRUST_GATEWAY_", "scheduler": "NETRUST_SCHEDULER_", "executor": "NETRUST_EXECUTOR_", "audit": "NETRUST_AUDIT_"}[kind]
		health := "127.0.0.1:" + FreePort(t)
		env := append([]string{
			prefix + "NATS_URL=" + c.NATSURL, prefix + "NATS_PASSWORD_FILE=" + bus.UserPasswordFile(natsDir, kind), prefix + "HEALTH_LISTEN=" + health,
			prefix + "LOG_FORMAT=json",
		}, extra...)
		args := []string{"serve", kind}
		if o.OutsideNATS {
			args = append(args, "--config", filepath.Join("..", "..", "deploy", "etc", kind+".yaml"))
		}
		p := &Process{Name: name, bin: bin, args: args, env: append(env, o.Env...), Health: health, Metrics: health}
		t.Cleanup(func() {
			p.Kill()
			if t.Failed() {
				t.Logf("%s wrote:\n%s", p.Name, tail(p.Log(), 6000))
			}
		})
		return p
	}
	if o.OutsideNATS {
		c.NATS = outsideNATS(t, natsDir, "127.0.0.1:"+natsPort)
	} else {
		c.NATS = service("nats", "nats", "NETRUST_NATS_DATA_DIR="+natsDir, "NETRUST_NATS_LISTEN=127.0.0.1:"+natsPort)
		c.NATS.env = c.NATS.env[2:] // it is what the others reach
	}
	c.Gateway = service("gateway", "gateway", "NETRUST_GATEWAY_DATA_DIR="+filepath.Join(dir, "gateway"), "NETRUST_GATEWAY_LISTEN=127.0.0.1:"+apiPort)
	c.Gateway.Health = "127.0.0.1:" + apiPort
	for i := range o.Schedulers {
		c.Schedulers = append(c.Schedulers, service(fmt.Sprint("scheduler-", i), "scheduler",
			"NETRUST_SCHEDULER_LEADER_TTL=3s", "NETRUST_SCHEDULER_UNCLAIMED_AFTER=4s", "NETRUST_SCHEDULER_SILENT_AFTER=6s"))
	}
	c.RawIdentity = filepath.Join(dir, "raw.identity")
	if err := sealed.EnsureIdentity(c.RawIdentity); err != nil {
		t.Fatal(err)
	}
	for i := range o.Executors {
		env := append([]string{"NETRUST_EXECUTOR_RAW_IDENTITY_FILE=" + c.RawIdentity, "NETRUST_EXECUTOR_LIVENESS_TTL=3s", "NETRUST_EXECUTOR_ACK_WAIT=4s"}, o.ExecutorEnv...)
		c.Executors = append(c.Executors, service(fmt.Sprint("executor-", i), "executor", env...))
	}
	for i := range o.Audits {
		c.Audits = append(c.Audits, service(fmt.Sprint("audit-", i), "audit", "NETRUST_AUDIT_TAKEOVER=1s"))
	}
	c.NATS.Start(t)
	if o.OutsideNATS {
		setUp(t, c)
	} else {
		Eventually(t, 30*time.Second, "NATS is up", func() error { return contains(c.NATS.Log(), "nats is up") })
	}
	for _, p := range c.All()[1:] {
		p.Start(t)
	}
	c.API = &API{URL: "http://127.0.0.1:" + apiPort}
	Eventually(t, 60*time.Second, "the gateway is ready", c.API.Ready)
	Eventually(t, 10*time.Second, "the first token is shown", func() error {
		c.API.Token = firstToken.FindString(c.Gateway.Log())
		return contains(c.API.Token, "nrt_")
	})
	return c
}

var firstToken = regexp.MustCompile(`nrt_\w+`)

// All lists the processes, NATS first.
func (c *Cluster) All() []*Process {
	all := []*Process{c.NATS, c.Gateway}
	all = append(all, c.Schedulers...)
	all = append(all, c.Executors...)
	return append(all, c.Audits...)
}

func contains(text, part string) error {
	if regexp.MustCompile(regexp.QuoteMeta(part)).MatchString(text) {
		return nil
	}
	return fmt.Errorf("no %q in %q", part, tail(text, 300))
}

func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}
