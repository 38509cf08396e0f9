package sshdriver_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/scrapli/scrapligo/driver/options"
	scrapli "github.com/scrapli/scrapligo/platform"
	"github.com/scrapli/scrapligo/transport"
	"github.com/scrapli/scrapligo/util"
	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/drivertest/replay"
	"github.com/netrust/netrust/libs/driver/hostkey"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/libs/driver/sshdriver"
	"github.com/netrust/netrust/libs/driver/sshtransport"
)

// The benchmarks compare ways to open a session, run show version, and close, against a server in a process of its own, so
// that the CPU time that they report is the client's alone. docs/adr/0002-own-cli-channel.md quotes them.

const serverMode = "NETRUST_BENCH_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(serverMode) != "" {
		serveForBench()
		return
	}
	os.Exit(m.Run())
}

// serveForBench replays an IOS device until its standard input ends.
func serveForBench() {
	var t testing.T // only its Helper and Cleanup are used
	d := replay.Preset(platform.CiscoIOS)
	d.OneExec = false
	text, err := os.ReadFile("testdata/transcripts/cisco_ios/show_version.txt")
	if err != nil {
		panic(err)
	}
	d.Answers["show version"] = replay.Answer{Text: strings.ReplaceAll(string(text), "\r\n", "\n")}
	d.Answers["show forever"] = replay.Answer{Hang: true}
	s := replay.Start(&t, d)
	fmt.Println(s.Port())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func benchServer(b *testing.B) driver.Target {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serverMode+"=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	port, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		b.Fatal(err)
	}
	d := replay.Preset(platform.CiscoIOS)
	return driver.Target{DeviceID: "r1", Address: "127.0.0.1", Port: port, Platform: platform.CiscoIOS, Username: d.Username,
		Password: driver.NewSecret(d.Password), HostKeys: &hostkey.Memory{}, ConnectTimeout: time.Minute}
}

// cpu is the CPU time of this process.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// exchanges runs the exchange many times, in parallel, and reports the client's CPU time for one.
func exchanges(b *testing.B, once func() error) {
	b.Helper()
	if err := once(); err != nil {
		b.Fatal(err)
	}
	before := cpu(b)
	b.ResetTimer()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := once(); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N)/1000, "cpu-ms/op")
}

func BenchmarkExchange(b *testing.B) {
	target := benchServer(b)
	ways := []struct {
		name string
		once func() error
	}{
		{"crypto-ssh/handshake", func() error { return bare(target, func(*ssh.Client) error { return nil }) }},
		{"crypto-ssh/exec", func() error { return bare(target, bareExec) }},
		{"crypto-ssh/shell", func() error { return bare(target, bareShell) }},
		{"netrust/exec", func() error { return ours(b, target, driver.OpenOptions{Commands: []string{"show version"}}) }},
		{"netrust/terminal", func() error { return ours(b, target, driver.OpenOptions{Terminal: true}) }},
		{"scrapligo/standard", func() error { return byScrapligo(target, options.WithTransportType(transport.StandardTransport)) }},
		{"scrapligo/our-transport", func() error {
			return byScrapligo(target, options.WithCustomTransport(&underScrapligo{target: target}))
		}},
	}
	for _, way := range ways {
		b.Run(way.name, func(b *testing.B) { exchanges(b, way.once) })
	}
}

func bare(t driver.Target, use func(*ssh.Client) error) error {
	config := &ssh.ClientConfig{User: t.Username, Auth: []ssh.AuthMethod{ssh.Password(t.Password.Reveal())}, HostKeyCallback: ssh.InsecureIgnoreHostKey()}
	config.KeyExchanges = []string{ssh.KeyExchangeCurve25519}
	client, err := ssh.Dial("tcp", net.JoinHostPort(t.Address, strconv.Itoa(t.Port)), config)
	if err != nil {
		return err
	}
	defer client.Close()
	return use(client)
}

func bareExec(c *ssh.Client) error {
	s, err := c.NewSession()
	if err != nil {
		return err
	}
	defer s.Close()
	out, err := s.Output("show version")
	if err == nil && !bytes.Contains(out, []byte("Cisco IOS")) {
		return errors.New("another answer")
	}
	return err
}

// bareShell does what a careful person would write by hand: it waits for the prompt after each command.
func bareShell(c *ssh.Client) error {
	s, err := c.NewSession()
	if err != nil {
		return err
	}
	defer s.Close()
	in, err := s.StdinPipe()
	if err != nil {
		return err
	}
	out, err := s.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.RequestPty("vt100", 1000, 511, ssh.TerminalModes{}); err != nil {
		return err
	}
	if err := s.Shell(); err != nil {
		return err
	}
	buffer := make([]byte, 16<<10)
	var got []byte
	prompt := func() error {
		got = got[:0]
		for !bytes.HasSuffix(got, []byte("\nr1#")) {
			n, err := out.Read(buffer)
			if err != nil {
				return err
			}
			got = append(got, buffer[:n]...)
		}
		return nil
	}
	for _, command := range []string{"", "terminal width 512", "terminal length 0", "show version"} {
		if command != "" {
			if _, err := io.WriteString(in, command+"\n"); err != nil {
				return err
			}
		}
		if err := prompt(); err != nil {
			return err
		}
	}
	if !bytes.Contains(got, []byte("Cisco IOS")) {
		return errors.New("another answer")
	}
	return nil
}

func ours(b *testing.B, t driver.Target, o driver.OpenOptions) error {
	d, err := sshdriver.New(platform.CiscoIOS)
	if err != nil {
		return err
	}
	s, err := d.Open(b.Context(), t, o)
	if err != nil {
		return err
	}
	defer s.Close()
	out, err := s.Run(b.Context(), driver.Command{Text: "show version", Timeout: time.Minute})
	if err == nil && !strings.Contains(out.Text, "Cisco IOS") {
		return errors.New("another answer")
	}
	return err
}

func byScrapligo(t driver.Target, by util.Option) error {
	p, err := scrapli.NewPlatform(scrapli.CiscoIosxe, t.Address, options.WithPort(t.Port), options.WithAuthNoStrictKey(),
		options.WithAuthUsername(t.Username), options.WithAuthPassword(t.Password.Reveal()), by)
	if err != nil {
		return err
	}
	d, err := p.GetNetworkDriver()
	if err != nil {
		return err
	}
	if err := d.Open(); err != nil {
		return err
	}
	defer d.Close()
	out, err := d.SendCommand("show version")
	if err == nil && !strings.Contains(out.Result, "Cisco IOS") {
		return errors.New("another answer")
	}
	return err
}

// underScrapligo is our transport as scrapligo wants one.
type underScrapligo struct {
	target driver.Target
	conn   *sshtransport.Conn
	stream *sshtransport.Stream
}

func (u *underScrapligo) Open(*transport.Args) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if u.conn, err = sshtransport.Dial(ctx, u.target); err != nil {
		return err
	}
	u.stream, err = u.conn.Shell(ctx, "vt100")
	return err
}

func (u *underScrapligo) Close() error  { return u.conn.Close() }
func (u *underScrapligo) IsAlive() bool { return u.conn.Alive() }

func (u *underScrapligo) Read(n int) ([]byte, error) {
	b := make([]byte, n)
	n, err := u.stream.Read(b)
	return b[:n], err
}

func (u *underScrapligo) Write(b []byte) error {
	_, err := u.stream.Write(b)
	return err
}

// BenchmarkWaiting keeps sessions waiting for output for a second, and reports the CPU time of one session's second.
func BenchmarkWaiting(b *testing.B) {
	const sessions = 100
	target := benchServer(b)
	b.Run("netrust", func(b *testing.B) {
		var open []driver.Session
		d, err := sshdriver.New(platform.CiscoIOS)
		if err != nil {
			b.Fatal(err)
		}
		for range sessions {
			s, err := d.Open(b.Context(), target, driver.OpenOptions{Terminal: true})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			open = append(open, s)
		}
		waits(b, sessions, func(i int) {
			_, _ = open[i].Run(b.Context(), driver.Command{Text: "show forever", Timeout: time.Second})
		})
	})
	b.Run("scrapligo", func(b *testing.B) {
		var open []func()
		for range sessions {
			p, err := scrapli.NewPlatform(scrapli.CiscoIosxe, target.Address, options.WithTimeoutOps(time.Second),
				options.WithCustomTransport(&underScrapligo{target: target}))
			if err != nil {
				b.Fatal(err)
			}
			d, err := p.GetNetworkDriver()
			if err != nil {
				b.Fatal(err)
			}
			if err := d.Open(); err != nil {
				b.Fatal(err)
			}
			defer func() { _ = d.Transport.Close(true) }()
			open = append(open, func() { _, _ = d.SendCommand("show forever") })
		}
		waits(b, sessions, func(i int) { open[i]() })
	})
}

// waits runs all at once, once: a session is spent by its wait.
func waits(b *testing.B, n int, wait func(int)) {
	b.Helper()
	before := cpu(b)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { wait(i) })
	}
	all.Wait()
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(n)/1000, "cpu-ms/session")
}

// BenchmarkOpenSession reports what an open session with a terminal costs in memory.
func BenchmarkOpenSession(b *testing.B) {
	const sessions = 200
	target := benchServer(b)
	d, err := sshdriver.New(platform.CiscoIOS)
	if err != nil {
		b.Fatal(err)
	}
	before := memory()
	for range sessions {
		s, err := d.Open(b.Context(), target, driver.OpenOptions{Terminal: true})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		if _, err := s.Run(b.Context(), driver.Command{Text: "show version", Timeout: time.Minute}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(memory()-before)/sessions/1024, "KiB/session")
}

// memory is what the heap and the stacks hold.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
