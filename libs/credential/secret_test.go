package credential_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/credential"
)

const text = "hunter2"

// holder keeps secrets the way careless code does: fmt reads unexported fields without asking their methods.
type holder struct {
	secret  credential.Secret
	Public  credential.Secret
	pointer *credential.Secret
	list    []credential.Secret
	byName  map[string]credential.Credential
}

func TestSecretPrintsNothing(t *testing.T) {
	t.Parallel()
	s := credential.NewSecret(text)
	c := credential.Credential{Username: "admin", Password: s, EnableSecret: s, PrivateKey: s, Passphrase: s}
	h := holder{s, s, &s, []credential.Secret{s}, map[string]credential.Credential{"a": c}}
	var printed []string
	for _, v := range []any{s, &s, c, &c, h, &h, []any{s, c}, map[credential.Secret]int{s: 1}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%10.3s"} {
			printed = append(printed, fmt.Sprintf(verb, v))
		}
		printed = append(printed, fmt.Sprint(v), fmt.Sprintln(v), fmt.Errorf("failed: %v", v).Error())
		if encoded, err := json.Marshal(v); err == nil {
			printed = append(printed, string(encoded))
		}
		if encoded, err := yaml.Marshal(v); err == nil {
			printed = append(printed, string(encoded))
		}
		var log bytes.Buffer
		zero := zerolog.New(&log)
		zero.Info().Any("a", v).Interface("b", v).Fields(map[string]any{"d": v}).Msgf("%v", v)
		zero.Info().Stringer("a", s).Stringers("b", []fmt.Stringer{s}).Send()
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "a", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "a", v)
		printed = append(printed, log.String())
	}
	for _, p := range printed {
		for _, leak := range []string{text, fmt.Sprintf("%x", text), fmt.Sprintf("%X", text), fmt.Sprint([]byte(text))} {
			if strings.Contains(p, leak) {
				t.Errorf("leaks: %s", p)
			}
		}
	}
	for verb, want := range map[string]string{"%v": "[redacted]", "%s": "[redacted]", "%q": "[redacted]", "%#v": "[redacted]", "%x": "[redacted]"} {
		if got := fmt.Sprintf(verb, s); got != want {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	if encoded, err := json.Marshal(s); err != nil || string(encoded) != `"[redacted]"` {
		t.Errorf("JSON is %s, %v", encoded, err)
	}
}

func TestSecretReveals(t *testing.T) {
	t.Parallel()
	s, none := credential.NewSecret(text), credential.Secret{}
	if s.Reveal() != text || s.Empty() || none.Reveal() != "" || !none.Empty() || !credential.NewSecret("").Empty() {
		t.Error("a secret is not what it was made of")
	}
	if !s.Equal(credential.NewSecret(text)) || s.Equal(none) || s.Equal(credential.NewSecret("hunter3")) || !none.Equal(credential.Secret{}) {
		t.Error("secrets compare wrongly")
	}
	c := credential.Credential{Password: s, Passphrase: credential.NewSecret("x")}
	if set := c.Secrets(); len(set) != 2 || set[0].Reveal() != text {
		t.Errorf("%d secrets are set, want 2", len(set))
	}
}
