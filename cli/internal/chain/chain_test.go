package chain_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/netrust/netrust/cli/internal/chain"
)

func hash(line string) string {
	sum := sha256.Sum256([]byte("\x00" + line))
	return hex.EncodeToString(sum[:])
}

// made is a log of n records from two sources.
func made(n int) []string {
	log := make([]string, 0, n)
	prev := strings.Repeat("0", 64)
	for i := range n {
		stream := []string{"JOBS", "KV_exec"}[i%2]
		line := fmt.Sprintf(`{"seq":%d,"prev":%q,"id":"%s-1764075600123-%d-%d","event":{"kind":"command.claimed","commands":["show version %d"]},`+
			`"source":{"stream":%q,"created_ms":1764075600123,"seq":%d,"part":%d,"stored_at":"2025-06-02T08:15:01Z"},"cursors":{}}`,
			i+1, prev, stream, 10+i/6, i/2%3, i*7, stream, 10+i/6, i/2%3)
		log, prev = append(log, line), hash(line)
	}
	return log
}

func verify(log []string, after chain.Head, known ...chain.Head) (chain.Head, error) {
	v, err := chain.New(after, known...)
	if err != nil {
		return chain.Head{}, err
	}
	err = chain.Lines(strings.NewReader(strings.Join(log, "\n")+map[bool]string{true: "\n"}[len(log) > 0]), v.Record)
	if err != nil {
		return chain.Head{}, err
	}
	return v.End()
}

func headOf(log []string, n int) chain.Head {
	if n == 0 {
		return chain.Start()
	}
	return chain.Head{Seq: uint64(n), Hash: hash(log[n-1])}
}

func TestAnIntactLogIsVerified(t *testing.T) {
	t.Parallel()
	log := made(60)
	for n := range len(log) + 1 {
		head, err := verify(log[:n], chain.Start(), headOf(log, n), headOf(log, n/2))
		if err != nil || head != headOf(log, n) {
			t.Fatalf("%d records: %v, %v", n, head, err)
		}
		if head, err = verify(log[n:], headOf(log, n), headOf(log, len(log))); err != nil || head != headOf(log, len(log)) {
			t.Fatalf("after %d records: %v, %v", n, head, err)
		}
	}
}

// flip changes one byte.
func flip(line string, rnd *rand.Rand) string {
	b := []byte(line)
	i := rnd.IntN(len(b))
	b[i] ^= byte(1 << rnd.IntN(8))
	return string(b)
}

// chained gives the records from i on the hashes and numbers that they need, as somebody would who writes the log anew.
func chained(log []string, from int) []string {
	seq, prev := regexp.MustCompile(`^\{"seq":\d+,"prev":"[0-9a-f]{64}"`), strings.Repeat("0", 64)
	for i := range log {
		if i >= from {
			log[i] = seq.ReplaceAllString(log[i], fmt.Sprintf(`{"seq":%d,"prev":"%s"`, i+1, prev))
		}
		prev = hash(log[i])
	}
	return log
}

// mutations change a log in ways that must be seen, given its head from before.
var mutations = map[string]func(log []string, i int, rnd *rand.Rand) []string{
	"a bit is flipped":     func(log []string, i int, rnd *rand.Rand) []string { log[i] = flip(log[i], rnd); return log },
	"a record is deleted":  func(log []string, i int, _ *rand.Rand) []string { return slices.Delete(log, i, i+1) },
	"a record is doubled":  func(log []string, i int, _ *rand.Rand) []string { return slices.Insert(log, i, log[i]) },
	"a record is inserted": func(log []string, i int, _ *rand.Rand) []string { return slices.Insert(log, i, made(3)[2]) },
	"the middle is cut out": func(log []string, i int, rnd *rand.Rand) []string {
		return slices.Delete(log, i, i+1+rnd.IntN(len(log)-i))
	},
	"the end is cut off": func(log []string, i int, _ *rand.Rand) []string { return log[:i] },
	"two change places": func(log []string, i int, _ *rand.Rand) []string {
		j := (i + 1) % len(log)
		log[i], log[j] = log[j], log[i]
		return log
	},
	"a command is changed and all is chained anew": func(log []string, i int, _ *rand.Rand) []string {
		log[i] = strings.Replace(log[i], "show version", "reload", 1)
		return chained(log, i)
	},
	"a record is deleted and all is chained anew": func(log []string, i int, _ *rand.Rand) []string {
		return chained(slices.Delete(log, i, i+1), i)
	},
	"a record is doubled and all is chained anew": func(log []string, i int, _ *rand.Rand) []string {
		return chained(slices.Insert(log, i, log[i]), i)
	},
	"another log is put in its place": func(log []string, _ int, _ *rand.Rand) []string {
		return chained(append([]string{strings.Replace(log[0], "command.claimed", "command.forgotten", 1)}, log[1:]...), 0)
	},
	"blanks are added": func(log []string, i int, _ *rand.Rand) []string { log[i] += " "; return log },
	"a line is empty":  func(log []string, i int, _ *rand.Rand) []string { return slices.Insert(log, i, "") },
	"a line ends in CR": func(log []string, i int, _ *rand.Rand) []string {
		log[i] += "\r"
		return log
	},
}

func TestEveryMutationIsSeen(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	log := made(200)
	head := headOf(log, len(log))
	const rounds = 250 // of each of 14
	for name, mutate := range mutations {
		for range rounds {
			i := rnd.IntN(len(log))
			changed := mutate(slices.Clone(log), i, rnd)
			_, err := verify(changed, chain.Start(), head)
			var broken *chain.BrokenError
			if !errors.As(err, &broken) {
				t.Fatalf("%s at record %d: %v", name, i+1, err)
			}
			if broken.Record == 0 || broken.Record > uint64(len(log))+1 || broken.Why == "" {
				t.Fatalf("%s at record %d: said of record %d: %s", name, i+1, broken.Record, broken.Why)
			}
		}
	}
}

// Without a head from before, what was not chained anew is seen all the same, but for the last record and the end.
func TestAChainAloneShowsWhatWasNotChainedAnew(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	log := made(50)
	for _, name := range []string{"a bit is flipped", "a record is deleted", "a record is doubled", "two change places", "a record is doubled and all is chained anew"} {
		for i := range len(log) - 2 {
			if _, err := verify(mutations[name](slices.Clone(log), i, rnd), chain.Start()); err == nil {
				t.Errorf("%s at record %d is not seen", name, i+1)
			}
		}
	}
}

func TestTheFirstRecordAtFaultIsNamed(t *testing.T) {
	t.Parallel()
	log := made(20)
	for name, want := range map[string]uint64{"a record is deleted": 8, "two change places": 8, "a line is empty": 8, "the end is cut off": 8} {
		_, err := verify(mutations[name](slices.Clone(log), 7, nil), chain.Start(), headOf(log, 20))
		var broken *chain.BrokenError
		if !errors.As(err, &broken) || broken.Record != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHeadsThatCannotBe(t *testing.T) {
	t.Parallel()
	log := made(9)
	for _, text := range []string{"", "5", "5:", "x:" + hash(""), "5:" + strings.ToUpper(hash("a")), "5:abcd", "-1:" + hash(""), "99999999999999999999:" + hash("")} {
		if h, err := chain.ParseHead(text); err == nil {
			t.Errorf("%q is head %v", text, h)
		}
	}
	if h, err := chain.ParseHead(" " + headOf(log, 5).String() + "\n"); err != nil || h != headOf(log, 5) {
		t.Errorf("%v, %v", h, err)
	}
	if _, err := chain.New(headOf(log, 5), headOf(log, 4)); err == nil {
		t.Error("a head before the beginning is taken for verified")
	}
	if _, err := chain.New(chain.Start(), headOf(log, 5), chain.Head{Seq: 5, Hash: hash("x")}); err == nil {
		t.Error("two heads that contradict each other are taken")
	}
	if _, err := chain.New(headOf(log, 5), chain.Head{Seq: 5, Hash: hash("x")}); err == nil {
		t.Error("the beginning contradicts the head")
	}
}

func TestAFileThatEndsInTheMiddleOfALineWasCutOff(t *testing.T) {
	t.Parallel()
	v, err := chain.New(chain.Start())
	if err != nil {
		t.Fatal(err)
	}
	if err := chain.Lines(strings.NewReader(strings.Join(made(3), "\n")), v.Record); !errors.Is(err, chain.ErrCutOff) {
		t.Errorf("got %v", err)
	}
}

func TestALongLineIsRefusedWithoutBeingHeld(t *testing.T) {
	t.Parallel()
	v, err := chain.New(chain.Start())
	if err != nil {
		t.Fatal(err)
	}
	var broken *chain.BrokenError
	if err := chain.Lines(bytes.NewReader(make([]byte, 3*chain.MaxRecord)), v.Record); !errors.As(err, &broken) {
		t.Errorf("got %v", err)
	}
}

// The example of the page is a record, and has the hash that the page says.
func TestTheExampleOfTheFormatsPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "audit-format.md"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)```json\n(.*?)\n```\nhas the hash `([0-9a-f]{64})`").FindSubmatch(page)
	if m == nil {
		t.Fatal("the page has no example")
	}
	if head, err := verify([]string{string(m[1])}, chain.Start(), chain.Head{Seq: 1, Hash: string(m[2])}); err != nil || head.Seq != 1 {
		t.Errorf("%v, %v", head, err)
	}
}

func FuzzVerifier(f *testing.F) {
	log := made(3)
	f.Add([]byte(strings.Join(log, "\n") + "\n"))
	f.Add([]byte(log[0]))
	f.Add([]byte(`{"seq":1,"prev":"","id":"a","source":{}}` + "\n"))
	f.Add([]byte("[]\nnull\n{}\n\n"))
	intact := strings.Join(log, "\n") + "\n"
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := chain.New(chain.Start(), headOf(log, 3))
		if err != nil {
			t.Fatal(err)
		}
		err = chain.Lines(bytes.NewReader(data), v.Record)
		if err == nil {
			_, err = v.End()
		}
		if (err == nil) != (string(data) == intact) {
			t.Errorf("%q: %v", data, err)
		}
	})
}
