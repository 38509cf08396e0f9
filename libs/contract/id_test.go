package contract_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/netrust/netrust/libs/contract"
)

var idForm = regexp.MustCompile(`^[a-z2-7]{16}$`)

func TestAJobIDIsOneSubjectToken(t *testing.T) {
	t.Parallel()
	for _, id := range []string{contract.NewJobID(), contract.DeriveJobID("alice", "key"), contract.DeriveJobID("", "")} {
		if !idForm.MatchString(id) || contract.EscapeToken(id) != id {
			t.Errorf("id %q is not 16 letters and digits", id)
		}
	}
}

func TestTheSameRequestHasTheSameIDAtEveryGateway(t *testing.T) {
	t.Parallel()
	const want = "ncuvloowz3jh2hdf" // recorded: a change of it makes a second job of every repeated request
	if got := contract.DeriveJobID("alice", "7f3a"); got != want {
		t.Errorf("alice's request 7f3a has id %s, want %s", got, want)
	}
}

func TestAnotherRequestHasAnotherID(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, r := range [][2]string{{"alice", "7f3a"}, {"alice", "7f3b"}, {"bob", "7f3a"}, {"alice7", "f3a"}, {"alic", "e7f3a"}, {"", "alice7f3a"}, {"alice7f3a", ""}} {
		id := contract.DeriveJobID(r[0], r[1])
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q have the same id %s", r, other, id)
		}
		seen[id] = strings.Join(r[:], " ")
	}
	for range 1000 {
		id := contract.NewJobID()
		if _, ok := seen[id]; ok {
			t.Fatalf("id %s came twice", id)
		}
		seen[id] = "random"
	}
}

func TestDigestIsSHA256(t *testing.T) {
	t.Parallel()
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, appendix B.1
	if got := contract.Digest([]byte("abc")); got != want {
		t.Errorf("digest of abc is %s, want %s", got, want)
	}
}

func FuzzDeriveJobID(f *testing.F) {
	f.Add("alice", "7f3a", "bob", "7f3a")
	f.Add("alice", "", "", "alice")
	f.Fuzz(func(t *testing.T, p1, k1, p2, k2 string) {
		if strings.Contains(p1+p2, "\x00") {
			return // names of tokens have no zero bytes
		}
		a, b := contract.DeriveJobID(p1, k1), contract.DeriveJobID(p2, k2)
		if !idForm.MatchString(a) {
			t.Errorf("id %q is not 16 letters and digits", a)
		}
		if (a == b) != (p1 == p2 && k1 == k2) {
			t.Errorf("%q %q has id %s, %q %q has id %s", p1, k1, a, p2, k2, b)
		}
	})
}
