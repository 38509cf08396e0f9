package gateway_test

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/services/gateway"
)

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestAGatewayThatStartsBeforeNATSAnswersThatItWaits(t *testing.T) {
	t.Parallel()
	data, natsAddr := t.TempDir(), freeAddress(t)
	s := gateway.DefaultProcess()
	s.Service.Listen, s.Service.DataDir, s.Service.DrainTimeout = freeAddress(t), t.TempDir(), 2*time.Second
	s.NATS.URL, s.NATS.PasswordFile = "nats://"+natsAddr, bus.PasswordFile(data)
	ctx, cancel := context.WithCancel(t.Context())
	shown, show := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- gateway.Process(ctx, servicekit.Process{Log: zerolog.Nop(), Health: servicekit.NewHealth(), DrainTimeout: time.Second}, s, show)
	}()
	defer func() {
		cancel()
		if err := <-done; err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	}()
	c := &client{t: t, url: "http://" + s.Service.Listen}
	eventually(t, "it listens", func() bool {
		conn, err := net.Dial("tcp", s.Service.Listen)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
	for _, path := range []string{api.PathJobs, api.PathDevices, "/v1/jobs/x/events", api.PathOpenAPI} {
		a := c.send("GET", path, "")
		if p := a.problem(t); a.Status != 503 || a.Header.Get("Retry-After") == "" || !strings.Contains(p.Detail, "starting") || !strings.Contains(p.Detail, "nats") {
			t.Errorf("%s: %d %v %s", path, a.Status, a.Header, a.Body)
		}
	}
	if a := c.send("GET", api.PathHealth, ""); a.Status != 200 {
		t.Errorf("health: %d %s", a.Status, a.Body)
	}
	if a := c.send("GET", api.PathReady, ""); a.Status != 503 || !strings.Contains(string(a.Body), `"nats"`) {
		t.Errorf("readiness: %d %s", a.Status, a.Body)
	}

	server, err := bus.StartServer(bus.ServerConfig{DataDir: data, Listen: natsAddr}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	if err := server.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, err := shown.Read(line)
	_, secret, ok := strings.Cut(strings.TrimSpace(string(line[:n])), ": ")
	if err != nil || !ok {
		t.Fatalf("it shows %q, %v", line[:n], err)
	}
	c.token = secret
	eventually(t, "it works", func() bool { return c.send("GET", api.PathJobs, "").Status == 200 })
}
