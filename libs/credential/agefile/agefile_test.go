package agefile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/netrust/netrust/libs/credential"
	"github.com/netrust/netrust/libs/credential/agefile"
	"github.com/netrust/netrust/libs/credential/oskeyring"
)

const hidden = "hunter2-is-long"

// ring is a keyring in memory.
type ring struct {
	mu      sync.Mutex
	entries map[string]string
	err     error
}

func (r *ring) Get(service, name string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	secret, ok := r.entries[service+"/"+name]
	if r.err != nil {
		return "", r.err
	}
	if !ok {
		return "", agefile.ErrNoEntry
	}
	return secret, nil
}

func (r *ring) Set(service, name, secret string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.entries == nil {
		r.entries = map[string]string{}
	}
	r.entries[service+"/"+name] = secret
	return r.err
}

// opener of a file in the test's folder. scrypt is as cheap as it gets.
func opener(t *testing.T, unlock string) agefile.Opener {
	t.Helper()
	u, err := agefile.ParseUnlock(unlock)
	if err != nil {
		t.Fatal(err)
	}
	return agefile.Opener{Unlock: u, WorkFactor: 1}
}

func put(name, password string) func(map[string]credential.Entry) error {
	return func(entries map[string]credential.Entry) error {
		entries[name] = credential.Entry{SetAt: time.Date(2025, 6, 2, 8, 0, 0, 0, time.UTC),
			Credential: credential.Credential{Username: "netops", Password: credential.NewSecret(password)}}
		return nil
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFileIsMadeWithItsIdentityAndReadByAnother(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, identity := filepath.Join(dir, "data", "credentials.age"), filepath.Join(dir, "config", "identity")
	made, err := agefile.New(path, opener(t, "identity:"+identity)).Update(t.Context(), put("core", hidden))
	if err != nil || !made.File || made.Identity != "identity:"+identity {
		t.Fatalf("%+v %v", made, err)
	}
	for _, file := range []string{path, identity} {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", file, info.Mode(), err)
		}
	}
	if sealed, _ := os.ReadFile(path); bytes.Contains(sealed, []byte(hidden)) || bytes.Contains(sealed, []byte("netops")) || !bytes.HasPrefix(sealed, []byte("age-encryption.org/v1")) {
		t.Errorf("the file is %q", sealed)
	}
	other := agefile.New(path, opener(t, "identity:"+identity))
	c, err := other.Resolve(t.Context(), "age:core")
	if err != nil || c.Username != "netops" || c.Password.Reveal() != hidden {
		t.Fatalf("%+v %v", c, err)
	}
	made, err = agefile.New(path, opener(t, "identity:"+identity)).Update(t.Context(), put("edge", "second"))
	if err != nil || made != (agefile.Made{}) {
		t.Errorf("%+v %v", made, err)
	}
	if c, err := other.Resolve(t.Context(), "age:edge"); err != nil || c.Password.Reveal() != "second" { // it sees that the file changed
		t.Errorf("%+v %v", c, err)
	}
	if _, err := other.Resolve(t.Context(), "age:coer"); !errors.As(err, new(*credential.MissingError)) || !strings.Contains(err.Error(), "core") || !strings.Contains(err.Error(), "netrust credential set coer") {
		t.Errorf("an unknown name: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestEveryWayToUnlockOpensWhatItWrote(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	passphrase := write(t, filepath.Join(dir, "passphrase"), "correct horse\n", 0o600)
	keyring := &ring{}
	for i, unlock := range []string{"identity:" + filepath.Join(dir, "identity"), "passphrase-file:" + passphrase, "passphrase-env:SECRET", "keyring:executor", "prompt"} {
		o := opener(t, unlock)
		asked := []bool{}
		o.Keyring, o.LookupEnv = keyring, func(string) (string, bool) { return "correct horse", true }
		o.Prompt = func(isNew bool) (credential.Secret, error) {
			asked = append(asked, isNew)
			return credential.NewSecret("correct horse"), nil
		}
		path := filepath.Join(dir, fmt.Sprint(i))
		if _, err := agefile.New(path, o).Update(t.Context(), put("core", hidden)); err != nil {
			t.Errorf("%s: writing: %v", unlock, err)
			continue
		}
		if c, err := agefile.New(path, o).Resolve(t.Context(), "age:core"); err != nil || c.Password.Reveal() != hidden {
			t.Errorf("%s: reading: %v", unlock, err)
		}
		if unlock == "prompt" && (len(asked) != 2 || !asked[0] || asked[1]) {
			t.Errorf("the person was asked %v", asked)
		}
	}
	if secret := keyring.entries["netrust/executor"]; !strings.HasPrefix(secret, "AGE-SECRET-KEY-1") {
		t.Errorf("the keyring keeps %d bytes that are no identity", len(secret))
	}
	// A passphrase in the keyring is as good.
	keyring.entries["netrust/phrase"] = "correct horse"
	o := opener(t, "keyring:phrase")
	o.Keyring = keyring
	if c, err := agefile.New(filepath.Join(dir, "1"), o).Resolve(t.Context(), "age:core"); err != nil || c.Password.Reveal() != hidden {
		t.Errorf("a passphrase of the keyring: %v", err)
	}
}

func TestWhatCannotBeOpenedSaysWhyAndWhatToDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	byIdentity, byPassphrase := at("by-identity"), at("by-passphrase")
	write(t, at("right"), "correct horse", 0o600)
	for path, unlock := range map[string]string{byIdentity: "identity:" + at("identity"), byPassphrase: "passphrase-file:" + at("right"), at("other"): "identity:" + at("other-identity")} {
		if _, err := agefile.New(path, opener(t, unlock)).Update(t.Context(), put("core", hidden)); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(at("identity"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, at("open"), string(text), 0o640)
	write(t, at("wrong"), "incorrect horse\n", 0o600)
	write(t, at("empty"), "\n", 0o600)
	write(t, at("garbage"), "AGE-SECRET-KEY-1"+strings.ToUpper(hidden), 0o600)
	sealed, err := os.ReadFile(byIdentity)
	if err != nil {
		t.Fatal(err)
	}
	write(t, at("locked-identity"), string(sealed), 0o600)
	write(t, at("cut"), string(sealed[:len(sealed)-5]), 0o600)
	write(t, at("no-age"), "credentials: {core: {username: a, password: "+hidden+"}}", 0o600)
	write(t, at("writable"), string(sealed), 0o620)
	for name, c := range map[string]struct{ path, unlock, says, remedy string }{
		"a wrong passphrase":               {byPassphrase, "passphrase-file:" + at("wrong"), "it is the wrong one", "give the passphrase"},
		"another identity":                 {byIdentity, "identity:" + at("other-identity"), "is not encrypted to the identity", "give the identity"},
		"an identity for a passphrase":     {byPassphrase, "identity:" + at("identity"), "is encrypted with a passphrase", "passphrase-file:PATH"},
		"a passphrase for an identity":     {byIdentity, "passphrase-file:" + at("right"), "is encrypted to an identity", "identity:PATH"},
		"an identity that others can read": {byIdentity, "identity:" + at("open"), "open to group or others (mode 0640)", "chmod 600 " + at("open")},
		"an identity that is not there":    {byIdentity, "identity:" + at("none"), "cannot be read", "check the path"},
		"an empty passphrase":              {byPassphrase, "passphrase-file:" + at("empty"), "holds no passphrase", "put it there"},
		"a variable that is not set":       {byPassphrase, "passphrase-env:NOT_SET", "holds no passphrase", "put it there"},
		"no identity in it":                {byIdentity, "identity:" + at("garbage"), "holds no age identity", "age-keygen"},
		"an identity under a passphrase":   {byIdentity, "identity:" + at("locked-identity"), "is itself encrypted", "age -d"},
		"a file that was cut off":          {at("cut"), "identity:" + at("identity"), "is damaged", "backup"},
		"a file in the clear":              {at("no-age"), "identity:" + at("identity"), "is no file that age has encrypted", "check the path"},
		"a file that others can write":     {at("writable"), "identity:" + at("identity"), "can be written by group or others", "chmod 600"},
		"a folder":                         {dir, "identity:" + at("identity"), "is not a regular file", "path of a file"},
		"no keyring in the program":        {byIdentity, "keyring:x", "this program uses none", "identity:PATH"},
		"nobody to ask":                    {byPassphrase, "prompt", "needs a person", "passphrase-file:PATH"},
	} {
		file := agefile.New(c.path, opener(t, c.unlock))
		_, err := file.Resolve(t.Context(), "age:core")
		var fault *credential.FileError
		if !errors.As(err, &fault) || !strings.Contains(fault.Message, c.says) || !strings.Contains(fault.Remedy, c.remedy) ||
			strings.Contains(strings.ToLower(err.Error()), hidden) || strings.Contains(err.Error(), "correct horse") {
			t.Errorf("%s: %v", name, err)
		}
		before, _ := os.ReadFile(c.path)
		if _, err := file.Update(t.Context(), put("edge", "x")); err == nil {
			t.Errorf("%s: the file was written", name)
		}
		if after, _ := os.ReadFile(c.path); !bytes.Equal(before, after) {
			t.Errorf("%s: the file changed", name)
		}
	}
}

func TestNoFileIsNoFaultBeforeTheFirstCredential(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := agefile.New(filepath.Join(dir, "credentials.age"), opener(t, "identity:"+filepath.Join(dir, "identity")))
	if err := f.Check(); err != nil {
		t.Error(err)
	}
	if _, err := f.Resolve(t.Context(), "age:core"); !errors.As(err, new(*credential.MissingError)) {
		t.Error(err)
	}
	refusal := errors.New("no")
	if _, err := f.Update(t.Context(), func(map[string]credential.Entry) error { return refusal }); !errors.Is(err, refusal) {
		t.Error(err)
	}
	for _, name := range []string{"credentials.age", "identity"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !os.IsNotExist(err) {
			t.Errorf("%s was made for nothing: %v", name, err)
		}
	}
}

func TestWritersTakeTurns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, unlock := filepath.Join(dir, "credentials.age"), "identity:"+filepath.Join(dir, "identity")
	var wg sync.WaitGroup
	for i := range 16 { // each is a process of its own as far as the lock knows
		wg.Go(func() {
			if _, err := agefile.New(path, opener(t, unlock)).Update(t.Context(), put(fmt.Sprintf("c%d", i), hidden)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	entries, err := agefile.New(path, opener(t, unlock)).Entries()
	if err != nil || len(entries) != 16 {
		t.Errorf("%d of 16 entries are there: %v", len(entries), err)
	}
	held, err := agefile.New(path, opener(t, unlock)), error(nil)
	_, err = held.Update(t.Context(), func(map[string]credential.Entry) error {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := agefile.New(path, opener(t, unlock)).Update(ctx, put("late", hidden))
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a writer that may not wait: %v", err)
	}
}

func TestALinkIsFollowedAndStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	real, link, unlock := filepath.Join(dir, "real.age"), filepath.Join(dir, "link.age"), "identity:"+filepath.Join(dir, "identity")
	if _, err := agefile.New(real, opener(t, unlock)).Update(t.Context(), put("a", "1")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	if _, err := agefile.New(link, opener(t, unlock)).Update(t.Context(), put("b", "2")); err != nil {
		t.Fatal(err)
	}
	if entries, err := agefile.New(real, opener(t, unlock)).Entries(); err != nil || len(entries) != 2 {
		t.Errorf("%d entries: %v", len(entries), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
}

// What age's own command makes of a credentials file is read, armoured or not.
func TestAFileThatAgeEncryptedIsRead(t *testing.T) {
	t.Parallel()
	identity, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "identity"), "# of age-keygen -pq\n"+identity.String()+"\n", 0o600)
	for name, armoured := range map[string]bool{"binary": false, "armoured": true} {
		var sealed bytes.Buffer
		var out io.Writer = &sealed
		if armoured {
			out = armor.NewWriter(&sealed)
		}
		w, err := age.Encrypt(out, identity.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(w, "credentials:\n  core:\n    username: netops\n    password: %s\n", hidden)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if c, ok := out.(io.Closer); ok {
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
		path := write(t, filepath.Join(dir, name), sealed.String(), 0o600)
		file := agefile.New(path, opener(t, "identity:"+filepath.Join(dir, "identity")))
		if c, err := file.Resolve(t.Context(), "age:core"); err != nil || c.Password.Reveal() != hidden {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := file.Update(t.Context(), put("edge", "x")); err != nil {
			t.Errorf("%s: writing it: %v", name, err)
		}
	}
}

func TestEveryFieldComesBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := agefile.New(filepath.Join(dir, "credentials.age"), opener(t, "identity:"+filepath.Join(dir, "identity")))
	full := credential.Entry{SetAt: time.Date(2025, 6, 2, 8, 0, 0, 0, time.UTC), Credential: credential.Credential{
		Username: "net ops: #1", Password: credential.NewSecret(`p"'\ <&>: {}[] ü 🔑 ` + "\u2028"), EnableSecret: credential.NewSecret("true"),
		PrivateKey: credential.NewSecret("-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n"), Passphrase: credential.NewSecret("0123"),
		Agent: true, AgentKey: "SHA256:abc", Token: credential.NewSecret("null"),
	}}
	if _, err := file.Update(t.Context(), func(e map[string]credential.Entry) error { e["full"] = full; return nil }); err != nil {
		t.Fatal(err)
	}
	entries, err := file.Entries()
	if err != nil || !entries["full"].Equal(full.Credential) || !entries["full"].SetAt.Equal(full.SetAt) {
		t.Errorf("%+v %v", entries["full"], err)
	}
}

func TestAMachineWithoutAKeyringSaysSo(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "nobody"))
	o := opener(t, "keyring:executor")
	o.Keyring = oskeyring.Keyring{}
	dir := t.TempDir()
	file := agefile.New(write(t, filepath.Join(dir, "credentials.age"), "age-encryption.org/v1\n", 0o600), o)
	_, err := file.Resolve(t.Context(), "age:core")
	var fault *credential.FileError
	if !errors.As(err, &fault) || fault.Path != "keyring:executor" || !strings.Contains(fault.Message, "no keyring") || !strings.Contains(fault.Remedy, "identity:PATH") {
		t.Errorf("got %v", err)
	}
	if _, err := agefile.New(filepath.Join(dir, "new.age"), o).Update(t.Context(), put("a", "b")); err == nil {
		t.Error("a file was made that nobody can open")
	}
}

func FuzzParseUnlock(f *testing.F) {
	for _, seed := range []string{"identity:/x", "passphrase-file:y", "keyring:a:b", "prompt", "hunter2", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := agefile.ParseUnlock(text)
		if err == nil && u.String() != text {
			t.Fatalf("%q is taken as %q", text, u)
		}
		if err != nil && len(text) > 15 && strings.Contains(err.Error(), text) {
			t.Fatalf("%q is repeated: %v", text, err)
		}
	})
}
