// Package recorded holds what real devices printed, for simulated devices to print again.
//
// It promises that a command's text is the recorded one but for the name and the serial number of the device, which
// become those of the simulated device; data/README.md says where each text is from. Texts are cut up once, when the
// library is loaded, so that printing one is a few appends. It leaves line ends (always LF here), paging and filtering
// to the caller.
package recorded

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed data
var files embed.FS

// Library is all recorded texts by platform and command. It is read-only, so any number of goroutines may use it.
type Library struct {
	platforms map[string]map[string][]*Text
}

// Vars are the words of a text that belong to one device.
type Vars struct {
	Hostname string
	Serial   string
}

// Load reads the texts that were compiled into the program.
func Load() (*Library, error) {
	library := &Library{platforms: map[string]map[string][]*Text{}}
	err := fs.WalkDir(files, "data", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("reading recorded output %s: %w", name, err)
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".txt") {
			return nil
		}
		raw, err := files.ReadFile(name)
		if err != nil {
			return fmt.Errorf("reading recorded output %s: %w", name, err)
		}
		library.add(path.Base(path.Dir(name)), path.Base(name), string(raw))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return library, nil
}

// add files one text; "show_version.2.txt" is the second recording of `show version`. WalkDir's order puts ".2.txt"
// before ".txt", so a first recording goes to the front.
func (l *Library) add(platform, file, raw string) {
	name := strings.TrimSuffix(file, ".txt")
	command, isSecond := strings.CutSuffix(name, ".2")
	command = strings.ReplaceAll(command, "_", " ")
	commands := l.platforms[platform]
	if commands == nil {
		commands = map[string][]*Text{}
		l.platforms[platform] = commands
	}
	text := cut(raw, recordedNames[platform])
	if isSecond {
		commands[command] = append(commands[command], text)
		return
	}
	commands[command] = append([]*Text{text}, commands[command]...)
}

// Commands lists the commands recorded for a platform, sorted.
func (l *Library) Commands(platform string) []string {
	var names []string
	for name := range l.platforms[platform] {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Text returns a command's recording, or nil. Variants are spread over the recordings there are: an even variant gets
// the first, an odd one the second if there is one.
func (l *Library) Text(platform, command string, variant int) *Text {
	texts := l.platforms[platform][command]
	if len(texts) == 0 {
		return nil
	}
	return texts[variant%len(texts)]
}
