package run

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/jobspec"
	"github.com/netrust/netrust/libs/ledger"
	"github.com/netrust/netrust/services/executor/internal/hostkeys"
	"github.com/netrust/netrust/services/executor/internal/session"
)

// credentialError says that the credential could not be resolved: nothing was sent anywhere.
type credentialError struct{ err error }

func (e *credentialError) Error() string { return "resolving the credential: " + e.err.Error() }
func (e *credentialError) Unwrap() error { return e.err }

// errNoRawKey says that a task asks for what this executor cannot do.
var errNoRawKey = errors.New("the job keeps raw output, and this executor has no key to encrypt it to")

// Outcome is what the ledger is told: exactly one of Result and Delay is set.
type Outcome struct {
	Result *contract.Result
	Delay  *contract.Delay
	// Started says whether the attempt counts, where there is a delay.
	Started bool
}

// Decide says how a task ended, or that it is to be tried again: only after errors that are known to come before any
// effect, or where repeating harms nothing; never after a refused login or a rejected command.
func Decide(t *contract.Task, attempt int, rep *Report, now time.Time, rnd func() float64) Outcome {
	if rep.Err == nil {
		return Outcome{Result: result(rep, contract.TaskSucceeded, nil)}
	}
	if again, wait := notCounted(t, rep); again != "" {
		return Outcome{Delay: &contract.Delay{Reason: again, NotBefore: now.Add(wait).UTC(), NeedsLogin: errors.Is(rep.Err, session.ErrNoSession), Login: rep.Login()}}
	}
	e, state := taskError(t, rep)
	if mayRetry(t, e) && attempt < t.Retry.Attempts {
		if due := now.Add(jobspec.RetryDelay(t.Retry, attempt, rnd)); due.Before(t.Deadline) {
			return Outcome{Started: true, Delay: &contract.Delay{Reason: e.Message, Error: e, NotBefore: due.UTC(), Login: rep.Login()}}
		}
	}
	return Outcome{Result: result(rep, state, e)}
}

// mayRetry says whether trying again is safe and may help.
func mayRetry(t *contract.Task, e *contract.TaskError) bool {
	switch e.Kind {
	case contract.KindUnreachable, contract.KindBusy, contract.KindTimeout, contract.KindAmbiguous:
		return e.Effect == contract.EffectNone || t.Repeatable
	}
	return false
}

// notCounted says why an attempt is to be made again without being counted, and after which time, or "".
func notCounted(t *contract.Task, rep *Report) (why string, wait time.Duration) {
	var expired *ledger.ExpiredError
	var held *session.HeldError
	switch {
	case errors.As(rep.Err, &held):
		return "not started: " + rep.Err.Error(), held.Wait
	case errors.As(rep.Err, &expired) && !rep.Sent:
		return "not started: " + rep.Err.Error(), startAgain
	case expired != nil && expired.Silent && t.Repeatable:
		return "the executor could be taken for dead: " + rep.Err.Error(), 0
	case errors.Is(rep.Err, ErrShutdown) && (t.Repeatable || !rep.Sent):
		return "the executor had to end", 0
	case errors.Is(rep.Err, session.ErrNoSession):
		return "not started: " + rep.Err.Error(), 0
	case errors.Is(rep.Err, hostkeys.ErrNotRecorded):
		return "not started: " + rep.Err.Error(), startAgain
	}
	return "", 0
}

// startAgain is the pause before an attempt that could not start is made again: what kept it may last.
const startAgain = 500 * time.Millisecond

// taskError turns what stopped the task into words for people, and says how the task ended.
func taskError(t *contract.Task, rep *Report) (*contract.TaskError, contract.TaskState) {
	err := rep.Err
	e := &contract.TaskError{Kind: driver.KindOf(err), Effect: driver.EffectOf(err), Message: rep.redact.Text(err.Error())}
	switch {
	case errors.Is(err, errNoRawKey):
		e.Kind, e.Effect = contract.KindCredential, contract.EffectNone
		e.Remedy = "set raw_identity_file for the executors, or submit the job without keep_raw"
	case errors.As(err, new(*credentialError)):
		e.Kind, e.Effect = contract.KindCredential, contract.EffectNone
	case errors.As(err, new(*ledger.ExpiredError)):
		e.Kind, e.Effect = contract.KindDeadline, contract.EffectNone
	case err == ErrStopped: //nolint:errorlint // as it comes from between two commands; inside one it is wrapped by the driver
		e.Kind, e.Effect, e.Message = contract.KindCancelled, contract.EffectNone, "the job was stopped"
	case errors.Is(err, ErrStopped), errors.Is(err, ErrShutdown):
		e.Kind = contract.KindCancelled
	case e.Kind == contract.KindUnreachable: // a device that never spoke was waited for in vain, too
	case errors.Is(err, driver.ErrOutOfTime), e.Kind == contract.KindDeadline:
		e.Kind = contract.KindTimeout
	}
	if t.ReadOnly {
		e.Effect = contract.EffectNone // reading has none, however it ended
	}
	if e.Remedy == "" {
		e.Remedy = remedy(e.Kind)
	}
	state := contract.TaskFailed
	switch {
	case e.Effect == contract.EffectPossible && e.Kind != contract.KindRejected:
		state = contract.TaskUncertain
		e.Remedy = "look at the device before you run the job on it again"
	case e.Kind == contract.KindCancelled:
		state = contract.TaskCancelled
	}
	if rep.Changed && rep.Done > 0 {
		// What the commands before this one did stands.
		e.Effect = contract.EffectPossible
		e.Message += fmt.Sprintf(" (%d of %d commands had been done)", rep.Done, len(t.Commands))
	}
	return e, state
}

// remedy says what to do, where there is something to say for every device.
func remedy(k contract.ErrorKind) string {
	switch k {
	case contract.KindUnreachable:
		return "check address, port and the way to the device, then retry the job"
	case contract.KindAuthentication:
		return "check user, password, key and enable secret of the credential, then retry the job"
	case contract.KindCredential:
		return "give the executor the credential, then retry the job"
	case contract.KindHostKey:
		return "if the device was replaced, add its new key to the executors' known_hosts file, then retry the job"
	case contract.KindBusy:
		return "close idle sessions on the device, then retry the job"
	case contract.KindTimeout:
		return "allow the command more time, or look why the device is slow"
	}
	return ""
}

func result(rep *Report, s contract.TaskState, e *contract.TaskError) *contract.Result {
	return &contract.Result{
		State: s, Error: e, StartedAt: rep.Started, FinishedAt: rep.Ended, DurationMS: rep.Ended.Sub(rep.Started).Milliseconds(),
		Outputs: rep.Outputs, Summary: summary(rep.Outputs), Login: rep.Login(),
	}
}

// maxSummary bounds the line of the answer that lists show, in bytes.
const maxSummary = 200

// summary is the first line that says something: it has two words at least.
func summary(outputs []contract.CommandOutput) string {
	fallback := ""
	for _, o := range outputs {
		for line := range strings.Lines(o.Output) {
			line = strings.Join(strings.Fields(line), " ")
			if len(line) > maxSummary {
				line = strings.ToValidUTF8(line[:maxSummary], "")
			}
			if !strings.ContainsFunc(line, unicode.IsLetter) {
				continue
			}
			if strings.Contains(line, " ") {
				return line
			}
			if fallback == "" {
				fallback = line
			}
		}
	}
	return fallback
}
