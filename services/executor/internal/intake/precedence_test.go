package intake

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestUrgentTasksGoFirstAndStopNobody(t *testing.T) {
	t.Parallel()
	waited := func(t *testing.T, p *precedence) time.Duration {
		t.Helper()
		began := time.Now()
		p.yield(t.Context())
		return time.Since(began)
	}
	for _, c := range []struct {
		name   string
		urgent func(p *precedence)
		want   time.Duration
	}{
		{"where there was never an urgent one nobody waits", func(*precedence) {}, 0},
		{"until a moment after it has ended", func(p *precedence) {
			end := p.begin()
			time.AfterFunc(30*time.Millisecond, end)
		}, 30*time.Millisecond + urgentPause},
		{"another one in that moment is waited for too", func(p *precedence) {
			time.AfterFunc(30*time.Millisecond, p.begin())
			time.AfterFunc(60*time.Millisecond, func() { time.AfterFunc(40*time.Millisecond, p.begin()) })
		}, 100*time.Millisecond + urgentPause},
		{"until the last of several has ended", func(p *precedence) {
			time.AfterFunc(30*time.Millisecond, p.begin())
			time.AfterFunc(90*time.Millisecond, p.begin())
		}, 90*time.Millisecond + urgentPause},
		{"not longer than is fair", func(p *precedence) { time.AfterFunc(time.Hour, p.begin()) }, yieldAtMost},
		{"one that ended long ago is forgotten", func(p *precedence) { p.begin()(); <-time.After(time.Second) }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var p precedence
				c.urgent(&p)
				if got := waited(t, &p); got != c.want {
					t.Errorf("waited %s; want %s", got, c.want)
				}
			})
		})
	}
}
