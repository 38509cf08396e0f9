package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli/internal/client"
	"github.com/netrust/netrust/cli/internal/render"
	"github.com/netrust/netrust/libs/contract/api"
)

// Verdicts of a check.
const (
	CheckOK   = "ok"
	CheckWarn = "warn"
	CheckFail = "fail"
)

// Check is one thing that doctor has looked at.
type Check struct {
	Name    string `json:"name"`
	Verdict string `json:"verdict"`
	Detail  string `json:"detail"`
	Remedy  string `json:"remedy,omitempty"`
}

// checkWithin bounds each question to the server.
const checkWithin = 5 * time.Second

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Look for what is wrong here, on the server, and with the executors",
		Long: `Checks this user's settings, whether the server can be reached and is ready, the token, versions, clocks, executors and the sites
that they serve, JetStream, and dead letters. Each line is ok, warn or fail, with what to do.

Exit code: 0 when nothing fails (warnings are none), 1 otherwise.`,
		Example: "  netrust doctor\n  netrust doctor --context lab --output json",
		Args:    Arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &doctor{app: a}
			d.examine(cmd.Context())
			return d.report()
		},
	}
}

// doctor collects what it finds.
type doctor struct {
	app    *app
	checks []Check
}

func (d *doctor) ok(name, detail string)           { d.add(name, CheckOK, detail, "") }
func (d *doctor) warn(name, detail, remedy string) { d.add(name, CheckWarn, detail, remedy) }
func (d *doctor) fail(name, detail, remedy string) { d.add(name, CheckFail, detail, remedy) }

func (d *doctor) add(name, verdict, detail, remedy string) {
	d.checks = append(d.checks, Check{Name: name, Verdict: verdict, Detail: detail, Remedy: remedy})
}

func (d *doctor) examine(ctx context.Context) {
	d.settings()
	if d.app.HostChecks != nil {
		d.checks = append(d.checks, d.app.HostChecks()...)
	}
	quiet := *d.app
	quiet.Stderr = discard{}
	server, token, err := quiet.reach()
	if err != nil {
		d.fail("context", explain(err), "see netrust context list")
		return
	}
	c, err := client.New(client.Config{Server: server, Token: token, UserAgent: "netrust-cli/" + d.app.Version})
	if err != nil {
		d.fail("server", err.Error(), "correct --server, NETRUST_SERVER or the context")
		return
	}
	defer c.Close()
	if token != "" && inTheClear(server) {
		d.warn("transport", "the token goes to "+server+" unencrypted", "use an https address")
	}
	clock, ok := d.reachable(ctx, c)
	if !ok {
		return
	}
	d.ready(ctx, c)
	d.installation(ctx, c, token, clock)
}

// bounded gives one question its time.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, checkWithin)
}

// reachable asks whether a gateway lives there, and how its clock differs.
func (d *doctor) reachable(ctx context.Context, c *client.Client) (skew *time.Duration, ok bool) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	start := d.app.Now()
	at, err := c.Health(ctx)
	took := d.app.Now().Sub(start)
	if err != nil {
		d.fail("server", explain(err), "start it (netrust up, netrust serve gateway), or name another by --server or --context")
		return nil, false
	}
	d.ok("server", fmt.Sprintf("%s answers in %s", c.Server(), render.Duration(took)))
	if at.IsZero() {
		return nil, true
	}
	// The header has whole seconds, cut off: on average half a second is missing.
	s := at.Add(500 * time.Millisecond).Sub(start.Add(took / 2))
	return &s, true
}

func (d *doctor) ready(ctx context.Context, c *client.Client) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	h, err := c.Ready(ctx)
	if err != nil {
		d.fail("readiness", explain(err), "see the gateway's log")
		return
	}
	for _, name := range sortedKeys(h.Checks) {
		if text := h.Checks[name]; text == "ok" {
			d.ok("ready: "+name, "ok")
		} else {
			d.fail("ready: "+name, text, "the gateway goes on by itself when this is mended; its log says more")
		}
	}
	if len(h.Checks) == 0 && h.Status != "ok" {
		d.fail("readiness", "it says "+h.Status, "see the gateway's log")
	}
}

// installation judges what the server says of itself and of the others.
func (d *doctor) installation(ctx context.Context, c *client.Client, token string, skew *time.Duration) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	asked := d.app.Now()
	s, err := c.Status(ctx)
	var refused *api.Problem
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusUnauthorized && token == "":
		d.fail("token", "there is none for this server", "name its file by --token-file or NETRUST_TOKEN_FILE, or make a context: netrust context add")
	case errors.As(err, &refused) && (refused.Status == http.StatusUnauthorized || refused.Status == http.StatusForbidden):
		d.fail("token", refused.Error(), "ask an admin for another: netrust token create NAME --role operator")
	case errors.As(err, &refused) && refused.Status == http.StatusNotFound:
		d.warn("version", "the server is older than this program and cannot say how it stands", "update the server")
	case err != nil:
		d.fail("status", explain(err), "see the gateway's log")
	default:
		d.ok("token", fmt.Sprintf("%s has role %s", s.Principal, s.Role))
		if s.Version == d.app.Version {
			d.ok("version", s.Version+", as here")
		} else {
			d.warn("version", fmt.Sprintf("the server has %s, this program %s", s.Version, d.app.Version), "use the same version on both sides")
		}
		now := d.app.Now()
		exact := s.Time.Sub(asked.Add(now.Sub(asked) / 2))
		skew = &exact
		defer d.judge(s)
	}
	d.clock(skew)
}

// Differences of clocks over these are told of.
const (
	skewWarn = 2 * time.Second
	skewFail = time.Minute
)

func (d *doctor) clock(skew *time.Duration) {
	if skew == nil {
		return
	}
	off := skew.Abs().Round(time.Millisecond)
	text := fmt.Sprintf("the server's clock differs by %s", off)
	const remedy = "set both clocks by NTP: deadlines and expiries of tokens depend on them"
	switch {
	case off > skewFail:
		d.fail("clock", text, remedy)
	case off > skewWarn:
		d.warn("clock", text, remedy)
	default:
		d.ok("clock", text)
	}
}

// report writes what was found.
func (d *doctor) report() error {
	failed := 0
	for _, c := range d.checks {
		if c.Verdict == CheckFail {
			failed++
		}
	}
	if d.app.format() != render.FormatTable {
		if err := render.Encode(d.app.Stdout, d.app.format(), map[string]any{"checks": d.checks, "failed": failed}); err != nil {
			return err
		}
	} else {
		for _, c := range d.checks {
			line := fmt.Sprintf("%-4s  %s: %s", c.Verdict, render.Clean(c.Name), render.Clean(c.Detail))
			if c.Remedy != "" && c.Verdict != CheckOK {
				line += "\n      → " + render.Clean(c.Remedy)
			}
			if _, err := fmt.Fprintln(d.app.Stdout, line); err != nil {
				return err
			}
		}
	}
	if failed > 0 {
		return &ExitError{Code: ExitFailed, Text: fmt.Sprintf("%d of %d checks failed", failed, len(d.checks))}
	}
	return nil
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func listed(words []string) string { return strings.Join(words, ", ") }
