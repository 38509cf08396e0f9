// Package picture draws what a terminal shows as an SVG, dark on light, for documents. It draws the text that it is given
// and adds nothing; whether the text is true is for the caller (tests/docs compares docs/demo.svg with a real run).
package picture

import (
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	cell    = 7.8 // width of a character of 13 px
	leading = 18  // from line to line
	margin  = 16
)

// SVG draws the lines of a screen, each as one text element of its exact width, so that columns stand under each other in
// any font. What a person typed, a line that begins with "$ ", is bold.
func SVG(title string, lines []string) (string, error) {
	columns := 0
	for _, line := range lines {
		columns = max(columns, utf8.RuneCountInString(line))
	}
	width, height := int(float64(columns)*cell)+2*margin, len(lines)*leading+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`+"\n", width, height, width, height)
	if err := element(&b, "<title>", title, "</title>"); err != nil {
		return "", err
	}
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="8" fill="#fbfbf9" stroke="#d4d4ce"/>`+"\n", width, height)
	b.WriteString(`<g font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13" fill="#1f2328">` + "\n")
	for i, line := range lines {
		if line == "" {
			continue
		}
		weight := ""
		if strings.HasPrefix(line, "$ ") {
			weight = ` font-weight="bold"`
		}
		open := fmt.Sprintf(`<text x="%d" y="%d" textLength="%.1f" lengthAdjust="spacingAndGlyphs" xml:space="preserve"%s>`,
			margin, margin+13+i*leading, float64(utf8.RuneCountInString(line))*cell, weight)
		if err := element(&b, open, line, "</text>"); err != nil {
			return "", err
		}
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String(), nil
}

func element(b *strings.Builder, open, text, end string) error {
	b.WriteString(open)
	if err := xml.EscapeText(b, []byte(text)); err != nil {
		return fmt.Errorf("writing %q: %w", text, err)
	}
	b.WriteString(end + "\n")
	return nil
}
