// Package tracetest is an OpenTelemetry collector inside a test: it takes spans as a real one does, by OTLP over HTTP, and
// shows them as a tree.
package tracetest

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is one span that the collector was given.
type Span struct {
	Trace, ID, Parent string // hexadecimal; Parent is "" at the root
	Name, Service     string
	Start, End        uint64 // unix nanoseconds
	Failure           string // of a span that ended in error
	Attributes        map[string]string
}

// Collector is a running collector.
type Collector struct {
	// URL is what an endpoint setting names.
	URL string

	mu    sync.Mutex
	spans []Span
	came  chan struct{} // closed, and made anew, when spans come
}

// Start runs a collector until the test ends.
func Start(t testing.TB) *Collector {
	c := &Collector{came: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, r *http.Request) {
		if err := c.take(r); err != nil {
			t.Errorf("the collector was sent what is no OTLP: %v", err)
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

func (c *Collector) take(r *http.Request) error {
	if kind := r.Header.Get("Content-Type"); kind != "application/x-protobuf" {
		return fmt.Errorf("a body of type %q", kind)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	var request collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &request); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range request.GetResourceSpans() {
		service := attributes(resource.GetResource().GetAttributes())["service.name"]
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans = append(c.spans, span(service, s))
			}
		}
	}
	close(c.came)
	c.came = make(chan struct{})
	return nil
}

func span(service string, s *otlp.Span) Span {
	out := Span{
		Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
		Name: s.GetName(), Service: service, Start: s.GetStartTimeUnixNano(), End: s.GetEndTimeUnixNano(), Attributes: attributes(s.GetAttributes()),
	}
	if s.GetStatus().GetCode() == otlp.Status_STATUS_CODE_ERROR {
		out.Failure = s.GetStatus().GetMessage()
	}
	return out
}

func attributes(list []*common.KeyValue) map[string]string {
	out := map[string]string{}
	for _, a := range list {
		switch v := a.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			out[a.GetKey()] = v.StringValue
		case *common.AnyValue_IntValue:
			out[a.GetKey()] = fmt.Sprint(v.IntValue)
		}
	}
	return out
}

// Spans are those that have come so far, by their start.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := slices.Clone(c.spans)
	slices.SortStableFunc(out, func(a, b Span) int { return int(int64(a.Start) - int64(b.Start)) })
	return out
}

// Await waits until the spans that have come are enough, and returns them. The test fails when that is not so in time.
func (c *Collector) Await(t testing.TB, enough func([]Span) bool) []Span {
	t.Helper()
	for {
		c.mu.Lock()
		came := c.came
		c.mu.Unlock()
		spans := c.Spans()
		if enough(spans) {
			return spans
		}
		select {
		case <-came:
		case <-t.Context().Done():
			t.Fatalf("the test's time is over, and these spans have come:\n%s", Tree(spans))
		}
	}
}

// Tree draws spans: each below its parent, by start. A span whose parent is not among them is drawn at the left.
func Tree(spans []Span) string {
	known, below := map[string]bool{}, map[string][]Span{}
	for _, s := range spans {
		known[s.ID] = true
	}
	for _, s := range spans {
		parent := s.Parent
		if !known[parent] {
			parent = ""
		}
		below[parent] = append(below[parent], s)
	}
	var out strings.Builder
	var draw func(parent string, depth int)
	draw = func(parent string, depth int) {
		for _, s := range below[parent] {
			fmt.Fprintf(&out, "%s%s: %s", strings.Repeat("  ", depth), s.Service, s.Name)
			if s.Failure != "" {
				fmt.Fprintf(&out, " (%s)", s.Failure)
			}
			out.WriteString("\n")
			draw(s.ID, depth+1)
		}
	}
	draw("", 0)
	return out.String()
}
