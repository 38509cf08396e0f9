// Package bare does the same exchange with devices as a job of netrust, with nothing around it: a loop over addresses by
// so many goroutines. It is what netrust is measured against.
//
// The PTY exchanges are login, prompt, two commands that set up the terminal, `show version`, close; the exec exchange is
// login, `show version` by exec, close. The devices are Arista EOS: of what the lab simulates, it takes exec without
// peculiarities. An exchange whose answer is not the device's version is an error, and one error fails the loop: a fast
// failure would look like speed.
package bare

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/netrust/netrust/libs/driver/platform"
)

// Kinds of loops.
const (
	PTY       = "x/crypto/ssh, PTY"
	Exec      = "x/crypto/ssh, exec"
	Scrapligo = "scrapligo, PTY"
)

// Platform is that of the devices. Command is what is asked, and proof is what its answer holds.
const (
	Platform = platform.AristaEOS
	Command  = "show version"
	proof    = "Arista"
)

// SetUp is what scrapligo, and so netrust, types first on the platform.
func SetUp() []string { return []string{"terminal width 32767", "terminal length 0"} }

// Login is how devices are logged in to.
type Login struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// exchangeTimeout bounds one device.
const exchangeTimeout = 30 * time.Second

// exchange asks one device, and returns its answer.
type exchange func(ctx context.Context, address string, login Login) (string, error)

// Loop asks every address, so many at once, and returns how long that took.
func Loop(ctx context.Context, kind string, addresses []string, login Login, concurrency int) (time.Duration, error) {
	exchanges := map[string]exchange{PTY: shell, Exec: exec, Scrapligo: scrapligo}
	do := exchanges[kind]
	if do == nil {
		return 0, fmt.Errorf("no loop is called %q", kind)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next := make(chan string)
	failures := make(chan error, concurrency)
	var workers sync.WaitGroup
	started := time.Now()
	for range concurrency {
		workers.Go(func() {
			for address := range next {
				if err := ask(ctx, do, address, login); err != nil {
					failures <- err
					cancel()
					return
				}
			}
		})
	}
	hand(ctx, addresses, next)
	workers.Wait()
	took := time.Since(started)
	close(failures)
	var first error
	for err := range failures {
		if first == nil || errors.Is(first, context.Canceled) {
			first = err
		}
	}
	return took, first
}

func hand(ctx context.Context, addresses []string, next chan<- string) {
	defer close(next)
	for _, address := range addresses {
		select {
		case next <- address:
		case <-ctx.Done():
			return
		}
	}
}

func ask(ctx context.Context, do exchange, address string, login Login) error {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	text, err := do(ctx, address, login)
	if err != nil {
		return fmt.Errorf("asking %s: %w", address, err)
	}
	if !strings.Contains(text, proof) {
		return fmt.Errorf("asking %s: the answer to %s is no version: %.200q", address, Command, text)
	}
	return nil
}
