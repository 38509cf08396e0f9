package sealed_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/netrust/netrust/libs/sealed"
)

func identity(t *testing.T) (string, *age.X25519Identity) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "raw.identity")
	if err := sealed.EnsureIdentity(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	return path, keys[0].(*age.X25519Identity)
}

func TestWhatIsSealedOpensForEachRecipientAndNobodyElse(t *testing.T) {
	t.Parallel()
	path, own := identity(t)
	_, second := identity(t)
	_, stranger := identity(t)
	box, err := sealed.Open(path, []string{second.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	plain := []byte("snmp-server community not-for-you")
	cipher, err := box.Seal(plain)
	if err != nil || bytes.Contains(cipher, []byte("not-for-you")) {
		t.Fatalf("%q, %v", cipher, err)
	}
	for _, key := range []*age.X25519Identity{own, second} {
		var out bytes.Buffer
		r, err := age.Decrypt(bytes.NewReader(cipher), key)
		if err == nil {
			_, err = out.ReadFrom(r)
		}
		if err != nil || !bytes.Equal(out.Bytes(), plain) {
			t.Errorf("it opens as %q, %v", out.Bytes(), err)
		}
	}
	if _, err := age.Decrypt(bytes.NewReader(cipher), stranger); err == nil {
		t.Error("a stranger opens it")
	}
	alone, err := sealed.Open(path, nil)
	if err != nil || alone.Mark() == box.Mark() {
		t.Errorf("boxes of other recipients have the same mark: %v", err)
	}
}

func TestAnIdentityIsMadeOnceForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	path, _ := identity(t)
	before, _ := os.ReadFile(path)
	if err := sealed.EnsureIdentity(path); err != nil {
		t.Fatal(err)
	}
	after, _ := os.ReadFile(path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || !bytes.Equal(before, after) {
		t.Errorf("the file is %v, %v; the same: %t", info, err, bytes.Equal(before, after))
	}
}

func TestAKeyThatCannotBeUsedIsRefusedWithoutRepeatingIt(t *testing.T) {
	t.Parallel()
	path, key := identity(t)
	open := filepath.Join(t.TempDir(), "open")
	text, _ := os.ReadFile(path)
	broken := filepath.Join(t.TempDir(), "broken")
	for file, mode := range map[string]os.FileMode{open: 0o644, broken: 0o600} {
		content := text
		if file == broken {
			content = []byte(strings.Replace(key.String(), "AGE", "AGF", 1))
		}
		if err := os.WriteFile(file, content, mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		file   string
		others []string
		want   string
	}{
		"a file that others can read": {open, nil, "chmod 600"},
		"a file that holds no key":    {broken, nil, "age-keygen"},
		"no file":                     {path + ".none", nil, "no such file"},
		"a recipient that is none":    {path, []string{"bob"}, "age1"},
	} {
		if _, err := sealed.Open(c.file, c.others); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), key.String()[4:]) {
			t.Errorf("%s: %v, want one that says %q", name, err, c.want)
		}
	}
}
