package peers

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// OpenSSH is one OpenSSH server with an account of its own: a jump host, or a device with a shell.
type OpenSSH struct {
	Name     string // of the account and of the server's PAM service
	Address  string
	Port     int
	Username string
	Password string
	folder   string
	sshd     *process
}

var servers atomic.Int64

// StartOpenSSH starts a server, which ends with the test. Config lines go before the stock ones, and so win over them. PAM
// lines, when there are any, are its PAM stack: the server then asks by keyboard-interactive.
func StartOpenSSH(t testing.TB, config []string, pam ...string) *OpenSSH {
	t.Helper()
	need(t)
	sweep(t)
	folder, err := os.MkdirTemp("", "netrust-peers-")
	if err != nil {
		t.Fatalf("making the peer's folder: %v", err)
	}
	s := &OpenSSH{Name: fmt.Sprintf("nr%d-%d", os.Getpid(), servers.Add(1)), Address: "127.0.0.1", Port: freePort(t), folder: folder}
	s.Username, s.Password = s.Name, "password-of-"+s.Name
	t.Cleanup(func() { s.stop(t) })
	if err := os.Chmod(folder, 0o755); err != nil { // logins run as other users
		t.Fatal(err)
	}
	addAccount(t, s.Username, folder, s.Password, "")
	command(t, "ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", s.path("host_key"))
	lines := append(config,
		fmt.Sprintf("ListenAddress %s:%d", s.Address, s.Port), "HostKey "+s.path("host_key"), "PidFile none", "StrictModes no",
		"AuthorizedKeysFile "+s.path("authorized_keys"), "AllowUsers "+s.Username, "LogLevel VERBOSE", "PrintMotd no", "MaxStartups 100")
	program := "/usr/sbin/sshd"
	if len(pam) > 0 { // sshd's PAM service is called as its program is
		program = s.path(s.Name)
		if err := os.Symlink("/usr/sbin/sshd", program); err != nil {
			t.Fatal(err)
		}
		write(t, s.pamFile(), strings.Join(pam, "\n")+"\n")
		lines = append(lines, "UsePAM yes", "KbdInteractiveAuthentication yes", "PasswordAuthentication no")
	} else {
		lines = append(lines, "UsePAM no", "KbdInteractiveAuthentication no", "PasswordAuthentication yes")
	}
	write(t, s.path("sshd_config"), strings.Join(lines, "\n")+"\n")
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		t.Fatal(err)
	}
	s.sshd = start(t, s.path("log"), program, "-D", "-e", "-f", s.path("sshd_config"))
	s.sshd.ready(t, func() bool {
		c, err := net.DialTimeout("tcp", fmt.Sprintf("%s:%d", s.Address, s.Port), time.Second)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return s
}

func (s *OpenSSH) path(name string) string { return filepath.Join(s.folder, name) }

func (s *OpenSSH) pamFile() string { return "/etc/pam.d/" + s.Name }

func (s *OpenSSH) stop(t testing.TB) {
	if s.sshd != nil {
		s.sshd.stop()
	}
	_ = os.Remove(s.pamFile())
	_ = exec.Command("userdel", s.Username).Run() // if a login is just ending, sweep does it later
	if err := os.RemoveAll(s.folder); err != nil {
		t.Errorf("removing the peer's folder: %v", err)
	}
}

// Log is what the server has said.
func (s *OpenSSH) Log() string { return s.sshd.said() }

// HostKey is the server's public key, as in known_hosts: type and base64.
func (s *OpenSSH) HostKey(t testing.TB) string {
	t.Helper()
	public, err := os.ReadFile(s.path("host_key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(public))[:2], " ")
}

// Authorize lets the holder of a public key log in.
func (s *OpenSSH) Authorize(t testing.TB, publicKeyFile string) {
	t.Helper()
	line, err := os.ReadFile(publicKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(s.path("authorized_keys"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(line); err != nil {
		t.Fatal(err)
	}
}

// NewKey makes a key pair with ssh-keygen, and returns the private file; the public one ends in .pub.
func NewKey(t testing.TB, kind, passphrase, comment string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "id_"+kind)
	command(t, "ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", comment, "-f", file)
	return file
}

// StartAgent starts an ssh-agent that holds the keys, and returns its socket.
func StartAgent(t testing.TB, keys ...string) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "nr-agent-") // short: a socket's path has 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(folder, "s")
	p := start(t, filepath.Join(folder, "log"), "ssh-agent", "-D", "-a", socket)
	t.Cleanup(func() {
		p.stop()
		_ = os.RemoveAll(folder)
	})
	p.ready(t, func() bool { _, err := os.Stat(socket); return err == nil })
	for _, key := range keys {
		add := exec.Command("ssh-add", "-q", key)
		add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
		if out, err := add.CombinedOutput(); err != nil {
			t.Fatalf("ssh-add %s: %v: %s", key, err, out)
		}
	}
	return socket
}
