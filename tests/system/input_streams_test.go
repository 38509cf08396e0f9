package system

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/bus"
)

// stored is all that one stream holds.
type stored struct {
	name     string
	messages []bus.Stored
}

// Streams reads every stream of the cluster's NATS, those of objects too.
func (c *Cluster) Streams(t testing.TB) []stored {
	t.Helper()
	conn := c.Connect(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var all []stored
	for name := range conn.JetStream().StreamNames(ctx).Name() {
		s := stored{name: name}
		done := errors.New("read")
		err := conn.Follow(ctx, bus.FollowConfig{Stream: name, Idle: func() error { return done }}, func(m bus.Stored) error {
			s.messages = append(s.messages, m)
			return nil
		})
		if !errors.Is(err, done) {
			t.Fatalf("reading stream %s: %v", name, err)
		}
		all = append(all, s)
	}
	if len(all) < 9 {
		t.Fatalf("%d streams were read; the topology has more", len(all))
	}
	return all
}
