package servicekit

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Source says where settings come from, besides the defaults. Its zero value changes nothing.
type Source struct {
	// File is the path of a YAML file; empty means none.
	File string
	// Environ is the environment as "NAME=value" (os.Environ() in a main); nil means none.
	Environ []string
	// Flags are those that [Bind] made, parsed; nil means none.
	Flags *Flags
}

// Load fills dst, a pointer to a struct that holds the defaults, from the source, then checks it: every struct in dst
// that has a Validate() error method is asked. It reports every fault that it finds, joined, each with its path and, if
// it came from the environment or a flag, that name.
//
// With service "executor", field drain_timeout is NETRUST_EXECUTOR_DRAIN_TIMEOUT; with an empty service, NETRUST_DRAIN_TIMEOUT.
func Load(dst any, service string, src Source) error {
	if v := reflect.ValueOf(dst); v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("loading settings of %s: %T is not a pointer to a struct", service, dst)
	}
	var errs []error
	if src.File != "" {
		if err := loadFile(dst, src.File); err != nil {
			errs = append(errs, err)
		}
	}
	fields := Fields(dst, service)
	errs = append(errs, loadEnviron(fields, service, src.Environ)...)
	if src.Flags != nil {
		errs = append(errs, src.Flags.apply(fields)...)
	}
	if len(errs) > 0 {
		return errors.Join(errs...) // values that could not be read would only add false faults
	}
	return errors.Join(validate(reflect.ValueOf(dst).Elem(), "")...)
}

func loadFile(dst any, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading settings: %w", err)
	}
	if strings.TrimSpace(string(text)) == "" {
		return nil
	}
	if err := yaml.UnmarshalWithOptions(text, dst, yaml.Strict()); err != nil {
		return fmt.Errorf("settings file %s: %s", path, strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	return nil
}

func loadEnviron(fields []Field, service string, environ []string) (errs []error) {
	known := map[string]Field{}
	for _, f := range fields {
		known[f.Env] = f
	}
	prefix := "NETRUST_" + envName(service) + "_"
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		f, ok := known[name]
		switch {
		case ok:
			if err := f.Set(value); err != nil {
				errs = append(errs, fmt.Errorf("%s (environment %s): %w", f.Path, name, err))
			}
		case service != "" && strings.HasPrefix(name, prefix) && !kubernetesLink(strings.TrimPrefix(name, prefix)):
			errs = append(errs, fmt.Errorf("environment %s: no such setting%s", name, suggest(name, known)))
		}
	}
	return errs
}

// KubernetesLink reports whether Kubernetes puts a variable of this name into every container of a namespace that has a
// Service called netrust, or netrust-<service> for one of the services.
func KubernetesLink(name string, services []string) bool {
	rest, ok := strings.CutPrefix(name, "NETRUST_")
	if !ok {
		return false
	}
	for _, service := range services {
		if own, ok := strings.CutPrefix(rest, envName(service)+"_"); ok && kubernetesLink(own) {
			return true
		}
	}
	return kubernetesLink(rest)
}

// Nearest is the known name that is most like the one given, "" where none is.
func Nearest(name string, known []string) string {
	best, most := "", 0
	for _, k := range known {
		if n := commonLetters(name, k); n > most || n == most && k < best {
			best, most = k, n
		}
	}
	return best
}

// kubernetesLink recognises what Kubernetes puts into every container of a namespace that has a Service called
// netrust-<service>.
func kubernetesLink(rest string) bool {
	return rest == "PORT" || strings.HasPrefix(rest, "PORT_") || rest == "SERVICE_HOST" || strings.HasPrefix(rest, "SERVICE_PORT")
}

func suggest(name string, known map[string]Field) string {
	best := Nearest(name, slices.Collect(maps.Keys(known)))
	if best == "" {
		return ""
	}
	return "; the nearest is " + best
}

// commonLetters counts the equal letters at both ends: enough to find the setting that a typing error was meant for.
func commonLetters(a, b string) int {
	head, tail := 0, 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	return head + tail
}

func validate(v reflect.Value, path string) (errs []error) {
	if v.Kind() != reflect.Struct {
		return nil
	}
	for i := range v.NumField() {
		name, inline, ok := yamlName(v.Type().Field(i))
		if !ok || v.Field(i).Kind() != reflect.Struct {
			continue
		}
		if inline {
			errs = append(errs, validate(v.Field(i), path)...)
		} else {
			errs = append(errs, validate(v.Field(i), join(path, name))...)
		}
	}
	if c, ok := v.Addr().Interface().(interface{ Validate() error }); ok {
		errs = append(errs, faults(path, c.Validate())...)
	}
	return errs
}

// Flags are command-line flags for settings; the values given wait here until [Load] applies them over file and
// environment.
type Flags struct{ given map[string]string }

// Bind makes a flag in fs for each setting of dst, except for the names in skip (which fs has already).
func Bind(fs *flag.FlagSet, dst any, skip ...string) *Flags {
	flags := &Flags{given: map[string]string{}}
	for _, f := range Fields(dst, "") {
		if slices.Contains(skip, f.Flag) {
			continue
		}
		fs.Var(&flagValue{flags: flags, field: f}, f.Flag, f.Help)
	}
	return flags
}

func (f *Flags) apply(fields []Field) (errs []error) {
	for _, field := range fields {
		text, ok := f.given[field.Path]
		if !ok {
			continue
		}
		if err := field.Set(text); err != nil {
			errs = append(errs, fmt.Errorf("%s (flag --%s): %w", field.Path, field.Flag, err))
		}
	}
	return errs
}

type flagValue struct {
	flags *Flags
	field Field
}

func (v *flagValue) Set(text string) error { v.flags.given[v.field.Path] = text; return nil }

// String is the default; package flag also calls it on a zero value.
func (v *flagValue) String() string {
	if v.flags == nil {
		return ""
	}
	return v.field.Default()
}

// IsBoolFlag lets a truth value stand without "=true".
func (v *flagValue) IsBoolFlag() bool { return v.field.value.Kind() == reflect.Bool }
