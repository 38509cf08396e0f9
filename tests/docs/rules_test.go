package docs_test

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/netrust/netrust/lab"
	"github.com/netrust/netrust/tests/docs"
)

// rule runs a command of a document for real.
type rule func(ctx context.Context, u *docs.User, command string) error

type covered struct {
	pattern string
	run     rule
}

// rules are tried in this order.
func rules() []covered {
	return []covered{
		{assignment.String(), export},
		{`^make demo$`, makeDemo},
		{`^make up$`, makeUp},
		{`^make (build|arch|list|help)$`, plain},
		// The tests and the benchmarks are not run inside the tests, and what writes into the checkout that is tested is not
		// either (verify, which comes before the tests, runs the same checks). Make is asked what it would do, which fails for a
		// target that does not exist.
		{`^make (test|bench|fmt|generate|tidy)\b.*$`, wouldMake},
		{`^netrust serve \w+$`, serve},
		{`^netrust settings\b.*$`, plain},
		{`^netrust nats users .*$`, plain},
		{`^set -a; \. ~/nats/nats.env; .*; nats-server -c deploy/nats/nats-server.conf$`, natsServer},
		{`^netrust nats setup --password-file .*$`, natsSetup},
		{`^netrust device import examples/inventories/lab.yaml\b.*$`, importExample},
		{`^netrust job cancel JOB$`, cancelJob},
		{`^netrust job retry JOB$`, retryJob},
		{`^netrust job submit examples/.*$`, asking}, // the lab has devices of generic_ssh
		{`^netrust run 'show version' --tag role:core$`, asking},
		{`^netrust (run|job|device|token|audit|deadletter|doctor)\b.*$`, againstServer},
		{`^netrust context .*$`, plain},
		{`^source <\(netrust completion bash\)$`, inBash},
		{`^netrust credential set lab --username lab --enable$`, setCredential},
		{`^netrust credential (test|rm) .*$`, asking},
		{`^netrust credential list$`, plain},
		{`^curl .* http://127\.0\.0\.1:2280/.*$`, labControl},
	}
}

func ruleFor(command string) (rule, bool) {
	for _, r := range rules() {
		if regexp.MustCompile(r.pattern).MatchString(command) {
			return func(ctx context.Context, u *docs.User, command string) error {
				limit := docs.Patience
				if strings.HasPrefix(command, "make ") {
					limit = building
				}
				ctx, cancel := context.WithTimeout(ctx, limit)
				defer cancel()
				return r.run(ctx, u, command)
			}, true
		}
	}
	return nil, false
}

// building is how long make may take, which may have to build everything.
const building = 5 * time.Minute

// inBash runs what only bash knows.
func inBash(ctx context.Context, u *docs.User, command string) error {
	return plain(ctx, u, "bash -c '"+command+"'")
}

func plain(ctx context.Context, u *docs.User, command string) error {
	_, err := u.Run(ctx, command, "")
	return err
}

var assignment = regexp.MustCompile(`^export (\w+)=(.*)$`)

// export sets a variable for the commands that follow, as the shell would.
func export(ctx context.Context, u *docs.User, command string) error {
	m := assignment.FindStringSubmatch(command)
	if m[2] == "TOKEN" { // the gateway has just shown it
		found := shownToken.FindString(u.Server.Screen())
		if found == "" {
			return fmt.Errorf("no token is shown:\n%s", u.Server.Screen())
		}
		u.Set(m[1], found)
		return nil
	}
	out, err := u.Run(ctx, command+"; printf %s \"$"+m[1]+"\"", "")
	u.Set(m[1], strings.ReplaceAll(out, "\n", ""))
	return err
}

var shownToken = regexp.MustCompile(`nrt_[a-z0-9]+`)

func wouldMake(ctx context.Context, u *docs.User, command string) error {
	out, err := u.Run(ctx, "make -n"+strings.TrimPrefix(command, "make"), "")
	if err == nil && strings.Contains(out, "Nothing to be done") { // only in .PHONY
		err = fmt.Errorf("make has a target without a recipe:\n%s", out)
	}
	return err
}

// makeDemo runs the demonstration, and compares it with every output that the documents show of it.
func makeDemo(ctx context.Context, u *docs.User, command string) error {
	screen, err := u.Run(ctx, command, "")
	u.LastDemo = screen
	return err
}

// makeUp starts the server that the rest of the document speaks to, on ports that are free. It has run a job when it is ready.
func makeUp(ctx context.Context, u *docs.User, command string) error {
	t, err := u.Start(ctx, command, "Ctrl-C stops it.", "NETRUST_LISTEN=127.0.0.1:0", "NETRUST_LAB_PORT=0")
	u.Server = t
	if err == nil && !strings.Contains(t.Screen(), "24 of 24 devices ok") {
		err = fmt.Errorf("make up has run no job on all devices:\n%s", t.Screen())
	}
	return err
}

// server is the one that make up starts, where the document has not started one.
func server(ctx context.Context, u *docs.User) error {
	if u.Server != nil {
		return nil
	}
	t, err := u.Start(ctx, "exec netrust up --lab --log-level warn", "Ctrl-C stops it.", "NETRUST_LISTEN=127.0.0.1:0", "NETRUST_LAB_PORT=0")
	u.Server = t
	return err
}

// readyWords are what a service says when it works.
var readyWords = map[string]string{
	"nats": "nats is up", "scheduler": "this scheduler leads", "executor": "executor takes tasks", "audit": "this audit writes the log", "gateway": "shown this once: nrt_",
}

// serve starts a service in a terminal of its own, on ports that are free.
func serve(ctx context.Context, u *docs.User, command string) error {
	name := strings.Fields(command)[2]
	if name == "nats" { // the first of them, on a machine of its own
		if err := u.Stop(ctx, 0); err != nil {
			return err
		}
		u.Set("HOME", filepath.Join(u.Home, "other"))
		nats, err := docs.FreePort(ctx)
		if err != nil {
			return err
		}
		api, err := docs.FreePort(ctx)
		if err != nil {
			return err
		}
		u.Set("DOCS_NATS", nats)
		u.Set("NETRUST_SERVER", "http://"+api)
	}
	own := "NETRUST_" + strings.ToUpper(name)
	env := []string{own + "_NATS_URL=nats://" + u.Get("DOCS_NATS"), own + "_HEALTH_LISTEN="}
	switch name {
	case "nats":
		env = []string{"NETRUST_NATS_LISTEN=" + u.Get("DOCS_NATS")}
	case "gateway":
		env = append(env, "NETRUST_GATEWAY_LISTEN="+strings.TrimPrefix(u.Get("NETRUST_SERVER"), "http://"))
	}
	t, err := u.Start(ctx, "exec "+command, readyWords[name], env...)
	u.Server = t
	return err
}

// natsServer starts the NATS server of the document, on a port that is free.
func natsServer(ctx context.Context, u *docs.User, command string) error {
	bin := filepath.Join(u.Home, "bin", "nats-server")
	if _, err := u.Run(ctx, "cd tests && go build -o "+bin+" github.com/nats-io/nats-server/v2", ""); err != nil {
		return err
	}
	address, err := docs.FreePort(ctx)
	if err != nil {
		return err
	}
	u.Set("DOCS_NATS", address)
	command = strings.Replace(command, "127.0.0.1:4222", address, 1)
	_, err = u.Start(ctx, strings.Replace(command, "nats-server -c", "exec "+bin+" -c", 1), "Server is ready")
	return err
}

// natsSetup makes the streams on it.
func natsSetup(ctx context.Context, u *docs.User, command string) error {
	_, err := u.Run(ctx, command+" --url nats://"+u.Get("DOCS_NATS"), "")
	return err
}

// againstServer runs an operator's command that must not ask.
func againstServer(ctx context.Context, u *docs.User, command string) error {
	return operate(ctx, u, command, "")
}

// asking runs one that asks, because of devices of which nobody knows what only reads there.
func asking(ctx context.Context, u *docs.User, command string) error {
	return operate(ctx, u, command, "y")
}

// setCredential gives the secrets of the lab, as a person types them.
func setCredential(ctx context.Context, u *docs.User, command string) error {
	l, err := lab.New(lab.Config{})
	if err != nil {
		return err
	}
	password, enable := l.CredentialEnv()["NETRUST_CREDENTIAL_LAB_PASSWORD"], l.CredentialEnv()["NETRUST_CREDENTIAL_LAB_ENABLE"]
	return u.Answer(ctx, command, docs.Turn{Asks: "Password:", Answer: password}, docs.Turn{Asks: "Password, again:", Answer: password},
		docs.Turn{Asks: "Enable secret:", Answer: enable}, docs.Turn{Asks: "Enable secret, again:", Answer: enable})
}

// operate runs an operator's command; JOB stands for the newest job.
func operate(ctx context.Context, u *docs.User, command, answer string) error {
	if err := server(ctx, u); err != nil {
		return err
	}
	if strings.Contains(command, "JOB") {
		job, err := newestJob(ctx, u)
		if err != nil {
			return err
		}
		command = strings.ReplaceAll(command, "JOB", job)
	}
	_, err := u.Run(ctx, command, answer)
	return err
}

var jobID = regexp.MustCompile(`"id": "([a-z0-9]{16})"`)

func newestJob(ctx context.Context, u *docs.User) (string, error) {
	out, err := u.Run(ctx, "netrust job list --limit 1 --output json", "")
	m := jobID.FindStringSubmatch(out)
	if err == nil && m == nil {
		err = fmt.Errorf("there is no job:\n%s", out)
	}
	if err != nil {
		return "", err
	}
	return m[1], nil
}

func TestRulesAreAboutCommandsThatExist(t *testing.T) {
	t.Parallel()
	if _, ok := ruleFor("rm -rf /"); ok {
		t.Error("a rule covers what it must not")
	}
}
