package cli

import (
	"bytes"
	"time"
)

// pager is how a platform shows long output page by page.
type pager struct {
	// prompt is what stands at the foot of a page, given the page's number and how much has been shown, in per cent.
	prompt func(page, percent int) string
	// erase wipes the prompt off the screen.
	erase string
	// anyKeyQuits leaves the pager at any key but space and Enter (IOS).
	anyKeyQuits bool
}

// defaultHeight is the page of a terminal that did not tell its size.
const defaultHeight = 24

// emit puts the collected output out: paged where the terminal pages, cut or slowed down where a fault says so.
func (s *Shell) emit() error {
	text := s.out
	s.out = s.out[:0]
	if len(text) == 0 || s.quit {
		return nil
	}
	height := s.pageLength()
	if height == 0 {
		return s.put(text)
	}
	return s.emitPaged(text, height)
}

// pageLength is how many rows a page has, 0 for no paging.
func (s *Shell) pageLength() int {
	faults := s.device.Host.Faults()
	forced := faults != nil && faults.ForcePaging
	if s.isExec || s.term.Raw() || s.who.pager() == nil || s.noMore && !forced {
		return 0
	}
	length := s.length
	if length < 0 {
		_, length = s.term.Size()
		if length == 0 {
			length = defaultHeight
		}
	}
	if length == 0 && forced {
		length = defaultHeight
	}
	return length
}

// emitPaged shows text a page at a time.
func (s *Shell) emitPaged(text []byte, height int) error {
	total := len(text)
	for len(text) > 0 {
		n := s.pageOf(text, max(height-1, 1))
		if err := s.put(text[:n]); err != nil {
			return err
		}
		text = text[n:]
		if len(text) == 0 {
			return nil
		}
		more, err := s.askMore((total-len(text))*100/total, height)
		if err != nil || !more {
			s.quit = !more
			return err
		}
	}
	return nil
}

// pageOf counts the bytes of text that fit on the page that has begun, whole lines only.
func (s *Shell) pageOf(text []byte, height int) int {
	width := s.columns()
	n := 0
	for n < len(text) && s.rows < height {
		line := bytes.IndexByte(text[n:], '\n') + 1
		if line == 0 {
			line = len(text) - n
		}
		s.rows += 1 + max(line-2, 0)/width
		n += line
	}
	return n
}

func (s *Shell) columns() int {
	width := s.width
	if width < 0 {
		width, _ = s.term.Size()
	}
	if width <= 0 {
		return 1 << 20
	}
	return width
}

// askMore waits at the foot of a page for the key that says how to go on.
func (s *Shell) askMore(percent, height int) (more bool, err error) {
	pager := s.who.pager()
	s.pages++
	if err := s.term.Print(pager.prompt(s.pages, percent)); err != nil {
		return false, err
	}
	for {
		key, err := s.term.ReadByte()
		if err != nil {
			return false, err
		}
		switch key {
		case ' ':
			s.rows = 0
			return true, s.term.Print(pager.erase)
		case '\r', '\n':
			s.rows = max(height-2, 0)
			return true, s.term.Print(pager.erase)
		case 'q', 'Q', 0x03:
			return false, s.term.Print(pager.erase)
		}
		if pager.anyKeyQuits {
			return false, s.term.Print(pager.erase)
		}
	}
}

// put puts text out as the device's faults have it.
func (s *Shell) put(text []byte) error {
	faults := s.device.Host.Faults()
	if faults == nil {
		_, err := s.term.Write(text)
		return err
	}
	limit, drops := faults.DropsIn(s.command)
	drops = drops && s.sent+len(text) > limit
	if drops {
		text = text[:max(limit-s.sent, 0)]
	}
	s.sent += len(text)
	if err := s.drip(text, faults.DripBytes, time.Duration(faults.DripIntervalMS)*time.Millisecond); err != nil {
		return err
	}
	if !drops {
		return nil
	}
	if err := s.term.Flush(); err != nil {
		return err
	}
	return ErrDropped
}

// drip puts text out in pieces of a size, with a pause between them; size 0 is at once.
func (s *Shell) drip(text []byte, size int, pause time.Duration) error {
	for size > 0 && len(text) > size {
		if _, err := s.term.Write(text[:size]); err != nil {
			return err
		}
		text = text[size:]
		if err := s.wait(pause); err != nil {
			return err
		}
	}
	_, err := s.term.Write(text)
	return err
}

// ask puts the output so far out, then asks a question and reads the answer's line. Silent answers are not echoed.
func (s *Shell) ask(question string, silent bool) (string, error) {
	if err := s.emit(); err != nil {
		return "", err
	}
	if err := s.term.Print(question); err != nil {
		return "", err
	}
	answer, err := s.readAnswer(silent)
	if err != nil {
		return "", err
	}
	return string(answer), s.term.Print("\n")
}

// confirm asks a question that one key answers: Enter or y is yes.
func (s *Shell) confirm(question string) (bool, error) {
	if err := s.emit(); err != nil {
		return false, err
	}
	if err := s.term.Print(question); err != nil {
		return false, err
	}
	key, err := s.term.ReadByte()
	if err != nil {
		return false, err
	}
	yes := key == '\r' || key == '\n' || key == 'y' || key == 'Y'
	if key == 'y' || key == 'n' {
		s.term.Print(string(key))
	}
	return yes, s.term.Print("\n")
}
