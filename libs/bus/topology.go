package bus

import (
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/netrust/netrust/libs/contract"
)

// Retention of what the streams hold.
const (
	day = 24 * time.Hour
	// JobRetention is how long commands and events of a job are kept: longer than the longest job (14 days) and its
	// history in the gateways.
	JobRetention    = 35 * day
	objectRetention = 60 * day
	// DeadLetterRetention is how long a dead letter can be read, whatever became of it.
	DeadLetterRetention = 90 * day
	// markerTTL is how long the server keeps the trace of an expired key. It must not exceed the shortest TTL in use:
	// the server raises every shorter TTL to it.
	markerTTL = 2 * time.Second
)

// KVStream is the stream behind a bucket, and KVSubject the subject behind a key (both are NATS' own convention).
func KVStream(bucket string) string { return "KV_" + bucket }

// KVSubject is the subject behind a key of a bucket.
func KVSubject(bucket, key string) string { return "$KV." + bucket + "." + key }

// Streams is the whole topology but for the object store and the task consumers, which are made as sites appear.
func streams(replicas int) []jetstream.StreamConfig {
	list := []jetstream.StreamConfig{
		{
			Name:        contract.StreamJobs,
			Description: "commands and events of jobs",
			Subjects:    []string{contract.JobCommandFilter, contract.JobEventFilter},
			MaxAge:      JobRetention,
			MaxMsgSize:  1 << 20,
			Duplicates:  2 * time.Minute,
		},
		// In memory: what a release says stands in the ledger and in the job's log, so that the scheduler releases again what
		// a server lost that was started anew. A batch on disk costs the server a directory and four syncs
		// (docs/adr/0006-tasks-in-memory.md). Replicated, because one that is lost with its node could not be made anew.
		{
			Name:               contract.StreamTasks,
			Description:        "tasks released to executors; purged when they are claimed, and when their job ends",
			Subjects:           []string{contract.TasksFilter},
			Storage:            jetstream.MemoryStorage,
			Replicas:           replicas,
			MaxAge:             15 * day,
			MaxMsgSize:         512 << 10,
			AllowAtomicPublish: true,
		},
		{
			Name:        contract.StreamDLQ,
			Description: "messages that could not be processed",
			Subjects:    []string{contract.DLQFilter, contract.LetterCommandFilter, contract.LetterEventFilter},
			MaxAge:      DeadLetterRetention,
			MaxMsgSize:  1 << 20,
			// One letter repeats as often as its task is released in vain, and is decided upon as often as people ask.
			MaxMsgsPerSubject: 64,
			Duplicates:        2 * time.Minute,
		},
		{
			Name:              contract.StreamOutput,
			Description:       "live output of tasks that somebody follows",
			Subjects:          []string{contract.LiveOutputFilter},
			MaxAge:            10 * time.Minute,
			MaxBytes:          64 << 20,
			MaxMsgsPerSubject: 4096,
			MaxMsgSize:        1 << 20,
			Storage:           jetstream.MemoryStorage,
		},
		{
			Name:              contract.StreamSession,
			Description:       "executors asking each other to close sessions on devices",
			Subjects:          []string{contract.SessionFilter},
			MaxAge:            time.Minute,
			MaxBytes:          16 << 20,
			MaxMsgsPerSubject: 8192,
			MaxMsgSize:        64 << 10,
			Storage:           jetstream.MemoryStorage,
		},
		{
			Name:               contract.StreamAudit,
			Description:        "the audit log; nothing is deleted",
			Subjects:           []string{contract.AuditFilter},
			MaxMsgSize:         1 << 20,
			DenyDelete:         true,
			DenyPurge:          true,
			AllowAtomicPublish: true,
		},
		{
			Name:        contract.StreamIntake,
			Description: "reports to the audit of what is in no other stream",
			Subjects:    []string{contract.IntakeFilter},
			MaxAge:      JobRetention,
			MaxMsgSize:  256 << 10,
			DenyDelete:  true,
			DenyPurge:   true,
			Duplicates:  2 * time.Minute,
		},
		bucket(contract.BucketExec, "ledger, device leases, gates, liveness", 64, func(c *jetstream.StreamConfig) {
			c.AllowAtomicPublish = true
		}),
		bucket(contract.BucketJobs, "job summaries and the scheduler's leadership", 4, nil),
		bucket(contract.BucketInventory, "devices", 16, func(c *jetstream.StreamConfig) {
			c.AllowAtomicPublish = true // an import writes thousands
		}),
		bucket(contract.BucketIdentity, "API tokens by digest", 4, nil),
		bucket(contract.BucketObserved, "what devices showed: host keys", 8, nil),
		bucket(contract.BucketFollow, "whose live output somebody follows", 1, func(c *jetstream.StreamConfig) {
			c.Storage, c.MaxBytes = jetstream.MemoryStorage, 8<<20
		}),
	}
	for i := range list {
		list[i].Retention = jetstream.LimitsPolicy
		list[i].Discard = jetstream.DiscardNew
		if list[i].Storage == jetstream.MemoryStorage { // what is lost with the server is of no use after it
			list[i].Discard = jetstream.DiscardOld
			list[i].Replicas = max(list[i].Replicas, 1)
		} else {
			list[i].Replicas = replicas
		}
		list[i].AllowDirect = true
		list[i].MaxConsumers = 1000
	}
	// A stream with an age limit makes room by itself; DiscardNew there only says that a full disk refuses.
	return list
}

// bucket is the stream that a KV bucket stands on. It is made directly, because the KV API cannot set AllowAtomicPublish
// and would take it away again.
func bucket(name, description string, history int64, change func(*jetstream.StreamConfig)) jetstream.StreamConfig {
	cfg := jetstream.StreamConfig{
		Name:                   KVStream(name),
		Description:            description,
		Subjects:               []string{KVSubject(name, ">")},
		MaxMsgsPerSubject:      history,
		AllowRollup:            true,
		DenyDelete:             true,
		AllowMsgTTL:            true,
		SubjectDeleteMarkerTTL: markerTTL,
		MaxMsgSize:             1 << 20,
	}
	if change != nil {
		change(&cfg)
	}
	return cfg
}

// objectStores are the buckets of objects, one per retention.
func objectStores(replicas int) []jetstream.ObjectStoreConfig {
	list := []jetstream.ObjectStoreConfig{
		{Bucket: contract.ObjectsResults, Description: "outputs over 256 KiB and manifests, by SHA-256", TTL: objectRetention},
		{Bucket: contract.ObjectsRaw, Description: "raw outputs, encrypted with age, by the SHA-256 of their plain text", TTL: objectRetention},
	}
	for i := range list {
		list[i].Storage, list[i].Replicas = jetstream.FileStorage, replicas
	}
	return list
}

// StreamNames lists the streams of the topology, those behind buckets and objects too.
func StreamNames() []string {
	var names []string
	for _, cfg := range streams(1) {
		names = append(names, cfg.Name)
	}
	for _, cfg := range objectStores(1) {
		names = append(names, objectStream(cfg.Bucket))
	}
	return names
}
