package cli

import "regexp"

// Plain cleans what a command printed without a terminal, so that it reads as it would have in one.
type Plain struct {
	screen *screen
	answer *answer
}

// NewPlain collects at most max bytes (0: all).
func NewPlain(max int64, lead *regexp.Regexp) *Plain {
	p := &Plain{answer: &answer{echoed: true, max: max, lead: lead}}
	p.screen = newScreen(p.answer.line)
	return p
}

// Write takes the next bytes.
func (p *Plain) Write(b []byte) { p.screen.write(b) }

// Pass hands the whole lines that came since the last Pass to sink, which may not keep the slice. What is passed adds up to the
// result's text, when it is passed once more after Finish.
func (p *Plain) Pass(sink func([]byte)) {
	p.answer.sink = sink
	p.answer.pass()
	p.answer.sink = nil
}

// Finish gives what was collected. It is the last call.
func (p *Plain) Finish() Result {
	if rest := p.screen.seen(); len(rest) > 0 {
		p.answer.line(rest, true)
	}
	p.answer.finish()
	return Result{Text: p.answer.String(), Cut: p.answer.cut}
}
