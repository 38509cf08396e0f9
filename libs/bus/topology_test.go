package bus_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/bus/bustest"
	"github.com/netrust/netrust/libs/contract"
)

// bare is a server without the topology.
func bare(t testing.TB) *bus.Conn {
	t.Helper()
	server, err := bus.StartServer(bus.ServerConfig{DataDir: t.TempDir(), Listen: "127.0.0.1:0"}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return bustest.Connect(t, server)
}

func configOf(t testing.TB, conn *bus.Conn, stream string) jetstream.StreamConfig {
	t.Helper()
	s, err := conn.JetStream().Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo().Config
}

func TestTopology(t *testing.T) {
	t.Parallel()

	t.Run("several services make it at once, and making it again changes nothing", func(t *testing.T) {
		t.Parallel()
		conn := bare(t)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if err := conn.Ensure(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		seq := write(t, conn, "a", "x")
		if err := conn.Ensure(t.Context()); err != nil {
			t.Fatal(err)
		}
		if last, err := conn.LastFor(t.Context(), exec, key("a")); err != nil || last.Seq != seq {
			t.Errorf("the message is %+v, %v", last, err)
		}
	})
	t.Run("what the protocol stands on is set", func(t *testing.T) {
		t.Parallel()
		_, conn := bustest.Server(t)
		ledger := configOf(t, conn, exec)
		if !ledger.AllowAtomicPublish || !ledger.AllowMsgTTL || !ledger.AllowDirect || !ledger.AllowRollup || ledger.MaxMsgsPerSubject != 64 ||
			ledger.Retention != jetstream.LimitsPolicy || ledger.SubjectDeleteMarkerTTL <= 0 || ledger.Storage != jetstream.FileStorage {
			t.Errorf("the ledger is %+v", ledger)
		}
		if tasks := configOf(t, conn, contract.StreamTasks); !tasks.AllowAtomicPublish || tasks.Retention != jetstream.LimitsPolicy ||
			tasks.Storage != jetstream.MemoryStorage {
			t.Errorf("the tasks are %+v", tasks)
		}
		audit := configOf(t, conn, contract.StreamAudit)
		if !audit.DenyDelete || !audit.DenyPurge || !audit.AllowAtomicPublish || audit.Discard != jetstream.DiscardNew || audit.MaxAge != 0 ||
			audit.MaxBytes > 0 || audit.MaxMsgs > 0 || audit.MaxMsgsPerSubject > 0 || audit.Storage != jetstream.FileStorage {
			t.Errorf("the audit log is %+v", audit)
		}
		if err := conn.PurgeSubject(t.Context(), contract.StreamAudit, contract.AuditFilter); err == nil {
			t.Error("the audit log was purged")
		}
		for _, bucket := range []string{contract.BucketJobs, contract.BucketInventory, contract.BucketIdentity, contract.BucketObserved} {
			if _, err := conn.JetStream().KeyValue(t.Context(), bucket); err != nil {
				t.Errorf("bucket %s: %v", bucket, err)
			}
		}
	})
	t.Run("what an older version made is upgraded, and keeps its messages", func(t *testing.T) {
		t.Parallel()
		conn := bare(t)
		for _, old := range []jetstream.StreamConfig{
			{Name: exec, Subjects: []string{key(">")}, MaxMsgsPerSubject: 8, AllowRollup: true, DenyDelete: true, AllowDirect: true},
			{Name: contract.StreamJobs, Subjects: []string{contract.JobCommandFilter}},
			{Name: contract.StreamTasks, Subjects: []string{contract.TasksFilter}, MaxMsgSize: 1024},
		} {
			if _, err := conn.JetStream().CreateStream(t.Context(), old); err != nil {
				t.Fatal(err)
			}
		}
		seq := write(t, conn, "kept", "x")
		if err := conn.Ensure(t.Context()); err != nil {
			t.Fatal(err)
		}
		if last, err := conn.LastFor(t.Context(), exec, key("kept")); err != nil || last.Seq != seq {
			t.Errorf("the message is %+v, %v", last, err)
		}
		if c := configOf(t, conn, exec); !c.AllowAtomicPublish || !c.AllowMsgTTL || c.MaxMsgsPerSubject != 64 {
			t.Errorf("the ledger is %+v", c)
		}
		if c := configOf(t, conn, contract.StreamTasks); c.Storage != jetstream.MemoryStorage || !c.AllowAtomicPublish {
			t.Errorf("the tasks are %+v", c)
		}
		if c := configOf(t, conn, contract.StreamJobs); len(c.Subjects) != 2 {
			t.Errorf("the subjects of the jobs are %v", c.Subjects)
		}
	})
	t.Run("several services take the tasks off the disk at once", func(t *testing.T) {
		t.Parallel()
		conn := bare(t)
		if _, err := conn.JetStream().CreateStream(t.Context(), jetstream.StreamConfig{
			Name: contract.StreamTasks, Subjects: []string{contract.TasksFilter}, MaxMsgSize: 1024,
		}); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if err := conn.Ensure(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if c := configOf(t, conn, contract.StreamTasks); c.Storage != jetstream.MemoryStorage {
			t.Errorf("the tasks are %+v", c)
		}
	})
	t.Run("what is kept in memory is made again where it is lost", func(t *testing.T) {
		t.Parallel()
		_, conn := bustest.Server(t)
		if err := conn.JetStream().DeleteStream(t.Context(), contract.StreamTasks); err != nil {
			t.Fatal(err)
		}
		if err := conn.PurgeSubject(t.Context(), contract.StreamTasks, contract.TasksFilter); !errors.Is(err, bus.ErrNotFound) {
			t.Errorf("purging a stream that is lost: %v", err)
		}
		subject := contract.TaskKey{Site: "s", Job: "j", Phase: contract.PhaseRun, Device: "d"}.Subject(contract.Normal)
		message := bus.Message{Subject: subject, Data: []byte("{}"), Type: contract.TypeTask, ID: "d"}
		if _, err := conn.Publish(t.Context(), message); !errors.Is(err, bus.ErrNoStream) {
			t.Errorf("publishing to a stream that is lost: %v", err)
		}
		if err := conn.EnsureInMemory(t.Context()); err != nil {
			t.Fatal(err)
		}
		if seq, err := conn.Publish(t.Context(), message); err != nil || seq != 1 {
			t.Errorf("publishing to the new one: %d, %v", seq, err)
		}
	})
	t.Run("a context that has ended ends it", func(t *testing.T) {
		t.Parallel()
		conn := bare(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := conn.Ensure(ctx); err == nil {
			t.Error("the topology was made")
		}
	})
}
