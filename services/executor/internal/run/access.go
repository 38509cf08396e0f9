package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/netconfig/redact"
)

// access is how a task gets into its device: the target, and the credentials that it was made of.
type access struct {
	target driver.Target
	// keys are the credentials in the order of the way: the device's own is first, those of the jump hosts follow, as
	// [driver.AuthenticationError] counts them.
	keys []key
}

type key struct {
	reference string
	used      credential.Credential
}

// access resolves the credentials and puts together how the device is reached.
func (r *Runner) access(ctx context.Context, t *contract.Task, rep *Report) (*access, error) {
	a := &access{}
	references := []string{t.Target.Credential}
	for _, hop := range t.Target.Options.Jump {
		references = append(references, hop.Credential)
	}
	for i, reference := range references {
		c, err := r.Credentials.Resolve(ctx, reference)
		if err != nil {
			if i > 0 {
				err = fmt.Errorf("jump host %s: %w", t.Target.Options.Jump[i-1].Name, err)
			}
			return nil, &credentialError{err}
		}
		a.keys = append(a.keys, key{reference, c})
	}
	connect := r.ConnectTimeout
	if ms := t.Target.Options.ConnectTimeoutMS; ms > 0 {
		connect = time.Duration(ms) * time.Millisecond
	}
	a.target = driver.Target{
		DeviceID: t.DeviceID, Address: t.Target.Address, Port: t.Target.Port, Platform: t.Target.Platform,
		HostKeys: r.hostKeys(t.Target.Options.HostKey), ConnectTimeout: connect, MaxOutput: r.MaxOutput,
		LegacyAlgorithms: t.Target.Options.LegacyAlgorithms,
	}
	for _, hop := range t.Target.Options.Jump {
		a.target.Jump = append(a.target.Jump, driver.Target{
			DeviceID: "jump host " + hop.Name, Address: hop.Address, Port: hop.Port,
			HostKeys: hopKeys{r.hostKeys(hop.HostKey), hopID(&hop)},
		})
	}
	return a, r.apply(a, t, rep)
}

// apply puts the credentials into the target, and has what the device may repeat of them redacted.
func (r *Runner) apply(a *access, t *contract.Task, rep *Report) error {
	for i, k := range a.keys {
		target := &a.target
		if i > 0 {
			target = &a.target.Jump[i-1]
		}
		c := k.used
		target.Username, target.Password, target.EnableSecret = c.Username, c.Password, c.EnableSecret
		target.PrivateKey, target.Passphrase, target.AgentSocket, target.AgentKey = c.PrivateKey, c.Passphrase, "", ""
		if c.Agent {
			if r.AgentSocket == "" {
				return &credentialError{fmt.Errorf("%s asks for an SSH agent, and none is known; start one for the executor's user, and give its socket in the setting ssh_agent or in SSH_AUTH_SOCK", k.reference)}
			}
			target.AgentSocket, target.AgentKey = r.AgentSocket, c.AgentKey
		}
		for _, s := range c.Secrets() {
			rep.secrets = append(rep.secrets, s.Reveal())
		}
	}
	rep.redact = redact.New(t.Target.Platform, rep.secrets...)
	return nil
}

func (r *Runner) hostKeys(policy string) driver.HostKeys {
	if policy == "" {
		policy = r.HostKeyPolicy
	}
	return r.HostKeys(policy)
}

// policies are how the host keys on the way to the device are taken: a session that was opened under others is not used.
func (r *Runner) policies(t *contract.Task) string {
	list := cmp.Or(t.Target.Options.HostKey, r.HostKeyPolicy)
	for _, hop := range t.Target.Options.Jump {
		list += " " + cmp.Or(hop.HostKey, r.HostKeyPolicy)
	}
	return list
}

// refreshed reports whether the login may be tried once more: it was refused, and the credential, asked for anew, is
// another one than was used. The same one is not offered twice: that would only count towards a lockout.
func (r *Runner) refreshed(ctx context.Context, a *access, t *contract.Task, rep *Report, err error) bool {
	var refused *driver.AuthenticationError
	refresher, can := r.Credentials.(credential.Refresher)
	if t.MaxLogins == 1 {
		return false // a second refusal could be the one that locks the account
	}
	if !can || rep.login.Refreshed || !errors.As(err, &refused) || refused.Hop >= len(a.keys) {
		return false
	}
	k := &a.keys[refused.Hop]
	fresh, changed, err := refresher.Refresh(ctx, k.reference, k.used)
	if err != nil || !changed {
		return false // the refusal says more than why the second question failed
	}
	k.used = fresh
	rep.login.Refreshed = r.apply(a, t, rep) == nil
	return rep.login.Refreshed
}

// hopKeys keeps the host keys of a jump host under one name, whichever device it is the way to.
type hopKeys struct {
	driver.HostKeys
	id string
}

// hopID names a jump host by where it is: several devices, and several inventories, may call it differently.
func hopID(h *contract.JumpHost) string {
	return "jump:" + net.JoinHostPort(h.Address, strconv.Itoa(h.Port))
}

// Algorithms implements [driver.HostKeys].
func (k hopKeys) Algorithms(_, address string) []string { return k.HostKeys.Algorithms(k.id, address) }

// Check implements [driver.HostKeys].
func (k hopKeys) Check(ctx context.Context, device, address string, key driver.HostKey) error {
	err := k.HostKeys.Check(ctx, k.id, address, key)
	if fault := (*driver.HostKeyError)(nil); errors.As(err, &fault) {
		fault.DeviceID = device // as people call it
	}
	return err
}
