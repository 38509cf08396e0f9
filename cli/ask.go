package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"
)

// ask puts a question to the person; only "y" or "yes" is consent. Where nobody can be asked it refuses, naming --yes and
// the flag that only shows what would be done. It is given up when the context ends.
func (a *app) ask(ctx context.Context, question, show string) error {
	if !a.Interactive {
		return misused("nobody can be asked here (no terminal): add --yes to do it, or %s to see it only", show)
	}
	fmt.Fprintf(a.Stderr, "%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() { // ends with the process at the latest: a read from a terminal cannot be interrupted
		line, _ := bufio.NewReader(a.Stdin).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case said := <-answer:
		if said == "y" || said == "yes" {
			return nil
		}
		return &ExitError{Code: ExitFailed, Text: "not confirmed: nothing was done"}
	case <-ctx.Done():
		return &ExitError{Code: ExitFailed, Text: "interrupted: nothing was done"}
	}
}
