package engine_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/netrust/netrust/libs/contract"
)

func TestAPlanThatCannotBeReadEndsItsJobAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(w *world, store jetstream.ObjectStore, object string) error
		says  string
	}{
		"missing": {func(w *world, store jetstream.ObjectStore, object string) error {
			return store.Delete(w.Context(), object)
		}, "missing"},
		"of another content": {func(w *world, store jetstream.ObjectStore, object string) error {
			_, err := store.Put(w.Context(), jetstream.ObjectMeta{Name: object}, bytes.NewReader([]byte(`{"targets":[]}`)))
			return err
		}, "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.devices("s1", "d", 12)
			w.lead()
			c1 := w.crew("x", 5, 1)
			w.submit("spoilt", func(s *contract.JobSpec) { s.Commands = []string{"write memory"} })
			plan := w.state("spoilt", contract.JobPlanned).Manifest
			c1.finish(c1.next(1)[0], "")
			lease := c1.claim(c1.next(1)[0])
			w.submit("whole", func(s *contract.JobSpec) { s.Commands = []string{"show clock"} })
			w.state("whole", contract.JobRunning)
			_ = w.end()
			store, err := w.conn.JetStream().ObjectStore(t.Context(), plan.Bucket)
			if err == nil {
				err = c.spoil(w, store, plan.SHA256)
			}
			if err != nil {
				t.Fatal(err)
			}
			w.config.Incarnation = "second"
			w.lead()
			if err := lease.Finish(t.Context(), result("")); err != nil { // what is in hand ends as it ends
				t.Fatal(err)
			}
			e := w.ended("spoilt")
			if e.State != contract.JobFailed || !strings.Contains(e.Reason, c.says) || !strings.Contains(e.Reason, "submit the job again") {
				t.Errorf("the job ended as %s", text(e))
			}
			if e.Counts == nil || e.Counts.Total != 12 || e.Counts.Succeeded != 2 || e.Counts.Cancelled != 10 {
				t.Errorf("its counts are %s", text(e.Counts))
			}
			for i := range w.released() {
				c1.done[i] = false
			}
			if e := c1.work("whole"); e.State != contract.JobSucceeded || e.Counts.Succeeded != 12 {
				t.Errorf("the other job ended as %s", text(e))
			}
		})
	}
}
