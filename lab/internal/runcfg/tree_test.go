package runcfg_test

import (
	"testing"

	"github.com/netrust/netrust/lab/internal/runcfg"
)

const base = `hostname r1
!
interface Ethernet1
   description old
   ip address 10.0.0.1/24
!
interface Ethernet2
!
router bgp 1
   address-family ipv4
      network 10.0.0.0/8
!
end
`

func TestEditsOfATree(t *testing.T) {
	t.Parallel()
	style := runcfg.Style{Indent: "   ", Separator: "!"}
	keys := []string{"hostname", "description", "ip address"}
	for _, c := range []struct {
		name string
		edit func(*runcfg.Tree)
		want string
	}{
		{"nothing changes what is printed", func(*runcfg.Tree) {}, base},
		{"a value replaces the one before", func(tree *runcfg.Tree) {
			tree.Set(nil, "hostname r2", keys)
			tree.Set(nil, "hostname r1", keys)
		}, base},
		{"a line entered twice stands once", func(tree *runcfg.Tree) {
			tree.Set([]string{"interface Ethernet1"}, "description old", keys)
		}, base},
		{"a section that was made can be taken away", func(tree *runcfg.Tree) {
			tree.Set([]string{"interface Ethernet3"}, "shutdown", keys)
			tree.Unset(nil, "interface Ethernet3")
		}, base},
		{"no with the beginning of a line takes it away", func(tree *runcfg.Tree) {
			tree.Unset([]string{"interface Ethernet1"}, "ip address")
			tree.Set([]string{"interface Ethernet1"}, "ip address 10.0.0.1/24", keys)
		}, base},
	} {
		tree := runcfg.Parse(base)
		c.edit(tree)
		if got := string(tree.Append(nil, style)) + "end\n"; got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestACloneSharesNothing(t *testing.T) {
	t.Parallel()
	tree := runcfg.Parse(base)
	copied := tree.Clone()
	tree.Set([]string{"interface Ethernet1"}, "description new", []string{"description"})
	if got := copied.Value("description", "interface Ethernet1"); got != "old" {
		t.Errorf("the copy says %q", got)
	}
}

func TestJunosStatements(t *testing.T) {
	t.Parallel()
	before := runcfg.ParseSet("set system host-name a\nset interfaces ge-0/0/0 unit 0 family inet address 10.0.0.1/24\n")
	after := before.Clone()
	after.Set(runcfg.Words(`system host-name b`))
	after.Set(runcfg.Words(`interfaces ge-0/0/0 description "two words"`))
	if !after.Delete(runcfg.Words("interfaces ge-0/0/0 unit 0")) || after.Delete(runcfg.Words("interfaces ge-9/9/9")) {
		t.Error("delete does not report whether there was a statement")
	}
	want := "[edit system]\n-  host-name a;\n+  host-name b;\n" +
		"[edit interfaces ge-0/0/0]\n-   unit 0 {\n-       family inet {\n-           address 10.0.0.1/24;\n-       }\n-   }\n" +
		"+   description \"two words\";\n"
	if got := string(after.AppendCompare(nil, before)); got != want {
		t.Errorf("compare:\n%s\nwant\n%s", got, want)
	}
	lines := string(after.AppendSet(nil))
	if again := runcfg.ParseSet(lines); string(again.AppendBraces(nil)) != string(after.AppendBraces(nil)) {
		t.Errorf("set lines do not read back:\n%s", lines)
	}
	if got := after.Value("system", "host-name"); got != "b" {
		t.Errorf("host-name is %q", got)
	}
}
