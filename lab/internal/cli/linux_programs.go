package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/netrust/netrust/lab/internal/runcfg"
)

// programs are the commands of the simulated shell. The map is only read.
var programs = map[string]program{
	"hostname": func(s *shellSession, args []string) int {
		if len(args) == 0 {
			s.sayf("%s\n", s.device.Hostname())
			return 0
		}
		if !s.root {
			s.complain("hostname: you must be root to change the host name\n")
			return 1
		}
		s.device.edit(time.Now(), func(running *runcfg.Tree) { running.Set(nil, "hostname "+args[0], []string{"hostname"}) })
		return 0
	},
	"uname": func(s *shellSession, args []string) int {
		if len(args) == 0 {
			s.say("Linux\n")
			return 0
		}
		s.sayf("Linux %s 6.1.0-28-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22) x86_64 GNU/Linux\n", s.device.Hostname())
		return 0
	},
	"whoami": func(s *shellSession, _ []string) int {
		s.say(s.user() + "\n")
		return 0
	},
	"id": func(s *shellSession, _ []string) int {
		if s.root {
			s.say("uid=0(root) gid=0(root) groups=0(root)\n")
		} else {
			s.sayf("uid=1000(%[1]s) gid=1000(%[1]s) groups=1000(%[1]s),27(sudo)\n", s.device.Username)
		}
		return 0
	},
	"pwd": func(s *shellSession, _ []string) int { s.sayf("/home/%s\n", s.device.Username); return 0 },
	"date": func(s *shellSession, _ []string) int {
		s.say(time.Now().UTC().Format("Mon Jan _2 03:04:05 PM UTC 2006") + "\n")
		return 0
	},
	"uptime": func(s *shellSession, _ []string) int {
		now := time.Now()
		up := s.device.uptime(now).Truncate(time.Minute)
		s.sayf(" %s up %d:%02d,  1 user,  load average: 0.00, 0.01, 0.00\n", now.UTC().Format("15:04:05"), int(up.Hours()), int(up.Minutes())%60)
		return 0
	},
	"echo":  func(s *shellSession, args []string) int { s.say(strings.Join(args, " ") + "\n"); return 0 },
	"true":  func(*shellSession, []string) int { return 0 },
	"false": func(*shellSession, []string) int { return 1 },
	"cat":   cat,
	"ls":    func(*shellSession, []string) int { return 0 },
	"show":  showOfShell,
	"test": func(s *shellSession, args []string) int {
		if len(args) == 2 && args[0] == "mark" {
			return s.mark(args[1])
		}
		return 1
	},
	"stty": func(*shellSession, []string) int { return 0 },
	"ping": func(s *shellSession, args []string) int {
		if len(args) == 0 {
			s.complain("ping: usage error: Destination address required\n")
			return 1
		}
		unixPing(3)(&console{Shell: s.Shell}, args[len(args)-1:])
		return 0
	},
}

func (s *shellSession) user() string {
	if s.root {
		return "root"
	}
	return s.device.Username
}

// mark runs the lab's own command.
func (s *shellSession) mark(token string) int {
	s.sayf("mark %s: seen %d\n", token, s.device.Host.Mark(token))
	return 0
}

// showOfShell is the `show` of a white-box switch.
func showOfShell(s *shellSession, args []string) int {
	switch {
	case len(args) == 1 && args[0] == "version":
		s.sayf("\nSoftware Version: simulated white-box switch (netrust lab)\nDistribution: Debian 12.8\nKernel: 6.1.0-28-amd64\n"+
			"Hostname: %s\nSerial Number: %s\n", s.device.Hostname(), s.device.Serial)
		return 0
	case len(args) == 2 && args[0] == "mark":
		return s.mark(args[1])
	}
	s.complain(fmt.Sprintf("Usage: show [OPTIONS] COMMAND [ARGS]...\nTry \"show -h\" for help.\n\nError: No such command \"%s\".\n", strings.Join(args, " ")))
	return 2
}

// files are what `cat` can show. The map is only read.
var files = map[string]func(*shellSession) string{
	"/etc/hostname": func(s *shellSession) string { return s.device.Hostname() + "\n" },
	"/etc/os-release": func(*shellSession) string {
		return "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n"
	},
}

func cat(s *shellSession, args []string) int {
	status := 0
	for _, name := range args {
		if content := files[name]; content != nil {
			s.say(content(s))
			continue
		}
		s.complain(fmt.Sprintf("cat: %s: No such file or directory\n", name))
		status = 1
	}
	return status
}
