package gateway

import (
	"errors"
	"net"
	"time"

	"github.com/netrust/netrust/libs/servicekit"
)

// Config is the gateway's settings.
type Config struct {
	Listen string `yaml:"listen" help:"address of the HTTP API"`
	// DataDir belongs to one process alone; its content can be thrown away at any time.
	DataDir        string        `yaml:"data_dir" help:"directory of the read view; one per gateway process"`
	MaxViewMiB     int           `yaml:"max_view_mib" help:"size of the read view over which outputs of the oldest jobs are dropped from it"`
	TLSCert        string        `yaml:"tls_cert" help:"certificate file (PEM); required to listen beyond this machine"`
	TLSKey         string        `yaml:"tls_key" help:"key file of the certificate (PEM)"`
	AllowPlaintext bool          `yaml:"allow_plaintext" help:"listen beyond this machine without TLS: only behind a proxy that has it"`
	DrainTimeout   time.Duration `yaml:"request_drain_timeout" help:"how long requests in hand may take to end at a stop"`

	// ShowAdminToken is given the secret of the first token, once, by the gateway that made it. Nobody can show it again.
	ShowAdminToken func(secret string) `yaml:"-"`
	// Observe is how it is watched; the zero value is that nobody does.
	Observe servicekit.Observe `yaml:"-"`
	// ShowMetrics serves the process's metrics on the API's own address too, without a token: only for one that listens on
	// loopback and speaks for the whole process.
	ShowMetrics bool `yaml:"-"`
}

// Default settings: this machine only.
func Default() Config {
	return Config{Listen: "127.0.0.1:7480", DataDir: ".netrust/gateway", MaxViewMiB: 4096, DrainTimeout: 10 * time.Second}
}

// Validate reports every fault.
func (c *Config) Validate() error {
	var faults []error
	if c.DataDir == "" {
		faults = append(faults, servicekit.Fault("data_dir", "name a directory of its own", "is empty"))
	}
	if c.MaxViewMiB < 16 {
		faults = append(faults, servicekit.Fault("max_view_mib", "set it to 16 or more", "%d holds too little", c.MaxViewMiB))
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		faults = append(faults, servicekit.Fault("tls_cert", "set both, or none", "certificate and key belong together"))
	}
	if c.DrainTimeout <= 0 {
		faults = append(faults, servicekit.Fault("request_drain_timeout", "set it to 1s or more", "%s is not above 0", c.DrainTimeout))
	}
	host, _, err := net.SplitHostPort(c.Listen)
	switch {
	case err != nil:
		faults = append(faults, servicekit.Fault("listen", "write host:port, such as 127.0.0.1:7480", "%q is not an address", c.Listen))
	case !loopback(host) && c.TLSCert == "" && !c.AllowPlaintext:
		faults = append(faults, servicekit.Fault("listen", "set tls_cert and tls_key, or listen on 127.0.0.1; behind a proxy with TLS set allow_plaintext",
			"%q is reachable from other machines, and tokens would travel in plain text", c.Listen))
	}
	return errors.Join(faults...)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
