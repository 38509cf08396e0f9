package nearest_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/internal/nearest"
)

func TestTo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		word       string
		candidates []string
		want       []string
	}{
		"a swapped pair is near":              {"adderss", []string{"address", "port"}, []string{"address"}},
		"case does not count":                 {"Core-Par-1", []string{"core-par-1", "core-par-2"}, []string{"core-par-1", "core-par-2"}},
		"the nearest comes first":             {"platfrom", []string{"platforms", "platform"}, []string{"platform", "platforms"}},
		"a beginning is near":                 {"edge", []string{"edge-berlin-1"}, []string{"edge-berlin-1"}},
		"a far word is not":                   {"site", []string{"credential"}, nil},
		"equal candidates are named once":     {"sit", []string{"site", "site"}, []string{"site"}},
		"nothing is near to an empty word":    {"", []string{"a"}, nil},
		"letters outside ASCII count as one":  {"köln", []string{"kölm"}, []string{"kölm"}},
		"one letter of a short word may vary": {"r1", []string{"r2", "s2"}, []string{"r2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := nearest.To(c.word, slices.Values(c.candidates), 3); !slices.Equal(got, c.want) {
				t.Errorf("near %q: %q, want %q", c.word, got, c.want)
			}
		})
	}
}

func TestQuestion(t *testing.T) {
	t.Parallel()
	for want, words := range map[string][]string{
		"":                          nil,
		"did you mean a?":           {"a"},
		"did you mean a, b or c?":   {"a", "b", "c"},
		"did you mean a or site-2?": {"a", "site-2"},
	} {
		if got := nearest.Question(words); got != want {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
}

// The band along the diagonal must not change an answer: compare with the plain recurrence.
func TestToAgreesWithThePlainDistance(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	word := func() string {
		letters := make([]byte, 1+random.IntN(12))
		for i := range letters {
			letters[i] = "abc"[random.IntN(3)]
		}
		return string(letters)
	}
	for range 20000 {
		a, b := word(), word()
		bound := min(max(1, len(a)/3), 3)
		want := distance(a, b) <= bound || len(a) >= 3 && strings.HasPrefix(b, a)
		if got := nearest.To(a, slices.Values([]string{b}), 1) != nil; got != want {
			t.Fatalf("%q is near to %q: %v, want %v", a, b, got, want)
		}
	}
}

func distance(a, b string) int {
	switch {
	case a == "" || b == "":
		return len(a) + len(b)
	case a[0] == b[0]:
		return distance(a[1:], b[1:])
	}
	best := 1 + min(distance(a[1:], b), distance(a, b[1:]), distance(a[1:], b[1:]))
	if len(a) > 1 && len(b) > 1 && a[0] == b[1] && a[1] == b[0] {
		best = min(best, 1+distance(a[2:], b[2:]))
	}
	return best
}

func BenchmarkTo(b *testing.B) {
	names := make([]string, 100_000)
	for i := range names {
		names[i] = fmt.Sprintf("r%06d.example.net", i)
	}
	for b.Loop() {
		nearest.To("r000007.exmaple.net", slices.Values(names), 3)
	}
}
