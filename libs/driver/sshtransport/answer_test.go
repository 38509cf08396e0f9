package sshtransport_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/hostkey"
	"github.com/netrust/netrust/libs/driver/sshtransport"
)

// round is one message of questions.
type round struct {
	instruction string
	questions   []string
	shown       []bool
}

// asking is an SSH server that asks these rounds by keyboard-interactive, and lets in whoever answers with user name or
// password as each question wants. It counts the logins that it was offered.
func asking(t *testing.T, want []string, rounds ...round) (int, *atomic.Int64) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	offered := &atomic.Int64{}
	config := &ssh.ServerConfig{KeyboardInteractiveCallback: func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		offered.Add(1)
		var got []string
		for _, r := range rounds {
			answers, err := ask("", r.instruction, r.questions, r.shown)
			if err != nil {
				return nil, err
			}
			got = append(got, answers...)
		}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			return nil, ssh.ErrNoAuth
		}
		return nil, nil
	}}
	config.AddHostKey(signer)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			server, channels, requests, err := ssh.NewServerConn(c, config)
			if err != nil {
				c.Close()
				continue
			}
			go ssh.DiscardRequests(requests)
			go func() {
				for ch := range channels {
					_ = ch.Reject(ssh.Prohibited, "")
				}
			}()
			_ = server.Wait()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-served })
	return listener.Addr().(*net.TCPAddr).Port, offered
}

func TestOnlyKnownQuestionsAreAnswered(t *testing.T) {
	t.Parallel()
	const user, password = "netops", "hunter2-is-long"
	for name, c := range map[string]struct {
		rounds []round
		want   []string // the answers; nil: refused
		says   string
	}{
		"the password":                   {[]round{{"", []string{"Password: "}, []bool{false}}}, []string{password}, ""},
		"in the words of a vendor":       {[]round{{"", []string{"Enter your TACACS+ password:"}, []bool{false}}}, []string{password}, ""},
		"in German":                      {[]round{{"", []string{"Passwort für netops: "}, []bool{false}}}, []string{password}, ""},
		"name and password at once":      {[]round{{"", []string{"Username: ", "Password: "}, []bool{true, false}}}, []string{user, password}, ""},
		"name, then password":            {[]round{{"", []string{"login: "}, []bool{true}}, {"", []string{"Password: "}, []bool{false}}}, []string{user, password}, ""},
		"a notice before":                {[]round{{"Enter the code of conduct", nil, nil}, {"", []string{"Password: "}, []bool{false}}}, []string{password}, ""},
		"a one-time code":                {[]round{{"", []string{"One-time password (OATH): "}, []bool{false}}}, nil, "one-time codes and password changes are not supported"},
		"a code after the password":      {[]round{{"", []string{"Password: "}, []bool{false}}, {"", []string{"Verification code: "}, []bool{false}}}, nil, `asks "Verification code:"`},
		"a passcode":                     {[]round{{"", []string{"Enter PASSCODE:"}, []bool{false}}}, nil, "one-time codes"},
		"a choice":                       {[]round{{"Duo two-factor login", []string{"Passcode or option (1-2): "}, []bool{true}}}, nil, "one-time codes"},
		"a new password":                 {[]round{{"", []string{"Password: "}, []bool{false}}, {"Your password has expired", []string{"New password: "}, []bool{false}}}, nil, "password changes"},
		"the password twice":             {[]round{{"", []string{"Password: "}, []bool{false}}, {"", []string{"Password: "}, []bool{false}}}, nil, "asks for the password again"},
		"a password that would be shown": {[]round{{"", []string{"Password: "}, []bool{true}}}, nil, "would show the answer"},
		"something else":                 {[]round{{"", []string{"Favourite colour?\x1b[2J"}, []bool{false}}}, nil, `"Favourite colour? [2J"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port, offered := asking(t, c.want, c.rounds...)
			logins := &driver.Logins{}
			conn, err := sshtransport.Dial(driver.RecordLogins(t.Context(), logins), driver.Target{DeviceID: "r1", Address: "127.0.0.1", Port: port, Platform: "generic_ssh",
				Username: user, Password: driver.NewSecret(password), HostKeys: &hostkey.Memory{}, ConnectTimeout: 20 * time.Second})
			if err == nil {
				conn.Close()
			}
			if (err == nil) != (c.want != nil) || logins.Attempts() != 1 || offered.Load() != 1 || logins.Method() != driver.MethodInteractive {
				t.Fatalf("%d logins of which the server saw %d: %v", logins.Attempts(), offered.Load(), err)
			}
			if err != nil && (driver.KindOf(err) != contract.KindAuthentication || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), password)) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

func TestACredentialThatHasNothingForTheServerIsNoLogin(t *testing.T) {
	t.Parallel()
	port, offered := asking(t, nil)
	logins := &driver.Logins{}
	_, err := sshtransport.Dial(driver.RecordLogins(t.Context(), logins), driver.Target{DeviceID: "r1", Address: "127.0.0.1", Port: port, Platform: "generic_ssh",
		Username: "netops", HostKeys: &hostkey.Memory{}})
	if driver.KindOf(err) != contract.KindAuthentication || logins.Attempts() != 0 || offered.Load() != 0 || !strings.Contains(err.Error(), "for none of which the credential has anything") {
		t.Errorf("%d logins, the server saw %d: %v", logins.Attempts(), offered.Load(), err)
	}
}
