package process

import (
	"errors"
	"net/url"
	"strings"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/servicekit"
)

// NATS says where NATS is and how to log in.
type NATS struct {
	URL             string `yaml:"url" help:"address of NATS, or several separated by commas"`
	User            string `yaml:"user" help:"user name; empty: the service's own, or netrust where password_file is nats.password"`
	PasswordFile    string `yaml:"password_file" help:"file that holds the user's password alone"`
	CredentialsFile string `yaml:"credentials_file" help:"file with a NATS JWT and its key, instead of user and password"`
	CAFile          string `yaml:"ca_file" help:"certificate authority of the server, where it is not a public one"`
	Replicas        int    `yaml:"replicas" help:"replicas of each stream: 1, or 3 on a cluster; the same in all processes"`
}

// DefaultNATS is the server that netrust serve nats starts, on this machine.
func DefaultNATS() NATS { return NATS{URL: "nats://127.0.0.1:4222", Replicas: 1} }

// Validate reports every fault.
func (s *NATS) Validate() error {
	var faults []error
	if s.URL == "" {
		return nil // whether one is needed, its owner says
	}
	for address := range strings.SplitSeq(s.URL, ",") {
		u, err := url.Parse(strings.TrimSpace(address))
		if err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls" {
			faults = append(faults, servicekit.Fault("url", "write it like nats://127.0.0.1:4222", "%q is not an address of NATS", address))
		} else if u.User != nil {
			faults = append(faults, servicekit.Fault("url", "set user and password_file instead", "it holds a password, which would show in logs"))
		}
	}
	if s.Replicas != 1 && s.Replicas != 3 && s.Replicas != 5 {
		faults = append(faults, servicekit.Fault("replicas", "set it to 1, 3 or 5", "%d replicas have no majority", s.Replicas))
	}
	return errors.Join(faults...)
}

// Bus is the same for libs/bus, for a service that asyncapi.yaml names, or for the administrator if that is empty. name is shown
// in the server's list of connections.
func (s *NATS) Bus(name, service string) bus.Config {
	return bus.Config{
		URL: s.URL, Name: name, Service: service, User: s.User, PasswordFile: s.PasswordFile,
		CredentialsFile: s.CredentialsFile, CAFile: s.CAFile, Replicas: s.Replicas,
	}
}
