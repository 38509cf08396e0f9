package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/netrust/netrust/cli/internal/client"
)

// DefaultServer is where `netrust up` listens unless told otherwise.
const DefaultServer = "http://127.0.0.1:7480"

// Connection says how to reach a server. `netrust up` writes it for the commands of the same user.
type Connection struct {
	Server string `yaml:"server"`
	// TokenFile names the file with the token, which stays with the server's data.
	TokenFile string `yaml:"token_file,omitempty"`
}

const connectionFile = "connection.yaml"

// WriteConnection stores c in dir for the commands of the same user, readable by nobody else.
func WriteConnection(dir string, c Connection) error {
	text, err := yaml.Marshal(c)
	if err != nil {
		return fmt.Errorf("encoding the connection: %w", err)
	}
	return writePrivate(dir, connectionFile, text)
}

// readConnection returns what is stored in dir, or a zero value where nothing is.
func readConnection(dir string) (Connection, error) {
	path := filepath.Join(dir, connectionFile)
	text, err := os.ReadFile(path)
	if dir == "" || errors.Is(err, fs.ErrNotExist) {
		return Connection{}, nil
	}
	if err != nil {
		return Connection{}, fmt.Errorf("reading how to reach the server: %w", err)
	}
	var c Connection
	if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
		return Connection{}, fmt.Errorf("%s is damaged: delete it, or run `netrust up` again, which writes it anew: %w", path, err)
	}
	return c, nil
}

// connect makes the client: the server from --server, --context, NETRUST_SERVER, or the context (NETRUST_CONTEXT, the one in
// use, or what `netrust up` wrote); the token from --token-file, NETRUST_TOKEN, NETRUST_TOKEN_FILE, or, for the context's own
// server and for no other, the context's token file. A context that --context names wins over the environment's variables.
func (a *app) connect() (*client.Client, error) {
	server, token, err := a.reach()
	if err != nil {
		return nil, err
	}
	if token != "" && inTheClear(server) {
		a.tell("warning: the token goes to %s unencrypted; use an https address", server)
	}
	c, err := client.New(client.Config{Server: server, Token: token, UserAgent: "netrust-cli/" + a.Version})
	if err != nil {
		return nil, misused("%v", err)
	}
	return c, nil
}

// reach finds server and token.
func (a *app) reach() (server, token string, err error) {
	use, err := a.chooseContext()
	named := use.By == byFlag || a.context != ""
	if err != nil && (named || a.server == "" && a.env("NETRUST_SERVER") == "") {
		return "", "", err
	}
	fromEnv := a.env("NETRUST_SERVER")
	if named {
		fromEnv = ""
	}
	server = withScheme(firstOf(a.server, fromEnv, use.Server, DefaultServer))
	token, err = a.token(server, use)
	return server, token, err
}

func withScheme(server string) string {
	if !strings.Contains(server, "://") {
		return "http://" + server
	}
	return server
}

func (a *app) token(server string, use chosen) (string, error) {
	own := use.TokenFile != "" && strings.TrimSuffix(server, "/") == strings.TrimSuffix(use.Server, "/")
	file := a.tokenFile
	if file == "" && !(own && use.By == byFlag) {
		if token := strings.TrimSpace(a.env("NETRUST_TOKEN")); token != "" {
			return token, nil
		}
		file = a.env("NETRUST_TOKEN_FILE")
	}
	if file == "" {
		if !own {
			return "", nil // the server says that it wants one
		}
		file = use.TokenFile
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading the API token: %w; name another file by --token-file", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func (a *app) env(name string) string {
	value, _ := a.LookupEnv(name)
	return value
}

func inTheClear(server string) bool {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
