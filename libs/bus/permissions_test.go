package bus_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/schemas/asyncapi"
)

// user is one user's raw connection, and what the server has refused it.
type user struct {
	t       *testing.T
	nc      *nats.Conn
	refused chan string
}

var refusedSubject = regexp.MustCompile(`to "([^"]+)"`)

func login(t *testing.T, url, dir, name string) *user {
	t.Helper()
	password, err := os.ReadFile(bus.UserPasswordFile(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	u := &user{t: t, refused: make(chan string, 1000)}
	u.nc, err = nats.Connect(url, nats.UserInfo(name, strings.TrimSpace(string(password))),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if m := refusedSubject.FindStringSubmatch(err.Error()); m != nil {
				u.refused <- m[1]
			}
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.nc.Close)
	return u
}

// mayPublish publishes nothing to each of the subjects, and returns those that the server took.
func (u *user) mayPublish(subjects []string) []string {
	u.t.Helper()
	const last = "nobody.may.publish.here" // refusals come in order: after this one there are no more
	for _, s := range append(slices.Clone(subjects), last) {
		if err := u.nc.Publish(s, nil); err != nil {
			u.t.Fatal(err)
		}
	}
	taken := slices.Clone(subjects)
	for {
		select {
		case s := <-u.refused:
			if s == last {
				return taken
			}
			taken = slices.DeleteFunc(taken, func(t string) bool { return t == s })
		case <-u.t.Context().Done():
			u.t.Fatal("the server says nothing")
		}
	}
}

// needs are the subjects that a service must be able to publish to for one operation, written down here a second time. Streams
// are read whole, so only whether there is an operation counts, not on which channel.
func needs(c asyncapi.Channel, op asyncapi.Operation) []string {
	stream := streamOf(c)
	var list []string
	objects := strings.HasPrefix(stream, "OBJ_")
	switch {
	case op.Send && objects:
		list = append(list, strings.Replace(c.Address, ">", "C.part", 1), strings.Replace(c.Address, ">", "M.name", 1))
	case op.Send:
		list = append(list, c.Subject())
	default:
		list = append(list, "$JS.API.CONSUMER.CREATE."+stream+".some.filter", "$JS.API.CONSUMER.INFO."+stream+".some",
			"$JS.API.CONSUMER.MSG.NEXT."+stream+".some", "$JS.API.DIRECT.GET."+stream, "$JS.API.DIRECT.GET."+stream+"."+strings.Replace(c.Subject(), ">", "M.x", 1))
	}
	if op.Acks {
		list = append(list, "$JS.ACK."+stream+".some.1.2.3.4.5")
	}
	if op.Purges {
		list = append(list, "$JS.API.STREAM.PURGE."+stream)
	}
	return list
}

func streamOf(c asyncapi.Channel) string {
	kind, name, _ := strings.Cut(c.Home, " ")
	return map[string]string{"stream": "", "bucket": "KV_", "objects": "OBJ_"}[kind] + name
}

// forNobody are subjects that no service may publish to, whatever it does with the stream.
func forNobody(stream string) []string {
	var list []string
	for _, verb := range []string{"CREATE", "UPDATE", "DELETE", "MSG.DELETE", "SNAPSHOT", "RESTORE"} {
		list = append(list, "$JS.API.STREAM."+verb+"."+stream)
	}
	return append(list, "$JS.API.STREAM.LIST", "$JS.API.STREAM.NAMES", "$SYS.REQ.SERVER.PING", "netrust.nats.state", "_INBOX.other.reply")
}

// TestTheServerEnforcesWhatAsyncapiSays asks the server, as each service, about every subject that any service needs: it takes
// those of the service's own operations, and refuses all others.
func TestTheServerEnforcesWhatAsyncapiSays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, err := bus.StartServer(bus.ServerConfig{DataDir: dir, Listen: "127.0.0.1:0"}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	channels, err := asyncapi.Read()
	if err != nil {
		t.Fatal(err)
	}
	allowed, all := map[string]map[string]bool{}, map[string]bool{}
	never, everyone := map[string]bool{}, map[string]bool{}
	for _, c := range channels {
		for _, s := range forNobody(streamOf(c)) {
			all[s], never[s] = true, true
		}
		mine := func(service string) map[string]bool {
			if allowed[service] == nil {
				allowed[service] = map[string]bool{}
			}
			return allowed[service]
		}
		info := "$JS.API.STREAM.INFO." + streamOf(c)
		for _, service := range c.MadeBy {
			create := "$JS.API.STREAM.CREATE." + streamOf(c)
			mine(service)[create], never[create] = true, false
		}
		for _, op := range c.Operations {
			everyone[info], all[info] = true, true
			mine(op.Service)
			for _, s := range needs(c, op) {
				allowed[op.Service][s], all[s] = true, true
			}
		}
	}
	var subjects []string
	for s := range all {
		subjects = append(subjects, s)
	}
	if len(allowed) < 3 || len(subjects) < 100 {
		t.Fatalf("%d services and %d subjects: is this the document?", len(allowed), len(subjects))
	}
	if want := append([]string{bus.ServerUser}, slices.Collect(func(yield func(string) bool) {
		for s := range allowed {
			if !yield(s) {
				return
			}
		}
	})...); !slices.Equal(slices.Sorted(slices.Values(want)), bus.Users()) {
		t.Errorf("the users are %v, asyncapi.yaml has %v: run make generate", bus.Users(), want)
	}
	for service, own := range allowed {
		t.Run(service, func(t *testing.T) {
			u := login(t, server.URL(), dir, service)
			taken := u.mayPublish(subjects)
			for _, s := range subjects {
				switch got := slices.Contains(taken, s); {
				case (own[s] || everyone[s]) && !got:
					t.Errorf("%s may not publish to %s, which asyncapi.yaml says that it does: run make generate", service, s)
				case !own[s] && !everyone[s] && got && !covered(own, s):
					t.Errorf("%s may publish to %s, which asyncapi.yaml does not say", service, s)
				case never[s] && got:
					t.Errorf("%s may publish to %s", service, s)
				}
			}
		})
	}
	t.Run("no service hears what another is answered, nor the subjects themselves", func(t *testing.T) {
		for service := range allowed {
			u := login(t, server.URL(), dir, service)
			for _, subject := range []string{">", "_INBOX.>", "_INBOX.another.>", "job.cmd.*", "$KV.identity.>", "$JS.ACK.>", "$JS.API.>"} {
				if _, err := u.nc.Subscribe(subject, func(*nats.Msg) {}); err != nil {
					t.Fatal(err)
				}
				select {
				case got := <-u.refused:
					if got != subject {
						t.Errorf("%s: refused %q, want %q", service, got, subject)
					}
				case <-t.Context().Done():
					t.Fatalf("%s may listen to %s", service, subject)
				}
			}
		}
	})
}

// covered says that a subject is one of the reads of a stream that the service reads anyway: the filter of another channel.
func covered(own map[string]bool, subject string) bool {
	rest, ok := strings.CutPrefix(subject, "$JS.API.DIRECT.GET.")
	if !ok {
		return false
	}
	stream, filter, _ := strings.Cut(rest, ".")
	return own["$JS.API.DIRECT.GET."+stream] || strings.HasPrefix(filter, "$O.") && own[strings.Replace(filter, ".M.x", ".M.name", 1)]
}

// TestWhatAServiceMustNotDo is a table by hand, of what would do the most harm.
func TestWhatAServiceMustNotDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, err := bus.StartServer(bus.ServerConfig{DataDir: dir, Listen: "127.0.0.1:0"}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	for service, forbidden := range map[string][]string{
		"executor": {
			"job.event.j1", "job.cmd.j1", "tasks.s1.normal.j1.run.d1", "$KV.exec.gate.j1", "$KV.jobs.job.j1", "$KV.jobs.leader",
			"$KV.inventory.device.d1", "$KV.identity.token.x", "$JS.API.DIRECT.GET.KV_identity", "$JS.API.CONSUMER.CREATE.KV_identity.x",
			"$JS.API.STREAM.PURGE.KV_exec", "$JS.API.STREAM.DELETE.KV_exec", "$JS.API.CONSUMER.CREATE.JOBS.x",
		},
		"gateway": {
			"job.event.j1", "tasks.s1.normal.j1.run.d1", "$KV.exec.task.s1.j1.run.d1", "$KV.exec.dev.s1.d1", "$KV.exec.gate.j1",
			"$KV.exec.executor.x", "$KV.jobs.leader", "$KV.observed.hostkey.d1", "$JS.API.CONSUMER.CREATE.TASKS.x", "$JS.API.STREAM.PURGE.TASKS",
		},
		"scheduler": {
			"job.cmd.j1", "$KV.exec.task.s1.j1.run.d1", "$KV.exec.dev.s1.d1", "$KV.exec.executor.x", "$KV.inventory.device.d1",
			"$KV.identity.token.x", "$JS.API.DIRECT.GET.KV_identity", "$KV.observed.hostkey.d1", "$JS.API.STREAM.PURGE.JOBS", "$JS.API.STREAM.DELETE.JOBS",
		},
	} {
		u := login(t, server.URL(), dir, service)
		if taken := u.mayPublish(forbidden); len(taken) > 0 {
			t.Errorf("%s may publish to %v", service, taken)
		}
	}
}

func TestADeniedSubjectIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, err := bus.StartServer(bus.ServerConfig{DataDir: dir, Listen: "127.0.0.1:0"}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	if err := server.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	connect := func(service string) *bus.Conn {
		c, err := bus.Connect(t.Context(), bus.Config{URL: server.URL(), Service: service, PasswordFile: bus.UserPasswordFile(dir, service)}, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	executor, gateway := connect("executor"), connect("gateway")
	for name, c := range map[string]struct {
		do      func() error
		subject string
	}{
		"a publish": {func() error {
			_, err := executor.Publish(t.Context(), bus.Message{Subject: "job.event.j1", Data: []byte("{}")})
			return err
		}, "job.event.j1"},
		"a part of a batch": {func() error {
			_, err := executor.PublishBatch(t.Context(), []bus.Message{
				{Subject: "$KV.exec.gate.j1", Data: []byte("{}")}, {Subject: "$KV.exec.executor.e1", Data: []byte("{}")},
			})
			return err
		}, "$KV.exec.gate.j1"},
		"a read": {func() error {
			_, err := executor.LastFor(t.Context(), "KV_identity", "$KV.identity.token.x")
			return err
		}, "$JS.API.DIRECT.GET.KV_identity.$KV.identity.token.x"},
		"many reads at once": {func() error {
			_, err := executor.MultiLast(t.Context(), "KV_identity", []string{"$KV.identity.token.x"})
			return err
		}, "$JS.API.DIRECT.GET.KV_identity"},
		"a purge": {func() error { return gateway.PurgeSubject(t.Context(), "JOBS", "job.cmd.j1") }, "$JS.API.STREAM.PURGE.JOBS"},
		"a task consumer": {func() error {
			_, err := gateway.Tasks(t.Context(), "s1", contract.Normal, 0)
			return err
		}, "$JS.API.CONSUMER.CREATE.TASKS.tasks-at-s1-normal.tasks.s1.normal.>"},
		"the topology": {func() error { return executor.Ensure(t.Context()) }, "$JS.API.STREAM.CREATE."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.do()
			var denied *bus.DeniedError
			if !errors.As(err, &denied) || !strings.HasPrefix(denied.Subject, c.subject) {
				t.Errorf("error %v, want one that names %s", err, c.subject)
			}
			if errors.Is(err, bus.ErrUnknownOutcome) && name == "a publish" {
				t.Errorf("a denied publish counts as one of unknown outcome: %v", err)
			}
		})
	}
}

func TestAnOldDataDirectoryKeepsItsPassword(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "nats.password")
	if err := os.WriteFile(file, []byte("from-an-earlier-release\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server, err := bus.StartServer(bus.ServerConfig{DataDir: dir, Listen: "127.0.0.1:0"}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	for _, cfg := range []bus.Config{
		{URL: server.URL(), User: "netrust", PasswordFile: file},
		{URL: server.URL(), User: "netrust", PasswordFile: file, Service: "executor"},
		{URL: server.URL(), PasswordFile: file, Service: "executor"}, // as the settings of an earlier release name it
		{URL: server.URL(), PasswordFile: bus.UserPasswordFile(dir, "executor"), Service: "executor"},
	} {
		c, err := bus.Connect(t.Context(), cfg, zerolog.Nop())
		if err != nil {
			t.Errorf("%+v: %v", cfg, err)
			continue
		}
		c.Close()
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "from-an-earlier-release\n" {
		t.Errorf("the password is now %q, %v", b, err)
	}
	for _, name := range bus.Users() {
		info, err := os.Stat(bus.UserPasswordFile(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the password of %s: %v, %v", name, info, err)
		}
	}
	if _, err := bus.Connect(t.Context(), bus.Config{URL: server.URL(), Service: "gateway", PasswordFile: bus.UserPasswordFile(dir, "executor")}, zerolog.Nop()); err == nil ||
		!strings.Contains(fmt.Sprint(err), "gateway") {
		t.Errorf("the gateway logs in with the executor's password: %v", err)
	}
}

func TestAServiceWaitsForItsStreamsAndSaysForWhich(t *testing.T) {
	t.Parallel()
	server, err := bus.StartServer(bus.ServerConfig{DataDir: t.TempDir(), Listen: "127.0.0.1:0"}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	conn, err := bus.Connect(t.Context(), bus.Config{Embedded: server, Service: "gateway"}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	said := make(chan error, 100)
	done := make(chan error, 1)
	go func() { done <- conn.Await(t.Context(), func(err error) { said <- err }) }()
	if err := <-said; !strings.Contains(err.Error(), "is not there yet: netrust nats setup") {
		t.Errorf("it says %v", err)
	}
	if err := server.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	t.Run("and one of an earlier release is not enough", func(t *testing.T) {
		admin, err := bus.Connect(t.Context(), bus.Config{Embedded: server}, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		defer admin.Close()
		s, err := admin.JetStream().Stream(t.Context(), "JOBS")
		if err != nil {
			t.Fatal(err)
		}
		old := s.CachedInfo().Config
		old.Subjects = []string{contract.JobCommandFilter}
		if _, err := admin.JetStream().UpdateStream(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		again := make(chan error, 100)
		go func() { done <- conn.Await(t.Context(), func(err error) { again <- err }) }()
		if err := <-again; !strings.Contains(err.Error(), contract.JobEventFilter) {
			t.Errorf("it says %v", err)
		}
		if err := admin.Ensure(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
