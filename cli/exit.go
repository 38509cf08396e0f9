package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli/internal/render"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// Exit codes.
const (
	ExitDone   = 0
	ExitFailed = 1
	ExitMisuse = 2
	ExitDrift  = 3
)

// ExitError ends a command with a code. Its text is shown unless it is empty (when all has been said already).
type ExitError struct {
	Code int
	Text string
}

// Error implements error.
func (e *ExitError) Error() string { return e.Text }

func misused(format string, args ...any) error {
	return &ExitError{Code: ExitMisuse, Text: fmt.Sprintf(format, args...)}
}

// misusedIn also says where help is.
func misusedIn(cmd *cobra.Command, format string, args ...any) error {
	return misused("%s: %s\nSee `%s --help`.", cmd.CommandPath(), fmt.Sprintf(format, args...), cmd.CommandPath())
}

// failedQuietly ends with 1 after the command has said why.
func failedQuietly() error { return &ExitError{Code: ExitFailed} }

// exitCode maps an error: what the caller can mend by another command line or another file is misuse.
func exitCode(err error) int {
	var exit *ExitError
	var refused *api.Problem
	switch {
	case errors.As(err, &exit):
		return exit.Code
	case errors.As(err, &refused):
		switch refused.Status {
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusUnsupportedMediaType:
			return ExitMisuse
		}
	}
	return ExitFailed
}

// explain is the text of an error for a person, with what to do.
func explain(err error) string {
	var refused *api.Problem
	switch {
	case errors.As(err, &refused):
		return explainProblem(refused)
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, context.DeadlineExceeded):
		return "the server takes too long to answer: " + err.Error() + "; see whether it is ready: /readyz"
	}
	return render.CleanText(err.Error())
}

func explainProblem(p *api.Problem) string {
	var b strings.Builder
	switch {
	case len(p.Errors) == 0:
		b.WriteString(p.Error())
	case len(p.Errors) == 1: // its detail says the same
		b.WriteString("refused: " + p.Errors[0].Error())
	default:
		fmt.Fprintf(&b, "refused, for %d reasons:%s", len(p.Errors), problems(p.Errors))
	}
	switch p.Status {
	case http.StatusUnauthorized:
		b.WriteString("\nThe server does not accept the token. Give another by --token-file, NETRUST_TOKEN_FILE or NETRUST_TOKEN;" +
			" `netrust up` shows the first one when it starts for the first time.")
	case http.StatusForbidden:
		b.WriteString("\nThe token's role does not allow this. An admin can make one: netrust token create NAME --role " + roleNeeded(p))
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		b.WriteString("\nTry again in a moment; /readyz of the server says what it waits for.")
	}
	return render.CleanText(b.String())
}

var neededRole = regexp.MustCompile(`needs role (\w+)`)

// roleNeeded is the role that a refusal names.
func roleNeeded(p *api.Problem) string {
	if found := neededRole.FindStringSubmatch(p.Error()); found != nil {
		return found[1]
	}
	return "ROLE"
}

func problems(list []contract.Problem) string {
	var b strings.Builder
	for _, e := range list {
		b.WriteString("\n  " + e.Error())
	}
	return b.String()
}
