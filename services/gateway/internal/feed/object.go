package feed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/netrust/netrust/libs/contract"
)

// errAltered says that an object is not what its name says, or not readable: trying again would not help.
var errAltered = errors.New("the object is not what it should be")

const (
	objectTimeout = 2 * time.Minute
	// partLength bounds how much of an object is in memory at once.
	partLength = 50
)

// stream hands the elements of the array under the field of a JSON object to fn, some at a time, without ever holding
// them all: a plan of 100,000 devices has 40 MB.
func stream[T any](ctx context.Context, f *Feed, ref contract.ObjectRef, field string, fn func([]T) error) error {
	ctx, cancel := context.WithTimeout(ctx, objectTimeout)
	defer cancel()
	object, err := f.conn.OpenObject(ctx, ref)
	if err != nil {
		return err
	}
	defer object.Close() //nolint:errcheck // everything was read or the read has failed
	spool, err := os.CreateTemp(f.view.Dir(), "object-*")
	if err != nil {
		return fmt.Errorf("spooling object %s: %w", ref.SHA256, err)
	}
	defer spool.Close() //nolint:errcheck // it has no name any more
	if err := os.Remove(spool.Name()); err != nil {
		return fmt.Errorf("spooling object %s: %w", ref.SHA256, err)
	}
	sum := sha256.New()
	// The server sends as fast as it can, and what is not taken waits in memory: a file takes it faster than the view.
	if _, err := io.Copy(io.MultiWriter(spool, sum), object); err != nil {
		return fmt.Errorf("reading object %s: %w", ref.SHA256, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != ref.SHA256 {
		return fmt.Errorf("object %s has the content of %s: %w", ref.SHA256, got, errAltered)
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reading object %s: %w", ref.SHA256, err)
	}
	if err := elements(spool, field, fn); err != nil {
		return fmt.Errorf("reading object %s: %w", ref.SHA256, err)
	}
	return nil
}

func elements[T any](in io.Reader, field string, fn func([]T) error) error {
	dec := json.NewDecoder(in)
	if err := delimiter(dec, '{'); err != nil {
		return err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return syntax(err)
		}
		if name != field {
			if err := dec.Decode(new(json.RawMessage)); err != nil {
				return syntax(err)
			}
			continue
		}
		if err := array(dec, fn); err != nil {
			return err
		}
	}
	return delimiter(dec, '}')
}

func array[T any](dec *json.Decoder, fn func([]T) error) error {
	first, err := dec.Token()
	if err != nil {
		return syntax(err)
	}
	if first == nil { // null: an empty list
		return nil
	}
	if first != json.Delim('[') {
		return fmt.Errorf("%w: a list is missing", errAltered)
	}
	part := make([]T, 0, partLength)
	for dec.More() {
		var v T
		if err := dec.Decode(&v); err != nil {
			return syntax(err)
		}
		if part = append(part, v); len(part) == partLength {
			if err := fn(part); err != nil {
				return err
			}
			part = make([]T, 0, partLength) // the receiver keeps the one before
		}
	}
	if len(part) > 0 {
		if err := fn(part); err != nil {
			return err
		}
	}
	return delimiter(dec, ']')
}

func delimiter(dec *json.Decoder, want json.Delim) error {
	got, err := dec.Token()
	if err != nil {
		return syntax(err)
	}
	if got != want {
		return fmt.Errorf("%w: %v where %v should be", errAltered, got, want)
	}
	return nil
}

// syntax tells text that is no JSON (which stays so) from a read that failed (which may not, the next time).
func syntax(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, new(*json.SyntaxError)) || errors.As(err, new(*json.UnmarshalTypeError)) {
		return fmt.Errorf("%w: %w", errAltered, err)
	}
	return err
}
