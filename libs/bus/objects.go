package bus

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/netrust/netrust/libs/contract"
)

// renewAfter is the age at which an object that is stored again is written again: it must outlive what refers to it now.
const renewAfter = objectRetention - JobRetention

// objectTimeout bounds storing or opening one object.
const objectTimeout = time.Minute

// PutObject stores data under its SHA-256, unless it is there already, and returns the reference. Publish the reference
// only afterwards.
func (c *Conn) PutObject(ctx context.Context, bucket string, data []byte) (contract.ObjectRef, error) {
	return c.put(ctx, bucket, data, "", func() ([]byte, error) { return data, nil })
}

// PutSealed is [Conn.PutObject] for data that is stored encrypted: under the SHA-256 and with the size of the plain text, and
// only what seal returns. What was sealed by another box, as the mark tells, is replaced.
func (c *Conn) PutSealed(ctx context.Context, bucket string, plain []byte, mark string, seal func() ([]byte, error)) (contract.ObjectRef, error) {
	return c.put(ctx, bucket, plain, mark, seal)
}

func (c *Conn) put(ctx context.Context, bucket string, plain []byte, mark string, content func() ([]byte, error)) (contract.ObjectRef, error) {
	sum := sha256.Sum256(plain)
	ref := contract.ObjectRef{Bucket: bucket, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(plain))}
	ctx, cancel := bounded(ctx, objectTimeout)
	defer cancel()
	last, err := c.LastFor(ctx, objectStream(bucket), objectName(bucket, ref.SHA256))
	switch {
	case err == nil && time.Since(last.Time) < renewAfter && objectStands(last, mark):
		return ref, nil
	case err != nil && !errors.Is(err, ErrNotFound):
		return ref, fmt.Errorf("looking for object %s in %s: %w", ref.SHA256, bucket, err)
	}
	data, err := content()
	if err != nil {
		return ref, fmt.Errorf("storing object %s in %s: %w", ref.SHA256, bucket, err)
	}
	if err := c.storeObject(ctx, ref, data, mark, last.Seq); err != nil && !errors.Is(err, ErrConflict) {
		return ref, fmt.Errorf("storing object %s in %s: %w", ref.SHA256, bucket, err)
	}
	return ref, nil // on a conflict somebody has stored the same just now: the name is the content
}

// objectChunk is the size of an object's parts: far below the payload that any NATS server takes.
const objectChunk = 256 << 10

// storeObject writes an object as NATS' own object stores have it: parts under a random subject, then the name, which replaces
// that of sequence last. The client library's own writing removes what was there before, which only the scheduler may.
func (c *Conn) storeObject(ctx context.Context, ref contract.ObjectRef, data []byte, mark string, last uint64) error {
	id := nuid.Next()
	parts := 0
	for part := range slices.Chunk(data, objectChunk) {
		if _, err := c.Publish(ctx, Message{Subject: "$O." + ref.Bucket + ".C." + id, Data: part}); err != nil {
			return err
		}
		parts++
	}
	sum := sha256.Sum256(data)
	info, err := json.Marshal(jetstream.ObjectInfo{
		ObjectMeta: jetstream.ObjectMeta{Name: ref.SHA256, Description: mark, Opts: &jetstream.ObjectMetaOptions{ChunkSize: objectChunk}},
		Bucket:     ref.Bucket, NUID: id, Size: uint64(len(data)), Chunks: uint32(parts),
		Digest: "SHA-256=" + base64.URLEncoding.EncodeToString(sum[:]),
	})
	if err != nil {
		return err
	}
	_, err = c.Publish(ctx, Message{Subject: objectName(ref.Bucket, ref.SHA256), Data: info, Rollup: true, Expect: &last})
	return err
}

// objectStream is the stream behind a bucket of objects, objectName the subject of an object's name (both NATS' own
// convention).
func objectStream(bucket string) string { return "OBJ_" + bucket }

func objectName(bucket, name string) string {
	return "$O." + bucket + ".M." + base64.URLEncoding.EncodeToString([]byte(name))
}

// objectStands reports whether what is stored under an object's name is not the trace of one that was removed, nor one with
// another mark.
func objectStands(stored Stored, mark string) bool {
	var info jetstream.ObjectInfo
	return !stored.Deleted && json.Unmarshal(stored.Data, &info) == nil && !info.Deleted && info.Description == mark
}

// OpenObject opens an object for reading. The reader fails at its end when the content is not what its name says. The
// caller closes it.
func (c *Conn) OpenObject(ctx context.Context, ref contract.ObjectRef) (io.ReadCloser, error) {
	object, err := c.OpenSealed(ctx, ref)
	if err != nil {
		return nil, err
	}
	return &verified{ReadCloser: object, want: ref.SHA256, sum: sha256.New()}, nil
}

// OpenSealed opens an object that [Conn.PutSealed] stored, as it is stored: whoever decrypts it checks the name. The caller closes
// it.
func (c *Conn) OpenSealed(ctx context.Context, ref contract.ObjectRef) (io.ReadCloser, error) {
	store, err := c.js.ObjectStore(ctx, ref.Bucket)
	if err != nil {
		return nil, fmt.Errorf("opening object store %s: %w", ref.Bucket, err)
	}
	object, err := store.Get(ctx, ref.SHA256)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil, fmt.Errorf("object %s in %s: %w", ref.SHA256, ref.Bucket, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("opening object %s in %s: %w", ref.SHA256, ref.Bucket, err)
	}
	return object, nil
}

// verified is an object's content that fails at its end when it is not what its name says.
type verified struct {
	io.ReadCloser
	want string
	sum  hash.Hash
}

// Read implements io.Reader.
func (v *verified) Read(p []byte) (int, error) {
	n, err := v.ReadCloser.Read(p)
	v.sum.Write(p[:n])
	if errors.Is(err, jetstream.ErrDigestMismatch) {
		return n, fmt.Errorf("object %s: %w (%w)", v.want, ErrAltered, err)
	}
	if errors.Is(err, io.EOF) {
		if got := hex.EncodeToString(v.sum.Sum(nil)); got != v.want {
			return n, fmt.Errorf("object %s has the content of %s: %w", v.want, got, ErrAltered)
		}
	}
	return n, err
}

// GetObject reads a whole object of at most limit bytes.
func (c *Conn) GetObject(ctx context.Context, ref contract.ObjectRef, limit int64) ([]byte, error) {
	if ref.Size > limit {
		return nil, fmt.Errorf("object %s has %d bytes, more than the %d allowed here", ref.SHA256, ref.Size, limit)
	}
	ctx, cancel := bounded(ctx, objectTimeout)
	defer cancel()
	r, err := c.OpenObject(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // everything was read or the read has failed
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading object %s: %w", ref.SHA256, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("object %s has more than the %d bytes allowed here", ref.SHA256, limit)
	}
	return data, nil
}
