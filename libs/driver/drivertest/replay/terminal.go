package replay

import (
	"bytes"
	"io"
	"strings"

	"golang.org/x/crypto/ssh"
)

// terminal is one shell.
type terminal struct {
	server  *Server
	conn    ssh.Conn
	channel ssh.Channel
	prompt  string
	unpaged bool
	input   []byte // typed and not yet read
}

// crlf writes line ends as a terminal does.
type crlf struct{ w io.Writer }

// Write implements io.Writer.
func (c crlf) Write(b []byte) (int, error) {
	if _, err := c.w.Write(bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (t *terminal) print(text string) { _, _ = io.WriteString(crlf{t.channel}, text) }

// run serves until the client leaves.
func (t *terminal) run() {
	d := &t.server.device
	t.print(d.Banner)
	if d.EnableSecret != "" {
		t.prompt = d.UserPrompt
	}
	if t.prompt == "" { // a device that logs in and then says nothing
		_, _ = io.Copy(io.Discard, t.channel)
		return
	}
	for {
		t.showPrompt()
		line, ok := t.readLine(!d.NoEcho)
		if !ok {
			return
		}
		if !t.do(line) {
			return
		}
	}
}

func (t *terminal) showPrompt() {
	if lead := t.server.device.Lead; lead != "" {
		t.print("\n" + lead + "\n")
	}
	t.print(t.prompt)
}

// next gives one typed byte.
func (t *terminal) next() (byte, bool) {
	if len(t.input) == 0 {
		buffer := make([]byte, 4096)
		n, err := t.channel.Read(buffer)
		if n == 0 || err != nil {
			return 0, false
		}
		t.input = buffer[:n]
	}
	c := t.input[0]
	t.input = t.input[1:]
	return c, true
}

// readLine echoes while it reads, and ends at a line end or Ctrl-C.
func (t *terminal) readLine(echo bool) (string, bool) {
	var line []byte
	echoed := 0
	for {
		if echo && len(t.input) == 0 && echoed < len(line) { // what was typed is shown before the line ends
			t.print(string(line[echoed:]))
			echoed = len(line)
		}
		c, ok := t.next()
		switch {
		case !ok:
			return "", false
		case c == '\n' || c == '\r':
			if noise := t.server.device.Answers[string(line)].Noise; noise != "" {
				t.print("\n" + noise + "\n" + t.prompt) // the log line, and the prompt with what is typed so far
			}
			if echo {
				t.print(string(line[echoed:]))
			}
			t.print("\n")
			return string(line), true
		case c == 3:
			t.print("^C\n")
			return "\x03", true
		default:
			line = append(line, c)
		}
	}
}

// do runs one command, and says whether the session goes on.
func (t *terminal) do(line string) bool {
	d := &t.server.device
	switch {
	case line == "\x03":
		return true
	case line == d.PagingOff && line != "":
		t.unpaged = true
	case line == "enable" && d.EnableSecret != "":
		return t.enable()
	}
	a := t.server.answer(line)
	out := io.Writer(crlf{t.channel})
	if !t.unpaged && d.Pager != "" {
		out = &pager{t: t, left: t.pageLength()}
	}
	_, err := io.WriteString(out, a.Text)
	if a.Write != nil && err == nil {
		a.Write(out)
	}
	if a.Mode != "" {
		t.prompt = a.Mode
	}
	switch {
	case a.Ask != "":
		t.print(a.Ask)
		answer, ok := t.readLine(true)
		if answer != "\x03" {
			t.server.answer("(answered " + answer + ")")
		}
		return ok
	case a.Hang:
		_, _ = io.Copy(io.Discard, t.channel)
		return false
	case a.Drop:
		_ = t.conn.Close()
		return false
	case a.Leave:
		return false
	}
	return true
}

func (t *terminal) enable() bool {
	d := &t.server.device
	for range 3 {
		t.print("Password: ")
		secret, ok := t.readLine(false)
		if !ok {
			return false
		}
		if secret == d.EnableSecret {
			t.prompt = d.Prompt
			return true
		}
		t.server.FailedLogins.Add(1)
	}
	t.print("% Bad secrets\n\n")
	return true
}

func (t *terminal) pageLength() int {
	if n := t.server.device.Page; n > 0 {
		return n
	}
	return 24
}

// pager stops after each page until a key comes.
type pager struct {
	t    *terminal
	left int
	quit bool
}

// Write implements io.Writer.
func (p *pager) Write(b []byte) (int, error) {
	for _, line := range strings.SplitAfter(string(b), "\n") {
		if line == "" || p.quit {
			continue
		}
		if p.left == 0 {
			_, _ = io.WriteString(p.t.channel, p.t.server.device.Pager)
			key, ok := p.t.next()
			if !ok {
				return 0, io.ErrClosedPipe
			}
			_, _ = io.WriteString(p.t.channel, p.t.server.device.Erase)
			p.quit = key == 'q' || key == 3
			p.left = p.t.pageLength()
		}
		if !p.quit {
			p.t.print(line)
			p.left--
		}
	}
	return len(b), nil
}
