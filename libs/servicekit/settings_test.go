package servicekit_test

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/servicekit"
)

type nats struct {
	URL string `yaml:"url" help:"address of NATS"`
}

func (n *nats) Validate() error {
	if !strings.HasPrefix(n.URL, "nats://") {
		return servicekit.Fault("url", "write nats://host:port", "%q is no NATS address", n.URL)
	}
	return nil
}

type settings struct {
	Process servicekit.ProcessSettings `yaml:",inline"`
	NATS    nats                       `yaml:"nats"`
	Slots   int                        `yaml:"slots" help:"devices worked on at once"`
	Sites   []string                   `yaml:"sites"`
	Labels  map[string]string          `yaml:"labels"`
	Grace   time.Duration              `yaml:"grace"`
	Strict  bool                       `yaml:"strict"`
}

func (s *settings) Validate() error {
	var errs []error
	if s.Slots < 1 {
		errs = append(errs, servicekit.Fault("slots", "set it to 1 or more", "%d devices at once is none", s.Slots))
	}
	if s.Grace > time.Minute {
		errs = append(errs, servicekit.Fault("grace", "set it to 1m or less", "%s is too long", s.Grace))
	}
	return errors.Join(errs...)
}

func defaults() settings {
	return settings{Process: servicekit.DefaultProcess(), NATS: nats{URL: "nats://127.0.0.1:4222"}, Slots: 8, Grace: 5 * time.Second}
}

func TestTracesThatCannotBeHandedOnAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, says string }{
		{"--otlp-endpoint=127.0.0.1:4318", "otlp_endpoint: \"127.0.0.1:4318\" is not the URL of a collector; write it like http://127.0.0.1:4318"},
		{"--otlp-endpoint=grpc://collector:4317", "otlp_endpoint: "},
		{"--otlp-endpoint=http://user:s3cr3t@collector:4318", "otlp_endpoint: it holds a password"},
		{"--trace-ratio=1.5", "trace_ratio: 1.5 is no part of a whole; set it between 0 and 1"},
		{"--trace-ratio=-0.1", "trace_ratio: "},
		{"--trace-ratio=NaN", "trace_ratio: "},
	} {
		s := defaults()
		fs := flag.NewFlagSet("x", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		flags := servicekit.Bind(fs, &s)
		if err := fs.Parse([]string{c.args}); err != nil {
			t.Fatal(err)
		}
		err := servicekit.Load(&s, "executor", servicekit.Source{Flags: flags})
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: got %v, want %q", c.args, err, c.says)
		}
	}
}

func TestLaterSourcesWin(t *testing.T) {
	t.Parallel()
	file := write(t, "slots: 16\ngrace: 10s\nsites: [paris, rome]\nnats:\n  url: nats://file:1\nlog:\n  level: debug\n")
	s := defaults()
	fs := flag.NewFlagSet("x", flag.ContinueOnError)
	flags := servicekit.Bind(fs, &s)
	if err := fs.Parse([]string{"--slots", "64", "--strict"}); err != nil {
		t.Fatal(err)
	}
	env := []string{"NETRUST_EXECUTOR_SLOTS=32", "NETRUST_EXECUTOR_NATS_URL=nats://env:1", "NETRUST_EXECUTOR_LABELS=a=1, b=2", "HOME=/x", "NETRUST_OTHER=1"}
	if err := servicekit.Load(&s, "executor", servicekit.Source{File: file, Environ: env, Flags: flags}); err != nil {
		t.Fatal(err)
	}
	if s.Slots != 64 || s.NATS.URL != "nats://env:1" || s.Grace != 10*time.Second || !s.Strict || len(s.Sites) != 2 || s.Labels["b"] != "2" {
		t.Errorf("got %+v", s)
	}
	if s.Process.Log.Level != "debug" || s.Process.Log.Format != "auto" || s.Process.DrainTimeout != 30*time.Second {
		t.Errorf("a file that names some fields must leave the defaults of the others: %+v", s.Process)
	}
}

func TestFaultsAreReported(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		env, args  []string
		want       []string
	}{
		{name: "an unknown key in the file is named with its line", file: "slots: 1\nslotz: 2\n", want: []string{"slotz", "settings.yaml", "[2:1]"}},
		{name: "an unknown nested key is an error", file: "nats:\n  address: x\n", want: []string{"address"}},
		{name: "a file that is not YAML names the line", file: "slots: [1\n", want: []string{"settings.yaml", "[1:"}},
		{name: "an unknown variable is named with the nearest one", env: []string{"NETRUST_EXECUTOR_SLOT=1"}, want: []string{"NETRUST_EXECUTOR_SLOT:", "nearest is NETRUST_EXECUTOR_SLOTS"}},
		{name: "a bad duration in the environment says how to write it", env: []string{"NETRUST_EXECUTOR_GRACE=10"}, want: []string{"NETRUST_EXECUTOR_GRACE", "like 30s"}},
		{name: "a bad number in a flag names the flag", args: []string{"--slots", "many"}, want: []string{"--slots", `"many"`}},
		{name: "every fault is reported, with its path and remedy", file: "slots: 0\ngrace: 2m\nnats:\n  url: http://x\nlog:\n  level: loud\ndrain_timeout: 0s\n",
			want: []string{"slots: 0 devices", "set it to 1 or more", "grace: 2m0s", "nats.url: ", "log.level: ", "drain_timeout: "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := defaults()
			fs := flag.NewFlagSet("x", flag.ContinueOnError)
			fs.SetOutput(io.Discard)
			flags := servicekit.Bind(fs, &s)
			if err := fs.Parse(c.args); err != nil {
				t.Fatal(err)
			}
			src := servicekit.Source{Environ: c.env, Flags: flags}
			if c.file != "" {
				src.File = write(t, c.file)
			}
			err := servicekit.Load(&s, "executor", src)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error lacks %q:\n%v", want, err)
				}
			}
		})
	}
}

func TestVariablesOfKubernetesAreNotSettings(t *testing.T) {
	t.Parallel()
	s := defaults()
	env := []string{"NETRUST_EXECUTOR_SERVICE_HOST=10.0.0.1", "NETRUST_EXECUTOR_PORT=tcp://10.0.0.1:80", "NETRUST_EXECUTOR_PORT_80_TCP=x", "NETRUST_EXECUTOR_SERVICE_PORT_HTTP=80"}
	if err := servicekit.Load(&s, "executor", servicekit.Source{Environ: env}); err != nil {
		t.Fatal(err)
	}
}

func TestReferenceListsEverySetting(t *testing.T) {
	t.Parallel()
	s := defaults()
	var b strings.Builder
	if err := servicekit.WriteReference(&b, "executor", &s); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| `nats.url` | `NETRUST_EXECUTOR_NATS_URL` | `--nats-url` | `nats://127.0.0.1:4222` | address of NATS |",
		"| `drain_timeout` | `NETRUST_EXECUTOR_DRAIN_TIMEOUT` | `--drain-timeout` | `30s` |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("reference lacks %q:\n%s", want, b.String())
		}
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
