// Package deploy checks what deploy/ holds, with the software that is to read it. That the layout works is shown by the fault test
// of tests/system.
package deploy

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/schemas/asyncapi"
	"github.com/netrust/netrust/services/executor"
	"github.com/netrust/netrust/services/gateway"
)

const (
	units   = "../../deploy/systemd"
	analyze = "/usr/bin/systemd-analyze"
)

// systemRoot is a file system with the units, with programs where they expect them, and with the targets that every system has.
func systemRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(filepath.Join(root, "etc/systemd/system"), os.DirFS(units)); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"sysinit", "basic", "shutdown", "umount", "network-online", "multi-user"} {
		write(t, filepath.Join(root, "etc/systemd/system", target+".target"), "[Unit]\nDescription=stand-in\n", 0o644)
	}
	for _, program := range []string{"usr/bin/netrust", "usr/bin/nats-server", "bin/kill"} {
		write(t, filepath.Join(root, program), "#!/bin/sh\n", 0o755)
	}
	return root
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// binary is netrust, built once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "netrust-deploy-")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "netrust"), ".")
	build.Dir = "../../netrust"
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building netrust: %w\n%s", err, out)
	}
	return filepath.Join(dir, "netrust"), nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path)) // a temporary folder
	}
	os.Exit(code)
}

// command is what netrust says to the arguments; it must not fail.
func command(t *testing.T, args ...string) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	if err != nil {
		t.Errorf("netrust %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// services are those that asyncapi.yaml names and that can be served: not the person with a NATS client.
func services(t *testing.T) []string {
	t.Helper()
	served := command(t, "serve", "--help")
	channels, err := asyncapi.Read()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, c := range channels {
		for _, op := range c.Operations {
			if regexp.MustCompile(`(?m)^  `+op.Service+` `).MatchString(served) && !slices.Contains(list, op.Service) {
				list = append(list, op.Service)
			}
		}
	}
	if len(list) < 3 {
		t.Fatalf("the services are %v", list)
	}
	return list
}

// verify is what systemd says against a unit, "" for nothing.
func verify(t *testing.T, root, unit string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", "--root="+root, unit).CombinedOutput()
	if errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%v: install it with tools/install-test-peers (Debian: systemd)", err)
	}
	if err != nil && len(out) == 0 {
		return err.Error()
	}
	return string(out)
}

func TestSystemdAcceptsTheUnits(t *testing.T) {
	t.Parallel()
	root := systemRoot(t)
	names := []string{"netrust.target", "netrust-nats.service", "netrust-setup.service"}
	for _, s := range services(t) {
		names = append(names, "netrust@"+s+".service")
	}
	for _, name := range names {
		if said := verify(t, root, name); said != "" {
			t.Errorf("%s: %s", name, said)
		}
		if !strings.HasSuffix(name, ".service") {
			continue
		}
		// 100 is no protection at all; 20 is what a service of our kind can have.
		out, err := exec.CommandContext(t.Context(), analyze, "security", "--no-pager", "--offline=true", "--threshold=20", "--root="+root, name).CombinedOutput()
		if err != nil {
			t.Errorf("%s is not confined enough: %v\n%s", name, err, out)
		}
	}
	broken := filepath.Join(root, "etc/systemd/system/netrust@.service")
	text, err := os.ReadFile(broken)
	if err != nil {
		t.Fatal(err)
	}
	write(t, broken, strings.Replace(string(text), "TimeoutStopSec=120", "TimeoutStopSec=soon", 1), 0o644)
	if verify(t, root, "netrust@executor.service") == "" {
		t.Error("systemd accepts a unit with a fault: this test shows nothing")
	}
}

// setting is the value of a unit's setting.
func setting(t *testing.T, unit, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(units, unit))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^` + name + `=(.*)$`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("%s has no %s", unit, name)
	}
	return string(m[1])
}

func TestAServiceHasTimeToEnd(t *testing.T) {
	t.Parallel()
	within, err := time.ParseDuration(setting(t, "netrust@.service", "TimeoutStopSec") + "s")
	if err != nil {
		t.Fatal(err)
	}
	for what, needs := range map[string]time.Duration{
		"drain_timeout": servicekit.DefaultProcess().DrainTimeout, "task_drain": executor.Default().DrainTimeout,
		"request_drain_timeout": gateway.Default().DrainTimeout,
	} {
		if within < 2*needs {
			t.Errorf("systemd kills a service after %s, and %s is %s", within, what, needs)
		}
	}
}

// TestTheCommandsOfTheUnitsExist gives the netrust binary the arguments of each unit; it says what they mean, and fails for what it
// does not know.
func TestTheCommandsOfTheUnitsExist(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, line string) {
		t.Helper()
		args := strings.Fields(line)
		if args[0] != "/usr/bin/netrust" {
			t.Fatalf("it runs %s", args[0])
		}
		if out := command(t, append(args[1:], "--help")...); !strings.Contains(out, "Usage:") {
			t.Errorf("%s: %s", line, out)
		}
	}
	run(t, setting(t, "netrust-setup.service", "ExecStart"))
	for _, s := range services(t) {
		run(t, strings.ReplaceAll(setting(t, "netrust@.service", "ExecStart"), "%i", s))
		if _, err := os.Stat(filepath.Join("../../deploy/etc", s+".yaml")); err != nil {
			t.Errorf("the unit of %s reads settings of which deploy/etc has no example: %v", s, err)
		}
	}
}
