package lab_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netrust/netrust/lab"
)

func TestEveryMistakeInAConfigIsReported(t *testing.T) {
	t.Parallel()
	_, err := lab.New(lab.Config{
		Devices: -1, Platforms: []string{"cisco_ios", "windows"}, Port: 70000, AddressBase: "10.0.0.1", Listen: "some",
		Control: "0.0.0.0:80", Latency: -1, Sites: -1, Username: "two words",
	})
	for _, says := range []string{"devices (-1)", `"windows" is not simulated; choose from cisco_ios`, "port (70000)", "address_base",
		"listen", "control", "latency", "sites", "username"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("the error does not name %q: %v", says, err)
		}
	}
}

func TestMoreDevicesThanAddressesAreRefused(t *testing.T) {
	t.Parallel()
	if _, err := lab.New(lab.Config{Devices: 300, AddressBase: "127.255.255.1"}); err == nil || !strings.Contains(err.Error(), "lower base") {
		t.Errorf("got %v", err)
	}
}

func TestDevicesAreDealtOut(t *testing.T) {
	t.Parallel()
	l, err := lab.New(lab.Config{Devices: 600, Platforms: []string{"cisco_ios", "frr"}, Sites: 3, AddressBase: "127.20.0.250"})
	if err != nil {
		t.Fatal(err)
	}
	devices := l.Devices()
	addresses := map[string]bool{}
	for _, d := range devices {
		address := d.Address.String()
		if addresses[address] || strings.HasSuffix(address, ".0") || strings.HasSuffix(address, ".255") {
			t.Errorf("%s has the address %s", d.ID, address)
		}
		addresses[address] = true
	}
	first, second, seventh := devices[0], devices[1], devices[6]
	if first.ID != "lab-0001" || first.Name != "ios-0001" || second.Name != "frr-0002" || seventh.Address.String() != "127.20.1.2" {
		t.Errorf("devices %+v, %+v, %s", first.ID, second.Name, seventh.Address)
	}
	if first.Site != "lab-a" || second.Site != "lab-b" || seventh.Site != "lab-a" {
		t.Errorf("sites %s, %s, %s", first.Site, second.Site, seventh.Site)
	}
	if _, err := l.Device("lab-9999"); !errors.Is(err, lab.ErrNoSuchDevice) {
		t.Errorf("an unknown device: %v", err)
	}
}

func TestTheInventoryIsWhatNetrustImports(t *testing.T) {
	t.Parallel()
	l, err := lab.New(lab.Config{Devices: 1, Platforms: []string{"cisco_ios"}, Port: 2222})
	if err != nil {
		t.Fatal(err)
	}
	want := `devices:
  - id: lab-0001
    name: ios-0001
    platform: cisco_ios
    address: 127.18.0.1
    port: 2222
    site: lab
    tags: [role:access]
    labels: {role: access, vendor: cisco}
    credential: env:LAB
`
	if got := string(l.InventoryYAML()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	env := l.CredentialEnv()
	if env["NETRUST_CREDENTIAL_LAB_USERNAME"] != "lab" || env["NETRUST_CREDENTIAL_LAB_PASSWORD"] == "" || env["NETRUST_CREDENTIAL_LAB_ENABLE"] == "" {
		t.Errorf("credentials %v", env)
	}
}

func TestALabRunsOnce(t *testing.T) {
	t.Parallel()
	l, _ := one(t, "frr")
	if err := l.Run(t.Context()); !errors.Is(err, lab.ErrRunning) {
		t.Errorf("the second run: %v", err)
	}
}

func TestATakenPortIsNamed(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp4", "127.19.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	l, err := lab.New(lab.Config{Devices: 1, AddressBase: "127.19.0.1", Port: port})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "choose another port") {
		t.Errorf("got %v", err)
	}
}

// Not parallel: it counts goroutines.
func TestAStoppedLabLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	l, err := lab.New(lab.Config{Devices: 20})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	<-l.Ready()
	for _, d := range l.Devices() {
		shell(t, mustDial(t, l, d), 24).send("show version\r")
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(patience)
	for runtime.NumGoroutine() > before+2 { // the clients' own end a moment later
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
		}
		runtime.Gosched()
	}
	for _, d := range l.Devices() {
		if open := d.Counts().SessionsOpen; open != 0 {
			t.Errorf("%s still counts %d sessions", d.ID, open)
		}
	}
}

func TestTenThousandDevicesStartInSeconds(t *testing.T) {
	t.Parallel()
	began := time.Now()
	l := start(t, lab.Config{Devices: 10_000, Platforms: []string{"cisco_ios", "cisco_nxos", "frr"}})
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("starting took %s", took)
	}
	var wait sync.WaitGroup
	for _, i := range []int{0, 1, 2, 253, 254, 5000, 9999} {
		wait.Go(func() {
			d := l.Devices()[i]
			client, err := dial(t, d, login(l, d))
			if err != nil {
				t.Errorf("%s: %v", d.ID, err)
				return
			}
			defer client.Close()
		})
	}
	wait.Wait()
}
