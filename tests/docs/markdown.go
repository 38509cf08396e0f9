package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Document is one page of Markdown, taken apart.
type Document struct {
	// Path is below the root, with slashes.
	Path   string
	Blocks []Block
	// Spans are the texts in backticks outside of blocks, and Links the targets of links.
	Spans, Links []Place
}

// Place is a text and where it stands.
type Place struct {
	Line int
	Text string
}

// Block is a fenced block.
type Block struct {
	Line  int
	Lang  string
	Lines []string
}

// Commands are the lines of a shell block without blank lines and comments; each with its place.
func (b Block) Commands() []Place {
	var out []Place
	for i, line := range b.Lines {
		if command := strings.TrimSpace(comment.ReplaceAllString(line, "")); command != "" {
			out = append(out, Place{Line: b.Line + i + 1, Text: command})
		}
	}
	return out
}

var (
	comment = regexp.MustCompile(`(^|\s+)#\s.*$`)
	span    = regexp.MustCompile("`([^`]+)`")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

// Documents reads every page of Markdown below root, except those that lie beside test data and what is built.
func Documents(root string) ([]Document, error) {
	var docs []Document
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		docs = append(docs, Parse(filepath.ToSlash(rel), string(text)))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the documents: %w", err)
	}
	return docs, nil
}

// Parse takes a page apart. A block ends at the fence that closes it, or with the page.
func Parse(path, text string) Document {
	d := Document{Path: path}
	var open *Block
	var prose strings.Builder // spans may go over the end of a line
	for i, line := range strings.Split(text, "\n") {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && open == nil:
			open = &Block{Line: i + 1, Lang: strings.TrimPrefix(strings.TrimSpace(line), "```")}
		case fence:
			d.Blocks = append(d.Blocks, *open)
			open = nil
		case open != nil:
			open.Lines = append(open.Lines, line)
		default:
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				d.Links = append(d.Links, Place{i + 1, m[1]})
			}
			prose.WriteString(line)
		}
		prose.WriteByte('\n')
	}
	if open != nil {
		d.Blocks = append(d.Blocks, *open)
	}
	for paragraph, line := range paragraphs(prose.String()) {
		for _, m := range span.FindAllStringSubmatchIndex(paragraph, -1) {
			at := line + strings.Count(paragraph[:m[0]], "\n")
			d.Spans = append(d.Spans, Place{at, strings.ReplaceAll(paragraph[m[2]:m[3]], "\n", " ")})
		}
	}
	return d
}

// paragraphs yields what lies between blank lines, with the number of its first line: a backtick that is not closed spoils
// no more than its paragraph.
func paragraphs(text string) func(yield func(string, int) bool) {
	return func(yield func(string, int) bool) {
		line := 1
		for _, p := range strings.Split(text, "\n\n") {
			if !yield(p, line) {
				return
			}
			line += strings.Count(p, "\n") + 2
		}
	}
}
