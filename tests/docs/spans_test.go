package docs_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/netrust/netrust/tests/docs"
)

// TestCommandsInSentencesExist checks commands that stand in a sentence or a table, such as "netrust job retry JOB": command,
// flags and targets must exist. Those that are to be typed stand in blocks and are run.
func TestCommandsInSentencesExist(t *testing.T) {
	t.Parallel()
	build(t)
	bin := filepath.Join(absolute(t), "bin", "netrust")
	checked := 0
	for _, d := range documents(t) {
		for _, s := range d.Spans {
			var err error
			switch text := strings.ReplaceAll(s.Text, `\|`, "|"); {
			case strings.HasPrefix(text, "netrust "):
				err = exists(t.Context(), bin, text)
			case strings.HasPrefix(text, "make "):
				err = isTarget(t.Context(), text)
			case strings.HasPrefix(text, "apt-get install "):
				err = isPeer(strings.Fields(text)[2:])
			case strings.HasPrefix(text, "cd "), strings.HasPrefix(text, "go test "), strings.HasPrefix(text, "go generate "):
				err = namesPackages(t.Context(), d, text)
			default:
				continue
			}
			checked++
			if err != nil {
				t.Errorf("%s:%d: `%s`: %v", d.Path, s.Line, s.Text, err)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d commands: are they still found?", checked)
	}
}

var (
	word  = regexp.MustCompile(`^[a-z][a-z|]*$`)
	flags = regexp.MustCompile(`(^|\s)(--[a-z][a-z-]*)`)
)

// exists asks the program for the help of a command, and looks for the flags there. "serve nats|gateway" is two commands,
// and what is not a lower-case word ends the command's name.
func exists(ctx context.Context, bin, text string) error {
	names := []string{""}
	for _, w := range strings.Fields(text)[1:] {
		if !word.MatchString(w) {
			break
		}
		var longer []string
		for _, name := range names {
			for _, one := range strings.Split(w, "|") {
				longer = append(longer, name+" "+one)
			}
		}
		names = longer
	}
	for _, name := range names {
		out, err := exec.CommandContext(ctx, bin, append(strings.Fields(name), "--help")...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		if !strings.Contains(string(out), "\n  netrust"+name) && !isArgument(string(out), name) {
			return fmt.Errorf("there is no command netrust%s", name)
		}
		for _, f := range flags.FindAllStringSubmatch(text, -1) {
			if !regexp.MustCompile(`(?m)(^|\s)` + f[2] + `(\s|$)`).Match(out) {
				return fmt.Errorf("netrust%s has no flag %s", name, f[2])
			}
		}
	}
	return nil
}

// isArgument reports whether the last word is one of those that the usage of the command before it lists: [a|b|c].
func isArgument(help, name string) bool {
	cut := strings.LastIndex(name, " ")
	list := regexp.MustCompile(`\n  netrust` + regexp.QuoteMeta(name[:cut]) + ` \[([a-z|]+)\]`).FindStringSubmatch(help)
	return list != nil && slices.Contains(strings.Split(list[1], "|"), name[cut+1:])
}

// isTarget asks make what it would do.
func isTarget(ctx context.Context, text string) error {
	var targets []string
	for _, w := range strings.Fields(text)[1:] {
		targets = append(targets, strings.NewReplacer("<module>", "schemas").Replace(w))
	}
	cmd := exec.CommandContext(ctx, "make", append([]string{"-n", "-C", root}, targets...)...)
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "Nothing to be done") { // the latter where it stands only in .PHONY
		return fmt.Errorf("there is no such target (%v): %s", err, out)
	}
	return nil
}

// isPeer looks for Debian packages in what make test installs: installing is not done again here.
func isPeer(packages []string) error {
	script, err := os.ReadFile(filepath.Join(root, "tools", "install-test-peers"))
	if err != nil {
		return err
	}
	for _, p := range packages {
		if !strings.Contains(string(script), "\n"+p+":") {
			return fmt.Errorf("make test does not install %s", p)
		}
	}
	return nil
}

// namesPackages lists the packages that a go command names, from where the document may mean it: the folder that the
// command changes to, its own, the root or libs. Their tests are run by make test.
func namesPackages(ctx context.Context, d docs.Document, text string) error {
	dirs := []string{filepath.Dir(filepath.FromSlash(d.Path)), ".", "libs"}
	var said []byte
	for _, part := range strings.Split(text, "&&") {
		f := strings.Fields(part)
		if f[0] == "cd" {
			dirs = []string{f[1]}
			continue
		}
		pattern := f[len(f)-1]
		found := pattern == "./..." // whatever module the sentence means
		for _, dir := range dirs {
			for _, work := range []string{"off", ""} { // services are named from the root, where the workspace finds them
				cmd := exec.CommandContext(ctx, "go", "list", pattern)
				cmd.Dir, cmd.Env = filepath.Join(root, dir), append(os.Environ(), "GOWORK="+work)
				out, err := cmd.CombinedOutput()
				found = found || err == nil && !strings.Contains(string(out), "matched no packages")
				said = append(said, out...)
			}
		}
		if !found {
			return fmt.Errorf("%s names no package: %s", pattern, said)
		}
	}
	return nil
}
