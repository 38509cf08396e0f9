package executor

import (
	"context"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/services/executor/internal/run"
)

// Trial is how a login went: by which method and with how many logins, or why not.
type Trial = run.Trial

// TryLogin logs in to a device once, as this executor would for a task, and out again. It speaks to no NATS: neither is the
// device leased, nor is its host key recorded; keys decides about that. The settings' connect timeout, SSH agent and host key
// policy count.
func TryLogin(ctx context.Context, c Config, credentials credential.Provider, d *contract.Device, keys driver.HostKeys) (Trial, error) {
	drivers, err := Drivers()
	if err != nil {
		return Trial{}, err
	}
	r := &run.Runner{Drivers: drivers, Credentials: credentials, HostKeys: func(string) driver.HostKeys { return keys },
		HostKeyPolicy: c.HostKey, AgentSocket: c.SSHAgent, ConnectTimeout: c.ConnectTimeout, MaxOutput: c.MaxOutput}
	return r.Try(ctx, &contract.Task{
		DeviceID: d.ID, Site: d.Site, ReadOnly: true, Repeatable: true, Deadline: time.Now().Add(c.ConnectTimeout),
		Target: contract.Target{Address: d.Address, Port: d.Port, Platform: d.Platform, Credential: d.Credential, Options: d.Options},
	}), nil
}
