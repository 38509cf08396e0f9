package bus

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
)

// ServerConfig says how the embedded NATS runs.
type ServerConfig struct {
	// DataDir holds the streams and the passwords; it is made with mode 0700.
	DataDir string
	// Listen is a loopback address with port; port 0 takes a free one. Default 127.0.0.1:4222.
	Listen string
}

// Server is an embedded NATS server: on disk, every write synced before it is acknowledged, loopback only, with a user for
// each service, who may do what asyncapi.yaml says and no more.
//
// It refuses writes while its disk has no room, and goes on by itself when there is room again.
type Server struct {
	options   *server.Options
	dir       string
	passwords map[string]string // by user
	log       zerolog.Logger
	refuses   atomic.Pointer[string] // why writes are refused, "" for not

	mu   sync.Mutex
	ns   *server.Server // another one after a revival
	stop chan struct{}  // ends the disk watch
	done chan struct{}  // it has ended
}

// Bounds of JetStream's own accounting, which is not what bounds it here.
const (
	maxStore  = 1 << 60
	maxMemory = 1 << 30
)

// startTimeout bounds the recovery of the streams at start.
const startTimeout = 5 * time.Minute

// StartServer starts the server and returns when it takes connections.
func StartServer(cfg ServerConfig, log zerolog.Logger) (*Server, error) {
	host, port, err := loopback(cfg.Listen)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory of NATS: %w", err)
	}
	users, passwords, err := loadUsers(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	s := &Server{
		passwords: passwords, dir: cfg.DataDir, log: log, stop: make(chan struct{}), done: make(chan struct{}),
		options: &server.Options{
			ServerName: "netrust", Host: host, Port: port, Users: users,
			JetStream: true, StoreDir: filepath.Join(cfg.DataDir, "nats"),
			// Left alone, the server takes 75% of what is free when it starts. The disk watch knows what is free now.
			JetStreamMaxStore: maxStore, JetStreamMaxMemory: maxMemory,
			// The default sync loses acknowledged messages on a power cut.
			SyncAlways: true, SyncInterval: time.Minute,
			MaxPayload: 2 << 20, NoSigs: true, DisableShortFirstPing: true,
		},
	}
	if s.ns, err = s.boot(); err != nil {
		return nil, err
	}
	watch := &diskWatch{server: s, dir: cfg.DataDir}
	watch.look(time.Now())
	go func() {
		defer close(s.done)
		watch.run(s.stop)
	}()
	return s, nil
}

// boot starts a server on the data, and returns when it takes connections.
func (s *Server) boot() (*server.Server, error) {
	ns, err := server.NewServer(s.options.Clone())
	if err != nil {
		return nil, fmt.Errorf("setting up NATS: %w", err)
	}
	ns.SetLoggerV2(natsLogger{s.log}, false, false, false)
	go ns.Start()
	if !ns.ReadyForConnections(startTimeout) {
		ns.Shutdown()
		return nil, fmt.Errorf("NATS did not start on %s: is the port taken, or the disk of %s full?",
			net.JoinHostPort(s.options.Host, fmt.Sprint(s.options.Port)), s.dir)
	}
	return ns, nil
}

// revive starts the server anew on its data. Clients find it at the same address.
func (s *Server) revive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ns.Shutdown()
	s.ns.WaitForShutdown()
	ns, err := s.boot()
	if err == nil {
		s.ns = ns
	}
	return err
}

func (s *Server) current() *server.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ns
}

// InProcessConn connects to the server without a socket. It is for [Config.Embedded].
func (s *Server) InProcessConn() (net.Conn, error) { return s.current().InProcessConn() }

// Ready returns an error that says why the server takes no writes, while it does not.
func (s *Server) Ready() error {
	if why := s.refuses.Load(); why != nil && *why != "" {
		return fmt.Errorf("%w: %s", ErrNoWrites, *why)
	}
	return nil
}

func loopback(listen string) (string, int, error) {
	if listen == "" {
		listen = "127.0.0.1:4222"
	}
	addr, err := net.ResolveTCPAddr("tcp", listen)
	if err != nil {
		return "", 0, fmt.Errorf("listen address %q: %w; use one like 127.0.0.1:4222", listen, err)
	}
	if !addr.IP.IsLoopback() {
		return "", 0, fmt.Errorf("listen address %q: the embedded NATS serves this machine only; use a loopback address, or run a NATS server of your own with TLS", listen)
	}
	// A port that is taken makes the server's start wait and fail without a reason: look first.
	l, err := net.ListenTCP("tcp", addr)
	if err != nil {
		return "", 0, fmt.Errorf("listening on %s: %w; is another netrust running? choose another port", listen, err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return addr.IP.String(), port, l.Close()
}

// URL is where the server listens.
func (s *Server) URL() string { return s.current().ClientURL() }

// credentials are those of a service, or of the administrator for "".
func (s *Server) credentials(service string) (user, password string) {
	user = cmp.Or(service, ServerUser)
	return user, s.passwords[user]
}

// Prepare makes the topology, or upgrades it, as [Conn.Ensure] does; of the services none may.
func (s *Server) Prepare(ctx context.Context) error {
	conn, err := Connect(ctx, Config{Embedded: s, Name: "netrust-setup"}, s.log)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Ensure(ctx)
}

// Close stops the server and waits until its files are closed.
func (s *Server) Close() {
	close(s.stop)
	<-s.done
	ns := s.current()
	ns.Shutdown()
	ns.WaitForShutdown()
}

// natsLogger passes the server's words on; what it calls a notice is debug here.
type natsLogger struct{ log zerolog.Logger }

func (l natsLogger) Noticef(f string, v ...any) { l.log.Debug().Msgf(f, v...) }
func (l natsLogger) Warnf(f string, v ...any)   { l.log.Warn().Msgf(f, v...) }
func (l natsLogger) Fatalf(f string, v ...any)  { l.log.Error().Msgf(f, v...) }
func (l natsLogger) Errorf(f string, v ...any)  { l.log.Error().Msgf(f, v...) }
func (l natsLogger) Debugf(f string, v ...any)  {}
func (l natsLogger) Tracef(f string, v ...any)  {}
