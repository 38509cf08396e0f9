package lab_test

import (
	"context"
	"fmt"

	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/lab"
)

// A lab of one router, asked for a marked command.
func Example() {
	l, err := lab.New(lab.Config{Platforms: []string{"cisco_nxos"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	select {
	case <-l.Ready():
	case err := <-done:
		fmt.Println(err)
		return
	}

	device := l.Devices()[0]
	client, err := ssh.Dial("tcp", device.Target(), &ssh.ClientConfig{
		User:            "lab",
		Auth:            []ssh.AuthMethod{ssh.Password(l.CredentialEnv()["NETRUST_CREDENTIAL_LAB_PASSWORD"])},
		HostKeyCallback: ssh.FixedHostKey(device.HostKey()),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := client.NewSession()
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := session.Output("test mark once")
	fmt.Print(string(out), err, "\n")
	fmt.Println(device.Name, device.Counts().Marks["once"])

	stop()
	fmt.Println(<-done)
	// Output:
	// mark once: seen 1
	// <nil>
	// nxos-0001 1
	// <nil>
}
