package servicekit

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Field is one setting, as it is called in each source.
type Field struct {
	Path string // in the YAML file: nats.url
	Env  string // in the environment: NETRUST_EXECUTOR_NATS_URL
	Flag string // on the command line, without dashes: nats-url
	// Help is the field's help tag.
	Help string

	value reflect.Value
}

// Default is the field's value now, as it would be written in a file.
func (f Field) Default() string { return format(f.value) }

// Set parses text into the field: Go durations, comma-separated lists, key=value lists.
func (f Field) Set(text string) error { return parse(f.value, text) }

// Fields lists the settings of dst, a pointer to a struct, in the order of its fields. Fields without a yaml tag, or with
// the tag "-", are none. A struct is descended into unless it reads its own text.
func Fields(dst any, service string) []Field {
	prefix := "NETRUST_"
	if service != "" {
		prefix += envName(service) + "_"
	}
	var out []Field
	collect(reflect.ValueOf(dst).Elem(), "", prefix, &out)
	return out
}

func collect(v reflect.Value, path, envPrefix string, out *[]Field) {
	for i := range v.NumField() {
		sf, fv := v.Type().Field(i), v.Field(i)
		name, inline, ok := yamlName(sf)
		if !ok {
			continue
		}
		full := join(path, name)
		if inline {
			full = path
		}
		if fv.Kind() == reflect.Struct && !readsText(fv) {
			collect(fv, full, envPrefix, out)
			continue
		}
		*out = append(*out, Field{
			Path: full, Env: envPrefix + envName(full), Flag: flagName(full), Help: sf.Tag.Get("help"), value: fv,
		})
	}
}

func yamlName(sf reflect.StructField) (name string, inline, ok bool) {
	tag, has := sf.Tag.Lookup("yaml")
	if !has || tag == "-" || !sf.IsExported() {
		return "", false, false
	}
	name, opts, _ := strings.Cut(tag, ",")
	inline = strings.Contains(","+opts+",", ",inline,")
	return name, inline, name != "" || inline
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func envName(path string) string {
	return strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(path))
}

func flagName(path string) string { return strings.NewReplacer(".", "-", "_", "-").Replace(path) }

func readsText(v reflect.Value) bool {
	if !v.CanAddr() {
		return false
	}
	_, ok := v.Addr().Interface().(encoding.TextUnmarshaler)
	return ok
}

var durationType = reflect.TypeFor[time.Duration]()

func parse(v reflect.Value, text string) error {
	if readsText(v) {
		return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
	}
	switch {
	case v.Type() == durationType:
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%q is not a duration; write it like 30s, 5m or 1h30m", text)
		}
		v.SetInt(int64(d))
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is not a truth value; write true or false", text)
		}
		v.SetBool(b)
	case v.CanInt():
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q is not a whole number of %d bits", text, v.Type().Bits())
		}
		v.SetInt(n)
	case v.CanUint():
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q is not a whole number, 0 or more", text)
		}
		v.SetUint(n)
	case v.CanFloat():
		n, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q is not a number", text)
		}
		v.SetFloat(n)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String:
		v.Set(reflect.ValueOf(list(text)).Convert(v.Type()))
	case v.Type() == reflect.TypeFor[map[string]string]():
		return parseMap(v, text)
	default:
		return fmt.Errorf("a %s can be set in the file only", v.Type())
	}
	return nil
}

func parseMap(v reflect.Value, text string) error {
	m := map[string]string{}
	for _, part := range list(text) {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			return fmt.Errorf("%q is not key=value", part)
		}
		m[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	v.Set(reflect.ValueOf(m))
	return nil
}

func list(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func format(v reflect.Value) string {
	switch {
	case v.Type() == durationType:
		return time.Duration(v.Int()).String()
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = v.Index(i).String()
		}
		return strings.Join(parts, ",")
	case v.Kind() == reflect.Map && v.Len() == 0, v.Kind() == reflect.Slice && v.Len() == 0:
		return ""
	}
	return fmt.Sprint(v.Interface())
}
