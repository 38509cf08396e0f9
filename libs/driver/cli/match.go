package cli

import (
	"bytes"
	"regexp"
)

// pager matches the whole last line of a device that waits before it prints more. It is answered by a blank.
var pager = regexp.MustCompile(`(?i)^\s*(?:` +
	`<?\s*-{2,}\s*\(?\s*more\b.{0,60}` + // --More--, ---(more 45%)---, <--- More --->, --More--(12%)
	`|-- more --.{0,20}` +
	`|lines \d+-\d+(?:/\d+)?(?: \d+%)?` + // less -M
	`|press <?space>? (?:for more|to (?:see|show|display) more).{0,80}` +
	`|:` + // less
	`)\s*$`)

// pagerEnd matches a pager at its end, which a blank would not leave.
var pagerEnd = regexp.MustCompile(`^\s*(?:lines \d+-\d+(?:/\d+)? )?\(END\)\s*$`)

// question matches the whole last line of a device that waits for an answer. It is never given.
var question = regexp.MustCompile(`(?i)(?:` +
	`\[confirm\]|[\[(]\s*y(?:es)?\s*[/,|]\s*no?\s*[\])].{0,20}` + // (y/n), [yes/no], [yes,no] (no)
	`|\[[^\]]{0,80}\]\s*[?:]` + // Destination filename [startup-config]?
	`|password(?: for [^:]{1,80})?:|passphrase[^:]{0,80}:|username:|login:` +
	`|press (?:any key|<?enter>?|<?return>?)\b.{0,60}` +
	`|\?` +
	`)\s*:?\s*$`)

// state is what the last line says about the device.
type state int

const (
	working  state = iota // nothing that we know: it prints
	ready                 // its prompt, for certain
	perhaps               // what may be its prompt: certain when nothing more comes
	paging                // a pager
	pagedOut              // a pager at its end
	asking                // a question: certain when nothing more comes
)

// prompts knows the prompts of a session.
type prompts struct {
	patterns []*regexp.Regexp
	learned  []byte // the last prompt, without blanks at its end
	stem     []byte // the part of it that stays when the mode changes: the host's name
	weak     bool   // the patterns fit almost anything, so that a question comes before them
}

// learn takes the line for the prompt.
func (p *prompts) learn(line []byte) {
	p.learned = bytes.Clone(bytes.TrimRight(line, " "))
	stem := bytes.TrimRight(p.learned, ">#$% ")
	if i := bytes.IndexByte(stem, '('); i > 0 {
		stem = stem[:i]
	}
	p.stem = stem[:min(len(stem), 20)] // IOS shortens a long name to 20 in its configuration modes
}

// fits reports whether the line looks like a prompt of the platform.
func (p *prompts) fits(line []byte) bool {
	if len(line) == 0 || len(line) > 200 {
		return false
	}
	for _, pattern := range p.patterns {
		if pattern.Match(line) {
			return true
		}
	}
	return false
}

// judge says what the last line means.
func (p *prompts) judge(line []byte) state {
	trimmed := bytes.TrimRight(line, " ")
	if len(trimmed) == 0 {
		return working
	}
	if len(p.learned) > 0 && bytes.Equal(trimmed, p.learned) {
		return ready
	}
	if len(trimmed) > 400 {
		if len(p.learned) > 0 && bytes.HasSuffix(trimmed, p.learned) {
			return perhaps
		}
		return working
	}
	if pager.Match(trimmed) {
		return paging
	}
	if pagerEnd.Match(trimmed) {
		return pagedOut
	}
	if p.weak && question.Match(trimmed) {
		return asking
	}
	if p.fits(trimmed) || p.fits(line) {
		if len(p.stem) > 1 && bytes.HasPrefix(trimmed, p.stem) {
			return ready
		}
		return perhaps
	}
	if len(p.learned) > 2 && bytes.HasSuffix(trimmed, p.learned) {
		return perhaps // output without a line end, then the prompt
	}
	if question.Match(trimmed) {
		return asking
	}
	return working
}
