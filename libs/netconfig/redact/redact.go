// Package redact takes the secrets out of what devices print and of what is typed at them.
//
// It knows how the platforms write passwords, hashes, SNMP communities, keys and private keys, in running configurations,
// in the output of show commands, and on command lines, and takes out literal values that the caller names. It reads line
// by line, each once, word by word: the words of a line decide which few rules look at it.
//
// Promises: the text keeps its lines and its words but for the secrets, each of which becomes [Mark] (a private key's body
// becomes one line); redacting twice changes nothing more; text without secrets comes back unchanged.
//
// It cannot promise to know every form in which a vendor may print a secret. Where it is unsure it redacts.
package redact

import (
	"strings"

	"github.com/netrust/netrust/libs/driver/platform"
)

// Mark stands where a secret stood.
const Mark = "[redacted]"

// Redactor holds the rules of one platform and the literal values of one device. It is not changed after New, and is safe
// for concurrent use.
type Redactor struct {
	rules    map[string]rule
	literals literals
}

// New gives the redactor for a platform, by its name or an alias; an unknown platform gets the rules of all. The literals
// (passwords used to log in, say) are taken out wherever they stand; one of less than six characters only as a whole word.
func New(platformName string, values ...string) *Redactor {
	r := &Redactor{rules: allRules, literals: newLiterals(values)}
	p, err := platform.Lookup(platformName)
	if err != nil {
		return r
	}
	switch p.Name {
	case platform.JuniperJunos:
		r.rules = junosRules
	case platform.CiscoIOS, platform.CiscoNXOS, platform.AristaEOS, platform.FRR:
		r.rules = ciscoRules
	}
	return r
}

// Text redacts a whole text.
func (r *Redactor) Text(text string) string {
	var out strings.Builder
	out.Grow(len(text))
	s := r.Stream(func(b []byte) { out.Write(b) })
	s.WriteString(text)
	s.Close()
	return out.String()
}

// Command redacts one command line, as for a log or an event.
func (r *Redactor) Command(command string) string { return strings.TrimSuffix(r.Text(command), "\n") }

// Stream redacts a text that comes in pieces. It is not safe for concurrent use.
type Stream struct {
	redactor *Redactor
	out      func([]byte)
	rest     strings.Builder // the beginning of a line
	state    state
	scratch  line // used again for each line
	buffer   []byte
}

// maxLine bounds the beginning of a line that is held back; a longer line is judged in parts.
const maxLine = 1 << 20

// Stream starts one text. What is redacted is handed to out, in whole lines; out may not keep the slice.
func (r *Redactor) Stream(out func([]byte)) *Stream {
	return &Stream{redactor: r, out: out}
}

// Write takes the next piece. It never fails.
func (s *Stream) Write(piece []byte) (int, error) {
	s.WriteString(string(piece))
	return len(piece), nil
}

// WriteString takes the next piece.
func (s *Stream) WriteString(piece string) {
	for {
		line, after, whole := strings.Cut(piece, "\n")
		if !whole {
			break
		}
		if s.rest.Len() > 0 {
			s.rest.WriteString(line)
			line = s.rest.String()
			s.rest.Reset()
		}
		s.line(line, "\n")
		piece = after
	}
	s.rest.WriteString(piece)
	if s.rest.Len() > maxLine {
		line := s.rest.String()
		s.rest.Reset()
		s.line(line, "")
	}
	s.flush()
}

// Close redacts what is left. It is the last call.
func (s *Stream) Close() {
	if s.rest.Len() > 0 {
		line := s.rest.String()
		s.rest.Reset()
		s.line(line, "")
	}
	s.flush()
}

func (s *Stream) flush() {
	if len(s.buffer) > 0 {
		s.out(s.buffer)
		s.buffer = s.buffer[:0]
	}
}

// line redacts one line, without its end.
func (s *Stream) line(line, end string) {
	if s.state.inKey { // what would become a mark anyway belongs to the body's
		scratch := s.state
		line = s.settle(line, &scratch)
	}
	text, keep := s.state.pem(line)
	if !keep {
		return
	}
	s.buffer = append(s.buffer, s.settle(text, &s.state)...)
	s.buffer = append(s.buffer, end...)
	if len(s.buffer) > 64<<10 {
		s.flush()
	}
}

// settle redacts a line until nothing changes: a literal that was taken out can be the word that a rule looks for, and what
// the next lines are judged by must be what a second redaction would see.
func (s *Stream) settle(text string, st *state) string {
	before := *st
	for range 8 {
		*st = before
		after := s.redactor.literals.strip(s.judge(text, st))
		if after == text {
			break
		}
		text = after
	}
	return text
}

// judge applies the rules that the line's words call for.
func (s *Stream) judge(text string, st *state) string {
	l := &s.scratch
	l.text, l.state, l.secrets = text, st, l.secrets[:0]
	l.split()
	st.enter(l)
	var name [32]byte
	for i := range l.words {
		if l.hidden(i) { // a secret that happens to be a keyword
			continue
		}
		word := l.word(i)
		if len(word) >= 6 && strings.IndexByte(word, '$') >= 0 {
			l.hash(i)
		}
		if strings.IndexByte(word, '@') >= 0 || strings.IndexByte(word, '=') >= 0 || strings.IndexByte(word, ':') >= 0 {
			l.embedded(i)
		}
		if len(word) > len(name) {
			continue
		}
		if apply, ok := s.redactor.rules[string(lower(name[:], word))]; ok {
			apply(l, i)
		}
	}
	st.table(l)
	return l.redacted()
}
