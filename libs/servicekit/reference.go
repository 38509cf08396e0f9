package servicekit

import (
	"fmt"
	"io"
	"strings"
)

// WriteReference writes a Markdown table of the settings of dst: path, environment, flag, default and help.
func WriteReference(w io.Writer, service string, dst any) error {
	var b strings.Builder
	b.WriteString("| setting | environment | flag | default | meaning |\n| --- | --- | --- | --- | --- |\n")
	for _, f := range Fields(dst, service) {
		def := f.Default()
		if def != "" {
			def = "`" + def + "`"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | `--%s` | %s | %s |\n", f.Path, f.Env, f.Flag, def, strings.ReplaceAll(f.Help, "|", `\|`))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
