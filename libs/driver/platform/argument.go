package platform

import "strings"

func number(s string) bool {
	return s != "" && len(s) <= 9 && strings.Trim(s, "0123456789") == ""
}

// pattern accepts any non-empty pattern of printable characters; with quotes, either one quoted text or text without any.
func pattern(s string, quotes bool) bool {
	if s == "" {
		return false
	}
	if !quotes || !strings.Contains(s, "\"") {
		return true
	}
	return len(s) > 2 && s[0] == '"' && s[len(s)-1] == '"' && strings.Count(s, "\"") == 2
}

// words accepts words of the list, with numbers after the first; an empty list of words is fine for none of them.
func words(s string, list []string) bool {
	fields := strings.Fields(s)
	if len(fields) == 0 || number(fields[0]) {
		return false
	}
	for _, field := range fields {
		if !number(field) && !contains(list, field) {
			return false
		}
	}
	return true
}

func contains(list []string, s string) bool {
	for _, one := range list {
		if one == s {
			return true
		}
	}
	return false
}
