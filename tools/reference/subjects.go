// Package reference writes the pages of docs/reference that are derived from the source. Each page says so in its first
// line, `make generate` writes it and `make verify` fails when it is out of date.
package reference

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/netrust/netrust/schemas/asyncapi"
)

//go:generate go run ../cmd/reference -o ../../docs/reference/subjects.md

// kinds orders the page: streams first, then buckets, then objects.
var kinds = []string{"stream", "bucket", "objects"}

// Subjects is the page of every subject and key: where it lives, what it carries, who publishes and who consumes it.
func Subjects(channels []asyncapi.Channel) string {
	var page strings.Builder
	page.WriteString(`<!-- Code generated from schemas/asyncapi.yaml by tools/reference; DO NOT EDIT. -->
# Subjects and keys

What netrust's services say to each other, and where. A word in braces is one token, escaped: letters, digits, ` + "`-` and `_`" + `
stand for themselves, every other byte is ` + "`=`" + ` and two upper-case hexadecimal digits. Streams and buckets are made by
libs/bus; subjects are built and parsed by libs/contract. Each message links to its schema.
`)
	byHome := map[string][]asyncapi.Channel{}
	for _, c := range channels {
		byHome[c.Home] = append(byHome[c.Home], c)
	}
	for _, kind := range kinds {
		for _, home := range slices.Sorted(maps.Keys(byHome)) {
			if name, ok := strings.CutPrefix(home, kind+" "); ok {
				section(&page, strings.ToUpper(kind[:1])+kind[1:]+" `"+name+"`", byHome[home])
			}
		}
	}
	return page.String()
}

// section is one stream, bucket or object store: a table of its messages, and below it what each subject is for.
func section(page *strings.Builder, title string, channels []asyncapi.Channel) {
	slices.SortFunc(channels, func(a, b asyncapi.Channel) int { return strings.Compare(a.Address, b.Address) })
	fmt.Fprintf(page, "\n## %s\n\n| subject | message | published by | consumed by |\n| --- | --- | --- | --- |\n", title)
	for _, c := range channels {
		for _, m := range c.Messages {
			fmt.Fprintf(page, "| `%s` | %s | %s | %s |\n", c.Address, message(m), strings.Join(m.Publishers, ", "), strings.Join(m.Consumers, ", "))
		}
	}
	page.WriteString("\n")
	for _, c := range channels {
		text := c.Title + "."
		if c.Description != "" {
			text += " " + strings.Join(strings.Fields(c.Description), " ")
		}
		fmt.Fprintf(page, "- `%s`: %s\n", c.Address, text)
	}
}

func message(m asyncapi.Message) string {
	link := fmt.Sprintf("[%s](../../schemas/messages/%s.json)", m.Schema, m.Schema)
	if m.Type == "" {
		return link
	}
	return link + ", type `" + m.Type + "`"
}
