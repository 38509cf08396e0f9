package rest

import (
	"errors"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/services/gateway/internal/problem"
)

// recorder notes whether an answer has begun, and with which status; of a refusal also what it says.
type recorder struct {
	http.ResponseWriter
	status  int
	failure []byte
}

// maxFailure bounds what is noted of a refusal. A longer one is noted by its status alone.
const maxFailure = 16 << 10

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if r.status >= http.StatusBadRequest && len(r.failure)+len(b) <= maxFailure {
		r.failure = append(r.failure, b...)
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// recovered turns a panic into a 500, unless the answer has begun: then the connection is cut, so that the client does
// not take the part for the whole.
func (s *server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: w}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) || r.Context().Err() != nil {
				panic(http.ErrAbortHandler)
			}
			s.Log.Error().Interface("panic", p).Bytes("stack", debug.Stack()).Str("path", r.URL.Path).Msg("a request made the gateway panic")
			if rec.status != 0 {
				panic(http.ErrAbortHandler)
			}
			problem.New(http.StatusInternalServerError, "the gateway failed on this request; its log says why").Write(rec)
		}()
		next.ServeHTTP(rec, r)
	})
}

func (s *server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
		status := http.StatusOK
		if rec, ok := w.(*recorder); ok && rec.status != 0 {
			status = rec.status
		}
		zerolog.Ctx(r.Context()).Debug().Str("method", r.Method).Str("path", r.URL.Path).Int("status", status).Int64("duration_ms", time.Since(start).Milliseconds()).
			Msg("request")
	})
}

// found answers requests that no route takes: the mux would answer them in plain text.
func (s *server) found(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			take(r, pattern)
			mux.ServeHTTP(w, r)
			return
		}
		asked := muxAnswer{header: http.Header{}}
		h.ServeHTTP(&asked, r)
		if asked.status == http.StatusMethodNotAllowed {
			allow := asked.header.Get("Allow")
			problem.New(http.StatusMethodNotAllowed, r.Method+" is not possible on "+r.URL.Path+"; use "+allow).WithHeader("Allow", allow).Write(w)
			return
		}
		problem.New(http.StatusNotFound, "there is nothing at "+r.URL.Path+"; what there is, "+pathDescription+" lists",
			contract.Problem{Field: "path", Message: "no such path", Remedy: "compare it with " + pathDescription}).Write(w)
	})
}

// muxAnswer takes the mux's own answer, to be written as a problem instead.
type muxAnswer struct {
	header http.Header
	status int
}

func (r *muxAnswer) Header() http.Header         { return r.header }
func (r *muxAnswer) WriteHeader(status int)      { r.status = status }
func (r *muxAnswer) Write(b []byte) (int, error) { return len(b), nil }
