// Package catalog writes the reference of all metrics: it starts everything in one process and asks what was made.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/servicekit/metric"
	"github.com/netrust/netrust/libs/servicekit/tracing"
	"github.com/netrust/netrust/netrust/internal/up"
)

//go:generate go run ../../cmd/metrics ../../../docs/reference/metrics.md

// Metrics starts netrust in a temporary directory, on free ports of loopback, lists the metrics that its services make, and
// ends it.
func Metrics(ctx context.Context) ([]metric.Entry, error) {
	dir, err := os.MkdirTemp("", "netrust-metrics-")
	if err != nil {
		return nil, fmt.Errorf("making a temporary directory: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	reg := metric.NewRegistry()
	// Nothing is handed on: at ratio 0 no span is made.
	tracer, err := tracing.New(ctx, tracing.Config{Endpoint: "http://127.0.0.1:9"}, zerolog.Nop(), reg)
	if err != nil {
		return nil, err
	}
	defer tracer.Close(ctx) //nolint:errcheck // there is nothing to hand on
	s := up.Default(dir)
	s.Listen, s.Observe.Metrics, s.Observe.Tracer = "127.0.0.1:0", reg, tracer
	var entries []metric.Entry
	err = up.Run(ctx, s, func(string) (string, bool) { return "", false }, zerolog.Nop(), func(context.Context, up.Started) error {
		entries = reg.Entries()
		return errDone
	})
	if !errors.Is(err, errDone) {
		return nil, fmt.Errorf("starting netrust to ask for its metrics: %w", err)
	}
	return entries, nil
}

var errDone = errors.New("the metrics are listed")

// parts are the headings of the page, by the second word of a metric's name.
var parts = []struct{ word, title string }{
	{"gateway", "Gateway"}, {"scheduler", "Scheduler"}, {"executor", "Executor"}, {"audit", "Audit"},
	{"ledger", "Ledger (in executors)"}, {"bus", "NATS (in every service)"}, {"tracing", "Traces (in every process)"},
}

// Page is the reference, in Markdown.
func Page(entries []metric.Entry) string {
	var page strings.Builder
	page.WriteString(`<!-- Code generated from the metrics of a running netrust by netrust/internal/catalog; DO NOT EDIT. -->
# Metrics

What netrust shows at ` + "`/metrics`" + `, for Prometheus. A histogram has the series ` + "`_bucket`, `_sum` and `_count`" + `. Times are seconds.
Labels are bounded: none names a device, a job or a person. Every process also shows what Prometheus' Go library knows of it
(` + "`go_…`, `process_…`" + `). How to read them: [operate.md](../operate.md#metrics).
`)
	known := map[string]bool{}
	for _, p := range parts {
		prefix := "netrust_" + p.word + "_"
		var rows strings.Builder
		for _, e := range entries {
			if strings.HasPrefix(e.Name, prefix) {
				known[e.Name] = true
				row(&rows, e)
			}
		}
		section(&page, p.title, rows.String())
	}
	var rest strings.Builder
	for _, e := range entries {
		if !known[e.Name] {
			row(&rest, e)
		}
	}
	section(&page, "Others", rest.String())
	return page.String()
}

func row(rows *strings.Builder, e metric.Entry) {
	labels := "none"
	if len(e.Labels) > 0 {
		labels = "`" + strings.Join(e.Labels, "`, `") + "`"
	}
	fmt.Fprintf(rows, "| `%s` | %s | %s | %s |\n", e.Name, e.Kind, labels, strings.ReplaceAll(e.Help, "|", `\|`))
}

func section(page *strings.Builder, title, rows string) {
	if rows != "" {
		fmt.Fprintf(page, "\n## %s\n| metric | kind | labels | meaning |\n| --- | --- | --- | --- |\n%s", title, rows)
	}
}
