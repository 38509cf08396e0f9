package executor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/credential/agefile"
	"github.com/netrust/netrust/services/executor"
)

func nothing(string) (string, bool) { return "", false }

func TestAFileThatCannotBeOpenedIsAFaultOfItsSetting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, identity := filepath.Join(dir, "credentials.age"), filepath.Join(dir, "identity")
	file := agefile.New(path, agefile.Opener{Unlock: agefile.Unlock{By: agefile.ByIdentity, Name: identity}})
	if _, err := file.Update(t.Context(), func(e map[string]credential.Entry) error {
		e["core"] = credential.Entry{Credential: credential.Credential{Username: "netops", Password: credential.NewSecret("hunter2-is-long")}}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string, mode os.FileMode) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(p, mode); err != nil {
			t.Fatal(err)
		}
		return p
	}
	key, err := os.ReadFile(identity)
	if err != nil {
		t.Fatal(err)
	}
	open := write("open", string(key), 0o644)
	for name, c := range map[string]struct{ file, unlock, want, remedy string }{
		"as it should be":                 {path, "identity:" + identity, "", ""},
		"no file yet":                     {filepath.Join(dir, "later.age"), "identity:" + filepath.Join(dir, "later"), "", ""},
		"a wrong passphrase":              {path, "passphrase-file:" + write("phrase", "wrong", 0o600), "credentials_unlock: ", "identity:PATH"},
		"an identity open to others":      {path, "identity:" + open, "credentials_unlock: " + open, "chmod 600"},
		"an identity that is not there":   {path, "identity:" + filepath.Join(dir, "none"), "credentials_unlock: ", "check the path"},
		"a file that is not age's":        {write("plain", "credentials: {}", 0o600), "identity:" + identity, "credentials_age_file: ", "check the path"},
		"a form that is none":             {path, "hunter2-is-long", "credentials_unlock: ", "identity:PATH"},
		"a file that others may write to": {write("shared", "age", 0o622), "identity:" + identity, "credentials_age_file: ", "chmod 600"},
	} {
		cfg := executor.Default()
		cfg.CredentialsAgeFile, cfg.CredentialsUnlock = c.file, c.unlock
		cache, err := executor.Credentials(cfg, nothing, zerolog.Nop())
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			} else if _, err := cache.Resolve(t.Context(), "age:core"); (err == nil) != (c.file == path) {
				t.Errorf("%s: resolving: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || !strings.Contains(err.Error(), c.remedy) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %s…%s", name, err, c.want, c.remedy)
		}
	}
}

func TestSettingsOfCredentialsAreChecked(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*executor.Config){
		"credential_ttl":     func(c *executor.Config) { c.CredentialTTL = -1 },
		"credentials_unlock": func(c *executor.Config) { c.CredentialsUnlock = "hunter2-is-long" },
	} {
		cfg := executor.Default()
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), field) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", field, err)
		}
	}
	for name, unlock := range map[string]string{"nothing to open it": "", "a question to nobody": "prompt"} {
		cfg := executor.Default()
		cfg.CredentialsAgeFile, cfg.CredentialsUnlock = "/x", unlock
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "credentials_unlock") || !strings.Contains(err.Error(), "identity:PATH") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
