package gateway_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netrust/netrust/services/gateway"
	"github.com/netrust/netrust/services/gateway/internal/rest"
)

func TestSettingsNameFieldAndRemedy(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*gateway.Config)
		want   []string // nothing: valid
	}{
		{"the defaults work", func(*gateway.Config) {}, nil},
		{"an address that is none", func(c *gateway.Config) { c.Listen = "7480" }, []string{"listen", "host:port"}},
		{"every address without TLS", func(c *gateway.Config) { c.Listen = ":7480" }, []string{"listen", "tls_cert"}},
		{"another machine's network without TLS", func(c *gateway.Config) { c.Listen = "192.0.2.1:7480" }, []string{"listen", "plain text"}},
		{"behind a proxy", func(c *gateway.Config) { c.Listen, c.AllowPlaintext = ":7480", true }, nil},
		{"with TLS", func(c *gateway.Config) { c.Listen, c.TLSCert, c.TLSKey = ":7480", "c", "k" }, nil},
		{"a certificate without key", func(c *gateway.Config) { c.TLSCert = "c" }, []string{"tls_cert", "both"}},
		{"IPv6 loopback", func(c *gateway.Config) { c.Listen = "[::1]:7480" }, nil},
		{"no directory, and no time to drain", func(c *gateway.Config) { c.DataDir, c.DrainTimeout = "", 0 }, []string{"data_dir", "request_drain_timeout"}},
		{"a view of nothing", func(c *gateway.Config) { c.MaxViewMiB = 1 }, []string{"max_view_mib", "16"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := gateway.Default()
			tc.change(&cfg)
			err := cfg.Validate()
			if tc.want == nil && err != nil {
				t.Errorf("refused: %v", err)
			}
			for _, w := range tc.want {
				if err == nil || !strings.Contains(err.Error(), w) {
					t.Errorf("the fault does not say %q: %v", w, err)
				}
			}
		})
	}
}

func TestTheDescriptionIsGenerated(t *testing.T) {
	t.Parallel()
	want, err := rest.Describe()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("..", "..", "schemas", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("schemas/openapi.yaml is not what the gateway generates; run go generate ./services/gateway")
	}
}
