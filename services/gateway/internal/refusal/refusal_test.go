package refusal_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/gateway/internal/refusal"
)

func TestRefusalsAreCountedBeyondTheAllowance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var got []contract.AuditEvent
		r := refusal.New(func(e contract.AuditEvent) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, e)
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		refuse := func(principal string, n int) {
			for i := range n {
				r.Refused(contract.AuditEvent{
					Kind: contract.AuditRequestRefused, Reason: "no token", Parameters: map[string]string{"status": "401"},
					Actor: contract.AuditActor{Principal: principal, Address: fmt.Sprintf("192.0.2.%d:%d", i%30, 1024+i)},
				})
			}
		}
		sum := func(principal string) (records, n int) {
			mu.Lock()
			defer mu.Unlock()
			for _, e := range got {
				if e.Actor.Principal == principal {
					records++
					n += max(e.Count, 1)
				}
			}
			return records, n
		}
		refuse("", 100_000)
		refuse("bob", refusal.Allowance)
		if records, n := sum("bob"); records != n || n != refusal.Allowance {
			t.Errorf("bob has %d records of %d refusals: the flood of others must not hide them", records, n)
		}
		if records, _ := sum(""); records != refusal.Allowance {
			t.Errorf("%d records at once", records)
		}
		time.Sleep(2 * refusal.Window) // of the bubble
		synctest.Wait()
		if records, n := sum(""); records != refusal.Allowance+1 || n != 100_000 {
			t.Errorf("%d records of %d refusals", records, n)
		}
		last := got[len(got)-1]
		if last.Parameters["status"] != "401" || !strings.Contains(last.Parameters["addresses"], "192.0.2.20, ") && !strings.HasSuffix(last.Parameters["addresses"], " and others") {
			t.Errorf("the count is %+v", last)
		}
		refuse("", refusal.Allowance+7) // the next window
		cancel()
		<-done
		if _, n := sum(""); n != 100_000+refusal.Allowance+7 {
			t.Errorf("%d refusals after the end", n)
		}
	})
}
