package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// planned is a fault that the seed has chosen.
type planned struct {
	at      time.Duration
	kind    FaultKind
	process string
	lasting time.Duration
}

// plan chooses the faults of a round: spread over the time of chaos, in its first tenth none.
func (s *Settings) plan(rnd *rand.Rand) []planned {
	var out []planned
	add := func(n int, kind FaultKind, role Role, of int, least, most time.Duration) {
		for range n {
			p := planned{kind: kind, process: processName(role, rnd.IntN(of))}
			p.at = s.Chaos/10 + time.Duration(rnd.Int64N(int64(s.Chaos*9/10)))
			if most > 0 {
				p.lasting = least + time.Duration(rnd.Int64N(int64(most-least)))
			}
			out = append(out, p)
		}
	}
	add(s.ExecutorKills, FaultKill, RoleExecutor, s.Executors, 0, 0)
	add(s.ExecutorStops, FaultStop, RoleExecutor, s.Executors, 0, 0)
	add(s.ExecutorPauses, FaultPause, RoleExecutor, s.Executors, livenessTTL+time.Second, 2*livenessTTL+2*time.Second)
	add(s.SchedulerKills, FaultKill, RoleScheduler, s.Schedulers, 0, 0)
	add(s.SchedulerPauses, FaultPause, RoleScheduler, s.Schedulers, leaderTTL+time.Second, 2*leaderTTL)
	add(s.ServerKills, FaultKill, RoleServer, 1, 0, 0)
	add(s.ServerPauses, FaultPause, RoleServer, 1, time.Second, 2*livenessTTL)
	slices.SortFunc(out, func(a, b planned) int { return int(a.at - b.at) })
	return out
}

func processName(role Role, i int) string { return fmt.Sprintf("%s-%d", role, i) }

// wreck makes the planned faults, and returns when the last one is over.
func (f *fleet) wreck(ctx context.Context, start time.Time, plan []planned, note func(string, ...any)) {
	var all sync.WaitGroup
	for _, p := range plan {
		select {
		case <-ctx.Done():
		case <-time.After(time.Until(start.Add(p.at))):
			note("%6.2fs %s %s %v", time.Since(start).Seconds(), p.kind, p.process, p.lasting.Round(time.Millisecond))
			all.Go(func() { f.do(p.kind, p.process, p.lasting) })
		}
	}
	all.Wait()
}
