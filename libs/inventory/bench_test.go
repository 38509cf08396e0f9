package inventory_test

import (
	"fmt"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/inventory"
)

// manyDevices are n devices of 20 sites, each with tags and labels.
func manyDevices(n int) []contract.Device {
	devices := make([]contract.Device, n)
	for i := range devices {
		id := fmt.Sprintf("r%06d.example.net", i)
		devices[i] = contract.Device{ID: id, Name: id, Platform: "cisco_ios", Address: "192.0.2.1", Port: 22,
			Site: fmt.Sprintf("site-%d", i%20), Status: contract.DeviceActive, Tags: []string{"prod", fmt.Sprintf("dc%d", i%7)},
			Labels: map[string]string{"role": []string{"core", "edge", "access", "leaf"}[i%4], "rack": fmt.Sprintf("r%d", i%500)}}
	}
	return devices
}

func BenchmarkResolve100000(b *testing.B) {
	devices := manyDevices(100_000)
	set := inventory.NewSet(devices)
	for name, sel := range map[string]contract.TargetSelector{
		"all":    {All: true},
		"tag":    {Tags: []string{"dc3"}},
		"label":  {Labels: "role in (core, edge), rack=r4, !legacy"},
		"ids":    {IDs: []string{"r000007.example.net", "r099999.example.net"}},
		"absent": {IDs: []string{"r000007.exmaple.net"}},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				set.Resolve(sel)
			}
		})
	}
	// A device changes between any two selections.
	b.Run("label while devices change", func(b *testing.B) {
		revision := uint64(0)
		for b.Loop() {
			revision++
			set.Put(&devices[revision%100_000], revision)
			set.Resolve(contract.TargetSelector{Labels: "role=core, rack=r4"})
		}
	})
}

func BenchmarkPut100000(b *testing.B) {
	devices := manyDevices(100_000)
	for b.Loop() {
		set := inventory.NewSet(devices)
		if _, problems := set.Resolve(contract.TargetSelector{All: true}); problems != nil {
			b.Fatal(problems)
		}
	}
}

func BenchmarkParse10000(b *testing.B) {
	file := []byte(large(10_000))
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := inventory.Parse(file); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDiff10000(b *testing.B) {
	current, next := manyDevices(10_000), manyDevices(10_000)
	next[77].Port = 23
	for b.Loop() {
		if changes := inventory.Diff(current, next, true); len(changes) != 1 {
			b.Fatal(len(changes))
		}
	}
}
