package permission

import (
	"fmt"
	"go/format"
	"strings"
)

const note = "Code generated from schemas/asyncapi.yaml by tools/permission; DO NOT EDIT."

// Go is the table for the embedded server, as a file of package bus.
func Go(users []User) ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "// %s\n\npackage bus\n\n", note)
	b.WriteString("// grants are what each service may do, by its name.\nvar grants = map[string]grant{\n")
	for _, u := range users {
		fmt.Fprintf(&b, "%q: {\n", u.Service)
		for _, part := range []struct {
			name string
			list []string
		}{{"publish", u.Publish}, {"subscribe", u.Subscribe}, {"streams", u.Streams}} {
			fmt.Fprintf(&b, "%s: []string{\n", part.name)
			for _, s := range part.list {
				fmt.Fprintf(&b, "%q,\n", s)
			}
			b.WriteString("},\n")
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n")
	return format.Source([]byte(b.String()))
}

// Variable is the environment variable from which a NATS server takes the bcrypt hash of a user's password.
func Variable(user string) string {
	return "NATS_HASH_" + strings.ToUpper(strings.ReplaceAll(user, "-", "_"))
}

// Administrator is the user that makes and upgrades the streams; it may do everything.
const Administrator = "netrust"

// Conf is the block of users for the settings file of a NATS server. Password hashes come from its environment.
func Conf(users []User) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `# %s
#
# One user per service, with what schemas/asyncapi.yaml says that it does; the server refuses all else. Included by
# nats-server.conf. The hashes of their passwords come from the environment: "netrust nats users" makes passwords and hashes.
authorization {
  users = [
    # makes and upgrades the streams ("netrust nats setup"); no service logs in as this one
    { user: %q, password: $%s }
`, note, Administrator, Variable(Administrator))
	for _, u := range users {
		fmt.Fprintf(&b, "    {\n      user: %q, password: $%s\n      permissions: {\n", u.Service, Variable(u.Service))
		for _, part := range []struct {
			name string
			list []string
		}{{"publish", u.Publish}, {"subscribe", u.Subscribe}} {
			fmt.Fprintf(&b, "        %s: { allow: [\n", part.name)
			for _, s := range part.list {
				fmt.Fprintf(&b, "          %q\n", s)
			}
			b.WriteString("        ] }\n")
		}
		b.WriteString("      }\n    }\n")
	}
	b.WriteString("  ]\n}\n")
	return []byte(b.String())
}
