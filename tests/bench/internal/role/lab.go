package role

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/lab/fault"
	"github.com/netrust/netrust/libs/driver/platform"
	"github.com/netrust/netrust/tests/bench/internal/bare"
	"github.com/netrust/netrust/tests/bench/internal/child"
)

// Tags of the lab's devices in the benchmark's inventory.
const (
	TagAll   = "bench-all"  // all but the few
	TagSome  = "bench-some" // the first of them
	TagFew   = "bench-few"  // devices that only small jobs work on
	TagIOS   = "bench-ios"  // so many as some, of cisco_ios
	CountFew = 5            // of those
	keyLogin = "env:LAB"    // the credential's reference
	envUser  = "NETRUST_CREDENTIAL_LAB_USERNAME"
	envPass  = "NETRUST_CREDENTIAL_LAB_PASSWORD"
)

// LabSettings say how large the lab is. Its devices are of one platform, so that every loop does the same exchange; as many
// as some come on top that are cisco_ios.
type LabSettings struct {
	All  int `json:"all"`  // devices with TagAll; the few come on top
	Some int `json:"some"` // of which so many have TagSome
}

// LabFacts are what others need to reach the devices.
type LabFacts struct {
	// Addresses of the devices with TagAll, host:port.
	Addresses   []string          `json:"addresses"`
	Login       bare.Login        `json:"login"`
	Environment map[string]string `json:"environment"`
	Inventory   []byte            `json:"inventory"`
}

// Questions to the lab.
const (
	PathSlow = "/lab/slow" // SlowDown -> nothing
	PathHeld = "/lab/held" // nothing -> Held
)

// SlowDown makes the devices with TagSome take so long for each command; 0 makes them healthy again.
type SlowDown struct {
	MS int `json:"ms"`
}

// Held is what goes on in the lab.
type Held struct {
	Sessions int `json:"sessions"` // connections that are logged in
	Logins   int `json:"logins"`   // since the start
}

func runLab(ctx context.Context, s LabSettings, h *child.Host) error {
	main, err := lab.New(lab.Config{
		Devices: s.All + CountFew, Platforms: []string{bare.Platform}, Privileged: true, Listen: lab.ListenOne, CommandLog: 1,
	})
	if err != nil {
		return err
	}
	ios, err := lab.New(lab.Config{
		Devices: s.Some, Platforms: []string{platform.CiscoIOS}, Privileged: true, Listen: lab.ListenOne, CommandLog: 1,
		Username: main.CredentialEnv()[envUser], Password: main.CredentialEnv()[envPass],
	})
	if err != nil {
		return err
	}
	some := main.Devices()[:min(s.Some, s.All)]
	child.Handle(h, PathSlow, func(_ context.Context, in SlowDown) (bool, error) {
		for _, d := range some {
			if err := d.SetFaults(fault.Set{CommandDelayMS: in.MS}); err != nil {
				return false, err
			}
		}
		return true, nil
	})
	child.Handle(h, PathHeld, func(context.Context, any) (held Held, _ error) {
		for _, l := range []*lab.Lab{main, ios} {
			for _, c := range l.Counts() {
				held.Sessions += c.SessionsOpen
				held.Logins += c.LoginsOK
			}
		}
		return held, nil
	})
	runBoth := func(ctx context.Context) error {
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return main.Run(ctx) })
		g.Go(func() error { return ios.Run(ctx) })
		return g.Wait()
	}
	return alongside(ctx, runBoth, func(ctx context.Context) error {
		for _, l := range []*lab.Lab{main, ios} {
			select {
			case <-l.Ready():
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return h.Ready(labFacts(main, ios, s))
	})
}

// labFacts leaves out the enable secret: a login with one goes by terminal only, and the lab's logins need none.
func labFacts(l, ios *lab.Lab, s LabSettings) LabFacts {
	env := l.CredentialEnv()
	f := LabFacts{
		Login:       bare.Login{Username: env[envUser], Password: env[envPass]},
		Environment: map[string]string{envUser: env[envUser], envPass: env[envPass]},
	}
	var b bytes.Buffer
	add := func(d *lab.Device, id, tags string) {
		fmt.Fprintf(&b, "  - id: %s\n    name: %s\n    platform: %s\n    address: %s\n    port: %d\n    site: %s\n    tags: [%s]\n    credential: %s\n",
			id, d.Name, d.Platform, d.Address, d.Port(), d.Site, tags, keyLogin)
	}
	b.WriteString("devices:\n")
	for i, d := range l.Devices() {
		tags := TagFew
		if i < s.All {
			f.Addresses = append(f.Addresses, d.Target())
			if tags = TagAll; i < s.Some {
				tags += ", " + TagSome
			}
		}
		add(d, d.ID, tags)
	}
	for _, d := range ios.Devices() {
		add(d, "ios-"+d.ID, TagIOS)
	}
	f.Inventory = b.Bytes()
	return f
}

// BareSettings say what a bare loop is run on.
type BareSettings struct {
	Addresses []string   `json:"addresses"`
	Login     bare.Login `json:"login"`
}

// PathLoop runs a loop: LoopOrder -> time.Duration.
const PathLoop = "/bare/loop"

// LoopOrder is one loop over the first devices.
type LoopOrder struct {
	Kind        string `json:"kind"`
	Devices     int    `json:"devices"`
	Concurrency int    `json:"concurrency"`
}

func runBare(ctx context.Context, s BareSettings, h *child.Host) error {
	child.Handle(h, PathLoop, func(ctx context.Context, o LoopOrder) (time.Duration, error) {
		return bare.Loop(ctx, o.Kind, s.Addresses[:min(o.Devices, len(s.Addresses))], s.Login, o.Concurrency)
	})
	if err := h.Ready(nil); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}
