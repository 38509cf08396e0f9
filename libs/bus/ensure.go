package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Ensure creates what is missing of the topology and upgrades what is older. Only the administrator may; services call
// [Conn.Await]. Several may call it at once. While
// NATS does not answer, or has no room, it goes on trying until ctx ends; what NATS refuses for good is an error.
func (c *Conn) Ensure(ctx context.Context) error {
	for wait := retryEnsure; ; wait = min(2*wait, 2*time.Second) {
		err := c.ensure(ctx)
		var refused *jetstream.APIError
		if err == nil || ctx.Err() != nil || errors.As(err, new(*DeniedError)) || errors.As(err, &refused) && refused.Code/100 == 4 {
			return err
		}
		c.log.Warn().Err(err).Msg("preparing streams and buckets failed; trying again")
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

// retryEnsure is the first pause before the topology is tried again.
const retryEnsure = 250 * time.Millisecond

func (c *Conn) ensure(ctx context.Context) error {
	for _, cfg := range streams(c.replicas) {
		if err := c.ensureStream(ctx, cfg); err != nil {
			return err
		}
	}
	for _, cfg := range objectStores(c.replicas) {
		if err := c.ensureObjects(ctx, cfg); err != nil {
			return err
		}
	}
	return nil
}

// EnsureInMemory makes the streams that are kept in memory where a server that was started anew has lost them: those that the
// service may make. It changes nothing about those that are there.
func (c *Conn) EnsureInMemory(ctx context.Context) error {
	for _, cfg := range streams(c.replicas) {
		if g, bound := grants[c.service]; cfg.Storage != jetstream.MemoryStorage || bound && !slices.Contains(g.publish, "$JS.API.STREAM.CREATE."+cfg.Name) {
			continue
		}
		if err := c.createStream(ctx, cfg); err != nil && !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return err
		}
	}
	return nil
}

func (c *Conn) createStream(ctx context.Context, cfg jetstream.StreamConfig) error {
	ctx, cancel := bounded(ctx, 2*requestTimeout)
	defer cancel()
	begin := time.Now()
	if _, err := c.js.CreateStream(ctx, cfg); err != nil {
		return fmt.Errorf("creating stream %s: %w", cfg.Name, c.explain(err, begin, "."+cfg.Name))
	}
	return nil
}

func (c *Conn) ensureStream(ctx context.Context, cfg jetstream.StreamConfig) error {
	ctx, cancel := bounded(ctx, 2*requestTimeout)
	defer cancel()
	var err error
	for range 5 { // another may be at the same
		if err = c.createStream(ctx, cfg); !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			break
		}
		if cfg.Storage == jetstream.MemoryStorage {
			if err = c.dropFromDisk(ctx, cfg.Name); err != nil {
				break
			}
		}
		_, err = c.js.UpdateStream(ctx, cfg)
		if !errors.Is(err, jetstream.ErrStreamNotFound) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("making stream %s: %w", cfg.Name, err)
	}
	return nil
}

func (c *Conn) ensureObjects(ctx context.Context, cfg jetstream.ObjectStoreConfig) error {
	reqCtx, cancel := bounded(ctx, 2*requestTimeout)
	defer cancel()
	if _, err := c.js.CreateOrUpdateObjectStore(reqCtx, cfg); err != nil {
		return fmt.Errorf("creating object store %s: %w", cfg.Bucket, err)
	}
	return nil
}

// dropFromDisk removes a stream that an older version keeps on disk: where a stream is kept cannot be changed. What was in
// it is released again.
func (c *Conn) dropFromDisk(ctx context.Context, name string) error {
	s, err := c.js.Stream(ctx, name)
	if err == nil && s.CachedInfo().Config.Storage == jetstream.FileStorage {
		c.log.Info().Str("stream", name).Msg("the stream is kept in memory from now on; it is made anew")
		err = c.js.DeleteStream(ctx, name)
	}
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	return err
}

// Await waits until the streams that the service uses are there, and as this release needs them; whoever sets NATS up makes
// them ([Conn.Ensure]). tell is given what is missing, nil for nothing, each time that changes. It goes on until ctx ends.
func (c *Conn) Await(ctx context.Context, tell func(error)) error {
	said := ""
	for wait := retryEnsure; ; wait = min(2*wait, 2*time.Second) {
		err := c.missing(ctx)
		if errors.Is(err, jetstream.ErrStreamNotFound) && c.EnsureInMemory(ctx) == nil {
			err = c.missing(ctx)
		}
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if err.Error() != said {
			said = err.Error()
			tell(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// missing is what one of the service's streams lacks, or nil.
func (c *Conn) missing(ctx context.Context) error {
	want := map[string]jetstream.StreamConfig{}
	for _, cfg := range streams(c.replicas) {
		want[cfg.Name] = cfg
	}
	for _, cfg := range objectStores(c.replicas) {
		name := objectStream(cfg.Bucket)
		want[name] = jetstream.StreamConfig{Name: name}
	}
	for _, name := range grants[c.service].streams {
		if _, ours := want[name]; !ours {
			continue // a contract without streams yet
		}
		reqCtx, cancel := bounded(ctx, requestTimeout)
		begin := time.Now()
		s, err := c.js.Stream(reqCtx, name)
		cancel()
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
			return fmt.Errorf("stream %s is not there yet: netrust nats setup makes it, and netrust serve nats does so by itself (%w)", name, err)
		case err != nil:
			return fmt.Errorf("looking for stream %s: %w", name, c.explain(err, begin, "."+name))
		}
		if what := lacks(s.CachedInfo().Config, want[name]); what != "" {
			return fmt.Errorf("stream %s is of an earlier release and lacks %s: run netrust nats setup", name, what)
		}
	}
	return nil
}

// lacks is what a stream has not that this release needs, or "". What a later release has added does no harm.
func lacks(have, want jetstream.StreamConfig) string {
	for _, subject := range want.Subjects {
		if !slices.Contains(have.Subjects, subject) {
			return "the subject " + subject
		}
	}
	switch {
	case want.AllowAtomicPublish && !have.AllowAtomicPublish:
		return "atomic batches"
	case want.AllowMsgTTL && !have.AllowMsgTTL:
		return "times to live"
	case want.AllowRollup && !have.AllowRollup:
		return "rollups"
	case want.AllowDirect && !have.AllowDirect:
		return "direct reads"
	}
	return ""
}
