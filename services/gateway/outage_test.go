package gateway_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// restartable is a NATS server that a test can stop and start again with what it holds.
type restartable struct {
	t      *testing.T
	dir    string
	listen string
	server *bus.Server
}

func (r *restartable) start() {
	r.t.Helper()
	server, err := bus.StartServer(bus.ServerConfig{DataDir: r.dir, Listen: r.listen}, zerolog.Nop())
	if err != nil {
		r.t.Fatal(err)
	}
	r.server, r.listen = server, strings.TrimPrefix(server.URL(), "nats://")
}

func (r *restartable) connect() *bus.Conn {
	r.t.Helper()
	conn, err := bus.Connect(r.t.Context(), bus.Config{
		URL: r.server.URL(), User: bus.ServerUser, PasswordFile: bus.PasswordFile(r.dir), Name: r.t.Name(),
	}, zerolog.Nop())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(conn.Close)
	return conn
}

func TestALostNATSIsSaidAndSurvived(t *testing.T) {
	t.Parallel()
	nats := &restartable{t: t, dir: t.TempDir(), listen: "127.0.0.1:0"}
	nats.start()
	t.Cleanup(func() { nats.server.Close() })
	f := &fleet{t: t, conn: nats.connect(), at: time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)}
	if err := f.conn.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := f.gatewayOn(nats.connect(), t.TempDir())
	c.importDevices(inventoryYAML)
	job := call[api.Job](c, 202, "POST", api.PathJobs, showVersion, header{api.HeaderIdemKey, "before"}).ID
	f.plan(job, "core-1", "core-2")
	f.succeed(job, "core-1", "ok")
	eventually(t, "the result is seen", func() bool {
		return call[api.Job](c, 200, "GET", api.PathJobs+"/"+job, "").Counts.Succeeded == 1
	})
	watch := c.follow(job, "")
	watch.until("the first result", func(e event) bool { return e.Kind == api.EventTask })

	nats.server.Close()
	eventually(t, "the gateway says that it is not ready", func() bool {
		ready := c.send("GET", api.PathReady, "")
		return ready.Status == 503 && strings.Contains(string(ready.Body), "NATS")
	})
	if a := c.send("GET", api.PathHealth, ""); a.Status != 200 {
		t.Errorf("without NATS the process is said to be dead: %d", a.Status)
	}
	if j := call[api.Job](c, 200, "GET", api.PathJobs+"/"+job, ""); j.Counts.Succeeded != 1 {
		t.Errorf("without NATS the job reads %+v", j)
	}
	for _, write := range [][2]string{{api.PathJobs, showVersion}, {api.PathJobs + "/" + job + "/cancel", ""}, {api.PathImport, inventoryYAML},
		{api.PathTokens, `{"name":"x","role":"viewer"}`}} {
		a := c.send("POST", write[0], write[1])
		if p := a.problem(t); a.Status != 503 || a.Header.Get("Retry-After") == "" || !strings.Contains(p.Detail, "NATS") {
			t.Errorf("POST %s without NATS: %d %s", write[0], a.Status, a.Body)
		}
	}
	if a := c.send("POST", api.PathJobs, showVersion, header{api.HeaderIdemKey, "before"}); a.Status != 202 {
		t.Errorf("a repeated request of a known job needs no NATS: %d %s", a.Status, a.Body)
	}

	nats.start()
	eventually(t, "the gateway is ready again", func() bool { return c.send("GET", api.PathReady, "").Status == 200 })
	eventually(t, "the test is connected again", func() bool { return f.conn.Ready(t.Context()) == nil })
	f.succeed(job, "core-2", "ok")
	f.end(job, contract.JobSucceeded, contract.Counts{Total: 2, Succeeded: 2})
	watch.until("the end, on the stream that was open all the time", func(e event) bool { return e.Kind == api.EventEnd })
	call[api.Job](c, 202, "POST", api.PathJobs, showVersion)
}

func TestALostAcknowledgementMakesNoSecondJob(t *testing.T) {
	t.Parallel()
	server, wired, wire := bustest.Wired(t)
	f := &fleet{t: t, server: server, conn: bustest.Connect(t, server), at: time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)}
	c := f.gatewayOn(wired, t.TempDir())
	c.importDevices(inventoryYAML)
	before := f.jobsInLog()
	wire.Deafen(true)
	answers := make(chan answer, 1)
	go func() { answers <- c.send("POST", api.PathJobs, showVersion) }()
	eventually(t, "the command is in the log", func() bool { return f.jobsInLog() > before })
	wire.Deafen(false)
	wire.Cut() // what was lost in the middle of a frame cannot be read on
	if a := <-answers; a.Status != 202 || a.Header.Get("Idempotency-Replayed") != "" {
		t.Errorf("a submission whose acknowledgement was lost is answered by %d %s", a.Status, a.Body)
	}
	if n := f.jobsInLog() - before; n != 1 {
		t.Errorf("the log has %d messages more, want 1", n)
	}
}
