package run_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/services/executor/internal/run"
)

// rotating resolves to what was known at first, and to something else when it is asked anew.
type rotating struct {
	first, fresh map[string]credential.Credential
	refreshed    []string
	err          error
}

func (r *rotating) Resolve(_ context.Context, reference string) (credential.Credential, error) {
	c, ok := r.first[reference]
	if !ok {
		return c, &credential.MissingError{Reference: credential.Reference{Scheme: "age", Name: "none"}, Missing: []string{"entry none"}, Remedy: "set it"}
	}
	return c, nil
}

func (r *rotating) Refresh(_ context.Context, reference string, used credential.Credential) (credential.Credential, bool, error) {
	r.refreshed = append(r.refreshed, reference)
	c, ok := r.fresh[reference]
	if !ok {
		c = used
	}
	return c, !c.Equal(used), r.err
}

func account(password string) credential.Credential {
	return credential.Credential{Username: "netops", Password: credential.NewSecret(password)}
}

// gate is a device that lets in who has these passwords: its own, then those of the jump hosts.
func gate(passwords ...string) *device {
	d := &device{}
	d.open = func(ctx context.Context) error {
		for i := len(passwords) - 1; i >= 0; i-- { // the way begins at the last of them
			target := d.target
			if i > 0 {
				target = d.target.Jump[i-1]
			} else {
				driver.LoginsOf(ctx).Note(driver.MethodPassword)
			}
			if target.Password.Reveal() != passwords[i] {
				return &driver.AuthenticationError{DeviceID: target.DeviceID, Username: target.Username, Hop: i, Stage: driver.StageAuthentication, Err: errors.New("no")}
			}
		}
		return nil
	}
	return d
}

func jumping(hops ...string) *contract.Task {
	t := task(reads, "one")
	for _, reference := range hops {
		t.Target.Options.Jump = append(t.Target.Options.Jump, contract.JumpHost{Name: "bastion", Address: "192.0.2.9", Port: 22, Credential: reference})
	}
	return t
}

func TestARefusedLoginIsTriedOnceMoreWithANewerCredential(t *testing.T) {
	t.Parallel()
	const own, hop = "env:LAB", "age:bastion"
	old := map[string]credential.Credential{own: account("old-password"), hop: account("old-hop-password")}
	for name, c := range map[string]struct {
		device    *device
		task      *contract.Task
		fresh     map[string]credential.Credential
		err       error
		state     contract.TaskState
		login     contract.Login
		refreshed string
		opened    int
	}{
		"it was right": {gate("old-password"), jumping(), nil, nil,
			contract.TaskSucceeded, contract.Login{Method: "password", Attempts: 1}, "", 1},
		"it was changed": {gate("new-password"), jumping(), map[string]credential.Credential{own: account("new-password")}, nil,
			contract.TaskSucceeded, contract.Login{Method: "password", Attempts: 2, Refreshed: true}, own, 2},
		"it is the same": {gate("other"), jumping(), nil, nil,
			contract.TaskFailed, contract.Login{Method: "password", Attempts: 1}, own, 1},
		"the newer one is wrong too": {gate("other"), jumping(), map[string]credential.Credential{own: account("new-password")}, nil,
			contract.TaskFailed, contract.Login{Method: "password", Attempts: 2, Refreshed: true}, own, 2},
		"it cannot be asked for anew": {gate("new-password"), jumping(), map[string]credential.Credential{own: account("new-password")}, errCause,
			contract.TaskFailed, contract.Login{Method: "password", Attempts: 1}, own, 1},
		"that of a jump host was changed": {gate("old-password", "new-hop"), jumping(hop), map[string]credential.Credential{hop: account("new-hop")}, nil,
			contract.TaskSucceeded, contract.Login{Method: "password", Attempts: 1, Refreshed: true}, hop, 2},
		"that of a jump host is wrong": {gate("old-password", "other"), jumping(hop), nil, nil,
			contract.TaskFailed, contract.Login{}, hop, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			credentials := &rotating{first: old, fresh: c.fresh, err: c.err}
			opened := 0
			open := c.device.open
			c.device.open = func(ctx context.Context) error { opened++; return open(ctx) }
			r := runner(t, c.device, nil)
			r.Credentials = credentials
			rep := r.Run(t.Context(), c.task, lease{}, nil)
			o := run.Decide(c.task, 1, &rep, time.Now(), half)
			if o.Result == nil || o.Result.State != c.state || opened != c.opened || strings.Join(credentials.refreshed, " ") != c.refreshed {
				t.Fatalf("%+v after %d openings, refreshed %v: %v", o.Result, opened, credentials.refreshed, rep.Err)
			}
			switch {
			case o.Result.Login == nil && c.login != (contract.Login{}), o.Result.Login != nil && *o.Result.Login != c.login:
				t.Errorf("the login is told as %+v, want %+v", o.Result.Login, c.login)
			case c.state == contract.TaskFailed && o.Result.Error.Kind != contract.KindAuthentication:
				t.Errorf("%+v", o.Result.Error)
			}
		})
	}
}

func TestNothingThatTheDeviceRepeatsOfAnyCredentialIsKept(t *testing.T) {
	t.Parallel()
	d := gate("new-password", "hop-password")
	d.run = func(context.Context, int, driver.Command) (driver.Output, error) {
		return driver.Output{Text: "seen old-password, new-password and hop-password"}, nil
	}
	r := runner(t, d, nil)
	r.Credentials = &rotating{first: map[string]credential.Credential{"env:LAB": account("old-password"), "age:hop": account("hop-password")},
		fresh: map[string]credential.Credential{"env:LAB": account("new-password")}}
	rep := r.Run(t.Context(), jumping("age:hop"), lease{}, nil)
	if rep.Err != nil || len(rep.Outputs) != 1 || strings.Contains(rep.Outputs[0].Output, "password,") || strings.Contains(rep.Outputs[0].Output, "-password") {
		t.Errorf("%+v %v", rep.Outputs, rep.Err)
	}
}

func TestACredentialThatIsNotThereSaysWhose(t *testing.T) {
	t.Parallel()
	agent := credential.Credential{Username: "netops", Agent: true}
	for name, c := range map[string]struct {
		credentials map[string]credential.Credential
		says        string
	}{
		"the device's":     {map[string]credential.Credential{}, "resolving the credential: credential age:none"},
		"the jump host's":  {map[string]credential.Credential{"env:LAB": account("x")}, "jump host bastion: credential age:none"},
		"an agent's":       {map[string]credential.Credential{"env:LAB": agent, "age:hop": account("x")}, "env:LAB asks for an SSH agent, and none is known"},
		"a jump's agent's": {map[string]credential.Credential{"env:LAB": account("x"), "age:hop": agent}, "age:hop asks for an SSH agent"},
	} {
		d := gate("x")
		r := runner(t, d, nil)
		r.Credentials = &rotating{first: c.credentials}
		job := jumping("age:hop")
		rep := r.Run(t.Context(), job, lease{}, nil)
		o := run.Decide(job, 1, &rep, time.Now(), half)
		if o.Result == nil || o.Result.Error.Kind != contract.KindCredential || o.Result.Error.Effect != contract.EffectNone ||
			!strings.Contains(o.Result.Error.Message, c.says) || o.Result.Error.Remedy == "" || o.Result.Login != nil {
			t.Errorf("%s: %+v", name, o.Result)
		}
	}
}

func TestJumpHostsKeepTheirHostKeysUnderTheirAddress(t *testing.T) {
	t.Parallel()
	d := gate("x", "x")
	r := runner(t, d, nil)
	r.Credentials = &rotating{first: map[string]credential.Credential{"env:LAB": account("x"), "age:hop": account("x")}}
	store := &seen{}
	r.HostKeys = func(string) driver.HostKeys { return store }
	if rep := r.Run(t.Context(), jumping("age:hop"), lease{}, nil); rep.Err != nil {
		t.Fatal(rep.Err)
	}
	hop := d.target.Jump[0]
	err := hop.HostKeys.Check(t.Context(), hop.DeviceID, "192.0.2.9", driver.HostKey{})
	hop.HostKeys.Algorithms(hop.DeviceID, "192.0.2.9")
	var fault *driver.HostKeyError
	if strings.Join(store.ids, " ") != "jump:192.0.2.9:22 jump:192.0.2.9:22" || !errors.As(err, &fault) || fault.DeviceID != "jump host bastion" {
		t.Errorf("the store was asked for %v: %v", store.ids, err)
	}
}

// seen is a host key store that refuses all and notes whom it was asked about.
type seen struct{ ids []string }

func (s *seen) Algorithms(id, _ string) []string { s.ids = append(s.ids, id); return nil }

func (s *seen) Check(_ context.Context, id, address string, key driver.HostKey) error {
	s.ids = append(s.ids, id)
	return &driver.HostKeyError{DeviceID: id, Address: address, Reason: driver.HostKeyUnknown, Presented: key}
}
