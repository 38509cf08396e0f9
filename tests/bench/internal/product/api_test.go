package product_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/tests/bench/internal/product"
	"github.com/netrust/netrust/tests/bench/internal/role"
)

// gateway answers as the API does, with what a test gives it by path.
func gateway(t *testing.T, answers map[string]string) *product.API {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.URL.RequestURI()]
		switch {
		case r.Header.Get("Authorization") != "Bearer secret":
			w.WriteHeader(http.StatusUnauthorized)
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(server.Close)
	return product.NewAPI(role.GatewayFacts{URL: server.URL, Token: "secret"})
}

func TestTheFirstResultIsATaskThatHasEnded(t *testing.T) {
	t.Parallel()
	job := "event: job\nid: 1-0\ndata: {\"id\":\"j\",\"state\":\"running\"}\n\n"
	begun := "event: task\ndata: {\"id\":\"a\",\"state\":\"running\"}\n\n"
	ended := "event: task\nid: 2-5\ndata: {\"id\":\"a\",\"state\":\"succeeded\",\"finished_at\":\"2026-01-02T03:04:05Z\"}\n\n"
	for name, c := range map[string]struct {
		events string
		found  bool
	}{
		"a task that ended":                   {"retry: 2000\n\n" + job + begun + ": still here\n\n" + ended, true},
		"a task that only began is no result": {job + begun, false},
		"the job's end is no task's":          {strings.ReplaceAll(job, "event: job", "event: end"), false},
	} {
		api := gateway(t, map[string]string{"/v1/jobs/j/events": c.events})
		if err := api.FirstResult(t.Context(), "j"); (err == nil) != c.found {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAllPagesOfTasksAreRead(t *testing.T) {
	t.Parallel()
	api := gateway(t, map[string]string{
		"/v1/jobs/j/tasks?limit=1000":                  `{"tasks":[{"id":"a"},{"id":"b"}],"next":"x/y=z"}`,
		"/v1/jobs/j/tasks?limit=1000&cursor=x%2Fy%3Dz": `{"tasks":[{"id":"c","attempt":2}]}`,
	})
	tasks, err := api.Tasks(t.Context(), "j")
	if err != nil || len(tasks) != 3 || tasks[2].Attempt != 2 {
		t.Errorf("%+v, %v", tasks, err)
	}
}

func TestARefusalIsAnErrorWithItsReason(t *testing.T) {
	t.Parallel()
	_, err := gateway(t, nil).Submit(t.Context(), contract.JobSpec{})
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("%v", err)
	}
}
