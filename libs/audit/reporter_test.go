package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/audit"
	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
)

func event(kind string) contract.AuditEvent {
	return contract.AuditEvent{Kind: kind, Outcome: contract.AuditSucceeded, Actor: contract.AuditActor{Principal: "alice"}}
}

func TestReportsReachTheIntake(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)
	r := audit.NewReporter(conn, "gateway", zerolog.Nop())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	if err := r.Record(t.Context(), event("token.created")); err != nil {
		t.Fatal(err)
	}
	r.Report(event("token.revoked")) // before Run: it waits
	go func() { done <- r.Run(ctx) }()
	r.Report(event("inventory.imported"))
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	stored, err := conn.Range(t.Context(), contract.StreamIntake, 1, 10)
	if err != nil || len(stored) != 3 {
		t.Fatalf("%d reports are stored, %v; want 3, those that waited at the end too", len(stored), err)
	}
	for i, kind := range []string{"token.created", "token.revoked", "inventory.imported"} {
		var e contract.AuditEvent
		if err := json.Unmarshal(stored[i].Data, &e); err != nil {
			t.Fatal(err)
		}
		if e.Kind != kind || e.Actor.Service != "gateway" || e.Actor.Principal != "alice" || e.At.IsZero() || stored[i].Subject != "intake.gateway" ||
			stored[i].HeaderValue(contract.HeaderType) != contract.TypeAuditEvent {
			t.Errorf("report %d is %s on %s", i, stored[i].Data, stored[i].Subject)
		}
	}
}

// outage is a bus that can be away.
type outage struct {
	mu     sync.Mutex
	away   error
	stored []contract.AuditEvent
}

func (o *outage) set(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.away = err
}

func (o *outage) Publish(ctx context.Context, m bus.Message) (uint64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if errors.Is(o.away, context.DeadlineExceeded) {
		o.mu.Unlock()
		<-ctx.Done()
		o.mu.Lock()
	}
	if o.away != nil {
		return 0, o.away
	}
	var e contract.AuditEvent
	if err := json.Unmarshal(m.Data, &e); err != nil {
		return 0, err
	}
	o.stored = append(o.stored, e)
	return uint64(len(o.stored)), nil
}

func TestAnOutageDelaysReportsAndWhatIsLostIsSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &outage{away: errors.New("away")}
		r := audit.NewReporter(o, "gateway", zerolog.Nop())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		const sent, queue = 5000, 4096
		for range sent {
			r.Report(event("request.refused"))
		}
		synctest.Wait()
		if r.Dropped() == 0 || r.Waiting() > queue {
			t.Errorf("%d are dropped, %d wait", r.Dropped(), r.Waiting())
		}
		time.Sleep(time.Minute) // of the bubble
		o.set(nil)
		time.Sleep(time.Second)
		synctest.Wait()
		lost := 0
		for _, e := range o.stored {
			if e.Kind == contract.AuditLogGap {
				lost += e.Count
			}
		}
		if uint64(lost) != r.Dropped() || len(o.stored)-1+lost != sent || r.Waiting() != 0 {
			t.Errorf("%d are stored, gaps of %d, %d dropped, %d wait", len(o.stored), lost, r.Dropped(), r.Waiting())
		}
		cancel()
		<-done
	})
}

func TestRecordingKeepsNobodyWaitingForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &outage{away: context.DeadlineExceeded}
		r := audit.NewReporter(o, "gateway", zerolog.Nop())
		start := time.Now()
		if err := r.Record(t.Context(), event("token.created")); err == nil {
			t.Error("it was recorded")
		}
		if waited := time.Since(start); waited > 3*time.Second || r.Waiting() != 1 {
			t.Errorf("waited %s; %d wait", waited, r.Waiting())
		}
	})
}

func TestTheLongestEventFitsTheIntake(t *testing.T) {
	t.Parallel()
	_, conn := bustest.Server(t)
	r := audit.NewReporter(conn, "gateway", zerolog.Nop())
	e := event("job.submitted")
	e.Labels, e.Parameters = map[string]string{}, map[string]string{}
	for i := range 1000 {
		text := strings.Repeat("<\x01", 1000+i) // grows in JSON
		e.Commands = append(e.Commands, text)
		e.Labels[text], e.Parameters[text], e.Reason = text, text, text
	}
	if err := r.Record(t.Context(), e); err != nil {
		t.Error(err)
	}
}
