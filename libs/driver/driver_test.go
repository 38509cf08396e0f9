package driver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/driver"
	"github.com/netrust/netrust/libs/driver/sshdriver"
)

func TestASecretNeverShowsItself(t *testing.T) {
	t.Parallel()
	const text = "the-plain-text"
	secret := driver.NewSecret(text)
	target := driver.Target{DeviceID: "r1", Password: secret, EnableSecret: secret, PrivateKey: secret, Passphrase: secret}
	hidden := struct{ inner driver.Secret }{secret}
	var log strings.Builder
	logger := zerolog.New(&log)
	logger.Info().Interface("target", target).Interface("s", secret).Stringer("t", secret).Any("hidden", hidden).Msg(fmt.Sprint(secret))
	asJSON, err := json.Marshal(map[string]any{"s": secret, "t": target, "p": &secret})
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{log.String(), string(asJSON), fmt.Errorf("%w: %v", io.EOF, secret).Error(), fmt.Sprintf("%v %+v %#v %s %q %x %d", secret, secret, secret, secret, secret, secret, secret)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		shown = append(shown, fmt.Sprintf(verb, target), fmt.Sprintf(verb, &target), fmt.Sprintf(verb, hidden), fmt.Sprintf(verb, []driver.Secret{secret}))
	}
	for _, s := range shown {
		if strings.Contains(s, text) || strings.Contains(s, fmt.Sprintf("%x", text)) {
			t.Errorf("the secret shows in %s", s)
		}
	}
	if secret.Reveal() != text || secret.Empty() || secret.String() != "[redacted]" {
		t.Error("the secret is lost")
	}
	var none driver.Secret
	if !none.Empty() || none.Reveal() != "" || !driver.NewSecret("").Empty() {
		t.Error("the empty secret is not empty")
	}
}

func TestEveryErrorSaysItsKindAndEffect(t *testing.T) {
	t.Parallel()
	because := errors.New("because")
	cases := []struct {
		err    error
		kind   driver.Kind
		effect driver.Effect
	}{
		{&driver.UnreachableError{Stage: driver.StageDial, Err: because}, contract.KindUnreachable, contract.EffectNone},
		{&driver.UnreachableError{Stage: driver.StageCommand, Err: because}, contract.KindUnreachable, contract.EffectPossible},
		{&driver.AuthenticationError{Stage: driver.StageAuthentication, Err: because}, contract.KindAuthentication, contract.EffectNone},
		{&driver.AuthenticationError{Stage: driver.StageEnable, Err: because}, contract.KindAuthentication, contract.EffectNone},
		{&driver.HostKeyError{Reason: driver.HostKeyChanged, Stored: []driver.HostKey{{Type: "ssh-ed25519"}}}, contract.KindHostKey, contract.EffectNone},
		{&driver.HostKeyError{Reason: driver.HostKeyUnavailable, Err: because}, contract.KindHostKey, contract.EffectNone},
		{&driver.TimeoutError{Stage: driver.StagePrompt}, contract.KindTimeout, contract.EffectNone},
		{&driver.TimeoutError{Stage: driver.StageCommand}, contract.KindTimeout, contract.EffectPossible},
		{&driver.RejectedError{Words: "no"}, contract.KindRejected, contract.EffectNone},
		{&driver.RejectedError{Words: "no", Parsed: true}, contract.KindRejected, contract.EffectPossible},
		{&driver.RejectedError{Words: "sure?", Parsed: true, Question: true}, contract.KindRejected, contract.EffectPossible},
		{&driver.BusyError{Reason: "full"}, contract.KindBusy, contract.EffectNone},
		{&driver.AmbiguousError{Stage: driver.StageCommand}, contract.KindAmbiguous, contract.EffectPossible},
		{&driver.CancelledError{Stage: driver.StageCommand, Err: context.Canceled}, contract.KindCancelled, contract.EffectPossible},
		{&driver.CancelledError{Stage: driver.StageDial, Err: context.DeadlineExceeded}, contract.KindDeadline, contract.EffectNone},
		{&driver.RefusedError{Err: because}, contract.KindInternal, contract.EffectNone},
		{&driver.NoDriverError{Platform: "x"}, contract.KindInternal, contract.EffectNone},
		{because, contract.KindUnknown, contract.EffectPossible},
	}
	for _, c := range cases {
		wrapped := fmt.Errorf("running on r1: %w", c.err)
		if driver.KindOf(wrapped) != c.kind || driver.EffectOf(wrapped) != c.effect {
			t.Errorf("%T %v: %s, %s", c.err, c.err, driver.KindOf(wrapped), driver.EffectOf(wrapped))
		}
		if c.err.Error() == "" {
			t.Errorf("%T says nothing", c.err)
		}
	}
	if driver.EffectOf(nil) != contract.EffectNone {
		t.Error("no error has an effect")
	}
}

func TestTheEndOfTimeIsToldFromACancel(t *testing.T) {
	t.Parallel()
	ours, cancel := context.WithCancelCause(t.Context())
	cancel(driver.ErrOutOfTime)
	theirs, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("stop it"))
	target := driver.Target{DeviceID: "r1"}
	for stage, kind := range map[driver.Stage]driver.Kind{
		driver.StageDial: contract.KindUnreachable, driver.StageHandshake: contract.KindUnreachable,
		driver.StageAuthentication: contract.KindTimeout, driver.StagePrompt: contract.KindTimeout, driver.StageCommand: contract.KindTimeout,
	} {
		if err := driver.EndedError(ours, target, stage, time.Second); driver.KindOf(err) != kind {
			t.Errorf("our time at %s: %v", stage, err)
		}
		if err := driver.EndedError(theirs, target, stage, time.Second); driver.KindOf(err) != contract.KindCancelled {
			t.Errorf("a cancel at %s: %v", stage, err)
		}
	}
}

func TestTheRegistryFindsDriversByAnyName(t *testing.T) {
	t.Parallel()
	all, err := sshdriver.All()
	if err != nil {
		t.Fatal(err)
	}
	r, err := driver.NewRegistry(all...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(r.Platforms(), "ios", "nxos_ssh", "eos", "junos", "Cisco-IOSXE") {
		if _, err := r.Driver(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.Driver("amiga"); err == nil {
		t.Error("an unknown platform has a driver")
	}
	if _, err := driver.NewRegistry(append(all, all[0])...); err == nil {
		t.Error("two drivers of one platform were taken")
	}
	empty, err := driver.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := empty.Driver("frr"); !errors.As(err, new(*driver.NoDriverError)) {
		t.Errorf("without drivers: %v", err)
	}
}
