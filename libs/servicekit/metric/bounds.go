package metric

import "time"

// Times are upper bounds in seconds, from a millisecond to ten minutes: an answer of the server, a login, a slow device.
func Times() []float64 {
	return []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600}
}

// Sizes are upper bounds of how many things go together: from one to the thousand of one atomic batch.
func Sizes() []float64 { return []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000} }

// Since observes the seconds that have passed.
func Since(o Observer, start time.Time) { o.Observe(time.Since(start).Seconds()) }
