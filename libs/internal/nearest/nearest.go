// Package nearest finds the words that a person probably meant, for "did you mean".
//
// It promises a deterministic answer and bounded work per candidate. What to compare, and how to say it, is the
// caller's.
package nearest

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxLength bounds the words that are compared: longer ones are not typing mistakes.
const maxLength = 128

// maxDistance bounds how far apart near words are, however long.
const maxDistance = 3

// To returns up to limit candidates that are near to word, the nearest first. Case does not count. Nearness is the number
// of letters to insert, remove, change or swap, at most a third of the word's length, at least one and at most three; a candidate
// that begins with the word is near as well. Those that are much farther than the nearest are left out.
func To(word string, candidates iter.Seq[string], limit int) []string {
	type near struct {
		word     string
		distance int
	}
	if word == "" || len(word) > maxLength || limit < 1 {
		return nil
	}
	lower := strings.ToLower(word)
	bound := min(max(1, utf8.RuneCountInString(word)/3), maxDistance)
	var found []near
	var d distancer
	for c := range candidates {
		if len(c) == 0 || len(c) > maxLength {
			continue
		}
		n, ok := d.within(lower, strings.ToLower(c), bound)
		if !ok && len(word) >= 3 && hasPrefixFold(c, lower) {
			n, ok = bound+1, true
		}
		if ok {
			found = append(found, near{c, n})
		}
	}
	slices.SortFunc(found, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.word, b.word))
	})
	var words []string
	for _, f := range found {
		if len(words) < limit && f.distance <= found[0].distance+1 && !slices.Contains(words, f.word) {
			words = append(words, f.word)
		}
	}
	return words
}

// Question is "did you mean a, b or c?" for the words found, or empty if there are none.
func Question(words []string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return "did you mean " + words[0] + "?"
	}
	last := len(words) - 1
	return "did you mean " + strings.Join(words[:last], ", ") + " or " + words[last] + "?"
}

func hasPrefixFold(s, lower string) bool {
	return len(s) >= len(lower) && strings.ToLower(s[:len(lower)]) == lower
}

// distancer keeps the rows of the last comparison, so that a search over 100,000 candidates allocates next to nothing.
type distancer struct {
	before, previous, row []int
	a, b                  []rune
}

// within returns the optimal string alignment distance of a and b if it is at most bound.
func (d *distancer) within(a, b string, bound int) (int, bool) {
	d.a, d.b = append(d.a[:0], []rune(a)...), append(d.b[:0], []rune(b)...)
	if len(d.a)-len(d.b) > bound || len(d.b)-len(d.a) > bound {
		return 0, false
	}
	size := len(d.b) + 1
	if cap(d.row) < size {
		d.before, d.previous, d.row = make([]int, size), make([]int, size), make([]int, size)
	}
	d.before, d.previous, d.row = d.before[:size], d.previous[:size], d.row[:size]
	for j := range d.row {
		d.row[j] = j
	}
	for i := 1; i <= len(d.a); i++ {
		d.before, d.previous, d.row = d.previous, d.row, d.before
		if d.next(i, bound) > bound {
			return 0, false
		}
	}
	return d.row[size-1], d.row[size-1] <= bound
}

// next fills the row of the i-th letter of a and returns its least entry. Entries farther than bound from the diagonal
// cannot be at most bound: only their neighbours are set, to more than that.
func (d *distancer) next(i, bound int) int {
	first, last := max(1, i-bound), min(len(d.row)-1, i+bound)
	d.row[first-1] = bound + 1
	if first == 1 {
		d.row[0] = i
	}
	least := d.row[first-1]
	for j := first; j <= last; j++ {
		change := d.previous[j-1]
		if d.a[i-1] != d.b[j-1] {
			change++
		}
		d.row[j] = min(d.previous[j]+1, d.row[j-1]+1, change)
		if i > 1 && j > 1 && d.a[i-1] == d.b[j-2] && d.a[i-2] == d.b[j-1] {
			d.row[j] = min(d.row[j], d.before[j-2]+1)
		}
		least = min(least, d.row[j])
	}
	if last+1 < len(d.row) {
		d.row[last+1] = bound + 1
	}
	return least
}
