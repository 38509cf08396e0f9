package observe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/tests/system"
)

// prometheus is Prometheus' own store and engine, fed with what real processes show.
type prometheus struct {
	db      *tsdb.DB
	engine  *promql.Engine
	parser  parser.Parser
	targets []*system.Process
	began   time.Time
	stop    func()
}

const scrapeEvery = 500 * time.Millisecond

// scrape reads the metrics of the processes, again and again until the test ends or stop is called.
func scrape(t *testing.T, targets []*system.Process) *prometheus {
	t.Helper()
	db, err := tsdb.Open(t.TempDir(), nil, nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &prometheus{db: db, parser: parser.NewParser(parser.Options{}), targets: targets, began: time.Now()}
	p.engine = promql.NewEngine(promql.EngineOpts{
		MaxSamples: 10_000_000, Timeout: time.Minute, LookbackDelta: 5 * time.Second, Parser: p.parser,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Second.Milliseconds() },
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(scrapeEvery)
		defer tick.Stop()
		for ctx.Err() == nil {
			if err := p.scrapeAll(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("scraping: %v", err)
				return
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	})
	p.stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(func() { p.stop(); _ = db.Close() })
	return p
}

// scrapeAll reads every target once. One that does not answer is down, as Prometheus would say.
func (p *prometheus) scrapeAll(ctx context.Context) error {
	now := time.Now().UnixMilli()
	app := p.db.Appender(ctx)
	for _, target := range p.targets {
		own := func(b *labels.Builder) labels.Labels {
			return b.Set("job", "netrust").Set("instance", target.Name).Labels()
		}
		page, err := read(ctx, target.Metrics)
		up := 1.0
		if err != nil {
			up = 0
		} else if err := parse(app, page, now, own); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", target.Name, err), app.Rollback())
		}
		if _, err := app.Append(0, own(labels.NewBuilder(labels.FromStrings("__name__", "up"))), now, up); err != nil {
			return errors.Join(err, app.Rollback())
		}
	}
	return app.Commit()
}

func read(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+api.PathMetrics, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	return io.ReadAll(resp.Body)
}

func parse(app storage.Appender, page []byte, now int64, own func(*labels.Builder) labels.Labels) error {
	p := textparse.NewPromParser(page, labels.NewSymbolTable(), false)
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if entry != textparse.EntrySeries {
			continue
		}
		_, _, value := p.Series()
		var series labels.Labels
		p.Labels(&series)
		if _, err := app.Append(0, own(labels.NewBuilder(series)), now, value); err != nil {
			return err
		}
	}
}

// answer is what a query gave over the whole run: whether there was a value at all, and whether one was not zero.
type answer struct{ values, nonzero bool }

// ask evaluates a query for every second since the scraping began.
func (p *prometheus) ask(t *testing.T, query string) (answer, error) {
	t.Helper()
	return p.within(t, query, p.began, time.Now())
}

// within evaluates a query for every second of a part of the run.
func (p *prometheus) within(t *testing.T, query string, from, to time.Time) (a answer, err error) {
	t.Helper()
	q, err := p.engine.NewRangeQuery(t.Context(), p.db, nil, query, from, to, time.Second)
	if err != nil {
		return a, err
	}
	defer q.Close()
	matrix, err := q.Exec(t.Context()).Matrix()
	if err != nil {
		return a, err
	}
	for _, series := range matrix {
		for _, point := range series.Floats {
			if !math.IsNaN(point.F) {
				a.values = true
				a.nonzero = a.nonzero || point.F != 0
			}
		}
	}
	return a, nil
}

// selectors are the plain selections of series that an expression stands on.
func (p *prometheus) selectors(t *testing.T, query string) []string {
	t.Helper()
	expr, err := p.parser.ParseExpr(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var out []string
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			out = append(out, s.String())
		}
		return nil
	})
	return out
}

// shortened makes the windows of an alert as short as the day of the test is: what happened before a window must be able
// to leave it.
func shortened(query string) string {
	return strings.NewReplacer("[5m]", "[6s]", "[10m]", "[6s]", "[15m]", "[6s]").Replace(query)
}

// filled replaces what Grafana fills in: its own intervals, and the variables of the dashboards.
func filled(query string) string {
	return strings.NewReplacer("$__rate_interval", "20s", "$job", ".*").Replace(query)
}
