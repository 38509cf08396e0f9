package gateway_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/services/gateway"
)

// childURL tells the test binary to be a gateway whose files cannot grow, instead of running tests.
const childURL, childPassword, childDir = "GATEWAY_TEST_NATS", "GATEWAY_TEST_PASSWORD_FILE", "GATEWAY_TEST_DIR"

// fullAt is the size over which the child's files do not grow: its disk is full, but for what is there already.
const fullAt = 1 << 20

func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		if err := child(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child runs a gateway with a limit on the size of files, prints its token and address, and lifts the limit when it is
// sent a line.
func child(url string) error {
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{}
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: fullAt, Max: limit.Max}); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	conn, err := bus.Connect(ctx, bus.Config{URL: url, User: bus.ServerUser, PasswordFile: os.Getenv(childPassword), Name: "child"}, zerolog.Nop())
	if err != nil {
		return err
	}
	defer conn.Close()
	cfg := gateway.Default()
	cfg.Listen, cfg.DataDir = "127.0.0.1:0", os.Getenv(childDir)
	cfg.ShowAdminToken = func(s string) { fmt.Println(s) }
	g, err := gateway.New(conn, cfg, zerolog.Nop())
	if err != nil {
		return err
	}
	go func() {
		defer stop() // the parent has gone
		if g.Ready(ctx) == nil {
			fmt.Println(g.Addr())
		}
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}()
	return g.Run(ctx)
}

func TestAFullDiskIsSaidAndSurvived(t *testing.T) {
	t.Parallel()
	nats := &restartable{t: t, dir: t.TempDir(), listen: "127.0.0.1:0"}
	nats.start()
	t.Cleanup(func() { nats.server.Close() })
	f := &fleet{t: t, conn: nats.connect(), at: time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)}
	if err := f.conn.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0])
	cmd.Env = append(os.Environ(), childURL+"="+nats.server.URL(), childPassword+"="+bus.PasswordFile(nats.dir), childDir+"="+t.TempDir())
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the gateway ended with %v", err)
		}
	})
	said := bufio.NewScanner(stdout)
	var lines []string
	for len(lines) < 2 && said.Scan() {
		lines = append(lines, said.Text())
	}
	if len(lines) < 2 {
		t.Fatalf("the gateway said %q", lines)
	}
	c := &client{t: t, url: "http://" + lines[1], token: lines[0]}
	if strings.HasPrefix(lines[1], "nrt_") {
		c.url, c.token = "http://"+lines[0], lines[1]
	}

	c.importDevices(inventoryYAML)
	job := call[api.Job](c, 202, "POST", api.PathJobs, showVersion).ID
	f.plan(job, "core-1")
	const devices = 60
	for i := range devices {
		noise := make([]byte, 50<<10) // does not compress
		rnd := rand.NewChaCha8([32]byte{byte(i)})
		rnd.Read(noise) //nolint:errcheck // it never fails
		f.succeed(job, fmt.Sprintf("d%02d", i), hex.EncodeToString(noise))
	}
	eventually(t, "the gateway says that it is not ready", func() bool {
		a := c.send("GET", api.PathReady, "")
		return a.Status == 503 && strings.Contains(string(a.Body), "view")
	})
	call[api.Job](c, 202, "POST", api.PathJobs, showVersion)
	if j := call[api.Job](c, 200, "GET", api.PathJobs+"/"+job, ""); j.State.Ended() {
		t.Errorf("with a full disk the job reads %+v", j)
	}
	if _, err := stdin.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
	f.end(job, contract.JobSucceeded, contract.Counts{Total: devices, Succeeded: devices})
	if j := call[api.Job](c, 200, "GET", api.PathJobs+"/"+job+"?wait=20s", ""); j.State != contract.JobSucceeded {
		t.Errorf("with room again the job is %+v", j)
	}
	results := call[api.ResultList](c, 200, "GET", api.PathJobs+"/"+job+"/results?state=succeeded&limit=1000", "")
	n := len(results.Results)
	for next := results.Next; next != ""; {
		page := call[api.ResultList](c, 200, "GET", api.PathJobs+"/"+job+"/results?state=succeeded&limit=1000&cursor="+next, "")
		n, next = n+len(page.Results), page.Next
	}
	if n != devices {
		t.Errorf("%d results, want %d", n, devices)
	}
	if a := c.send("GET", api.PathReady, ""); a.Status != 200 {
		t.Errorf("with room again it says %s", a.Body)
	}
}
