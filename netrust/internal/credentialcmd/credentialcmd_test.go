package credentialcmd_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/credential/agefile"
	"github.com/netrust/netrust/netrust/internal/credentialcmd"
	"github.com/netrust/netrust/netrust/internal/world"
)

// desk is a person at a terminal, who has these answers ready: secrets for what is asked without echo, lines for the rest.
type desk struct {
	t       *testing.T
	dir     string
	secrets []string
	lines   string
	environ []string

	asked    []string
	out, err bytes.Buffer
}

func newDesk(t *testing.T) *desk { return &desk{t: t, dir: t.TempDir()} }

// run gives a command line, and returns the exit code.
func (d *desk) run(args ...string) int {
	d.t.Helper()
	d.out.Reset()
	d.err.Reset()
	d.asked = nil
	w := world.World{Deps: cli.Deps{
		Stdin: strings.NewReader(d.lines), Stdout: &d.out, Stderr: &d.err, Interactive: true, ConfigDir: filepath.Join(d.dir, "config"),
		Width: func() int { return 80 }, ErrWidth: func() int { return 80 }, LookupEnv: func(string) (string, bool) { return "", false },
		Now: func() time.Time { return time.Date(2025, 6, 2, 8, 0, 0, 0, time.UTC) },
	}, DataDir: filepath.Join(d.dir, "data"), Environ: d.environ}
	w.ReadSecret = func(_ context.Context, prompt string) (string, error) {
		d.asked = append(d.asked, prompt)
		if len(d.secrets) == 0 {
			return "", errors.New("the terminal was closed")
		}
		answer := d.secrets[0]
		d.secrets = d.secrets[1:]
		return answer, nil
	}
	root := cli.Command(w.Deps)
	root.AddCommand(credentialcmd.Command(w))
	return cli.Execute(d.t.Context(), root, w.Deps, append([]string{"credential"}, args...))
}

// must runs what has to work.
func (d *desk) must(args ...string) string {
	d.t.Helper()
	if code := d.run(args...); code != cli.ExitDone {
		d.t.Fatalf("%v: exit %d: %s", args, code, &d.err)
	}
	return d.out.String()
}

// entry reads what was written.
func (d *desk) entry(name string) credential.Entry {
	d.t.Helper()
	u := agefile.Unlock{By: agefile.ByIdentity, Name: filepath.Join(d.dir, "config", "credentials-identity")}
	entries, err := agefile.New(filepath.Join(d.dir, "data", "credentials.age"), agefile.Opener{Unlock: u}).Entries()
	if err != nil {
		d.t.Fatal(err)
	}
	return entries[name]
}

func TestAPersonIsAskedTwiceForANewSecret(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.secrets = []string{"one-password", "one-password", "an-enable", "an-enable"}
	d.must("set", "core", "--username", "netops", "--enable")
	if got := strings.Join(d.asked, "|"); got != "Password: |Password, again: |Enable secret: |Enable secret, again: " {
		t.Errorf("asked %q", got)
	}
	if e := d.entry("core"); e.Username != "netops" || e.Password.Reveal() != "one-password" || e.EnableSecret.Reveal() != "an-enable" || e.SetAt.Year() != 2025 {
		t.Errorf("written %+v", e)
	}
	d.secrets = []string{"two-password", "two-passwrod"}
	if code := d.run("set", "core"); code != cli.ExitMisuse || !strings.Contains(d.err.String(), "not the same: nothing was changed") {
		t.Errorf("a slip: exit %d: %s", code, &d.err)
	}
	for _, bad := range []string{"", "bell\a", strings.Repeat("x", 4097)} {
		d.secrets = []string{bad, bad}
		if code := d.run("set", "core"); code != cli.ExitMisuse || strings.Contains(d.err.String(), "bell") {
			t.Errorf("%.10q: exit %d: %s", bad, code, &d.err)
		}
	}
	d.secrets = nil
	if code := d.run("set", "core"); code != cli.ExitFailed {
		t.Errorf("a terminal that closes: exit %d: %s", code, &d.err)
	}
	if e := d.entry("core"); e.Password.Reveal() != "one-password" {
		t.Error("a refused change was written")
	}
}

func TestWhatIsNotNamedStaysAsItWas(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.secrets = []string{"p1", "p1", "e1", "e1"}
	d.must("set", "core", "--username", "netops", "--enable")
	d.secrets = []string{"p2", "p2"}
	d.must("set", "core")
	if e := d.entry("core"); e.Password.Reveal() != "p2" || e.EnableSecret.Reveal() != "e1" || e.Username != "netops" {
		t.Errorf("a new password: %+v", e)
	}
	d.secrets = []string{"e2", "e2"}
	d.must("set", "age:core", "--enable")
	if e := d.entry("core"); e.Password.Reveal() != "p2" || e.EnableSecret.Reveal() != "e2" {
		t.Errorf("a new enable secret: %+v", e)
	}
	d.must("set", "core", "--username", "admin")
	d.must("set", "core", "--no-enable")
	if e := d.entry("core"); e.Username != "admin" || e.Password.Reveal() != "p2" || !e.EnableSecret.Empty() {
		t.Errorf("another user without enable: %+v", e)
	}
	d.must("set", "core", "--agent", "--agent-key", "me@desk")
	if e := d.entry("core"); !e.Agent || e.AgentKey != "me@desk" || !e.Password.Empty() {
		t.Errorf("an agent in place of the password: %+v", e)
	}
	d.secrets = []string{"t1", "t1"}
	d.must("set", "dash", "--token")
	if e := d.entry("dash"); e.Token.Reveal() != "t1" || e.Username != "" {
		t.Errorf("a token: %+v", e)
	}
	out := d.must("list")
	for _, want := range []string{"age:core", "agent", "admin", "age:dash", "token", "2025-06-02 08:00"} {
		if !strings.Contains(out, want) {
			t.Errorf("the list lacks %s:\n%s", want, out)
		}
	}
	for _, secret := range []string{"p1", "p2", "e1", "e2", "t1"} {
		if strings.Contains(out+d.must("list", "-o", "json")+d.must("list", "-o", "yaml"), secret) {
			t.Errorf("the list shows %s", secret)
		}
	}
}

func TestALockedKeyIsTriedBeforeItIsKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	keygen := func(name, passphrase string) string {
		path := filepath.Join(d.dir, name)
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", path).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen (package openssh-client): %v: %s", err, out)
		}
		return path
	}
	plain, err := os.ReadFile(keygen("plain", ""))
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, data []byte, mode os.FileMode) string {
		path := filepath.Join(d.dir, name)
		if err := errors.Join(os.WriteFile(path, data, mode), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	d.must("set", "plain", "--username", "netops", "--private-key-file", filepath.Join(d.dir, "plain"))
	if e := d.entry("plain"); e.PrivateKey.Reveal() != string(plain) || !e.Passphrase.Empty() || len(d.asked) != 0 {
		t.Errorf("%s, asked %q", e.Kind(), d.asked)
	}
	locked := keygen("locked", "open sesame")
	d.secrets = []string{"not it"}
	if code := d.run("set", "locked", "--username", "netops", "--private-key-file", locked); code != cli.ExitMisuse ||
		!strings.Contains(d.err.String(), "the passphrase does not open the private key") || len(d.asked) != 1 {
		t.Errorf("a wrong passphrase: exit %d, asked %q: %s", code, d.asked, &d.err)
	}
	d.secrets = []string{"open sesame"}
	d.must("set", "locked", "--username", "netops", "--private-key-file", locked)
	if e := d.entry("locked"); e.Kind() != "key with passphrase" || e.Passphrase.Reveal() != "open sesame" {
		t.Errorf("written %s", e.Kind())
	}
	for name, c := range map[string]struct{ path, says string }{
		"open to others": {file("open", plain, 0o644), "chmod 600"},
		"a public key":   {file("public", []byte("ssh-ed25519 AAAA me"), 0o600), "not the one that ends in .pub"},
		"not there":      {filepath.Join(d.dir, "none"), "cannot be read"},
		"broken":         {file("broken", []byte("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"), 0o600), "cannot be read as an SSH private key"},
	} {
		if code := d.run("set", "x", "--username", "netops", "--private-key-file", c.path); code != cli.ExitMisuse || !strings.Contains(d.err.String(), c.says) {
			t.Errorf("%s: exit %d: %s", name, code, &d.err)
		}
	}
}

func TestRemovingAsks(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.secrets = []string{"p", "p"}
	d.must("set", "core", "--username", "netops")
	for answer, code := range map[string]int{"n\n": cli.ExitFailed, "": cli.ExitFailed} {
		d.lines = answer
		if got := d.run("rm", "core"); got != code || !strings.Contains(d.err.String(), "[y/N]") || d.entry("core").Username == "" {
			t.Errorf("%q: exit %d: %s", answer, got, &d.err)
		}
	}
	d.lines = "yes\n"
	d.must("rm", "core")
	if d.entry("core").Username != "" {
		t.Error("it is still there")
	}
	if code := d.run("rm", "core"); code != cli.ExitMisuse {
		t.Errorf("one that is not there: exit %d: %s", code, &d.err)
	}
}

func TestAPassphraseIsAskedForOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.secrets = []string{"p", "p", "long passphrase", "long passphrase"}
	d.must("--unlock", "prompt", "set", "core", "--username", "netops")
	if got := strings.Join(d.asked[2:], "|"); got != "New passphrase of the file: |New passphrase of the file, again: " {
		t.Errorf("asked %q", got)
	}
	d.secrets = []string{"long passphrase"}
	d.must("--unlock", "prompt", "set", "core", "--username", "admin")
	if len(d.asked) != 1 {
		t.Errorf("asked %q", d.asked)
	}
	d.secrets = []string{"wrong passphrase"}
	if code := d.run("--unlock", "prompt", "list"); code != cli.ExitMisuse || !strings.Contains(d.err.String(), "it is the wrong one") {
		t.Errorf("exit %d: %s", code, &d.err)
	}
}

func TestAPersonDecidesAboutAnUnknownHostKey(t *testing.T) {
	t.Parallel()
	l, err := lab.New(lab.Config{Devices: 1, Platforms: []string{"cisco_ios"}, AddressBase: "127.66.0.1", Username: "lab", Password: "the-password", Privileged: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	<-l.Ready()
	device := l.Devices()[0]
	d := newDesk(t)
	d.secrets = []string{"the-password", "the-password"}
	d.must("set", "lab", "--username", "lab")
	host, port, _ := strings.Cut(device.Target(), ":")
	args := []string{"test", "lab", "--address", host, "--port", port, "--platform", "ios"}
	d.lines = "n\n"
	if code := d.run(args...); code != cli.ExitFailed || !strings.Contains(d.err.String(), "shows the host key ssh-") || device.Counts().LoginsOK != 0 {
		t.Errorf("no: exit %d, %d logins: %s", code, device.Counts().LoginsOK, &d.err)
	}
	d.lines = "y\n"
	if out := d.must(args...); !strings.Contains(out, "ok: age:lab logged in") || device.Counts().LoginsOK != 1 {
		t.Errorf("yes: %d logins: %s", device.Counts().LoginsOK, out)
	}
	d.lines = ""
	_, key, _ := strings.Cut(d.err.String(), "SHA256:")
	fingerprint, _, _ := strings.Cut("SHA256:"+key, ",")
	d.must(append(args, "--host-key", fingerprint)...)
	if strings.Contains(d.err.String(), "[y/N]") {
		t.Errorf("a key that was named is asked about: %s", &d.err)
	}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no device":              {[]string{"test", "lab"}, "at least one of the flags"},
		"no platform":            {[]string{"test", "lab", "--address", host}, "platform"},
		"an unknown platform":    {[]string{"test", "lab", "--address", host, "--platform", "windows"}, "no platform is called"},
		"no port":                {[]string{"test", "lab", "--address", host, "--platform", "ios", "--port", "70000"}, "is no port"},
		"a scheme nobody knows":  {[]string{"test", "vault:x", "--address", host, "--platform", "ios"}, "scheme is not known"},
		"a variable not set":     {[]string{"test", "env:NONE", "--address", host, "--platform", "ios"}, "NETRUST_CREDENTIAL_NONE_USERNAME"},
		"a file that is not set": {[]string{"test", "file:none", "--address", host, "--platform", "ios"}, "scheme file: is not known"},
	} {
		if code := d.run(c.args...); code != cli.ExitMisuse || !strings.Contains(d.err.String(), c.says) {
			t.Errorf("%s: exit %d: %s", name, code, &d.err)
		}
	}
}
