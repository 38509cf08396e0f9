package cli_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netrust/netrust/cli"
)

// server answers every request with an empty list of jobs, and keeps the Authorization header of the last one.
func server(t *testing.T) (string, *atomic.Value) {
	t.Helper()
	var seen atomic.Value
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"jobs":[]}`))
	}))
	t.Cleanup(s.Close)
	return s.URL, &seen
}

func TestTheTokenGoesOnlyWhereItBelongs(t *testing.T) {
	t.Parallel()
	own, seenOwn := server(t)
	other, seenOther := server(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if err := cli.WriteConnection(filepath.Join(dir, "config"), cli.Connection{Server: own, TokenFile: file("stored", "stored\n")}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		env  map[string]string
		args []string
		seen *atomic.Value
		want string
	}{
		{name: "the stored token goes to the stored server", seen: seenOwn, want: "Bearer stored"},
		{name: "the stored token does not go to another server", args: []string{"--server", other}, seen: seenOther, want: ""},
		{name: "the environment's token goes where the flag says", env: map[string]string{"NETRUST_TOKEN": "env"}, args: []string{"--server", other}, seen: seenOther, want: "Bearer env"},
		{name: "the environment's token file is read", env: map[string]string{"NETRUST_TOKEN_FILE": file("envfile", " envfile \n"), "NETRUST_SERVER": other}, seen: seenOther, want: "Bearer envfile"},
		{name: "the flag wins over the environment", env: map[string]string{"NETRUST_TOKEN": "env"}, args: []string{"--token-file", file("flag", "flag")}, seen: seenOwn, want: "Bearer flag"},
	} {
		var stderr bytes.Buffer
		deps := cli.Deps{
			Stdin: strings.NewReader(""), Stdout: new(bytes.Buffer), Stderr: &stderr, ConfigDir: filepath.Join(dir, "config"),
			LookupEnv: func(name string) (string, bool) { v, ok := c.env[name]; return v, ok },
			Width:     func() int { return 0 }, ErrWidth: func() int { return 0 }, Now: time.Now,
		}
		if code := cli.Execute(t.Context(), cli.Command(deps), deps, append([]string{"job", "list"}, c.args...)); code != 0 {
			t.Fatalf("%s: exit %d: %s", c.name, code, &stderr)
		}
		if got := c.seen.Load(); got != c.want {
			t.Errorf("%s: Authorization is %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTheConnectionIsForTheUserAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 { // the second replaces the first
		if err := cli.WriteConnection(dir, cli.Connection{Server: "http://127.0.0.1:1"}); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v", entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestAContextsTokenGoesToItsServerAlone(t *testing.T) {
	t.Parallel()
	own, seenOwn := server(t)
	other, seenOther := server(t)
	dir := t.TempDir()
	config, token := filepath.Join(dir, "config"), filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("contexts\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(env map[string]string, args ...string) (int, string) {
		var stderr bytes.Buffer
		deps := cli.Deps{
			Stdin: strings.NewReader(""), Stdout: new(bytes.Buffer), Stderr: &stderr, ConfigDir: config,
			LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
			Width:     func() int { return 0 }, ErrWidth: func() int { return 0 }, Now: time.Now,
		}
		return cli.Execute(t.Context(), cli.Command(deps), deps, args), stderr.String()
	}
	if code, said := run(nil, "context", "add", "lab", "--server", own, "--token-file", token); code != 0 {
		t.Fatal(said)
	}
	if code, said := run(nil, "context", "add", "bare", "--server", other); code != 0 {
		t.Fatal(said)
	}
	for _, c := range []struct {
		name string
		env  map[string]string
		args []string
		seen *atomic.Value
		want string
	}{
		{"by flag", nil, []string{"--context", "lab"}, seenOwn, "Bearer contexts"},
		{"by variable", map[string]string{"NETRUST_CONTEXT": "lab"}, nil, seenOwn, "Bearer contexts"},
		{"a flag that names another server", nil, []string{"--context", "lab", "--server", other}, seenOther, ""},
		{"a variable that names another server", map[string]string{"NETRUST_CONTEXT": "lab", "NETRUST_SERVER": other}, nil, seenOther, ""},
		{"the flag wins over the variables", map[string]string{"NETRUST_SERVER": other, "NETRUST_TOKEN": "env"}, []string{"--context", "lab"}, seenOwn, "Bearer contexts"},
		{"a context without a token takes the variable's", map[string]string{"NETRUST_TOKEN": "env"}, []string{"--context", "bare"}, seenOther, "Bearer env"},
	} {
		if code, said := run(c.env, append([]string{"job", "list"}, c.args...)...); code != 0 {
			t.Fatalf("%s: exit %d: %s", c.name, code, said)
		}
		if got := c.seen.Load(); got != c.want {
			t.Errorf("%s: Authorization is %q, want %q", c.name, got, c.want)
		}
	}
}
