package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// linux is a Linux server or a white-box switch: a shell prompt, a few programs, and errors with bash's words and exit
// status. `show version` answers as on switches whose CLI is a program of the shell (SONiC); its text is the lab's own.
func linux() *Platform {
	return &Platform{
		Name: genericSSH, Vendor: "generic", Prefix: "host",
		ServerVersion: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",
		Password:      true, Question: "Password: ", MaxTries: 6,
		BusyText: "Exceeded MaxStartups\r\n",
		unnamed:  "localhost",
		factory:  func(d *Device) string { return "hostname " + d.Name + "\n" },
		start:    func(s *Shell) personality { return &shellSession{Shell: s} },
	}
}

// shellSession is a session of a Unix shell.
type shellSession struct {
	*Shell
	root bool
}

// program is what a command of the shell does; it returns the exit status.
type program func(s *shellSession, args []string) int

func (s *shellSession) greet(*Shell) {
	if s.term.Raw() {
		return
	}
	s.sayf("Linux %s 6.1.0-28-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22) x86_64\n", s.device.Hostname())
	s.sayf("Last login: %s from 127.0.0.1\n", time.Now().UTC().Add(-time.Hour).Format("Mon Jan _2 15:04:05 2006"))
}

// prompt is bash's on Debian; a shell without a terminal has none.
func (s *shellSession) prompt(*Shell) string {
	name := s.device.Hostname()
	switch {
	case s.term.Raw():
		return ""
	case s.root:
		return "root@" + name + ":/home/" + s.device.Username + "# "
	default:
		return s.device.Username + "@" + name + ":~$ "
	}
}

func (s *shellSession) pager() *pager                      { return nil }
func (s *shellSession) help(*Shell, string)                {}
func (s *shellSession) complete(_ *Shell, l string) string { return l }
func (s *shellSession) key(*Shell, bool)                   {}
func (s *shellSession) entered(string) string              { return "" }

func (s *shellSession) echo(interrupt bool) string {
	if interrupt {
		return "^C\n"
	}
	return ""
}

func (s *shellSession) reject(_ *Shell, line string) { s.notFound(strings.Fields(line)[0]) }

// notFound is what bash says, with and without a terminal.
func (s *shellSession) notFound(name string) int {
	if s.isExec {
		s.complain(fmt.Sprintf("bash: line 1: %s: command not found\n", name))
	} else {
		s.complain(fmt.Sprintf("-bash: %s: command not found\n", name))
	}
	return 127
}

// complain prints to standard error, which is the terminal if there is one.
func (s *shellSession) complain(text string) {
	if s.term.Complain(text) {
		return
	}
	s.say(text)
}

// run runs the commands of a line: parts joined by "&&" or ";", each with pipes to a few filters.
func (s *shellSession) run(_ *Shell, line string) error {
	for part := range strings.SplitSeq(strings.ReplaceAll(line, "&&", ";&"), ";") {
		part, onlyIfFine := strings.CutPrefix(part, "&")
		if onlyIfFine && s.status != 0 {
			continue
		}
		if err := s.pipeline(part); err != nil {
			return err
		}
	}
	return nil
}

// pipeline runs one command and sends its output through filters.
func (s *shellSession) pipeline(line string) error {
	command, specs := splitPipe(line)
	words := shellWords(command)
	if len(words) == 0 {
		return nil
	}
	switch words[0] {
	case "exit", "logout":
		if s.root {
			s.root = false
			return nil
		}
		if !s.term.Raw() {
			s.say("logout\n")
		}
		if len(words) > 1 {
			s.status, _ = strconv.Atoi(words[1])
		}
		return ErrClosed
	case "sudo":
		return s.sudo(words[1:])
	}
	earlier := s.out
	s.out = nil
	run := programs[words[0]]
	if run == nil {
		s.status = s.notFound(words[0])
	} else {
		s.status = run(s, words[1:])
	}
	for _, spec := range specs {
		s.filter(shellWords(spec))
	}
	s.out = append(earlier, s.out...)
	return nil
}

// sudo becomes root for `su` and runs other commands at once; it asks for the password as sudo does.
func (s *shellSession) sudo(words []string) error {
	if !s.root {
		answer, err := s.ask("[sudo] password for "+s.device.Username+": ", true)
		if err != nil {
			return err
		}
		if answer != s.device.Password {
			s.status = 1
			s.say("Sorry, try again.\n")
			return nil
		}
	}
	if len(words) > 0 && (words[0] == "su" || words[0] == "-i" || words[0] == "-s") {
		s.root = true
		return nil
	}
	return s.pipeline(strings.Join(words, " "))
}

// filter sends the output through one of the programs that people put after "|".
func (s *shellSession) filter(words []string) {
	if len(words) == 0 {
		return
	}
	argument := words[len(words)-1]
	switch {
	case words[0] == "grep" && len(words) == 3 && words[1] == "-v":
		s.apply(include(argument, false))
	case words[0] == "grep" && len(words) > 1:
		s.apply(include(argument, true))
		if s.status = 0; len(s.out) == 0 {
			s.status = 1
		}
	case words[0] == "head":
		s.apply(first(lineCount(words)))
	case words[0] == "tail":
		s.apply(last(lineCount(words)))
	case words[0] == "wc":
		s.apply(count(func(lines int) string { return strconv.Itoa(lines) + "\n" }))
	case words[0] == "cat":
	default:
		s.out = nil
		s.status = s.notFound(words[0])
	}
}

// lineCount reads the -n 5 or -5 of head and tail.
func lineCount(words []string) int {
	for _, word := range words[1:] {
		if n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimPrefix(word, "-n"), "-")); err == nil {
			return n
		}
	}
	return 10
}

// shellWords splits a shell line into words; quotes hold words together and are taken off.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	quote, open := byte(0), false
	for i := range len(line) {
		c := line[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, open = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if open {
				words = append(words, word.String())
				word.Reset()
				open = false
			}
		default:
			word.WriteByte(c)
			open = true
		}
	}
	if open {
		words = append(words, word.String())
	}
	return words
}
