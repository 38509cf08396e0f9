package observe

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/netrust/netrust/libs/servicekit/tracing/tracetest"
	"github.com/netrust/netrust/tests/system"
)

// quiet are queries that are right to show nothing but zeros in this test, and why. All others must show something that is
// not zero: a query that is always zero may ask for what does not exist.
var quiet = map[string]string{
	"netrust-bus: Followers behind A":       "a follower is behind for milliseconds; whether a scrape sees it is chance",
	"netrust-gateway: Lag of the view A":    "the same",
	"netrust-jobs: Messages not taken in A": "the same",
}

// fires are the alerts whose cause the test brings about.
var fires = []string{
	"NetrustDown", "NetrustNoLeader", "NetrustNoExecutor", "NetrustNotConnected", "NetrustWritesFail", "NetrustNoProgress",
	"NetrustDeadLetters", "NetrustUncertainTasks", "NetrustLoginsRefused", "NetrustExecutorLost", "NetrustGatewayErrors",
}

// TestEveryQueryOfTheDashboardsAndAlertsIsAnswered runs netrust as separate processes through good and bad times, scrapes
// what they show, and asks Prometheus' engine every question of deploy/grafana and deploy/prometheus.
func TestEveryQueryOfTheDashboardsAndAlertsIsAnswered(t *testing.T) {
	t.Parallel()
	collector := tracetest.Start(t)
	lab := system.StartLab(t, "--devices", "24", "--platforms", "cisco_ios,frr,arista_eos")
	env := slices.Clone(lab.Env)
	for _, service := range []string{"GATEWAY", "SCHEDULER", "EXECUTOR"} {
		env = append(env, "NETRUST_"+service+"_OTLP_ENDPOINT="+collector.URL)
	}
	c := system.Start(t, system.Options{Schedulers: 2, Executors: 2, Env: env, ExecutorEnv: []string{"NETRUST_EXECUTOR_NORMAL_SLOTS=4"}})
	c.API.Import(t, lab.Inventory)
	day := &day{T: t, cluster: c, lab: lab}
	p := scrape(t, c.All())
	wellFrom := day.healthy()
	wellUntil := time.Now()
	day.bad()
	p.stop()

	for _, q := range dashboardQueries(t) {
		got, err := p.ask(t, filled(q.text))
		switch {
		case err != nil:
			t.Errorf("%s: %s: %v", q.where, q.text, err)
		case !got.values:
			t.Errorf("%s shows nothing: %s", q.where, q.text)
		case !got.nonzero && quiet[q.where] == "":
			t.Errorf("%s never shows anything but zero: %s", q.where, q.text)
		}
	}
	for _, q := range p.alertQueries(t) {
		text := shortened(q.text)
		for _, s := range p.selectors(t, text) {
			if got, err := p.ask(t, s); err != nil || !got.values {
				t.Errorf("alert %s asks for what is never there: %s (%v)", q.where, s, err)
			}
		}
		if got, err := p.within(t, text, wellFrom, wellUntil); err != nil || got.values {
			t.Errorf("alert %s fires while all is well, or cannot be asked: %s (%v)", q.where, q.text, err)
		}
		if got, err := p.ask(t, text); err != nil || got.values != slices.Contains(fires, q.where) {
			t.Errorf("alert %s fires: %v, want %v: %s (%v)", q.where, got.values, !got.values, q.text, err)
		}
	}
}

type query struct{ where, text string }

// dashboardQueries reads every panel's queries.
func dashboardQueries(t *testing.T) (all []query) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "deploy", "grafana", "*.json"))
	if err != nil || len(files) < 5 {
		t.Fatalf("the dashboards are %q, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var board struct {
			Title, UID string
			Panels     []struct {
				Title, Type string
				Targets     []struct{ Expr string }
			}
		}
		if err := json.Unmarshal(data, &board); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if board.UID+".json" != filepath.Base(file) {
			t.Errorf("%s is of dashboard %s", file, board.UID)
		}
		for _, panel := range board.Panels {
			if panel.Type != "row" && len(panel.Targets) == 0 {
				t.Errorf("%s: panel %s asks nothing", board.Title, panel.Title)
			}
			for i, target := range panel.Targets {
				all = append(all, query{fmt.Sprintf("%s: %s %c", board.UID, panel.Title, 'A'+i), target.Expr})
			}
		}
	}
	return all
}

// alertQueries reads every rule, as Prometheus would.
func (p *prometheus) alertQueries(t *testing.T) (all []query) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "deploy", "prometheus", "alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	rules, faults := rulefmt.Parse(data, false, model.UTF8Validation, p.parser, slog.New(slog.DiscardHandler))
	if len(faults) > 0 {
		t.Fatalf("Prometheus refuses the rules: %v", faults)
	}
	for _, group := range rules.Groups {
		for _, r := range group.Rules {
			if r.Annotations["summary"] == "" || r.Annotations["remedy"] == "" || !strings.HasPrefix(r.Alert, "Netrust") {
				t.Errorf("alert %q does not say what is wrong and what to do", r.Alert)
			}
			all = append(all, query{r.Alert, r.Expr})
		}
	}
	return all
}
