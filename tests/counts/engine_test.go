package counts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/services/executor"
	"github.com/netrust/netrust/services/gateway"
	"github.com/netrust/netrust/services/scheduler"
)

// devices of a job.
const devices = 200

// within bounds every wait: it is reached only by what hangs.
const within = 2 * time.Minute

// engine is netrust whose devices answer at once.
type engine struct {
	*testing.T
	conn       *bus.Conn
	url, token string
}

// newEngine starts a scheduler, a gateway and an executor that keeps sessions open for so long, and imports the devices.
func newEngine(t *testing.T, keep time.Duration) *engine {
	server, conn := bustest.Server(t)
	e := &engine{T: t, conn: conn}
	log := zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)

	sched, err := scheduler.New(bustest.Connect(t, server), scheduler.Default(), log)
	e.must(err)
	e.runs(sched.Run)

	token := make(chan string, 1)
	cfg := gateway.Default()
	cfg.Listen, cfg.DataDir, cfg.DrainTimeout = "127.0.0.1:0", t.TempDir(), 2*time.Second
	cfg.ShowAdminToken = func(secret string) { token <- secret }
	gate, err := gateway.New(bustest.Connect(t, server), cfg, log)
	e.must(err)
	e.runs(gate.Run)
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	e.must(gate.Ready(ctx))
	select {
	case e.token = <-token:
	case <-ctx.Done():
		t.Fatal("the gateway shows no token")
	}
	e.url = "http://" + gate.Addr()

	drivers, err := driver.NewRegistry(nobody{})
	e.must(err)
	x := executor.Default()
	x.SessionIdle = keep
	exec, err := executor.New(bustest.Connect(t, server), x, drivers, credential.NewRegistry(map[string]credential.Provider{
		credential.SchemeEnv: credential.Env(func(name string) (string, bool) {
			if strings.HasSuffix(name, "_LAB_USERNAME") || strings.HasSuffix(name, "_LAB_PASSWORD") {
				return "counts", true
			}
			return "", false
		}),
	}), log)
	e.must(err)
	e.runs(exec.Run)
	e.imports()
	return e
}

func (e *engine) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

// runs runs a service until the test ends.
func (e *engine) runs(run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(e.Context()))
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	e.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			e.Errorf("a service ended with %v", err)
		}
	})
}

func (e *engine) imports() {
	var b strings.Builder
	b.WriteString("devices:\n")
	for i := range devices {
		fmt.Fprintf(&b, "  - {id: dev-%03d, name: dev-%03d, platform: %s, address: 192.0.2.1, port: %d, site: lab, credential: \"env:LAB\"}\n",
			i, i, platform.AristaEOS, 20000+i)
	}
	e.ask(http.MethodPost, api.PathImport, "application/yaml", b.String(), nil)
}

func (e *engine) ask(method, path, contentType, body string, into any) {
	e.Helper()
	ctx, cancel := context.WithTimeout(e.Context(), within)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, e.url+path, strings.NewReader(body))
	e.must(err)
	req.Header.Set("Authorization", "Bearer "+e.token)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(req)
	e.must(err)
	text, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	e.must(err)
	if resp.StatusCode >= 300 {
		e.Fatalf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	if into != nil {
		e.must(json.Unmarshal(text, into))
	}
}

// job runs a job on all devices to its good end, and returns its id.
func (e *engine) job() string {
	e.Helper()
	var job api.Job
	e.ask(http.MethodPost, api.PathJobs, "application/json", `{"kind":"command","targets":{"all":true},"commands":["show version"],"limits":{"parallel":200}}`, &job)
	for end := time.Now().Add(within); !job.State.Ended(); {
		if time.Now().After(end) {
			e.Fatalf("job %s is still %s: %+v", job.ID, job.State, job.Counts)
		}
		e.ask(http.MethodGet, api.PathJobs+"/"+job.ID+"?wait=10s", "", "", &job)
	}
	if job.State != contract.JobSucceeded || job.Counts.Succeeded != devices {
		var one json.RawMessage
		e.ask(http.MethodGet, api.PathJobs+"/"+job.ID+"/tasks?limit=1", "", "", &one)
		e.Fatalf("job %s ended as %s: %+v, for example %s", job.ID, job.State, job.Counts, one)
	}
	return job.ID
}
