package sshdriver_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/drivertest"
	"github.com/netrust/netrust/libs/driver/drivertest/replay"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/libs/driver/sshdriver"
)

const largeLines = 50_000 // of 110 bytes: more than 5 MB

func numbered(w io.Writer) {
	tail := strings.Repeat(" the quick brown fox", 5)
	var b strings.Builder
	for i := range largeLines {
		fmt.Fprintf(&b, "%d%s\n", i+1, tail)
		if b.Len() > 3000 || i == largeLines-1 {
			if _, err := io.WriteString(w, b.String()); err != nil {
				return
			}
			b.Reset()
		}
	}
}

// recorded is what a device printed for a command; platforms without a recording get a line of their own.
func recorded(t testing.TB, platform, command string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "transcripts", platform, strings.ReplaceAll(command, " ", "_")+".txt"))
	if os.IsNotExist(err) {
		return "FRRouting 8.4.4 (r1) on Linux(6.1.0).\nCopyright 1996-2005 Kunihiro Ishiguro, et al.\n"
	}
	if err != nil {
		t.Fatal(err)
	}
	// The recording ends with the line that stands before the next prompt.
	return strings.TrimSuffix(strings.ReplaceAll(string(text), "\r\n", "\n"), "{master:0}\n")
}

// scripted gives a device that can do everything that the suite asks for.
func scripted(t testing.TB, name string) replay.Device {
	d := replay.Preset(name)
	version := recorded(t, name, "show version")
	d.Answers["show version"] = replay.Answer{Text: version}
	d.Answers["show interfaces"] = replay.Answer{Text: recorded(t, name, "show interfaces")}
	d.Answers["show numbers"] = replay.Answer{Write: numbered}
	d.Answers["start forever"] = replay.Answer{Text: "working\n", Hang: true}
	d.Answers["start cut"] = replay.Answer{Text: "begun\n", Drop: true}
	d.Answers["delete it"] = replay.Answer{Text: "careful\n", Ask: "Delete filename [it]? [confirm]"}
	d.Answers["fail later"] = replay.Answer{Text: "Building Configuration...\nError renaming /etc/frr/frr.conf.sav: Permission denied\n"}
	return d
}

func suite(t *testing.T, d replay.Device, name string) drivertest.Device {
	t.Helper()
	drv, err := sshdriver.New(name)
	if err != nil {
		t.Fatal(err)
	}
	server := replay.Start(t, d)
	version := strings.Trim(d.Answers["show version"].Text, "\n") + "\n"
	p, err := platform.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	device := drivertest.Device{
		Driver: drv,
		Target: driver.Target{DeviceID: "dev-1", Address: "127.0.0.1", Port: server.Port(), Platform: name,
			Username: d.Username, Password: driver.NewSecret(d.Password), EnableSecret: driver.NewSecret(d.EnableSecret)},
		Prompt: strings.TrimSpace(d.Prompt),
		Read:   "show version", ReadHas: strings.SplitN(version, "\n", 2)[0], ReadText: trimLines(version),
		Rejected: "shwo nonsense", Words: strings.TrimSpace(lastLine(d.Unknown("shwo nonsense"))),
		Large: "show numbers", LargeLines: largeLines,
		Endless: "start forever", EndlessHas: "working",
		Question: "delete it", QuestionHas: "[confirm]",
		Drop: "start cut", DropHas: "begun",
		Exec:          p.Exec != platform.ExecNever && d.EnableSecret == "",
		FailedLogins:  server.FailedLogins.Load,
		ChangeHostKey: server.NewHostKey,
		Failures:      60,
	}
	if name == platform.FRR {
		device.Failing, device.FailingHas = "fail later", "Permission denied"
	}
	return device
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// trimLines drops blank lines around, as drivers promise.
func trimLines(s string) string {
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	return strings.Join(lines, "\n") + "\n"
}

// The suite counts goroutines and descriptors: it must run alone.
func TestConformanceWithRecordedSessions(t *testing.T) {
	for _, name := range platform.Names() {
		t.Run(name, func(t *testing.T) {
			d := scripted(t, name)
			s := suite(t, d, name)
			if name == platform.GenericSSH { // a shell's errors are its output: nobody knows all their forms
				s.Rejected, s.Words = "", ""
				s.Failures = 16 // each login waits twice for silence
			}
			drivertest.Run(t, s)
		})
	}
}

func TestConformanceOfIOSThatLandsInUserExec(t *testing.T) {
	d := scripted(t, platform.CiscoIOS)
	d.EnableSecret = "raise-me"
	drivertest.Run(t, suite(t, d, platform.CiscoIOS))
}

func TestConformanceWithPagingAndInteractiveLogin(t *testing.T) {
	for _, name := range []string{platform.CiscoIOS, platform.AristaEOS, platform.JuniperJunos} { // each erases its pager in another way
		t.Run(name, func(t *testing.T) {
			d := scripted(t, name)
			d.PagingOff, d.Interactive, d.Page = "", true, 500
			drivertest.Run(t, suite(t, d, name))
		})
	}
}
