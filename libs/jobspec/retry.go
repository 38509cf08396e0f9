package jobspec

import (
	"time"

	"github.com/netrust/netrust/libs/contract"
)

// RetryDelay is how long to wait after the failed attempt of that number (from 1) before the next: a random part of the
// policy's backoff, which doubles with each attempt up to its bound. Jitter over the whole range spreads devices that
// failed together. rnd gives numbers of [0,1), such as rand.Float64.
func RetryDelay(policy contract.RetryPolicy, attempt int, rnd func() float64) time.Duration {
	policy = WithDefaults(contract.JobSpec{Retry: policy}).Retry
	backoff, most := policy.BackoffMS, policy.MaxBackoffMS
	for ; attempt > 1 && backoff < most; attempt-- {
		backoff *= 2
	}
	return time.Duration(rnd() * float64(min(backoff, most)) * float64(time.Millisecond))
}
