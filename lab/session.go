package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/lab/internal/cli"
	"github.com/netrust/netrust/lab/internal/tty"
)

// session is one SSH session channel.
type session struct {
	client  *client
	channel ssh.Channel
	pty     bool
	width   uint32
	height  uint32
	term    *tty.Terminal // once a shell or a command runs
	idle    *time.Timer
}

func newSession(c *client, channel ssh.Channel) *session {
	return &session{client: c, channel: channel}
}

// serve answers the requests of a session until the client closes it or the shell or command it started has ended.
func (s *session) serve(ctx context.Context, requests <-chan *ssh.Request) {
	ctx, cancel := context.WithCancel(ctx)
	defer s.channel.Close()
	done := make(chan struct{})
	running := false
	defer func() {
		cancel()
		if running {
			s.channel.Close() // wakes the shell if it reads
			<-done
		}
	}()
	for {
		select {
		case request, ok := <-requests:
			if !ok {
				return
			}
			run := s.answer(request, running)
			if run != nil {
				running = true
				go func() {
					defer close(done)
					run(ctx)
				}()
			}
		case <-doneOr(done, running):
			running = false
			go ssh.DiscardRequests(requests) // what comes until the client has seen the end; closes with the channel
			return
		}
	}
}

func doneOr(done chan struct{}, running bool) <-chan struct{} {
	if running {
		return done
	}
	return nil
}

// answer deals with one request. It returns what to run, if the request starts something.
func (s *session) answer(request *ssh.Request, running bool) func(context.Context) {
	reply := func(ok bool) {
		if request.WantReply {
			request.Reply(ok, nil)
		}
	}
	switch request.Type {
	case "pty-req":
		s.pty = true
		s.width, s.height = windowSize(request.Payload)
		reply(true)
	case "window-change":
		if s.term != nil {
			s.term.Resize(windowOf(request.Payload))
		}
		reply(true)
	case "shell", "exec":
		if running {
			reply(false)
			return nil
		}
		var command struct{ Line string }
		isExec := request.Type == "exec" && !s.client.device.platform.ExecStartsShell
		if isExec && ssh.Unmarshal(request.Payload, &command) != nil {
			reply(false)
			return nil
		}
		s.begin()
		reply(true)
		if isExec {
			return func(ctx context.Context) { s.exec(ctx, command.Line) }
		}
		return s.shell
	default:
		reply(false) // env, subsystem, agent forwarding: devices do not know them or do not take them
	}
	return nil
}

// windowSize reads the size of a pty-req: the terminal's name, then columns and rows.
func windowSize(payload []byte) (width, height uint32) {
	if len(payload) < 4 {
		return 0, 0
	}
	name := int(binary.BigEndian.Uint32(payload))
	if name < 0 || len(payload)-4 < name {
		return 0, 0
	}
	return windowOf(payload[4+name:])
}

func windowOf(payload []byte) (width, height uint32) {
	if len(payload) < 8 {
		return 0, 0
	}
	return binary.BigEndian.Uint32(payload), binary.BigEndian.Uint32(payload[4:])
}

// begin makes the terminal and starts the idle timer.
func (s *session) begin() {
	mode := s.client.device.platform.NoPTY
	if s.pty {
		mode = tty.PTY
	}
	s.term = tty.New(s, s.channel, mode)
	if !s.pty {
		s.term.SetStderr(s.channel.Stderr())
	}
	s.term.Resize(s.width, s.height)
	s.idle = time.AfterFunc(s.client.device.lab.config.IdleTimeout, func() { s.channel.Close() })
}

// Read reads what the client types; it puts off the idle timer.
func (s *session) Read(p []byte) (int, error) {
	n, err := s.channel.Read(p)
	s.idle.Reset(s.client.device.lab.config.IdleTimeout)
	return n, err
}

// shell runs an interactive session.
func (s *session) shell(ctx context.Context) {
	defer s.idle.Stop()
	if s.afflicted(ctx) {
		return
	}
	device := s.client.device
	err := cli.NewShell(ctx, &device.cli, s.term, device.lab.config.Latency).Run()
	s.end(err, 0, device.platform.OneExec)
}

// exec runs one command.
func (s *session) exec(ctx context.Context, line string) {
	defer s.idle.Stop()
	if s.afflicted(ctx) {
		return
	}
	device := s.client.device
	shell := cli.NewShell(ctx, &device.cli, s.term, device.lab.config.Latency)
	status, err := shell.Exec(line)
	s.end(err, status, device.platform.OneExec)
}

// afflicted plays the faults that strike between login and prompt, and reports whether that was all.
func (s *session) afflicted(ctx context.Context) bool {
	faults := s.client.device.Faults()
	switch {
	case faults == nil:
		return false
	case faults.CloseOnLogin:
		s.client.tcp.Close()
		return true
	case faults.SilentAfterLogin:
		<-ctx.Done()
		return true
	}
	return false
}

// end closes the session as the platform does: with an exit status, or (IOS) by closing the whole connection without one.
func (s *session) end(err error, status int, withConnection bool) {
	s.term.Flush()
	switch {
	case errors.Is(err, cli.ErrDropped):
		s.client.tcp.Close()
		return
	case withConnection:
		s.channel.Close()
		s.client.conn.Close()
		return
	}
	s.channel.CloseWrite()
	s.channel.SendRequest("exit-status", false, binary.BigEndian.AppendUint32(nil, uint32(status)))
	s.channel.Close()
}
