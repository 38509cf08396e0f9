package product_test

import (
	"testing"
	"time"

	"github.com/netrust/netrust/tests/bench/internal/product"
)

func TestARunIsCountedPerDevice(t *testing.T) {
	t.Parallel()
	r := product.Run{Devices: 1000, Took: 4 * time.Second, Messages: map[string]uint64{"TASKS": 1000, "KV_exec": 4100}}
	if got := r.PerSecond(); got != 250 {
		t.Errorf("%v devices per second; want 250", got)
	}
	if got := r.MessagesPerTask(); got != 5.1 {
		t.Errorf("%v messages per task; want 5.1", got)
	}
}
