package view_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/gateway/internal/view"
)

// BenchmarkFold folds claims and finishes of 1 KB in batches as the feed makes them; one operation is one record.
func BenchmarkFold(b *testing.B) {
	v, err := view.Open(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close() //nolint:errcheck // the benchmark is over
	at := time.Unix(1740000000, 0)
	output := strings.Repeat("Cisco IOS Software, C2900 Software\n", 28)
	batch := make([]view.Change, 0, 500)
	for n := 0; b.Loop(); n++ {
		rec := contract.TaskRecord{JobID: fmt.Sprintf("job%d", n/20000), DeviceID: fmt.Sprintf("device-%d", n/2%10000), Site: "paris", Attempt: 1}
		if n%2 == 0 {
			rec.State, rec.Claim = contract.Claimed, &contract.Claim{Platform: "cisco_ios", ClaimedAt: at}
		} else {
			rec.State, rec.Result = contract.Finished, &contract.Result{State: contract.TaskSucceeded, StartedAt: at, FinishedAt: at,
				Outputs: []contract.CommandOutput{{Command: "show version", Output: output}}, Summary: "Cisco IOS Software"}
		}
		if batch = append(batch, view.Record{Seq: uint64(n + 1), TaskRecord: rec}); len(batch) == cap(batch) {
			if err := v.Apply(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
