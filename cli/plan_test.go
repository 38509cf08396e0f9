package cli_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netrust/netrust/cli"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// planner answers dry runs with tasks of the given summaries, and counts the jobs that are no dry runs.
func planner(t *testing.T, summaries []string) (url string, submitted *atomic.Int32) {
	t.Helper()
	submitted = new(atomic.Int32)
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, status int, body any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	mux.HandleFunc("POST "+api.PathJobs, func(w http.ResponseWriter, r *http.Request) {
		var spec contract.JobSpec
		_ = json.NewDecoder(r.Body).Decode(&spec)
		if spec.DryRun {
			answer(w, http.StatusAccepted, api.Job{ID: "plan", State: contract.JobPlanned, Spec: spec})
			return
		}
		submitted.Add(1)
		answer(w, http.StatusAccepted, api.Job{ID: "real", State: contract.JobRunning, Spec: spec})
	})
	mux.HandleFunc("GET "+api.PathJobs+"/plan", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, api.Job{ID: "plan", State: contract.JobSucceeded, Spec: contract.JobSpec{Commands: []string{"show x"}}})
	})
	mux.HandleFunc("GET "+api.PathJobs+"/plan/tasks", func(w http.ResponseWriter, _ *http.Request) {
		var list api.TaskList
		for i, s := range summaries {
			list.Tasks = append(list.Tasks, api.Task{DeviceID: string(rune('a' + i)), State: contract.TaskSkipped, Summary: s})
		}
		answer(w, http.StatusOK, list)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL, submitted
}

func TestTheDryRunDecidesWhetherToAsk(t *testing.T) {
	t.Parallel()
	const reads, changes, skipped = "would run, read-only", "would run, NOT read-only", "it is in maintenance"
	for _, c := range []struct {
		name      string
		summaries []string
		asks      string // part of the question; empty: none
	}{
		{"what only reads is not asked about", []string{reads, reads}, ""},
		{"one change among reads is asked about", []string{reads, changes, reads}, "Not known to be read-only on 1 of 3 devices"},
		{"only changes", []string{changes, changes}, "Not known to be read-only on 2 devices"},
		{"devices left alone do not count", []string{reads, skipped}, ""},
		{"devices left alone do not count beside changes", []string{changes, skipped, reads}, "on 1 of 2 devices"},
		{"words that are not understood count as changes", []string{"planned", "planned"}, "on 2 devices"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url, submitted := planner(t, c.summaries)
			var out, errs bytes.Buffer
			deps := cli.Deps{
				Stdin: strings.NewReader("n\n"), Stdout: &out, Stderr: &errs, LookupEnv: func(string) (string, bool) { return "", false },
				Interactive: true, Width: func() int { return 80 }, ErrWidth: func() int { return 80 }, Now: time.Now,
			}
			code := cli.Execute(t.Context(), cli.Command(deps), deps, []string{"job", "submit", "--command", "show x", "--all", "--server", url})
			asked := strings.Contains(errs.String(), "[y/N]")
			if asked != (c.asks != "") || !strings.Contains(errs.String(), c.asks) {
				t.Errorf("asked: %v; got:\n%s", asked, &errs)
			}
			if wantRun := c.asks == ""; (submitted.Load() == 1) != wantRun || (code == cli.ExitDone) != wantRun {
				t.Errorf("submitted %d jobs, exit %d", submitted.Load(), code)
			}
		})
	}
}

func TestAPlanIsShownWithWhatIsLeftAlone(t *testing.T) {
	t.Parallel()
	url, submitted := planner(t, []string{"would run, read-only", "it is in maintenance"})
	var out, errs bytes.Buffer
	deps := cli.Deps{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, LookupEnv: func(string) (string, bool) { return "", false },
		Width: func() int { return 80 }, ErrWidth: func() int { return 0 }, Now: time.Now,
	}
	code := cli.Execute(t.Context(), cli.Command(deps), deps, []string{"run", "show x", "--all", "--dry-run", "--server", url})
	if code != cli.ExitDone || submitted.Load() != 0 || !strings.Contains(errs.String(), "would run on 1 device, and leave 1 alone") || !strings.Contains(out.String(), "maintenance") {
		t.Errorf("exit %d:\n%s\n%s", code, &out, &errs)
	}
}
