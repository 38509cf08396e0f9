package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netrust/netrust/cli/internal/client"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

func connect(t *testing.T, h http.HandlerFunc) *client.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := client.New(client.Config{Server: server.URL, Token: "s3cret-token", UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func reply(w http.ResponseWriter, status int, media string, body any) {
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	if text, ok := body.(string); ok {
		fmt.Fprint(w, text)
		return
	}
	_ = json.NewEncoder(w).Encode(body)
}

func TestRefusalsComeBackAsProblems(t *testing.T) {
	t.Parallel()
	c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusUnprocessableEntity, api.MediaProblem, api.Problem{
			Title: "Unprocessable", Detail: "the job makes no sense",
			Errors: []contract.Problem{{Field: "targets.tags", Message: "no device has tag x", Remedy: "see /v1/devices"}},
		})
	})
	_, err := c.Submit(t.Context(), contract.JobSpec{}, client.NewKey(), 0)
	var p *api.Problem
	if !errors.As(err, &p) || p.Status != 422 || len(p.Errors) != 1 || p.Errors[0].Field != "targets.tags" {
		t.Fatalf("got %#v", err)
	}
}

func TestForeignServersAreRecognised(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, media, body string
		status            int
	}{
		{"a web page is not a job", "text/html", "<html>", http.StatusOK},
		{"a refusal that is no problem body", "text/html", "<html>not found", http.StatusNotFound},
		{"a redirect is not followed", "text/html", "moved", http.StatusFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cl := connect(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
				reply(w, c.status, c.media, c.body)
			})
			_, err := cl.Job(t.Context(), "j", 0)
			if !errors.As(err, new(*client.ForeignAnswerError)) || !strings.Contains(err.Error(), "--server") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNoServerSaysHowToStartOne(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	url := server.URL
	server.Close()
	c, err := client.New(client.Config{Server: url, Token: "s3cret-token"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Job(t.Context(), "j", 0)
	if !errors.As(err, new(*client.NoServerError)) || !strings.Contains(err.Error(), "netrust up") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

func TestALostAnswerRepeatsTheSubmissionUnderTheSameKey(t *testing.T) {
	t.Parallel()
	var keys []string
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		keys = append(keys, r.Header.Get(api.HeaderIdemKey))
		if r.Header.Get("Authorization") != "Bearer s3cret-token" {
			reply(w, http.StatusUnauthorized, api.MediaProblem, api.Problem{Title: "no token"})
			return
		}
		if len(keys) == 1 { // taken, but the answer never arrives
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				conn.Close()
			}
			return
		}
		reply(w, http.StatusAccepted, "application/json", api.Job{ID: "j1", State: contract.JobPlanned})
	})
	job, err := c.Submit(t.Context(), contract.JobSpec{}, "key-1", 5*time.Second)
	if err != nil || job.ID != "j1" {
		t.Fatalf("got %+v, %v", job, err)
	}
	if len(keys) != 2 || keys[0] != "key-1" || keys[1] != "key-1" {
		t.Errorf("keys %q", keys)
	}
}

func TestWhatMayNotRepeatIsSentOnce(t *testing.T) {
	t.Parallel()
	var sent atomic.Int32
	c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		sent.Add(1)
		reply(w, http.StatusServiceUnavailable, api.MediaProblem, api.Problem{Title: "not ready"})
	})
	if _, err := c.CreateToken(t.Context(), api.TokenRequest{Name: "x"}); err == nil {
		t.Error("no error")
	}
	if _, err := c.Import(t.Context(), nil, client.ImportOptions{}); err == nil {
		t.Error("no error")
	}
	if n := sent.Load(); n != 2 {
		t.Errorf("two requests were sent %d times", n)
	}
	if _, err := c.Jobs(t.Context(), client.JobFilter{}); err == nil {
		t.Error("no error")
	}
	if n := sent.Load(); n != 6 {
		t.Errorf("a read was sent %d times, want 4", n-2)
	}
}

func TestPagesAreReadToTheLast(t *testing.T) {
	t.Parallel()
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		switch cursor := r.URL.Query().Get("cursor"); cursor {
		case "":
			reply(w, 200, "application/json", api.TaskList{Tasks: []api.Task{{DeviceID: "a"}, {DeviceID: "b"}}, Next: "n1"})
		case "n1":
			reply(w, 200, "application/json", api.TaskList{Tasks: []api.Task{{DeviceID: "c"}}})
		default:
			reply(w, 400, api.MediaProblem, api.Problem{Title: "bad cursor " + cursor})
		}
	})
	var got []string
	if err := c.Tasks(t.Context(), "j", func(task api.Task) error { got = append(got, task.DeviceID); return nil }); err != nil {
		t.Fatal(err)
	}
	if strings.Join(got, "") != "abc" {
		t.Errorf("got %q", got)
	}
}

func TestAPageThatRepeatsItselfEnds(t *testing.T) {
	t.Parallel()
	c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, "application/json", api.TaskList{Next: "same"})
	})
	if err := c.Tasks(t.Context(), "j", func(api.Task) error { return nil }); err == nil || !strings.Contains(err.Error(), "same page") {
		t.Errorf("got %v", err)
	}
}

func TestIdsAreEscapedInPaths(t *testing.T) {
	t.Parallel()
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		reply(w, 200, "application/json", contract.Device{ID: r.URL.EscapedPath()})
	})
	d, err := c.Device(t.Context(), "a/b c?d")
	if err != nil || d.ID != "/v1/devices/a%2Fb%20c%3Fd" {
		t.Errorf("got %q, %v", d.ID, err)
	}
}

func TestAddressesAreChecked(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "ftp://x", "http://", "::"} {
		if _, err := client.New(client.Config{Server: bad}); err == nil {
			t.Errorf("%q is taken for an address", bad)
		}
	}
}
