package cli

// addFillers adds words that the device knows as well, so that short forms are as ambiguous as on the real one. The lab
// does nothing for them: a line that begins with one is incomplete, or goes wrong after it.
func addFillers(g *grammar, words ...string) {
	for _, word := range words {
		if g.root.kid(word) == nil {
			g.root.kids = append(g.root.kids, &node{word: word})
		}
	}
}
