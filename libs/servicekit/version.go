package servicekit

import "runtime/debug"

// Version is the program's own: its module's version, or the revision that it was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 && (version == "" || version == "(devel)") {
			version = "devel-" + s.Value[:12]
		}
	}
	if version == "" || version == "(devel)" {
		version = "devel"
	}
	return version
}
