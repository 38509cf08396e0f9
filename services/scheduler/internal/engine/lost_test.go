package engine_test

import (
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/contract"
)

func TestAPlanThatCannotBeReadEndsItsJobAlone(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{"missing": "missing", "of another content": "damaged"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.devices("s1", "d", 12)
			w.lead()
			c := w.crew("x", 5, 1)
			w.submit("spoilt", func(s *contract.JobSpec) { s.Commands = []string{"write memory"} })
			plan := w.state("spoilt", contract.JobPlanned).Manifest
			c.finish(c.next(1)[0], "")
			lease := c.claim(c.next(1)[0])
			w.submit("whole", func(s *contract.JobSpec) { s.Commands = []string{"show clock"} })
			w.state("whole", contract.JobRunning)
			_ = w.end()
			store, err := w.conn.JetStream().ObjectStore(t.Context(), plan.Bucket)
			switch {
			case err != nil:
			case name == "missing":
				err = store.Delete(t.Context(), plan.SHA256)
			default:
				_, err = store.PutBytes(t.Context(), plan.SHA256, []byte(`{"targets":[]}`))
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
			if e.State != contract.JobFailed || !strings.Contains(e.Reason, says) || !strings.Contains(e.Reason, "submit the job again") {
				t.Errorf("the job ended as %s", text(e))
			}
			if e.Counts == nil || e.Counts.Total != 12 || e.Counts.Succeeded != 2 || e.Counts.Cancelled != 10 {
				t.Errorf("its counts are %s", text(e.Counts))
			}
			for i := range w.released() {
				c.done[i] = false
			}
			if e := c.work("whole"); e.State != contract.JobSucceeded || e.Counts.Succeeded != 12 {
				t.Errorf("the other job ended as %s", text(e))
			}
		})
	}
}
