package contract_test

import (
	"fmt"
	"testing"

	"github.com/netrust/netrust/libs/contract"
)

func TestEscapeToken(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"core1":       "core1",
		"Core_1-a":    "Core_1-a",
		"core1.paris": "core1=2Eparis",
		"a b":         "a=20b",
		"=":           "=3D",
		"*":           "=2A",
		">":           "=3E",
		"ü":           "=C3=BC",
		"\x00\xff":    "=00=FF",
		"":            "",
	} {
		if got := contract.EscapeToken(s); got != want {
			t.Errorf("%q becomes %q, want %q", s, got, want)
		}
	}
}

func TestUnescapeTokenRefusesWhatEscapeTokenDoesNotWrite(t *testing.T) {
	t.Parallel()
	for why, token := range map[string]string{
		"nothing":                        "",
		"a separator":                    "a.b",
		"a wildcard":                     "*",
		"white space":                    "a b",
		"a byte that should be escaped":  "ü",
		"an escape of a plain byte":      "=41",
		"lower-case digits":              "=2e",
		"half an escape":                 "=2",
		"an escape at the end":           "a=",
		"digits that are none":           "=G0",
		"a bad escape after a good one":  "=2E=2",
		"an unescaped byte after escape": "=2E.",
		"bytes that are not UTF-8":       "\xff",
	} {
		if s, err := contract.UnescapeToken(token); err == nil {
			t.Errorf("%s: %q is accepted as %q", why, token, s)
		}
	}
}

func FuzzEscapeToken(f *testing.F) {
	for _, s := range awkward {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" {
			return // no token stands for it
		}
		token := contract.EscapeToken(s)
		for i := range len(token) {
			if c := token[i]; c <= ' ' || c > '~' || c == '.' || c == '*' || c == '>' {
				t.Fatalf("%q becomes %q, which is no token", s, token)
			}
		}
		if back, err := contract.UnescapeToken(token); err != nil || back != s {
			t.Errorf("%q becomes %q, which reads %q (%v)", s, token, back, err)
		}
	})
}

func FuzzUnescapeToken(f *testing.F) {
	for _, s := range awkward {
		f.Add(s)
		f.Add(contract.EscapeToken(s))
	}
	f.Fuzz(func(t *testing.T, token string) {
		if s, err := contract.UnescapeToken(token); err == nil && contract.EscapeToken(s) != token {
			t.Errorf("%q reads %q, whose token is %q", token, s, contract.EscapeToken(s))
		}
	})
}

func ExampleEscapeToken() {
	token := contract.EscapeToken("core1.paris")
	device, err := contract.UnescapeToken(token)
	fmt.Println(token, device, err)
	// Output: core1=2Eparis core1.paris <nil>
}

func ExampleTaskKey() {
	key := contract.TaskKey{Site: "paris", Job: "k3v7q2mzp5xd4hra", Phase: contract.PhaseRun, Device: "core1.paris"}
	fmt.Println(key.Subject(contract.Urgent))
	fmt.Println(key.RecordKey())
	// Output:
	// tasks.paris.urgent.k3v7q2mzp5xd4hra.run.core1=2Eparis
	// task.paris.k3v7q2mzp5xd4hra.run.core1=2Eparis
}
