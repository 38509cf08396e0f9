package replay

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Server replays a device on a loopback port. Its methods may be called at any time.
type Server struct {
	device   Device
	listener net.Listener

	Logins       atomic.Int64 // that succeeded
	FailedLogins atomic.Int64 // offers of a secret that failed
	Connections  atomic.Int64 // that were accepted

	mu       sync.Mutex
	signer   ssh.Signer
	conns    map[net.Conn]bool
	commands map[string]int
	closed   bool
	workers  sync.WaitGroup
}

// Start serves the device until the test ends.
func Start(t testing.TB, d Device) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listening: %v", err)
	}
	s := &Server{device: d, listener: listener, conns: map[net.Conn]bool{}, commands: map[string]int{}}
	s.NewHostKey()
	s.workers.Go(s.accept)
	t.Cleanup(s.Close)
	return s
}

// Port is where it listens, on 127.0.0.1.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// NewHostKey changes the host key for later connections.
func (s *Server) NewHostKey() {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signer = signer
}

// Count says how often the device got the command, by terminal or exec.
func (s *Server) Count(command string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commands[command]
}

// Open says how many connections are open.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Close cuts every connection and waits for the end.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	_ = s.listener.Close()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.workers.Wait()
}

// CutAll cuts every open connection.
func (s *Server) CutAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close()
	}
}

func (s *Server) accept() {
	for {
		raw, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.Connections.Add(1)
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			_ = raw.Close()
			return
		}
		s.conns[raw] = true
		config := s.config()
		s.mu.Unlock()
		s.workers.Go(func() {
			s.serve(raw, config)
			_ = raw.Close()
			s.mu.Lock()
			delete(s.conns, raw)
			s.mu.Unlock()
		})
	}
}

var errDenied = errors.New("denied")

func (s *Server) config() *ssh.ServerConfig {
	check := func(user, password string) (*ssh.Permissions, error) {
		if user == s.device.Username && password == s.device.Password {
			s.Logins.Add(1)
			return nil, nil
		}
		s.FailedLogins.Add(1)
		return nil, errDenied
	}
	c := &ssh.ServerConfig{ServerVersion: "SSH-2.0-replay", MaxAuthTries: 6}
	c.KeyboardInteractiveCallback = func(m ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		answers, err := ask("", "", []string{"Password: "}, []bool{false})
		if err != nil || len(answers) != 1 {
			return nil, errDenied
		}
		return check(m.User(), answers[0])
	}
	if !s.device.Interactive {
		c.PasswordCallback = func(m ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) { return check(m.User(), string(p)) }
	}
	if s.device.AuthorizedKey != nil {
		c.PublicKeyCallback = func(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if m.User() == s.device.Username && bytes.Equal(key.Marshal(), s.device.AuthorizedKey) {
				return nil, nil
			}
			s.FailedLogins.Add(1)
			return nil, errDenied
		}
	}
	if s.device.Legacy {
		c.KeyExchanges = []string{ssh.InsecureKeyExchangeDH14SHA1}
		c.Ciphers = []string{ssh.InsecureCipherAES128CBC}
		c.MACs = []string{ssh.HMACSHA1}
		c.AddHostKey(oldSigner())
		return c
	}
	c.AddHostKey(s.signer)
	return c
}

// oldSigner is an RSA host key that signs with SHA-1 only, as old devices do.
func oldSigner() ssh.Signer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		panic(err)
	}
	old, err := ssh.NewSignerWithAlgorithms(signer.(ssh.AlgorithmSigner), []string{ssh.KeyAlgoRSA})
	if err != nil {
		panic(err)
	}
	return old
}

func (s *Server) serve(raw net.Conn, config *ssh.ServerConfig) {
	conn, channels, requests, err := ssh.NewServerConn(raw, config)
	if err != nil {
		return
	}
	defer conn.Close()
	var workers sync.WaitGroup
	defer workers.Wait()
	workers.Go(func() { ssh.DiscardRequests(requests) })
	for offered := range channels {
		if offered.ChannelType() != "session" {
			_ = offered.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		channel, reqs, err := offered.Accept()
		if err != nil {
			return
		}
		workers.Go(func() { s.session(conn, channel, reqs) })
	}
}

// session serves one channel: a shell or an exec.
func (s *Server) session(conn ssh.Conn, channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close()
	var workers sync.WaitGroup
	defer workers.Wait()
	for r := range requests {
		switch {
		case r.Type == "pty-req":
			_ = r.Reply(true, nil)
		case r.Type == "shell":
			_ = r.Reply(true, nil)
			workers.Go(func() {
				t := &terminal{server: s, conn: conn, channel: channel, prompt: s.device.Prompt}
				t.run()
				_ = channel.Close()
			})
		case r.Type == "exec" && !s.device.NoExec:
			var ask struct{ Command string }
			_ = ssh.Unmarshal(r.Payload, &ask)
			_ = r.Reply(true, nil)
			workers.Go(func() { s.exec(conn, channel, ask.Command) })
		default:
			_ = r.Reply(false, nil)
		}
	}
}

func (s *Server) exec(conn ssh.Conn, channel ssh.Channel, command string) {
	a := s.answer(command)
	w := crlf{channel}
	_, _ = io.WriteString(w, "\n"+a.Text) // real devices begin with an empty line
	if a.Write != nil {
		a.Write(w)
	}
	if a.Hang {
		_, _ = io.Copy(io.Discard, channel)
		_ = conn.Wait()
		return
	}
	if a.Drop || s.device.HangsUp {
		_ = conn.Close()
		return
	}
	if !s.device.OneExec {
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(&struct{ Status uint32 }{0}))
	}
	_ = channel.Close()
	if s.device.OneExec {
		_ = conn.Close()
	}
}

// answer counts the command and finds its answer.
func (s *Server) answer(command string) Answer {
	s.mu.Lock()
	s.commands[command]++
	s.mu.Unlock()
	if a, ok := s.device.Answers[command]; ok {
		return a
	}
	if command == "" || command == s.device.PagingOff || knownOnOpen[command] {
		return Answer{}
	}
	return Answer{Text: s.device.Unknown(command)}
}

// knownOnOpen are commands that drivers type first.
var knownOnOpen = map[string]bool{
	"terminal width 512": true, "terminal width 511": true, "terminal width 32767": true,
	"no terminal paginate": true, "set cli screen-width 511": true, "set cli complete-on-space off": true,
}
