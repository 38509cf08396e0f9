package driver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/netrust/netrust/libs/contract"
)

// Stage is how far a session had come.
type Stage string

// The stages of a session, in order. Until StageCommand nothing that was meant to act has been sent.
const (
	StageDial           Stage = "dial"           // the TCP connection
	StageHandshake      Stage = "handshake"      // SSH version, key exchange, host key
	StageAuthentication Stage = "authentication" // the login
	StageChannel        Stage = "channel"        // terminal and shell
	StagePrompt         Stage = "prompt"         // the first prompt, paging off
	StageEnable         Stage = "enable"         // raising the privilege
	StageCommand        Stage = "command"        // a command was sent
)

// Effect says whether anything can have happened on the device.
type Effect = contract.Effect

// Kind classes an error for people and for the retry policy.
type Kind = contract.ErrorKind

func effectAt(s Stage) Effect {
	if s == StageCommand {
		return contract.EffectPossible
	}
	return contract.EffectNone
}

// UnreachableError: no TCP connection, no SSH server behind it, or a connection that was lost. It comes before any effect
// unless a command had been sent.
type UnreachableError struct {
	DeviceID, Address string
	Stage             Stage
	Err               error
}

// Error says how far it came.
func (e *UnreachableError) Error() string {
	if e.Stage == StageCommand {
		return fmt.Sprintf("%s (%s): the connection was lost while a command ran: %v", e.DeviceID, e.Address, e.Err)
	}
	// net repeats what was tried and where to: the reason alone is enough.
	if op := new(net.OpError); errors.As(e.Err, &op) && e.Stage == StageDial {
		return fmt.Sprintf("%s (%s) is unreachable: %v", e.DeviceID, e.Address, op.Err)
	}
	return fmt.Sprintf("%s (%s) is unreachable: %s: %v", e.DeviceID, e.Address, e.Stage, e.Err)
}

// Unwrap gives the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Kind is unreachable.
func (e *UnreachableError) Kind() Kind { return contract.KindUnreachable }

// Effect is possible only after a command was sent.
func (e *UnreachableError) Effect() Effect { return effectAt(e.Stage) }

// AuthenticationError: the device refused the login, or the enable secret. One login was counted against the account.
type AuthenticationError struct {
	DeviceID, Address, Username string
	Stage                       Stage
	// Hop is 0 when it was the device itself, else the number of the jump host, from 1.
	Hop int
	Err error
}

// Error names the account and never the secret.
func (e *AuthenticationError) Error() string {
	if e.Stage == StageEnable {
		return fmt.Sprintf("%s (%s) refused the enable secret of %q: %v", e.DeviceID, e.Address, e.Username, e.Err)
	}
	return fmt.Sprintf("%s (%s) refused the login of %q: %v", e.DeviceID, e.Address, e.Username, e.Err)
}

// Unwrap gives the cause.
func (e *AuthenticationError) Unwrap() error { return e.Err }

// Kind is authentication.
func (e *AuthenticationError) Kind() Kind { return contract.KindAuthentication }

// Effect is none.
func (e *AuthenticationError) Effect() Effect { return contract.EffectNone }

// HostKeyReason says what was wrong with a host key.
type HostKeyReason string

// The reasons. Unavailable means that the stored keys could not be read.
const (
	HostKeyChanged     HostKeyReason = "changed"
	HostKeyUnknown     HostKeyReason = "unknown"
	HostKeyUnavailable HostKeyReason = "unavailable"
)

// HostKeyError: the device's host key is not the one that it had, or none is stored and it may not be learned.
type HostKeyError struct {
	DeviceID, Address string
	Reason            HostKeyReason
	Presented         HostKey
	Stored            []HostKey
	Err               error // Unavailable: why
}

// Error shows the fingerprints and what to do.
func (e *HostKeyError) Error() string {
	switch e.Reason {
	case HostKeyChanged:
		stored := make([]string, 0, len(e.Stored))
		for _, k := range e.Stored {
			stored = append(stored, k.Type+" "+k.Fingerprint())
		}
		return fmt.Sprintf("%s (%s) shows another host key than before: %s %s instead of %v; the device was replaced, or somebody stands between: check its key on the console, then put it into the known_hosts file, which wins over the stored one",
			e.DeviceID, e.Address, e.Presented.Type, e.Presented.Fingerprint(), stored)
	case HostKeyUnavailable:
		return fmt.Sprintf("the stored host key of %s (%s) could not be read: %v", e.DeviceID, e.Address, e.Err)
	default:
		return fmt.Sprintf("no host key is stored for %s (%s), which shows %s %s; store it, or allow trust on first use",
			e.DeviceID, e.Address, e.Presented.Type, e.Presented.Fingerprint())
	}
}

// Unwrap gives the cause.
func (e *HostKeyError) Unwrap() error { return e.Err }

// Kind is host_key.
func (e *HostKeyError) Kind() Kind { return contract.KindHostKey }

// Effect is none.
func (e *HostKeyError) Effect() Effect { return contract.EffectNone }

// TimeoutError: the device said nothing, or was not done, in time.
type TimeoutError struct {
	DeviceID, Address string
	Stage             Stage
	After             time.Duration
}

// Error says what was waited for.
func (e *TimeoutError) Error() string {
	return fmt.Sprintf("%s (%s) was not done with the %s after %s", e.DeviceID, e.Address, e.Stage, e.After.Round(time.Millisecond))
}

// Timeout is true, as for a net.Error.
func (e *TimeoutError) Timeout() bool { return true }

// Kind is timeout.
func (e *TimeoutError) Kind() Kind { return contract.KindTimeout }

// Effect is possible only after a command was sent.
func (e *TimeoutError) Effect() Effect { return effectAt(e.Stage) }

// RejectedError: the device understood us and said no. The session goes on.
type RejectedError struct {
	DeviceID string
	Words    string // the device's own; they may repeat the command, so redact them before they leave the executor
	Question bool   // the command asked a question, which was not answered; it was aborted
	Parsed   bool   // false when the device did not even understand the command, so that nothing can have happened
}

// Error quotes the device.
func (e *RejectedError) Error() string {
	if e.Question {
		return fmt.Sprintf("the command asks a question of %s, which nobody answered, and was aborted: %s", e.DeviceID, e.Words)
	}
	return fmt.Sprintf("%s rejected the command: %s", e.DeviceID, e.Words)
}

// Kind is rejected.
func (e *RejectedError) Kind() Kind { return contract.KindRejected }

// Effect is none when the device did not understand the command.
func (e *RejectedError) Effect() Effect {
	if e.Parsed {
		return contract.EffectPossible
	}
	return contract.EffectNone
}

// BusyError: the device has no room for another session, or the session is in use. Later is better.
type BusyError struct {
	DeviceID, Address string
	Reason            string
	Err               error
}

// Error gives the reason.
func (e *BusyError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s (%s) is busy: %s", e.DeviceID, e.Address, e.Reason)
	}
	return fmt.Sprintf("%s (%s) is busy: %s: %v", e.DeviceID, e.Address, e.Reason, e.Err)
}

// Unwrap gives the cause.
func (e *BusyError) Unwrap() error { return e.Err }

// Kind is busy.
func (e *BusyError) Kind() Kind { return contract.KindBusy }

// Effect is none.
func (e *BusyError) Effect() Effect { return contract.EffectNone }

// AmbiguousError: what the device printed cannot be told apart (a question that cannot be aborted, output out of step).
// The session is closed.
type AmbiguousError struct {
	DeviceID, Address string
	Stage             Stage
	Reason            string
}

// Error gives the reason.
func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%s (%s): it is not certain what the device did: %s", e.DeviceID, e.Address, e.Reason)
}

// Kind is ambiguous.
func (e *AmbiguousError) Kind() Kind { return contract.KindAmbiguous }

// Effect is possible only after a command was sent.
func (e *AmbiguousError) Effect() Effect { return effectAt(e.Stage) }

// CancelledError: the caller's context ended. errors.Is finds its cause.
type CancelledError struct {
	DeviceID string
	Stage    Stage
	Err      error
}

// Error says how far it came.
func (e *CancelledError) Error() string {
	return fmt.Sprintf("stopped work on %s during the %s: %v", e.DeviceID, e.Stage, e.Err)
}

// Unwrap gives the context's cause.
func (e *CancelledError) Unwrap() error { return e.Err }

// Kind is cancelled, or deadline when it was the context's deadline.
func (e *CancelledError) Kind() Kind {
	if errors.Is(e.Err, context.DeadlineExceeded) {
		return contract.KindDeadline
	}
	return contract.KindCancelled
}

// Effect is possible only after a command was sent.
func (e *CancelledError) Effect() Effect { return effectAt(e.Stage) }

// RefusedError: we did not even try (not one command, a missing host key store, a key that cannot be read, a closed session).
type RefusedError struct {
	DeviceID string
	Err      error
}

// Error gives the reason.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("nothing was sent to %s: %v", e.DeviceID, e.Err)
}

// Unwrap gives the cause.
func (e *RefusedError) Unwrap() error { return e.Err }

// Kind is internal: a caller's mistake.
func (e *RefusedError) Kind() Kind { return contract.KindInternal }

// Effect is none.
func (e *RefusedError) Effect() Effect { return contract.EffectNone }

// NoDriverError: the platform exists, and the registry has no driver for it.
type NoDriverError struct {
	Platform string
}

// Error names the platform.
func (e *NoDriverError) Error() string {
	return "no driver is registered for the platform " + e.Platform
}

// Kind is internal.
func (e *NoDriverError) Kind() Kind { return contract.KindInternal }

// Effect is none.
func (e *NoDriverError) Effect() Effect { return contract.EffectNone }

// ErrSessionClosed is inside the [RefusedError] of a Run on a closed session.
var ErrSessionClosed = errors.New("the session is closed; open a new one")

// KindOf gives the kind of a driver's error, however wrapped; unknown for another's.
func KindOf(err error) Kind {
	var k interface {
		error
		Kind() Kind
	}
	if errors.As(err, &k) {
		return k.Kind()
	}
	return contract.KindUnknown
}

// EffectOf says whether anything can have happened on the device: possible for an error that is not a driver's.
func EffectOf(err error) Effect {
	var e interface {
		error
		Effect() Effect
	}
	if err == nil {
		return contract.EffectNone
	}
	if errors.As(err, &e) {
		return e.Effect()
	}
	return contract.EffectPossible
}

// ErrOutOfTime is the cause of a context that ended because a driver's own time for a step was over, not its caller's.
var ErrOutOfTime = errors.New("the time for it is over")

// EndedError says in the words of this package why a context ended at a stage: a [TimeoutError] when the driver's own time
// was over ([ErrOutOfTime]; before the server had spoken an [UnreachableError]), otherwise a [CancelledError].
func EndedError(ctx context.Context, t Target, stage Stage, after time.Duration) error {
	cause := context.Cause(ctx)
	if !errors.Is(cause, ErrOutOfTime) {
		return &CancelledError{DeviceID: t.DeviceID, Stage: stage, Err: cause}
	}
	if stage == StageDial || stage == StageHandshake {
		return &UnreachableError{DeviceID: t.DeviceID, Address: t.Address, Stage: stage,
			Err: fmt.Errorf("no answer within %s: %w", after.Round(time.Millisecond), cause)}
	}
	return &TimeoutError{DeviceID: t.DeviceID, Address: t.Address, Stage: stage, After: after}
}
