package inventory

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkText says what is wrong with an id, a name, a tag or the like; empty when nothing is.
func checkText(text string, limit int) string {
	switch {
	case text == "":
		return "is empty"
	case len(text) > limit:
		return fmt.Sprintf("is %d bytes long; at most %d are taken", len(text), limit)
	case !utf8.ValidString(text):
		return "is not UTF-8 text"
	case strings.ContainsFunc(text, unicode.IsControl):
		return "holds a control character"
	case strings.TrimSpace(text) != text:
		return "begins or ends with a space"
	}
	return ""
}
