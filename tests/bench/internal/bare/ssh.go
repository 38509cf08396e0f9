package bare

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"slices"

	"golang.org/x/crypto/ssh"
)

// dial logs in. The caller closes the client; the context's end closes the connection.
func dial(ctx context.Context, address string, login Login) (*ssh.Client, func() bool, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	c, channels, requests, err := ssh.NewClientConn(conn, address, &ssh.ClientConfig{
		User: login.Username, Auth: []ssh.AuthMethod{ssh.Password(login.Password)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), // the signature is checked all the same, which is what costs
	})
	if err != nil {
		stop()
		_ = conn.Close()
		return nil, nil, err
	}
	return ssh.NewClient(c, channels, requests), stop, nil
}

// exec runs the command without a terminal.
func exec(ctx context.Context, address string, login Login) (string, error) {
	client, stop, err := dial(ctx, address, login)
	if err != nil {
		return "", err
	}
	defer stop()
	defer client.Close() //nolint:errcheck // the device may have hung up first
	session, err := client.NewSession()
	if err != nil {
		return "", err
	}
	out, err := session.Output(Command)
	return string(out), err
}

// shell types the command in a terminal.
func shell(ctx context.Context, address string, login Login) (string, error) {
	client, stop, err := dial(ctx, address, login)
	if err != nil {
		return "", err
	}
	defer stop()
	defer client.Close() //nolint:errcheck // the device may have hung up first
	session, err := client.NewSession()
	if err != nil {
		return "", err
	}
	in, err := session.StdinPipe()
	if err != nil {
		return "", err
	}
	out, err := session.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := session.RequestPty("vt100", 1000, 511, ssh.TerminalModes{}); err != nil {
		return "", err
	}
	if err := session.Shell(); err != nil {
		return "", err
	}
	t := terminal{in: in, out: out, buffer: make([]byte, 16<<10)}
	var text string
	for _, command := range slices.Concat([]string{""}, SetUp(), []string{Command}) {
		if text, err = t.run(command); err != nil {
			return "", fmt.Errorf("typing %q: %w", command, err)
		}
	}
	return text, nil
}

// terminal is the least that finds a prompt: the text ends with > or #, on a line of its own.
type terminal struct {
	in     io.Writer
	out    io.Reader
	buffer []byte
	prompt []byte
}

// run types a command, or with "" awaits the first prompt, and returns what came before the next prompt.
func (t *terminal) run(command string) (string, error) {
	if command != "" {
		if _, err := io.WriteString(t.in, command+"\n"); err != nil {
			return "", err
		}
	}
	var text []byte
	for {
		n, err := t.out.Read(t.buffer)
		text = append(text, t.buffer[:n]...)
		if t.done(text) {
			return string(text), nil
		}
		if err != nil {
			return "", err
		}
	}
}

func (t *terminal) done(text []byte) bool {
	trimmed := bytes.TrimRight(text, " ")
	line := trimmed[bytes.LastIndexByte(trimmed, '\n')+1:]
	if t.prompt != nil {
		return len(line) < len(trimmed) && bytes.Equal(line, t.prompt)
	}
	if len(line) > 1 && (line[len(line)-1] == '>' || line[len(line)-1] == '#') {
		t.prompt = bytes.Clone(line)
		return true
	}
	return false
}
