package docs_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/netrust/netrust/tests/docs"
)

// root of the project, seen from this folder.
const root = "../.."

// TestEveryCommandRuns goes through the documents as a new user would: one home per document, its commands in order.
// It does not run beside other tests: make writes the binary that they use.
func TestEveryCommandRuns(t *testing.T) {
	build(t)
	for _, d := range documents(t) {
		if !slices.ContainsFunc(d.Blocks, func(b docs.Block) bool { return b.Lang == "sh" }) {
			continue
		}
		t.Run(d.Path, func(t *testing.T) { // one after the other: each starts servers
			u := newUser(t)
			for _, b := range d.Blocks {
				if b.Lang == "sh" {
					runBlock(t, u, d, b)
				}
			}
		})
	}
}

// runBlock runs a block's commands. Services that it starts one by one end with it; a server for all stays.
func runBlock(t *testing.T, u *docs.User, d docs.Document, b docs.Block) {
	for _, c := range b.Commands() {
		r, ok := ruleFor(c.Text)
		if !ok {
			t.Errorf("%s:%d: no rule of tests/docs covers %q: add one to rules_test.go, that runs it", d.Path, c.Line, c.Text)
			continue
		}
		if err := r(t.Context(), u, c.Text); err != nil {
			t.Errorf("%s:%d: %v", d.Path, c.Line, err)
		}
	}
}

func TestEveryBlockNamesItsLanguage(t *testing.T) {
	t.Parallel()
	for _, d := range documents(t) {
		for _, b := range d.Blocks {
			if b.Lang == "" {
				t.Errorf("%s:%d: write ```sh if it holds commands, else what it holds: text, yaml, go", d.Path, b.Line)
			}
		}
	}
}

func documents(t *testing.T) []docs.Document {
	t.Helper()
	all, err := docs.Documents(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 || !slices.ContainsFunc(all, func(d docs.Document) bool { return d.Path == "README.md" }) {
		t.Fatalf("only %d documents: is this the project?", len(all))
	}
	return all
}

func newUser(t *testing.T) *docs.User {
	t.Helper()
	u, err := docs.NewUser(absolute(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), docs.Patience)
		defer cancel()
		if err := u.Stop(ctx, 0); err != nil {
			t.Error(err)
		}
	})
	return u
}

// lines of a screen, without those that are blank at its end.
func lines(screen string) []string { return strings.Split(strings.TrimRight(screen, "\n "), "\n") }
