package peers

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"time"
)

// startSSH starts one OpenSSH server with a port per router. It has two host keys of different types, as most have.
func (f *FRR) startSSH(t testing.TB) {
	t.Helper()
	var config strings.Builder
	f.newHostKeys(t)
	fmt.Fprintf(&config, "HostKey %[1]s/host_rsa\nHostKey %[1]s/host_ed25519\nPidFile none\nUsePAM no\nStrictModes no\n"+
		"PasswordAuthentication yes\nKbdInteractiveAuthentication no\nMaxStartups 1000:30:2000\nMaxSessions 100\nPrintMotd no\nLogLevel VERBOSE\n"+
		"AllowUsers %[2]s\n", f.folder, f.Username)
	for i := range f.Routers {
		f.Routers[i].Port = freePort(t)
		f.Routers[i].PagedPort = freePort(t)
		fmt.Fprintf(&config, "ListenAddress 127.0.0.1:%d\nListenAddress 127.0.0.1:%d\n", f.Routers[i].Port, f.Routers[i].PagedPort)
	}
	for _, r := range f.Routers {
		for port, pager := range map[int]string{r.Port: "cat", r.PagedPort: "more"} {
			fmt.Fprintf(&config, "Match LocalPort %d\n  ForceCommand /usr/bin/stty rows 24; exec /usr/bin/env VTYSH_PAGER=%s /usr/bin/vtysh --vty_socket %s --config_dir %s\n",
				port, pager, r.folder, r.folder)
		}
	}
	write(t, filepath.Join(f.folder, "sshd_config"), config.String())
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // sshd insists on it for its privilege separation
		t.Fatal(err)
	}
	f.runSSH(t)
}

func (f *FRR) runSSH(t testing.TB) {
	t.Helper()
	f.sshd = start(t, f.sshLog(), "/usr/sbin/sshd", "-D", "-e", "-f", filepath.Join(f.folder, "sshd_config"))
	for _, r := range f.Routers {
		f.sshd.ready(t, func() bool {
			c, err := net.DialTimeout("tcp", fmt.Sprintf("%s:%d", r.Address, r.Port), time.Second)
			if err == nil {
				_ = c.Close()
			}
			return err == nil
		})
	}
}

func (f *FRR) sshLog() string { return filepath.Join(f.folder, "sshd.log") }

func (f *FRR) newHostKeys(t testing.TB) {
	t.Helper()
	for _, kind := range []string{"rsa", "ed25519"} {
		file := filepath.Join(f.folder, "host_"+kind)
		_ = os.Remove(file)
		command(t, "ssh-keygen", "-q", "-N", "", "-t", kind, "-f", file)
	}
}

// ChangeHostKeys restarts the SSH server with other host keys.
func (f *FRR) ChangeHostKeys(t testing.TB) {
	t.Helper()
	f.sshd.stop()
	f.newHostKeys(t)
	f.runSSH(t)
}

// FailedLogins counts the passwords and keys that the server has refused.
func (f *FRR) FailedLogins(t testing.TB) int64 {
	t.Helper()
	log, err := os.ReadFile(f.sshLog())
	if err != nil {
		t.Fatal(err)
	}
	return int64(strings.Count(string(log), "Failed password for") + strings.Count(string(log), "Failed publickey for"))
}

// KnownHosts writes a known_hosts file with only the keys of the given type (ed25519, rsa).
func (f *FRR) KnownHosts(t testing.TB, kind string) string {
	t.Helper()
	public, err := os.ReadFile(filepath.Join(f.folder, "host_"+kind+".pub"))
	if err != nil {
		t.Fatal(err)
	}
	key := strings.Join(strings.Fields(string(public))[:2], " ")
	var lines strings.Builder
	for _, r := range f.Routers {
		fmt.Fprintf(&lines, "[%s]:%d %s\n", r.Address, r.Port, key)
	}
	file := filepath.Join(t.TempDir(), "known_hosts")
	write(t, file, lines.String())
	return file
}

func freePort(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
