package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// letter sets a task's message aside, as an executor does, and returns the letter's id.
func (f *fleet) letter(job, device, reason string) string {
	f.t.Helper()
	key := contract.TaskKey{Site: "paris", Job: job, Phase: contract.PhaseRun, Device: device}
	f.put(key.DeadLetterSubject(), contract.TypeDeadLetter, contract.DeadLetter{
		Subject: key.Subject(contract.Normal), Reason: reason, Service: "netrust/executor", Deliveries: 2, At: time.Now().UTC(), Stream: contract.StreamTasks, Seq: 7,
		Payload: []byte(`{"commands":["show secret-plan"]}`), PayloadSHA256: contract.Digest([]byte("x")), PayloadBytes: 33,
		Headers: map[string][]string{contract.HeaderType: {contract.TypeTask}},
	})
	return contract.LetterID(key.DeadLetterSubject())
}

func (f *fleet) put(subject, kind string, v any) uint64 {
	f.t.Helper()
	seq, err := f.conn.Publish(f.t.Context(), bus.Message{Subject: subject, Data: mustJSON(f.t, v), Type: kind, ID: fmt.Sprint(time.Now().UnixNano())})
	if err != nil {
		f.t.Fatal(err)
	}
	return seq
}

// decider answers commands about letters, as the scheduler does; it refuses what verdict gives a problem for.
func (f *fleet) decider(verdict func(contract.LetterCommand) *contract.Problem) {
	ctx, cancel := context.WithCancel(f.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = f.conn.Follow(ctx, bus.FollowConfig{Stream: contract.StreamDLQ, Filters: []string{contract.LetterCommandFilter}}, func(s bus.Stored) error {
			var c contract.LetterCommand
			if err := json.Unmarshal(s.Data, &c); err != nil {
				return err
			}
			ev := contract.LetterEvent{LetterID: c.LetterID, CommandSeq: s.Seq, Action: c.Action, Principal: c.Principal, At: time.Now().UTC(), Reason: c.Reason}
			if p := verdict(c); p != nil {
				ev.Refused, ev.Problems = true, []contract.Problem{*p}
			}
			f.put(contract.LetterEventSubject(c.LetterID), contract.TypeLetterEvent, ev)
			return nil
		})
	}()
	f.t.Cleanup(func() { cancel(); <-done })
}

func letterList(c *client, query string) api.DeadLetterList {
	c.t.Helper()
	return call[api.DeadLetterList](c, 200, "GET", api.PathLetters+query, "")
}

func TestDeadLettersAreListedShownAndDecidedUpon(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	a, b := f.gateway(), f.gateway()
	a.importDevices(inventoryYAML)
	job := call[api.Job](a, 202, "POST", api.PathJobs, showVersion).ID
	f.plan(job, "core-1")
	var asked []contract.LetterCommand
	f.decider(func(c contract.LetterCommand) *contract.Problem { asked = append(asked, c); return nil })
	id := f.letter(job, "core-1", "no json")
	f.letter(job, "core-1", "still no json")
	eventually(t, "both gateways know it twice", func() bool {
		for _, c := range []*client{a, b} {
			if l := letterList(c, ""); len(l.DeadLetters) != 1 || l.DeadLetters[0].Repeats != 2 {
				return false
			}
		}
		return true
	})
	got := letterList(b, "?job="+job).DeadLetters[0]
	if got.ID != id || got.State != "open" || got.JobID != job || got.DeviceID != "core-1" || got.Reason != "still no json" || got.Deliveries != 2 ||
		got.Payload != nil || got.PayloadBytes != 33 || !got.FirstAt.Before(got.LastAt) || len(got.History) != 2 || got.History[0].Action != "set_aside" {
		t.Errorf("the letter is %s", mustJSON(t, got))
	}
	var whole api.DeadLetter
	eventually(t, "it shows how its task stands", func() bool {
		whole = call[api.DeadLetter](b, 200, "GET", api.PathLetters+"/"+id, "")
		return whole.TaskState == contract.TaskPending
	})
	if !strings.Contains(string(whole.Payload), "show secret-plan") || whole.JobState == "" {
		t.Errorf("an admin sees %s", mustJSON(t, whole))
	}
	viewer := a.as(call[api.TokenCreated](a, 201, "POST", api.PathTokens, `{"name":"v","role":"viewer"}`).Secret)
	if seen := viewer.send("GET", api.PathLetters+"/"+id, ""); seen.Status != 200 || strings.Contains(string(seen.Body), `"payload":`) {
		t.Errorf("a viewer sees %s", seen.Body)
	}
	now := call[api.DeadLetter](a, 200, "POST", api.PathLetters+"/"+id+"/replay", `{"reason":"mended"}`)
	last := now.History[len(now.History)-1]
	if now.State != "replayed" || now.Pending != nil || last.Action != "replay" || last.By != "admin" || last.Reason != "mended" {
		t.Errorf("it is now %s", mustJSON(t, now))
	}
	if len(asked) != 1 || asked[0].Principal != "admin" || contract.LetterID(asked[0].Subject) != id {
		t.Errorf("the scheduler was asked %+v", asked)
	}
	eventually(t, "no gateway has it among the open ones", func() bool {
		return len(letterList(a, "").DeadLetters) == 0 && len(letterList(b, "").DeadLetters) == 0
	})
	f.letter(job, "core-1", "again no json")
	eventually(t, "it is open again, with its history", func() bool {
		l := letterList(b, "").DeadLetters
		return len(l) == 1 && l[0].Repeats == 3 && len(l[0].History) == 4
	})
	if gone := call[api.DeadLetter](b, 200, "POST", api.PathLetters+"/"+id+"/discard", ""); gone.State != "discarded" {
		t.Errorf("it is now %s", mustJSON(t, gone))
	}
	if all := letterList(b, "?state=all").DeadLetters; len(all) != 1 || all[0].State != "discarded" {
		t.Errorf("of all there are %s", mustJSON(t, all))
	}
}

func TestAReplayThatCannotBeIsRefusedWithFieldAndRemedy(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	c.importDevices(inventoryYAML)
	job := call[api.Job](c, 202, "POST", api.PathJobs, showVersion).ID
	f.plan(job, "core-1")
	f.succeed(job, "core-1", "ok")
	f.end(job, contract.JobSucceeded, contract.Counts{Total: 1, Succeeded: 1})
	call[api.Job](c, 200, "GET", "/v1/jobs/"+job+"?wait=10s", "")
	asked := 0
	f.decider(func(contract.LetterCommand) *contract.Problem {
		asked++
		return &contract.Problem{Field: "letter_id", Message: "its task has gone on", Remedy: "discard the letter"}
	})
	running := call[api.Job](c, 202, "POST", api.PathJobs, showVersion).ID
	f.plan(running, "core-1")
	ended, unknown, open := f.letter(job, "core-1", "x"), f.letter("nosuchjob", "core-1", "x"), f.letter(running, "core-1", "x")
	unread := contract.MessageLetterSubject(contract.NoJob, contract.StreamJobs, "17")
	f.put(unread, contract.TypeDeadLetter, contract.DeadLetter{Subject: "job.cmd.x", Reason: "y", Service: "netrust/scheduler", At: time.Now(), Payload: []byte{}, Stream: contract.StreamJobs, Seq: 17})
	eventually(t, "all letters are known", func() bool { return len(letterList(c, "").DeadLetters) == 4 })
	for _, refused := range []struct {
		id, field, remedy string
		asked             int
	}{
		{ended, "job_id", "netrust job retry " + job, 0},
		{unknown, "job_id", "discard", 0},
		{contract.LetterID(unread), "id", "discard", 0},
		{open, "letter_id", "discard the letter", 1},
	} {
		a := c.send("POST", api.PathLetters+"/"+refused.id+"/replay", "{}")
		p := a.problem(t)
		if a.Status != 409 || len(p.Errors) != 1 || p.Errors[0].Field != refused.field || !strings.Contains(p.Errors[0].Remedy, refused.remedy) || asked != refused.asked {
			t.Errorf("%s: %d %s, asked %d times", refused.id, a.Status, a.Body, asked)
		}
	}
	if h := call[api.DeadLetter](c, 200, "GET", api.PathLetters+"/"+open, "").History; len(h) != 2 || !h[1].Refused || h[1].By != "admin" {
		t.Errorf("a refusal leaves %s", mustJSON(t, h))
	}
	for path, want := range map[string]int{
		"/nosuchletter/replay": 404, "/nosuchletter/discard": 404, "/" + open + "/replay?wait=soon": 422,
	} {
		if a := c.send("POST", api.PathLetters+path, "{}"); a.Status != want {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	for path, want := range map[string]int{"/nosuchletter": 404, "?state=lost": 422, "?cursor=!": 422, "?limit=0": 422} {
		if a := c.send("GET", api.PathLetters+path, ""); a.Status != want {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	if a := c.send("POST", api.PathLetters+"/"+open+"/discard", `{"why":"x"}`); a.Status != 400 || a.problem(t).Errors[0].Field != "why" {
		t.Errorf("an unknown field: %d %s", a.Status, a.Body)
	}
}

func TestWhileNoSchedulerAnswersADecisionIsPending(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	id := f.letter("j", "core-1", "x")
	eventually(t, "the letter is known", func() bool { return len(letterList(c, "").DeadLetters) == 1 })
	l := call[api.DeadLetter](c, 202, "POST", api.PathLetters+"/"+id+"/discard?wait=100ms", "")
	if l.State != "open" || l.Pending == nil || l.Pending.Action != "discard" || l.Pending.By != "admin" {
		t.Errorf("the letter is %s", mustJSON(t, l))
	}
	f.decider(func(contract.LetterCommand) *contract.Problem { return nil })
	eventually(t, "it is decided", func() bool { return len(letterList(c, "").DeadLetters) == 0 })
}

func TestDeadLettersComeInPages(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	for i := range 5 {
		f.letter("j", fmt.Sprintf("d%d", i), "x")
	}
	eventually(t, "the letters are known", func() bool { return len(letterList(c, "").DeadLetters) == 5 })
	var seen []string
	for cursor := ""; ; {
		page := letterList(c, "?limit=2&cursor="+cursor)
		for _, l := range page.DeadLetters {
			seen = append(seen, l.DeviceID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if got := strings.Join(seen, " "); got != "d4 d3 d2 d1 d0" {
		t.Errorf("the pages have %s", got)
	}
}

func TestWhatAGatewayCannotReadIsADeadLetter(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	a := f.gateway()
	f.put(contract.JobEventSubject("torn"), contract.TypeJobEvent, "no event")
	eventually(t, "it is a dead letter", func() bool {
		l := letterList(a, "?job=torn").DeadLetters
		return len(l) == 1 && l[0].Stream == contract.StreamJobs && strings.HasPrefix(l[0].Service, "netrust/")
	})
	b := f.gateway()
	eventually(t, "the other one knows it, once", func() bool {
		l := letterList(b, "").DeadLetters
		return len(l) == 1 && l[0].Repeats == 1 && l[0].JobID == "torn" && l[0].DeviceID == ""
	})
}
