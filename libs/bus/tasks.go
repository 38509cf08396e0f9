package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/netrust/netrust/libs/contract"
)

// DefaultAckWait is after how long a released task that nobody claimed is delivered again.
const DefaultAckWait = 30 * time.Second

// maxAckPending bounds the tasks of one site and class that executors have in hand.
const maxAckPending = 50_000

// TaskConsumer fetches the tasks of one site and class. Executors of a site share it.
type TaskConsumer struct {
	conn    *Conn
	cfg     jetstream.ConsumerConfig
	cons    jetstream.Consumer
	service string
	watch   watchdog
}

// Tasks returns the consumer of a site's tasks of one class, making it when it is not there. ackWait 0 means
// [DefaultAckWait]. Not safe for concurrent use: each fetching goroutine has its own.
func (c *Conn) Tasks(ctx context.Context, site string, class contract.Class, ackWait time.Duration) (*TaskConsumer, error) {
	if ackWait <= 0 {
		ackWait = DefaultAckWait
	}
	name := "tasks-any-" + string(class)
	if site != contract.AnySite {
		name = "tasks-at-" + contract.EscapeToken(site) + "-" + string(class)
	}
	t := &TaskConsumer{conn: c, service: c.source, watch: watchdog{after: c.stallAfter}, cfg: jetstream.ConsumerConfig{
		Durable:       name,
		FilterSubject: contract.TasksOf(site, class),
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       ackWait,
		MaxDeliver:    -1, // a message that MaxDeliver stops is stranded: the worker sets poison aside itself
		MaxAckPending: maxAckPending,
		MaxWaiting:    2048,
		Replicas:      c.replicas,
	}}
	return t, t.open(ctx)
}

func (t *TaskConsumer) open(ctx context.Context) error {
	ctx, cancel := bounded(ctx, requestTimeout)
	defer cancel()
	begin := time.Now()
	cons, err := t.conn.js.CreateOrUpdateConsumer(ctx, contract.StreamTasks, t.cfg)
	if errors.Is(err, jetstream.ErrStreamNotFound) { // the server was started anew: the stream was in its memory
		if err = t.conn.EnsureInMemory(ctx); err == nil {
			cons, err = t.conn.js.CreateOrUpdateConsumer(ctx, contract.StreamTasks, t.cfg)
		}
	}
	if err != nil {
		// The old one stays: its next fetch says again that it is gone.
		return fmt.Errorf("creating consumer %s: %w", t.cfg.Durable, t.conn.explain(err, begin, "."+contract.StreamTasks))
	}
	t.cons = cons
	t.conn.meters.opened(t.cons, t.cfg.Durable)
	return nil
}

// Fetch asks for up to n tasks and hands each to take as it comes; it returns after n tasks, or after wait. A consumer
// that was deleted or that stalls while tasks wait is made again.
func (t *TaskConsumer) Fetch(ctx context.Context, n int, wait time.Duration, take func(*Delivery)) error {
	batch, err := t.cons.Fetch(n, jetstream.FetchMaxWait(wait))
	if err != nil {
		return fmt.Errorf("fetching from %s: %w", t.cfg.Durable, err)
	}
	got := 0
	for msg := range batch.Messages() {
		got++
		take(&Delivery{conn: t.conn, msg: msg, service: t.service})
	}
	err = batch.Error()
	if errors.Is(err, jetstream.ErrConsumerDeleted) || errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, nats.ErrNoResponders) {
		return t.rebuild(ctx)
	}
	if err != nil && !errors.Is(err, nats.ErrTimeout) {
		return fmt.Errorf("fetching from %s: %w", t.cfg.Durable, err)
	}
	return t.guard(ctx, got)
}

// guard rebuilds the consumer when tasks wait and none is delivered to anyone.
func (t *TaskConsumer) guard(ctx context.Context, got int) error {
	if !t.watch.due(got, time.Now()) {
		return nil
	}
	reqCtx, cancel := bounded(ctx, requestTimeout)
	defer cancel()
	info, err := t.cons.Info(reqCtx)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return t.rebuild(ctx)
	}
	if err != nil {
		return fmt.Errorf("checking %s: %w", t.cfg.Durable, err)
	}
	if !t.watch.stalled(progress{
		delivered: info.Delivered.Consumer, waiting: info.NumPending, full: info.NumAckPending >= maxAckPending,
	}) {
		return nil
	}
	t.conn.log.Warn().Str("consumer", t.cfg.Durable).Uint64("waiting", info.NumPending).Msg("the consumer stalls while tasks wait; making it again")
	// What was acknowledged is delivered again: the ledger refuses it, so the cost is a read.
	if err := t.conn.js.DeleteConsumer(reqCtx, contract.StreamTasks, t.cfg.Durable); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return fmt.Errorf("deleting stalled consumer %s: %w", t.cfg.Durable, err)
	}
	return t.rebuild(ctx)
}

func (t *TaskConsumer) rebuild(ctx context.Context) error {
	t.conn.meters.rebuilt.WithLabelValues(t.conn.meters.service, contract.StreamTasks).Inc()
	return t.open(ctx)
}

// Delivery is one delivered task message. Exactly one of its outcomes is stated, or none, when another holder is at
// work: it then comes again after the acknowledgement wait.
type Delivery struct {
	conn    *Conn
	msg     jetstream.Msg
	service string
}

// Subject of the message.
func (d *Delivery) Subject() string { return d.msg.Subject() }

// Data is the payload.
func (d *Delivery) Data() []byte { return d.msg.Data() }

// HeaderValue returns the first value of a header, or "".
func (d *Delivery) HeaderValue(key string) string { return d.msg.Headers().Get(key) }

// Ack says that the message is done with. It does not wait: when the acknowledgement is lost, the message comes again and the
// ledger knows.
func (d *Delivery) Ack() error { return d.msg.Ack() }

// Return gives the message back, to be delivered again at once (to another executor, when this one drains).
func (d *Delivery) Return() error { return d.msg.Nak() }

// InProgress restarts the acknowledgement wait.
func (d *Delivery) InProgress() error { return d.msg.InProgress() }
