package nearest_test

import (
	"slices"
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
