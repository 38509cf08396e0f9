package cli

import (
	"bytes"
	"context"
	"strings"
	"time"
)

// execute runs a line with whatever the device's faults do to it.
func (s *Shell) execute(line string) error {
	trimmed := strings.TrimSpace(line)
	if trimmed == "" {
		return nil
	}
	s.device.Host.Received(trimmed)
	s.remember(trimmed)
	s.command, s.status = trimmed, 0
	s.out, s.sent, s.rows, s.pages, s.quit = s.out[:0], 0, 0, 0, false
	defer s.finish()

	faults := s.device.Host.Faults()
	delay := s.latency
	if faults != nil {
		delay += time.Duration(faults.CommandDelayMS) * time.Millisecond
	}
	if err := s.wait(delay); err != nil {
		return err
	}
	if faults.Hangs(trimmed) {
		return s.hang()
	}
	if size, ok := faults.HugeOutput(trimmed); ok {
		return s.emitHuge(size)
	}
	if faults.Refuses(trimmed) {
		s.status = 1
		s.who.reject(s, line)
		return s.emit()
	}
	err := s.who.run(s, line)
	if flushErr := s.emit(); flushErr != nil {
		return flushErr
	}
	return err
}

// finish gives memory back that a long output took.
func (s *Shell) finish() {
	s.command = ""
	s.noMore = false
	s.out = nil
}

// hang holds the session until it ends.
func (s *Shell) hang() error {
	if err := s.term.Flush(); err != nil {
		return err
	}
	<-s.ctx.Done()
	return context.Cause(s.ctx)
}

// emitHuge prints size bytes in lines that tell where they are.
func (s *Shell) emitHuge(size int) error {
	const lineSize = 64
	filler := strings.Repeat(".", lineSize)
	for written := 0; written < size && !s.quit; {
		s.out = s.out[:0]
		for len(s.out) < 16<<10 && written < size {
			before := len(s.out)
			s.sayf("%012d", written)
			s.say(filler[:lineSize-13])
			s.say("\n")
			if over := written + lineSize - size; over > 0 {
				s.out = s.out[:len(s.out)-over]
			}
			written += len(s.out) - before
		}
		if err := s.emit(); err != nil {
			return err
		}
	}
	if size > 0 && size%lineSize != 0 {
		return s.term.Print("\n")
	}
	return nil
}

// banner prints the long banner that a fault may ask for.
func (s *Shell) banner() {
	faults := s.device.Host.Faults()
	if faults == nil || faults.BannerBytes == 0 {
		return
	}
	line := []byte("* This banner is long because the lab was told to make it so. #> $ *\n")
	s.out = append(s.out, bytes.Repeat(line, faults.BannerBytes/len(line)+1)[:faults.BannerBytes]...)
	s.say("\n")
}

func (s *Shell) showPrompt(line []byte) error {
	prompt := s.who.prompt(s)
	if faults := s.device.Host.Faults(); faults != nil && faults.Prompt != "" {
		prompt = strings.ReplaceAll(faults.Prompt, "{hostname}", s.device.Hostname())
	}
	if err := s.term.Print(prompt); err != nil {
		return err
	}
	if len(line) > 0 {
		return s.term.Print(string(line))
	}
	return nil
}
