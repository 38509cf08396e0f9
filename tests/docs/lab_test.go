package docs_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/netrust/netrust/tests/docs"
)

// cancelJob cancels a job that is running: its device does not answer.
func cancelJob(ctx context.Context, u *docs.User, command string) error {
	return withFault(ctx, u, `{"hang": ["show clock"]}`, func() error {
		if _, err := u.Run(ctx, "netrust job submit --command 'show clock' --id lab-0001", ""); err != nil {
			return err
		}
		return againstServer(ctx, u, command)
	})
}

// retryJob retries a job whose device was out of reach, and is back now.
func retryJob(ctx context.Context, u *docs.User, command string) error {
	err := withFault(ctx, u, `{"refuse": true}`, func() error {
		screen, err := u.Run(ctx, "netrust run 'show version' --id lab-0001 --attempts 1", "")
		if err == nil || !strings.Contains(screen, "netrust job retry ") {
			return fmt.Errorf("a job on a device that refuses connections ends as %w, and does not name the retry:\n%s", err, screen)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return againstServer(ctx, u, command)
}

var control = regexp.MustCompile(`faults and counts at (http://127\.0\.0\.1:[0-9]+)`)

func controlURL(u *docs.User) (string, error) {
	m := control.FindStringSubmatch(u.Server.Screen())
	if m == nil {
		return "", fmt.Errorf("the server does not say where the lab is controlled:\n%s", u.Server.Screen())
	}
	return m[1], nil
}

// withFault does something while the first device of the lab has a fault.
func withFault(ctx context.Context, u *docs.User, fault string, do func() error) (err error) {
	if err := server(ctx, u); err != nil {
		return err
	}
	if err := setFault(ctx, u, http.MethodPut, fault); err != nil {
		return err
	}
	defer func() {
		if cleared := setFault(ctx, u, http.MethodDelete, ""); err == nil {
			err = cleared
		}
	}()
	return do()
}

func setFault(ctx context.Context, u *docs.User, method, fault string) error {
	base, err := controlURL(u)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, base+"/devices/lab-0001/faults", strings.NewReader(fault))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("setting a fault: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("setting a fault: the lab answers %s", resp.Status)
	}
	return nil
}

// labControl speaks to the lab that runs, instead of one on the default port.
func labControl(ctx context.Context, u *docs.User, command string) error {
	if err := server(ctx, u); err != nil {
		return err
	}
	base, err := controlURL(u)
	if err != nil {
		return err
	}
	out, err := u.Run(ctx, strings.ReplaceAll(command, "http://127.0.0.1:2280", base)+" --silent --show-error --fail", "")
	if err != nil && strings.Contains(out, "not found") {
		return fmt.Errorf("%w; get it: apt-get install curl", err)
	}
	return err
}

// importExample imports the example's devices at the port that the lab has here.
func importExample(ctx context.Context, u *docs.User, command string) error {
	if err := server(ctx, u); err != nil {
		return err
	}
	const example = "examples/inventories/lab.yaml"
	text, err := os.ReadFile(filepath.Join(u.Root, example))
	if err != nil {
		return err
	}
	shown, err := u.Run(ctx, "netrust device show lab-0001 --output json", "")
	if err != nil {
		return err
	}
	port := regexp.MustCompile(`"port": ([0-9]+)`).FindStringSubmatch(shown)
	if port == nil || !strings.Contains(string(text), "port: 2222") {
		return fmt.Errorf("the example does not name the lab's default port 2222, or the lab has no port:\n%s", shown)
	}
	own := filepath.Join(u.Home, "lab.yaml")
	if err := os.WriteFile(own, []byte(strings.ReplaceAll(string(text), "port: 2222", "port: "+port[1])), 0o600); err != nil {
		return err
	}
	_, err = u.Run(ctx, strings.ReplaceAll(command, example, own), "")
	return err
}
