package sshdriver_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/drivertest/replay"
	"github.com/netrust/netrust/libs/driver/hostkey"
	"github.com/netrust/netrust/libs/driver/sshdriver"
)

// A session with a replayed router: a command that it knows, and one that it does not.
func Example() {
	var t testing.T
	script := replay.Preset("cisco_ios")
	script.Answers["show clock"] = replay.Answer{Text: "*12:00:00.000 UTC Mon Mar 1 2027\n"}
	router := replay.Start(&t, script)
	defer router.Close()

	drivers, err := sshdriver.All()
	if err != nil {
		fmt.Println(err)
		return
	}
	registry, err := driver.NewRegistry(drivers...)
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := registry.Driver("ios") // an alias will do
	if err != nil {
		fmt.Println(err)
		return
	}
	target := driver.Target{
		DeviceID: "core-1", Address: "127.0.0.1", Port: router.Port(), Username: script.Username,
		Password: driver.NewSecret(script.Password), HostKeys: &hostkey.Memory{},
	}
	ctx := context.Background()
	session, err := d.Open(ctx, target, driver.OpenOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()
	out, err := session.Run(ctx, driver.Command{Text: "show clock", Timeout: 10 * time.Second})
	fmt.Print(out.Text, err, "\n")
	_, err = session.Run(ctx, driver.Command{Text: "shwo clock", Timeout: 10 * time.Second})
	fmt.Println(errors.As(err, new(*driver.RejectedError)), driver.KindOf(err), driver.EffectOf(err))
	// Output:
	// *12:00:00.000 UTC Mon Mar 1 2027
	// <nil>
	// true rejected none
}
