package lab_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/lab"
)

// patience bounds every wait of the tests.
const patience = 30 * time.Second

// start runs a lab for the time of a test.
func start(t testing.TB, config lab.Config) *lab.Lab {
	t.Helper()
	l, err := lab.New(config)
	if err != nil {
		t.Fatalf("building the lab: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("running the lab: %v", err)
			}
		case <-time.After(patience):
			t.Error("the lab did not stop")
		}
	})
	select {
	case <-l.Ready():
	case err := <-done:
		done <- nil
		t.Fatalf("starting the lab: %v", err)
	case <-time.After(patience):
		t.Fatal("the lab did not get ready")
	}
	return l
}

// one runs a lab with one device of a platform and returns it.
func one(t testing.TB, platform string) (*lab.Lab, *lab.Device) {
	t.Helper()
	l := start(t, lab.Config{Platforms: []string{platform}})
	return l, l.Devices()[0]
}

// login is a client config with the lab's password, which accepts the device's right key only.
func login(l *lab.Lab, d *lab.Device) *ssh.ClientConfig {
	env := l.CredentialEnv()
	return &ssh.ClientConfig{
		User:            env["NETRUST_CREDENTIAL_LAB_USERNAME"],
		Auth:            []ssh.AuthMethod{ssh.Password(env["NETRUST_CREDENTIAL_LAB_PASSWORD"])},
		HostKeyCallback: ssh.FixedHostKey(d.HostKey()),
		Timeout:         patience,
	}
}

// dial logs in to a device. All that is read and written after must be done within the tests' patience.
func dial(t testing.TB, d *lab.Device, config *ssh.ClientConfig) (*ssh.Client, error) {
	t.Helper()
	tcp, err := net.DialTimeout("tcp", d.Target(), patience)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { tcp.Close() })
	if err := tcp.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	conn, channels, requests, err := ssh.NewClientConn(tcp, d.Target(), config)
	if err != nil {
		return nil, err
	}
	return ssh.NewClient(conn, channels, requests), nil
}

func mustDial(t testing.TB, l *lab.Lab, d *lab.Device) *ssh.Client {
	t.Helper()
	client, err := dial(t, d, login(l, d))
	if err != nil {
		t.Fatalf("logging in to %s: %v", d.ID, err)
	}
	return client
}

// terminal is an interactive session as a test drives it.
type terminal struct {
	t       testing.TB
	session *ssh.Session
	in      interface{ Write([]byte) (int, error) }
	out     interface{ Read([]byte) (int, error) }
}

// shell opens a session with a PTY of 80 columns.
func shell(t testing.TB, client *ssh.Client, rows int) *terminal {
	t.Helper()
	session, err := client.NewSession()
	if err != nil {
		t.Fatalf("opening a session: %v", err)
	}
	if err := session.RequestPty("vt100", rows, 80, nil); err != nil {
		t.Fatalf("asking for a PTY: %v", err)
	}
	return begin(t, session)
}

func begin(t testing.TB, session *ssh.Session) *terminal {
	t.Helper()
	in, err := session.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Shell(); err != nil {
		t.Fatalf("starting a shell: %v", err)
	}
	return &terminal{t, session, in, out}
}

// connect logs in and waits for the first prompt.
func connect(t testing.TB, l *lab.Lab, d *lab.Device, rows int, prompt string) *terminal {
	t.Helper()
	term := shell(t, mustDial(t, l, d), rows)
	term.expect(prompt)
	return term
}

func (c *terminal) send(text string) {
	c.t.Helper()
	if _, err := c.in.Write([]byte(text)); err != nil {
		c.t.Fatalf("sending %q: %v", text, err)
	}
}

// expect reads until the output ends in what is expected, and returns all of it.
func (c *terminal) expect(end string) string {
	c.t.Helper()
	text, err := c.read(end)
	if err != nil {
		c.t.Fatalf("waiting for %q: %v; got %d bytes that end in %q", end, err, len(text), text[max(0, len(text)-200):])
	}
	return text
}

// read is expect for tests in which the connection may break.
func (c *terminal) read(end string) (string, error) {
	var got bytes.Buffer
	chunk := make([]byte, 4096)
	for !strings.HasSuffix(got.String(), end) || end == "" {
		n, err := c.out.Read(chunk)
		got.Write(chunk[:n])
		if err != nil {
			return got.String(), err
		}
	}
	return got.String(), nil
}

// ask sends a line and returns everything up to the expected end.
func (c *terminal) ask(line, end string) string {
	c.t.Helper()
	c.send(line + "\r")
	return c.expect(end)
}

// become enables a cisco_ios or arista_eos session.
func (c *terminal) become(l *lab.Lab, hostname string) {
	c.t.Helper()
	c.ask("enable", "Password: ")
	c.ask(l.CredentialEnv()["NETRUST_CREDENTIAL_LAB_ENABLE"], "\r\n"+hostname+"#")
}
