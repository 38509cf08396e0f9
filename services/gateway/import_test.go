package gateway_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

func TestAnImportSaysAndDoesWhatChanges(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.gateway()
	preview := call[api.Import](c, 200, "POST", api.PathImport+"?preview=true", inventoryYAML)
	if !preview.Preview || preview.Created != 3 || len(call[api.DeviceList](c, 200, "GET", api.PathDevices, "").Devices) != 0 {
		t.Errorf("a preview says %+v", preview)
	}
	c.importDevices(inventoryYAML)
	if again := c.importDevices(inventoryYAML); again.Unchanged != 3 || len(again.Changes) != 0 {
		t.Errorf("the same import again says %+v", again)
	}

	moved := strings.Replace(inventoryYAML, "192.0.2.2", "192.0.2.22", 1)
	moved = moved[:strings.Index(moved, "  - {id: edge.1")]
	said := call[api.Import](c, 200, "POST", api.PathImport+"?prune=true", moved)
	if said.Changed != 1 || said.Removed != 1 || said.Unchanged != 1 {
		t.Errorf("the second import says %+v", said)
	}
	if d := call[contract.Device](c, 200, "GET", api.PathDevices+"/core-2", ""); d.Address != "192.0.2.22" {
		t.Errorf("the changed device is %+v", d)
	}
	if a := c.send("GET", api.PathDevices+"/edge.1", ""); a.Status != 404 {
		t.Errorf("the removed device is still there: %s", a.Body)
	}
	if back := c.importDevices(inventoryYAML); back.Created != 1 || back.Changed != 1 {
		t.Errorf("a removed device comes back as %+v", back)
	}
	if d := call[contract.Device](c, 200, "GET", api.PathDevices+"/edge.1", ""); d.Site != "lyon" {
		t.Errorf("the device that came back is %+v", d)
	}
}

func TestTwoGatewaysImportAtOnce(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	gateways := []*client{f.gateway(), f.gateway()}
	file := func(port int) string {
		var b strings.Builder
		b.WriteString("defaults: {credential: 'env:LAB', site: paris, platform: frr}\ndevices:\n")
		for i := range 120 {
			fmt.Fprintf(&b, "  - {id: d%03d, address: 192.0.2.%d, port: %d}\n", i, i+1, port)
		}
		return b.String()
	}
	answers := make([]answer, 2)
	var wg sync.WaitGroup
	for i, c := range gateways {
		wg.Go(func() { answers[i] = c.send("POST", api.PathImport, file(2201+i)) })
	}
	wg.Wait()
	won := 0
	for _, a := range answers {
		switch a.Status {
		case 200:
			won++
		case 409:
			if p := a.problem(t); !strings.Contains(p.Detail, "somebody else") {
				t.Errorf("a conflict says %s", a.Body)
			}
		default:
			t.Errorf("an import at the same time as another: %d %s", a.Status, a.Body)
		}
	}
	if won == 0 {
		t.Log("each stopped at a device of the other; a repetition settles it")
	}
	for i := range gateways {
		eventually(t, "a repeated import goes through", func() bool {
			return gateways[i].send("POST", api.PathImport, file(2201)).Status == 200
		})
	}
	for _, c := range gateways {
		eventually(t, "both show the last import", func() bool {
			list := call[api.DeviceList](c, 200, "GET", api.PathDevices+"?limit=1000", "").Devices
			for _, d := range list {
				if d.Port != 2201 {
					return false
				}
			}
			return len(list) == 120
		})
	}
}
