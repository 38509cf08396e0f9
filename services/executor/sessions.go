package executor

import (
	"github.com/netrust/netrust/libs/servicekit/metric"
	"github.com/netrust/netrust/services/executor/internal/session"
)

// showSessions shows what is known of the sessions on devices.
func showSessions(r *metric.Registry, counts func() session.Counts) {
	r.GaugesFunc("netrust_executor_sessions", "Sessions that this executor has on devices: used by a task (in_use), or kept open for the next one (idle).", "state",
		func() map[string]float64 {
			c := counts()
			return map[string]float64{"idle": float64(c.Idle), "in_use": float64(c.InUse)}
		})
	r.CountersFunc("netrust_executor_session_events_total", "What became of sessions: opened by a login, reused without one, reopened because the device had dropped it; closed for the limit (evicted), for idleness (expired), because the device was gone (lost), for another executor (asked), because it was not as it was opened (unfit).",
		"event", func() map[string]float64 {
			c := counts()
			return map[string]float64{
				"opened": float64(c.Opened), "reused": float64(c.Reused), "reopened": float64(c.Reopened), "evicted": float64(c.Evicted),
				"expired": float64(c.Expired), "lost": float64(c.Lost), "asked": float64(c.Asked), "unfit": float64(c.Unfit),
			}
		})
}
