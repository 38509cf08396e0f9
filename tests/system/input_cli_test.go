package system

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// shell runs commands of the binary as a user does, without a terminal and without a server of their own.
type shell struct {
	bin, dir string
	env      []string
}

func newShell(t *testing.T, env ...string) *shell {
	dir := t.TempDir()
	return &shell{bin: Binary(t), dir: dir, env: append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_CONFIG_HOME=" + dir}, env...)}
}

// run returns the exit code, and what was written to standard output and error.
func (s *shell) run(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.bin, args...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = s.env, s.dir, strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func (s *shell) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// misuse is a command line that cannot be done.
type misuse struct {
	name, stdin string
	args        []string
	code        int
	says        []string
}

func (s *shell) check(t *testing.T, cases []misuse) {
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			code, stdout, stderr := s.run(t, tc.stdin, tc.args...)
			if code != tc.code {
				t.Errorf("exit code %d, want %d\n%s%s", code, tc.code, stdout, stderr)
			}
			for _, word := range tc.says {
				if !strings.Contains(stderr, word) {
					t.Errorf("standard error does not say %q:\n%s", word, stderr)
				}
			}
			if stdout != "" {
				t.Errorf("a failure wrote results to standard output:\n%s", stdout)
			}
		})
	}
}

func TestBadCommandLinesSayWhatToDoAndPublishNothing(t *testing.T) {
	t.Parallel()
	f := startFront(t)
	s := newShell(t, "NETRUST_SERVER="+f.API.URL, "NETRUST_TOKEN="+f.API.Token)
	s.write(t, "corrupt.yaml", "devices:\n  - id: a\n    platform: frr\n    address: [\n")
	s.write(t, "port.yaml", "devices:\n  - {id: a, platform: frr, address: 192.0.2.9, credential: 'env:A', port: 0x}\n")
	s.write(t, "job.yaml", "targets: {all: true}\ncommands: [show version\n")
	s.write(t, "field.yaml", "targets: {all: true}\ncomands: [show version]\n")
	before := f.standing(t)
	s.check(t, []misuse{
		{"an unknown device", "", []string{"run", "show version", "--id", "core-9", "--yes"}, 2, []string{"targets.ids", "core-9"}},
		{"a tag that matches nothing", "", []string{"run", "show version", "--tag", "role:spine", "--yes"}, 2, []string{"role:spine"}},
		{"no targets", "", []string{"run", "show version"}, 2, []string{"--all"}},
		{"no command", "", []string{"run", "--all"}, 2, []string{"--help"}},
		{"an empty command", "", []string{"run", "", "--all", "--yes"}, 2, []string{"commands"}},
		{"an impossible limit", "", []string{"run", "show version", "--all", "--parallel", "-4", "--yes"}, 2, []string{"parallel", "1 or more"}},
		{"a time that is none", "", []string{"run", "show version", "--all", "--timeout", "soon"}, 2, []string{"--timeout", "--help"}},
		{"an unknown flag", "", []string{"run", "show version", "--everything"}, 2, []string{"--everything", "--help"}},
		{"an unknown command", "", []string{"jobs"}, 2, []string{"jobs"}},
		{"an output format that is none", "", []string{"job", "list", "-o", "xml"}, 2, []string{"table"}},
		{"a job that nobody knows", "", []string{"job", "show", "nope"}, 1, []string{"nope"}},
		{"a retry of a job under way", "", []string{"job", "retry", f.running, "--yes"}, 1, []string{"running", "wait"}},
		{"a device that nobody knows", "", []string{"device", "show", "nope"}, 1, []string{"nope"}},
		{"a corrupt inventory", "", []string{"device", "import", "corrupt.yaml", "--yes"}, 2, []string{"line"}},
		{"an inventory with a port that is none", "", []string{"device", "import", "port.yaml", "--yes"}, 2, []string{"devices[0].port", "line 2"}},
		{"an inventory that is not there", "", []string{"device", "import", "nope.yaml"}, 2, []string{"nope.yaml"}},
		{"a job file with malformed YAML", "", []string{"job", "submit", "job.yaml", "--yes"}, 2, []string{"job.yaml", ">  2 |"}},
		{"a job file with an unknown field", "", []string{"job", "submit", "field.yaml", "--yes"}, 2, []string{"field.yaml", ">  2 |", "comands"}},
		{"a job on standard input that is empty", "", []string{"job", "submit", "-", "--yes"}, 2, []string{""}},
	})
	for stream, last := range f.standing(t) {
		if last != before[stream] {
			t.Errorf("stream %s went from sequence %d to %d", stream, before[stream], last)
		}
	}

	// What it would do is found out by a dry run, which is a job of its own.
	s.check(t, []misuse{{"a change that nobody can confirm", "", []string{"run", "reload", "--all"}, 2, []string{"--yes", "reload"}}})
	viewer := newShell(t, "NETRUST_SERVER="+f.API.URL, "NETRUST_TOKEN="+f.tokens["viewer"])
	viewer.check(t, []misuse{{"a viewer who runs a command", "", []string{"run", "show version", "--all", "--yes"}, 1, []string{"role"}}})
	stranger := newShell(t, "NETRUST_SERVER="+f.API.URL, "NETRUST_TOKEN=nrt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	stranger.check(t, []misuse{{"a token that nobody knows", "", []string{"job", "list"}, 1, []string{"does not accept the token"}}})
}

func TestACommandWithoutAServerSaysHowToStartOne(t *testing.T) {
	t.Parallel()
	s := newShell(t, "NETRUST_SERVER=127.0.0.1:"+FreePort(t), "NETRUST_TOKEN=nrt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	s.write(t, "inventory.yaml", inputInventory)
	for _, args := range [][]string{
		{"run", "show version", "--all"}, {"job", "list"}, {"device", "list"}, {"device", "import", "inventory.yaml"}, {"token", "list"},
	} {
		s.check(t, []misuse{{strings.Join(args, " "), "", args, 1, []string{"netrust up"}}})
	}
	s.check(t, []misuse{
		{"settings with a fault", "", []string{"serve", "executor", "--liveness-ttl", "1s"}, 2, []string{"liveness_ttl", "3s or more"}},
		{"settings that are not there", "", []string{"serve", "gateway", "--config", "nope.yaml"}, 2, []string{"nope.yaml"}},
	})
}
