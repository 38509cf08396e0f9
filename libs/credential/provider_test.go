package credential_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netrust/netrust/libs/credential"
)

const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----\n"

func TestParseReference(t *testing.T) {
	t.Parallel()
	for reference, want := range map[string]string{
		"env:LAB":                "",
		"env:SITE_2":             "",
		"file:core-routers.1":    "",
		"":                       "the credential is empty; name one, such as env:LAB",
		"hunter2":                "the credential is not a reference to a credential; write scheme and name",
		"admin:hunter2":          "the credential's scheme is not known; use one of env:, file:",
		"ENV:LAB":                "the credential's scheme is not known",
		"env:":                   "the credential has a name that no environment variable can have",
		"env:lab":                "the credential has a name that no environment variable can have; after env: use capital letters",
		"env:1LAB":               "the credential has a name that no environment variable can have",
		"file:":                  "the credential has a name that no entry can have",
		"file:hunter2 ":          "the credential has a name that no entry can have",
		"file:/etc/hunter2":      "the credential has a path after file:; write the name of an entry",
		strings.Repeat("x", 200): "the credential is longer than 128 bytes",
	} {
		ref, err := credential.ParseReference(reference)
		if want == "" && (err != nil || ref.String() != reference) {
			t.Errorf("%q: %v, %v", reference, ref, err)
		}
		if want != "" && (err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), text)) {
			t.Errorf("%q: %v, want %s", reference, err, want)
		}
	}
}

// env is an environment that notes what is asked.
func env(vars map[string]string) (*credential.EnvProvider, *[]string) {
	asked := &[]string{}
	return credential.Env(func(name string) (string, bool) {
		*asked = append(*asked, name)
		value, ok := vars[name]
		return value, ok
	}), asked
}

func TestEnv(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "key"), key, 0o600)
	p, asked := env(map[string]string{
		"NETRUST_CREDENTIAL_LAB_USERNAME": "lab", "NETRUST_CREDENTIAL_LAB_PASSWORD": text, "NETRUST_CREDENTIAL_LAB_ENABLE": "en",
		"NETRUST_CREDENTIAL_KEY_USERNAME": "key", "NETRUST_CREDENTIAL_KEY_PRIVATE_KEY_FILE": filepath.Join(dir, "key"), "NETRUST_CREDENTIAL_KEY_PASSPHRASE": "pp",
		"NETRUST_CREDENTIAL_HALF_PASSWORD": text,
		"NETRUST_CREDENTIAL_GONE_USERNAME": "x", "NETRUST_CREDENTIAL_GONE_PRIVATE_KEY_FILE": filepath.Join(dir, "gone"),
	})
	if len(*asked) != 0 {
		t.Error("the environment was read before anybody asked")
	}
	c, err := p.Resolve(t.Context(), "env:LAB")
	if err != nil || c.Username != "lab" || c.Password.Reveal() != text || c.EnableSecret.Reveal() != "en" || !c.PrivateKey.Empty() {
		t.Errorf("LAB is %q %v", c.Username, err)
	}
	if c, err = p.Resolve(t.Context(), "env:KEY"); err != nil || c.PrivateKey.Reveal() != key || c.Passphrase.Reveal() != "pp" || !c.Password.Empty() {
		t.Errorf("KEY is %q %v", c.Username, err)
	}
	_, err = p.Resolve(t.Context(), "env:NONE")
	var missing *credential.MissingError
	if !errors.As(err, &missing) || len(missing.Missing) != 2 || missing.Missing[0] != "NETRUST_CREDENTIAL_NONE_USERNAME" {
		t.Errorf("NONE: %v", err)
	}
	_, err = p.Resolve(t.Context(), "env:HALF")
	if want := "credential env:HALF: NETRUST_CREDENTIAL_HALF_USERNAME not set; set it in the environment of the executor"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("HALF: %v, want %s", err, want)
	}
	if _, err = p.Resolve(t.Context(), "env:GONE"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("GONE: %v", err)
	}
	if _, err = p.Resolve(t.Context(), "file:LAB"); !errors.As(err, new(*credential.UnknownSchemeError)) {
		t.Errorf("another scheme: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = p.Resolve(ended, "env:LAB"); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

const file = `credentials:
  core: # by key
    username: netrust
    private_key_file: keys/core
    passphrase: "pp: 1"
  lab:
    username: lab
    password: 'hunter2'
    enable: 12345
  inline:
    username: x
    private_key: |
      -----BEGIN X-----
`

func TestFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "credentials.yaml")
	p := credential.File(path) // before there is a file
	_, err := p.Resolve(t.Context(), "file:lab")
	var fault *credential.FileError
	if !errors.As(err, &fault) || !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "check the path") {
		t.Errorf("without a file: %v", err)
	}
	write(t, path, file, 0o600)
	if err := os.Mkdir(filepath.Join(dir, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "keys/core"), key, 0o600)
	c, err := p.Resolve(t.Context(), "file:lab")
	if err != nil || c.Username != "lab" || c.Password.Reveal() != text || c.EnableSecret.Reveal() != "12345" {
		t.Errorf("lab is %q %v", c.Username, err)
	}
	if c, err = p.Resolve(t.Context(), "file:core"); err != nil || c.PrivateKey.Reveal() != key || c.Passphrase.Reveal() != "pp: 1" {
		t.Errorf("core is %q %v", c.Username, err)
	}
	if c, err = p.Resolve(t.Context(), "file:inline"); err != nil || c.PrivateKey.Reveal() != "-----BEGIN X-----\n" {
		t.Errorf("inline is %q %v", c.PrivateKey.Reveal(), err)
	}
	_, err = p.Resolve(t.Context(), "file:laab")
	if want := "credential file:laab: entry laab not set; add it under credentials: in " + path + "; did you mean lab?"; err == nil || err.Error() != want {
		t.Errorf("an entry that is not there: %v, want %s", err, want)
	}
	if _, err = p.Resolve(t.Context(), "env:LAB"); !errors.As(err, new(*credential.UnknownSchemeError)) {
		t.Errorf("another scheme: %v", err)
	}
}

func TestFileIsReadAgainWhenItChanges(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "credentials.yaml")
	p := credential.File(path)
	old := time.Now().Add(-time.Hour)
	for i := range 5 {
		write(t, path, fmt.Sprintf("credentials: {lab: {username: u%d, password: x}}\n", i), 0o600)
		if i%2 == 0 { // old enough to be kept, and of the same size as the one before
			if err := os.Chtimes(path, old, old.Add(time.Duration(i)*time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if c, err := p.Resolve(t.Context(), "file:lab"); err != nil || c.Username != fmt.Sprint("u", i) {
				t.Errorf("version %d is %q %v", i, c.Username, err)
			}
		}
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Resolve(t.Context(), "file:lab"); err == nil {
		t.Error("a file that was opened to others is still used")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Resolve(t.Context(), "file:lab"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
}

func TestFileRefusesWhatOthersCanRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o620, 0o601} {
		path := filepath.Join(dir, fmt.Sprintf("m%o", mode))
		write(t, path, file, mode)
		_, err := credential.File(path).Resolve(t.Context(), "file:lab")
		if want := fmt.Sprintf("%s: holds secrets and is open to group or others (mode %04o); run: chmod 600 %s", path, mode, path); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	path := filepath.Join(dir, "with-key")
	write(t, path, "credentials: {lab: {username: u, private_key_file: m644}}\n", 0o600)
	if _, err := credential.File(path).Resolve(t.Context(), "file:lab"); err == nil || !strings.Contains(err.Error(), "m644: holds secrets") {
		t.Errorf("a key that others can read: %v", err)
	}
	if _, err := credential.File(dir).Resolve(t.Context(), "file:lab"); err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Errorf("a folder: %v", err)
	}
}

func TestFileNamesTheLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content, want string
	}{
		"empty":                    {"", " line 1: must hold one field, credentials"},
		"broken YAML":              {"credentials:\n  lab:\n    password: [hunter2\n", " line 3: is not YAML as it is read here"},
		"an anchor":                {"credentials:\n  lab: &hunter2 {}\n", " line 2: is not YAML as it is read here"},
		"another field":            {"credentials: {}\nhunter2: 1\n", " line 1: must hold one field, credentials"},
		"a list":                   {"credentials:\n  - lab\n", " line 1: must hold one field, credentials, with a map"},
		"an unknown field":         {"credentials:\n  lab:\n    username: u\n    hunter2: x\n", " line 4: entry lab has a field that is not known; the fields are username, password"},
		"a field twice":            {"credentials:\n  lab:\n    username: u\n    username: v\n    password: x\n", " line 4: entry lab has username twice"},
		"an entry twice":           {"credentials:\n  lab: {username: u, password: x}\n  lab: {username: u, password: x}\n", " line 3: has the entry lab twice"},
		"an entry that is text":    {"credentials:\n  lab: hunter2\n", " line 2: entry lab has no fields"},
		"an entry without a name":  {"credentials:\n  \"a b\": {}\n", " line 2: has an entry with a name that cannot be referred to"},
		"no user":                  {"credentials:\n  lab: {password: hunter2}\n", " line 2: entry lab has no username; add username"},
		"no secret":                {"credentials:\n  lab: {username: u}\n", " line 2: entry lab has neither password nor private key"},
		"two keys":                 {"credentials:\n  lab: {username: u, private_key: hunter2, private_key_file: b}\n", " line 2: entry lab has both private_key and private_key_file"},
		"an empty password":        {"credentials:\n  lab:\n    username: u\n    password:\n", " line 4: entry lab has no text in password; write the value in single quotes"},
		"a password that is a map": {"credentials:\n  lab:\n    username: u\n    password: {hunter2: 1}\n", " line 4: entry lab has no text in password"},
		"too large":                {strings.Repeat("#", 1<<20+1), ": is larger than 1 MiB"},
		"a public key":             {"credentials:\n  lab: {username: u, private_key_file: PATH}\n", ": holds no private key in PEM form"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "credentials.yaml")
			write(t, path, strings.ReplaceAll(c.content, "PATH", path), 0o600)
			_, err := credential.File(path).Resolve(t.Context(), "file:lab")
			var fault *credential.FileError
			if !errors.As(err, &fault) || !strings.HasPrefix(err.Error(), path+c.want) || fault.Remedy == "" || strings.Contains(err.Error(), text) {
				t.Errorf("%v, want %s%s", err, path, c.want)
			}
		})
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "credentials.yaml")
	write(t, path, file, 0o600)
	variables := map[string]string{"NETRUST_CREDENTIAL_LAB_USERNAME": "env", "NETRUST_CREDENTIAL_LAB_PASSWORD": "x"}
	byEnv := credential.Env(func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	})
	r := credential.NewRegistry(map[string]credential.Provider{credential.SchemeEnv: byEnv, credential.SchemeFile: credential.File(path)})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for reference, want := range map[string]string{"env:LAB": "env", "file:lab": "lab"} {
				if c, err := r.Resolve(t.Context(), reference); err != nil || c.Username != want {
					t.Errorf("%s is %q %v", reference, c.Username, err)
				}
			}
		})
	}
	wg.Wait()
	alone := credential.NewRegistry(map[string]credential.Provider{credential.SchemeEnv: byEnv, credential.SchemeFile: nil})
	if _, err := alone.Resolve(t.Context(), "file:lab"); err == nil || err.Error() != "the credential's scheme file: is not known; use one of env:" {
		t.Errorf("a scheme without a provider: %v", err)
	}
	if _, err := alone.Resolve(t.Context(), "hunter2"); err == nil || strings.Contains(err.Error(), text) {
		t.Errorf("not a reference: %v", err)
	}
}

func FuzzParseReference(f *testing.F) {
	for _, seed := range []string{"env:LAB", "file:core", "x:y", ":", "file:../x", "env:\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, reference string) {
		ref, err := credential.ParseReference(reference)
		if err == nil {
			if ref.String() != reference || strings.ContainsAny(ref.Name, "/\\ \n\x00=") || len(reference) > 128 {
				t.Fatalf("%q is taken as %+v", reference, ref)
			}
			return
		}
		if !errors.As(err, new(*credential.ReferenceError)) && !errors.As(err, new(*credential.UnknownSchemeError)) {
			t.Fatalf("%T %v", err, err)
		}
	})
}

func FuzzFile(f *testing.F) {
	f.Add([]byte(file))
	f.Add([]byte("credentials: {a: {username: b, password: c}}"))
	path := filepath.Join(f.TempDir(), "credentials.yaml")
	f.Fuzz(func(t *testing.T, content []byte) {
		write(t, path, string(content), 0o600)
		c, err := credential.File(path).Resolve(t.Context(), "file:lab")
		if err != nil && !errors.As(err, new(*credential.FileError)) && !errors.As(err, new(*credential.MissingError)) {
			t.Fatalf("%T %v", err, err)
		}
		if err == nil && (c.Username == "" && c.Token.Empty() || len(c.Secrets()) == 0 && !c.Agent) {
			t.Fatalf("an incomplete credential of %q", content)
		}
	})
}

func ExampleRegistry() {
	environment := map[string]string{"NETRUST_CREDENTIAL_LAB_USERNAME": "lab", "NETRUST_CREDENTIAL_LAB_PASSWORD": "secret"}
	providers := credential.NewRegistry(map[string]credential.Provider{
		credential.SchemeEnv: credential.Env(func(name string) (string, bool) {
			value, ok := environment[name]
			return value, ok
		}),
		credential.SchemeFile: credential.File("/etc/netrust/credentials.yaml"),
	})
	c, err := providers.Resolve(context.Background(), "env:LAB")
	fmt.Println(c.Username, c.Kind(), len(c.Password.Reveal()), err)
	// Output: lab password 6 <nil>
}
