// Package peers starts software that nobody of this project wrote, for tests to speak to: FRRouting routers in network
// namespaces, behind one OpenSSH server.
//
// Everything a peer needs lies in a folder of its own, in namespaces and a user account of its own, and is gone when the
// test ends; what a killed test left is removed by the next one. A missing program fails the test with how to install it.
// Root is needed, for the namespaces.
package peers

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Router is one FRRouting router.
type Router struct {
	Name    string // also its host name: r1
	Address string // of the SSH server
	Port    int
	// PagedPort is the same router with a pager of 24 lines, as an administrator may have left it.
	PagedPort int
	folder    string
}

// FRR is a set of routers behind one SSH server. All share the login.
type FRR struct {
	Routers  []Router
	Username string
	Password string
	folder   string
	mark     string // in the names of namespaces and user: says whose they are
	sshd     *process
	daemons  []*process
}

// daemons of a router, in the order of their start.
var daemons = []string{"zebra", "staticd", "bgpd"}

// install is said when something is missing.
const install = "run tools/install-test-peers, or: apt-get install -y --no-install-recommends openssh-server frr iproute2 openssl iputils-ping"

// StartFRR starts n routers and the SSH server before them, which all end with the test.
func StartFRR(t testing.TB, n int) *FRR {
	t.Helper()
	need(t)
	sweep(t)
	f := &FRR{mark: fmt.Sprintf("nr%d", os.Getpid()), Password: "frr-peer-password"}
	f.Username = f.mark
	folder, err := os.MkdirTemp("", "netrust-peers-")
	if err != nil {
		t.Fatalf("making the peers' folder: %v", err)
	}
	f.folder = folder
	t.Cleanup(func() { f.stop(t) })
	if err := os.Chmod(folder, 0o755); err != nil { // the daemons and the login run as other users
		t.Fatal(err)
	}
	f.addUser(t)
	for i := range n {
		f.startRouter(t, fmt.Sprintf("r%d", i+1))
	}
	f.startSSH(t)
	return f
}

func need(t testing.TB) {
	t.Helper()
	for _, program := range []string{"/usr/sbin/sshd", "/usr/lib/frr/zebra", "/usr/bin/vtysh", "/usr/bin/ssh-keygen"} {
		if _, err := os.Stat(program); err != nil {
			t.Fatalf("%s is missing; %s", program, install)
		}
	}
	for _, program := range []string{"ip", "useradd", "userdel", "openssl", "ping"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing; %s", program, install)
		}
	}
	if os.Geteuid() != 0 {
		t.Fatal("FRRouting routers need network namespaces: run the test as root")
	}
}

// sweep removes the namespaces and users of tests that were killed.
func sweep(t testing.TB) {
	t.Helper()
	list, err := exec.Command("ip", "netns", "list").Output()
	if err != nil {
		t.Fatalf("listing network namespaces: %v", err)
	}
	for line := range strings.Lines(string(list)) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		mark, _, _ := strings.Cut(name, "-")
		if orphaned(mark) {
			_ = exec.Command("ip", "netns", "delete", name).Run()
		}
	}
	accounts, err := os.ReadFile("/etc/passwd")
	if err != nil {
		t.Fatalf("listing users: %v", err)
	}
	for line := range strings.Lines(string(accounts)) {
		name, _, _ := strings.Cut(line, ":")
		if mark, _, _ := strings.Cut(name, "-"); orphaned(mark) {
			_ = exec.Command("userdel", name).Run()
		}
	}
}

// orphaned reports whether the mark is of a process that is no more.
func orphaned(mark string) bool {
	pid, err := strconv.Atoi(strings.TrimPrefix(mark, "nr"))
	if err != nil || !strings.HasPrefix(mark, "nr") {
		return false
	}
	_, err = os.Stat(filepath.Join("/proc", strconv.Itoa(pid)))
	return os.IsNotExist(err)
}

// addUser makes the account that logs in: a plain user that may speak to the daemons and not write their files.
func (f *FRR) addUser(t testing.TB) {
	t.Helper()
	addAccount(t, f.Username, f.folder, f.Password, "frrvty")
}

// addAccount makes a user of this machine with a password. Groups may be empty.
func addAccount(t testing.TB, name, home, password, groups string) {
	t.Helper()
	hash, err := exec.Command("openssl", "passwd", "-6", password).Output()
	if err != nil {
		t.Fatalf("hashing the login's password: %v", err)
	}
	args := []string{"-M", "-d", home, "-s", "/bin/sh", "-p", strings.TrimSpace(string(hash)), name}
	if groups != "" {
		args = append([]string{"-G", groups}, args...)
	}
	deadline := time.Now().Add(20 * time.Second)
	for { // another test may hold the lock of the user database
		out, err := exec.Command("useradd", args...).CombinedOutput()
		if err == nil {
			return
		}
		if !strings.Contains(string(out), "lock") || time.Now().After(deadline) {
			t.Fatalf("adding the user %s: %v: %s", name, err, out)
		}
	}
}

// startRouter starts the daemons of one router and gives them their configuration.
func (f *FRR) startRouter(t testing.TB, name string) {
	t.Helper()
	folder := filepath.Join(f.folder, name)
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "vtysh.conf"), "hostname "+name+"\nservice integrated-vtysh-config\n")
	write(t, filepath.Join(folder, "frr.conf"), "hostname "+name+"\nip route 10.9.0.0/16 Null0\n"+
		"router bgp 65001\n bgp router-id 10.0.0.1\n neighbor 192.0.2.1 remote-as 65002\n neighbor 192.0.2.1 password bgp-secret-word\nexit\n")
	owner(t, folder)
	netns := f.netns(name)
	command(t, "ip", "netns", "add", netns)
	command(t, "ip", "-n", netns, "link", "set", "lo", "up")
	for _, daemon := range daemons {
		p := start(t, filepath.Join(folder, daemon+".out"), "ip", "netns", "exec", netns, "/usr/lib/frr/"+daemon, "-A", "127.0.0.1", "-P", "0",
			"-z", filepath.Join(folder, "zserv.api"), "-i", filepath.Join(folder, daemon+".pid"), "--vty_socket", folder,
			"-f", filepath.Join(folder, "none.conf"))
		f.daemons = append(f.daemons, p)
		p.ready(t, func() bool { _, err := os.Stat(filepath.Join(folder, daemon+".vty")); return err == nil })
	}
	command(t, "vtysh", "--vty_socket", folder, "--config_dir", folder, "-b")
	f.Routers = append(f.Routers, Router{Name: name, Address: "127.0.0.1", folder: folder})
}

func (f *FRR) netns(router string) string { return f.mark + "-" + router }

// owner gives a folder to the daemons.
func owner(t testing.TB, folder string) {
	t.Helper()
	frr, err := user.Lookup("frr")
	if err != nil {
		t.Fatalf("the package frr makes a user of that name: %v; %s", err, install)
	}
	uid, _ := strconv.Atoi(frr.Uid)
	gid, _ := strconv.Atoi(frr.Gid)
	err = filepath.Walk(folder, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, uid, gid)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// stop ends everything, and fails the test for what it could not remove.
func (f *FRR) stop(t testing.TB) {
	if f.sshd != nil {
		f.sshd.stop()
	}
	for _, d := range f.daemons {
		d.stop()
	}
	for _, r := range f.Routers {
		if out, err := exec.Command("ip", "netns", "delete", f.netns(r.Name)).CombinedOutput(); err != nil {
			t.Errorf("deleting the namespace of %s: %v: %s", r.Name, err, out)
		}
	}
	_ = exec.Command("userdel", f.Username).Run() // if a login is just ending, sweep does it later
	if err := os.RemoveAll(f.folder); err != nil {
		t.Errorf("removing the peers' folder: %v", err)
	}
}
