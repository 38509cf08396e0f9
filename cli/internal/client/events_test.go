package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/netrust/netrust/cli/internal/client"
	"github.com/netrust/netrust/libs/contract/api"
)

// streams answers the n-th connection with the n-th text, and keeps what each one asked for.
type streams struct {
	mu    sync.Mutex
	texts []string
	asked []string
}

func (s *streams) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.Header.Get("Last-Event-ID"))
	if len(s.asked) > len(s.texts) {
		reply(w, http.StatusGone, api.MediaProblem, api.Problem{Title: "asked too often"})
		return
	}
	text := s.texts[len(s.asked)-1]
	if status, ok := map[string]int{"down": http.StatusServiceUnavailable, "unknown": http.StatusNotFound}[text]; ok {
		reply(w, status, api.MediaProblem, api.Problem{Title: text})
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, text)
}

func follow(t *testing.T, s *streams) (got []string, lost int, err error) {
	t.Helper()
	c := connect(t, s.ServeHTTP)
	err = c.Follow(t.Context(), "j", func(e client.Event) error {
		if e.Task != nil {
			got = append(got, e.Kind+" "+e.Task.DeviceID)
		} else {
			got = append(got, e.Kind+" "+string(e.Job.State))
		}
		return nil
	}, func(error) { lost++ })
	return got, lost, err
}

func TestAStreamIsResumedAfterItsLastEvent(t *testing.T) {
	t.Parallel()
	s := &streams{texts: []string{
		": hello\n\nid: 1-1\nevent: job\ndata: {\"state\":\"running\"}\n\nid: 1-2\nevent: task\ndata: {\"device_id\":\"a\"}\n\nid: 1-3\n\nid: 1-4\nevent: task\ndata: {\"devi",
		"down",
		"id:1-4\r\nevent:task\r\ndata:{\"device_id\":\r\ndata: \"b\"}\r\n\r\nevent: novelty\ndata: {}\n\nid: 1-5\nevent: end\ndata: {\"state\":\"succeeded\"}\n\n",
	}}
	got, lost, err := follow(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if want := "job running,task a,task b,end succeeded"; strings.Join(got, ",") != want {
		t.Errorf("got %q", got)
	}
	if want := ",1-3,1-3"; strings.Join(s.asked, ",") != want {
		t.Errorf("resumed after %q, want %q", s.asked, want)
	}
	if lost != 2 {
		t.Errorf("told %d times of a lost stream", lost)
	}
}

func TestAGatewayThatBuildsItsViewAnewIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := &streams{texts: []string{"id: 1-1\nevent: job\ndata: {\"state\":\"running\"}\n\n", "unknown", "event: end\ndata: {\"state\":\"failed\"}\n\n"}}
	if got, _, err := follow(t, s); err != nil || len(got) != 2 {
		t.Errorf("got %q, %v", got, err)
	}
	s = &streams{texts: []string{"unknown"}}
	var p *api.Problem
	if _, _, err := follow(t, s); !errors.As(err, &p) || len(s.asked) != 1 {
		t.Errorf("a job that never was: %v after %d tries", err, len(s.asked))
	}
}

func TestARefusedStreamIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	s := &streams{}
	_, lost, err := follow(t, s)
	var p *api.Problem
	if !errors.As(err, &p) || p.Status != http.StatusGone || lost != 0 || len(s.asked) != 1 {
		t.Errorf("got %v after %d tries", err, len(s.asked))
	}
}

func TestAnEventThatIsNotJSONEndsTheFollowing(t *testing.T) {
	t.Parallel()
	_, _, err := follow(t, &streams{texts: []string{"event: job\ndata: <html>\n\n"}})
	if !errors.As(err, new(*client.ForeignAnswerError)) {
		t.Errorf("got %v", err)
	}
}

func TestTheReaderMayStop(t *testing.T) {
	t.Parallel()
	stop := errors.New("enough")
	s := &streams{texts: []string{"event: job\ndata: {}\n\nevent: job\ndata: {}\n\n"}}
	c := connect(t, s.ServeHTTP)
	n := 0
	err := c.Follow(t.Context(), "j", func(client.Event) error { n++; return stop }, nil)
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("got %v after %d events", err, n)
	}
}
