package permission_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/netrust/netrust/schemas/asyncapi"
	"github.com/netrust/netrust/tools/permission"
)

func channel(home, address string, ops ...asyncapi.Operation) asyncapi.Channel {
	return asyncapi.Channel{Home: home, Address: address, Operations: ops}
}

func TestWhatIsGrantedFollowsFromTheOperations(t *testing.T) {
	t.Parallel()
	users := permission.Of([]asyncapi.Channel{
		channel("stream S", "s.{x}.end", asyncapi.Operation{Service: "writer", Send: true}, asyncapi.Operation{Service: "worker", Acks: true}),
		channel("bucket b", "$KV.b.k.{x}", asyncapi.Operation{Service: "reader"}, asyncapi.Operation{Service: "writer", Send: true, Purges: true}),
		channel("objects o", "$O.o.>", asyncapi.Operation{Service: "writer", Send: true}, asyncapi.Operation{Service: "reader"}),
	})
	want := map[string][]string{
		"reader": {
			"$JS.API.CONSUMER.CREATE.KV_b.>", "$JS.API.CONSUMER.CREATE.OBJ_o.>", "$JS.API.CONSUMER.DELETE.KV_b.*", "$JS.API.CONSUMER.DELETE.OBJ_o.*",
			"$JS.API.CONSUMER.INFO.KV_b.*", "$JS.API.CONSUMER.INFO.OBJ_o.*", "$JS.API.CONSUMER.MSG.NEXT.KV_b.*", "$JS.API.CONSUMER.MSG.NEXT.OBJ_o.*",
			"$JS.API.DIRECT.GET.KV_b", "$JS.API.DIRECT.GET.KV_b.>", "$JS.API.DIRECT.GET.OBJ_o", "$JS.API.DIRECT.GET.OBJ_o.>", "$JS.API.INFO", "$JS.API.STREAM.INFO.*",
			"$JS.FC.OBJ_o.>",
		},
		"worker": {
			"$JS.ACK.S.>", "$JS.API.CONSUMER.CREATE.S.>", "$JS.API.CONSUMER.DELETE.S.*", "$JS.API.CONSUMER.INFO.S.*", "$JS.API.CONSUMER.MSG.NEXT.S.*",
			"$JS.API.DIRECT.GET.S", "$JS.API.DIRECT.GET.S.>", "$JS.API.INFO", "$JS.API.STREAM.INFO.*",
		},
		"writer": {
			"$JS.API.DIRECT.GET.OBJ_o.$O.o.M.*", "$JS.API.INFO", "$JS.API.STREAM.INFO.*", "$JS.API.STREAM.PURGE.KV_b", "$KV.b.k.*", "$O.o.C.*", "$O.o.M.*", "s.*.end",
		},
	}
	if len(users) != len(want) {
		t.Fatalf("%d users: %+v", len(users), users)
	}
	for _, u := range users {
		if !slices.Equal(u.Publish, want[u.Service]) {
			t.Errorf("%s may publish to\n%s\nwant\n%s", u.Service, strings.Join(u.Publish, "\n"), strings.Join(want[u.Service], "\n"))
		}
		listens := []string{"_INBOX." + u.Service + ".>", "netrust.nats.state"}
		if !slices.Equal(u.Subscribe, listens) {
			t.Errorf("%s may subscribe to %v", u.Service, u.Subscribe)
		}
	}
}

// TestTheGeneratedFilesAreThoseOfTheDocument says by name which of the files is out of date.
func TestTheGeneratedFilesAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	channels, err := asyncapi.Read()
	if err != nil {
		t.Fatal(err)
	}
	users := permission.Of(channels)
	table, err := permission.Go(users)
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string][]byte{
		"../../libs/bus/permissions_gen.go": table, "../../deploy/nats/authorization.conf": permission.Conf(users),
	} {
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		have := strings.Split(string(got), "\n")
		for line := range strings.Lines(string(want)) {
			if line = strings.TrimSuffix(line, "\n"); !slices.Contains(have, line) {
				t.Errorf("%s lacks %s: run make generate", file, strings.TrimSpace(line))
			}
		}
		if !t.Failed() && string(got) != string(want) {
			t.Errorf("%s is not what schemas/asyncapi.yaml says: run make generate", file)
		}
	}
}
