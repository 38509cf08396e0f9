package pyregex_test

import (
	"encoding/json"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/textfsm/internal/pyregex"
)

const matchInPython = `
import json, re, sys
out = []
for pattern, text in json.load(sys.stdin):
    try:
        m = re.compile(pattern).match(text)
        out.append("no match" if m is None else list(m.groups()))
    except re.error:
        out.append("refused")
print(json.dumps(out))
`

// cases are expressions with texts that show what they mean.
var cases = [][2]string{
	{`(a)(?P<x>b)(c)\2\1\3`, "abcbac"}, {`(?P<x>a)(b)\1\2(?P=x)`, "ababa"}, {`(a)|(b)`, "b"}, {`^a|b`, "b"}, {`a|b`, "xb"},
	{`(\d{,2})(\d*)`, "12345"}, {`(\d{2,})`, "12345"}, {`x{,}y`, "xxxy"}, {`x{a}`, "x{a}"}, {`x{`, "x{"}, {`{3}`, "{3}"}, {`x{1,2`, "x{1,2"},
	{`[]a]+`, "]a]"}, {`[^]a]+`, "bc]"}, {`[a-z-[x]+`, "a[-x"}, {`[[:alpha:]]+`, "a]"}, {`[\w.-]+`, "a.b-c"}, {`[\]\-\\]+`, `]-\`}, {`[a\-z]+`, "a-zb"},
	{`[\d\s]+x`, "1 2x"}, {`[^\W\d]+`, "abc1"}, {`[\b]`, "\b"}, {`[a^]+`, "a^"}, {`[#-&]+`, "#$%&"},
	{`(?<=a)b`, "ab"}, {`a(?=b)(b)`, "ab"}, {`a(?!b)(.)`, "ac"}, {`(?:(?<!x)y)+`, "yy"}, {`(?>a+)b`, "aab"}, {`(a++)b`, "aab"}, {`(?:a|b)*+c`, "abc"},
	{`a?+a`, "a"}, {`(x{1,3}+)x`, "xxx"}, {`(a*?)(a*)`, "aaa"}, {`(a+?)(a*)`, "aaa"}, {`(a??)(a*)`, "aa"},
	{`(<)?(\w+)(?(1)>|$)`, "<ab>"}, {`(<)?(\w+)(?(1)>|$)`, "ab"}, {`(?P<q><)?(\w+)(?(q)>|;)`, "<ab>"}, {`(?P<q><)?(\w+)(?(q)>|;)`, "ab;"},
	{`(?i)ABC(d)`, "abcD"}, {`(?i:A)b`, "ab"}, {`(?i:A)b`, "aB"}, {`(?-i:a)b`, "ab"}, {`(?s).(.)`, "\nx"}, {`(?m)^a$`, "a\nb"}, {`(?a)\w+`, "ab"}, {`(?u)(\w+)`, "é1"},
	{"(?x) a b # a comment (with paren\n (c) [ #]", "abc#"}, {`(?#note)a(b)`, "ab"},
	{`\x41\u0042\U00000043\103\0`, "ABCC\x00"}, {`\t\n\r\f\v\a`, "\t\n\r\f\v\a"}, {`\_\-\/\"\%\@`, `_-/"%@`}, {`\.\*\[\]\(\)\{\}`, ".*[](){}"},
	{`(\w+)\s+(\S+)`, "héllo\u00a0wörld"}, {`\d+`, "٣4"}, {`a$`, "a\n"}, {`a\Z`, "a\n"}, {`a\Z`, "a"}, {`\Aa`, "a"}, {`\bfoo\b`, "foo bar"}, {`\Boo`, "oo"},
	{`(a)?b\1`, "b"}, {`(?:(a)|b)*`, "ab"}, {`((a)|(b))*`, "ab"}, {`(?P<n_1>x)`, "x"}, {`(.*)(\s->(.*))`, "a -> b -> c"}, {`(\d+)(?:/(\d+))?`, "1"},
	// refused by Python
	{`(?P<x>a)(?P<x>b)`, ""}, {`(?P<1x>a)`, ""}, {`(?P=x)(?P<x>a)`, ""}, {`\k<x>`, ""}, {`\q`, ""}, {`\8`, ""}, {`(a\1)`, ""}, {`(?<x>a)`, ""}, {`(?'x'a)`, ""},
	{`[z-a]`, ""}, {`(`, ""}, {`)`, ""}, {`[a`, ""}, {`a**`, ""}, {`*a`, ""}, {`a{2}{3}`, ""}, {`\x4`, ""}, {`\u12`, ""}, {`(?(2)a|b)`, ""}, {`[\q]`, ""}, {`a\`, ""}, {`(?P>x)`, ""},
	{`x{3,2}`, ""},
}

func TestExpressionsMeanWhatTheyMeanInPython(t *testing.T) {
	t.Parallel()
	in, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-W", "ignore", "-c", matchInPython)
	cmd.Stdin = strings.NewReader(string(in))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3 is needed: %v", err)
	}
	var want []any
	if err := json.Unmarshal(out, &want); err != nil || len(want) != len(cases) {
		t.Fatalf("%d answers, %v", len(want), err)
	}
	for i, c := range cases {
		if got := match(t, c[0], c[1]); !reflect.DeepEqual(got, want[i]) {
			t.Errorf("%s on %q: got %v; Python says %v", c[0], c[1], got, want[i])
		}
	}
}

// match says in the same words what the package makes of an expression.
func match(t *testing.T, pattern, text string) any {
	t.Helper()
	re, err := pyregex.Compile(pattern)
	if err != nil {
		return "refused"
	}
	m, err := re.Match(text)
	if err != nil {
		t.Fatal(err)
	}
	if m == nil {
		return "no match"
	}
	groups := []any{}
	for i := 1; i <= re.Groups(); i++ {
		if text, ok := m.Group(i); ok {
			groups = append(groups, text)
		} else {
			groups = append(groups, nil)
		}
	}
	return groups
}

func FuzzCompile(f *testing.F) {
	for _, c := range cases {
		f.Add(c[0], c[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, err := pyregex.Compile(pattern)
		if err != nil {
			return
		}
		if _, err := re.Match(text); err != nil && len(text) < 20 && len(pattern) < 20 {
			t.Logf("%s on %q: %v", pattern, text, err)
		}
	})
}
