package lab_test

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/lab"
)

// Bad logins count wherever they happen, a good one ends their row, and a locked account lets nobody in.
func TestAnAccountIsLockedAfterBadLoginsAnywhere(t *testing.T) {
	t.Parallel()
	l := start(t, lab.Config{Devices: 4, Platforms: []string{"cisco_ios"}, Password: "right", LockAfter: 3})
	login := func(device int, password string) bool {
		d := l.Devices()[device]
		client, err := ssh.Dial("tcp", net.JoinHostPort(d.Address.String(), strconv.Itoa(d.Port())), &ssh.ClientConfig{
			User: "lab", Auth: []ssh.AuthMethod{ssh.Password(password)}, HostKeyCallback: ssh.FixedHostKey(d.HostKey()),
		})
		if err == nil {
			client.Close()
		}
		return err == nil
	}
	for i, step := range []struct {
		password string
		in       bool
		row      int
		locked   bool
	}{
		{"wrong", false, 1, false}, {"wrong", false, 2, false}, {"right", true, 0, false}, {"wrong", false, 1, false}, {"wrong", false, 2, false},
		{"wrong", false, 3, true}, {"right", false, 3, true},
	} {
		if in := login(i%4, step.password); in != step.in {
			t.Errorf("login %d with the %s password: let in %v", i+1, step.password, in)
		}
		if a := l.Accounts().Accounts["lab"]; a.InARow != step.row || a.Locked != step.locked {
			t.Errorf("after login %d the account is %+v; want %d in a row, locked %v", i+1, a, step.row, step.locked)
		}
	}
	resp, err := http.Get(l.ControlURL() + "/accounts")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var shown lab.Accounts
	if err := json.NewDecoder(resp.Body).Decode(&shown); err != nil || !shown.Accounts["lab"].Locked || shown.Accounts["lab"].Refused != 5 || shown.AtOnce != 1 {
		t.Errorf("the control shows %+v, %v", shown, err)
	}
	reset, err := http.Post(l.ControlURL()+"/accounts/reset", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	reset.Body.Close()
	if !login(0, "right") {
		t.Error("an account that was reset is still locked")
	}
}
