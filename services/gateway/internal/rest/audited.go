package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/servicekit/tracing"
	"github.com/netrust/netrust/services/gateway/internal/command"
)

type askerKey struct{}

// asker is who asks, as far as a request has shown it; middlewares outside of the operation see what it found out.
type asker struct {
	principal
	address string
}

func (a *asker) actor() contract.AuditActor {
	return contract.AuditActor{Principal: a.Name, Role: string(a.Role), Address: a.address, Service: "gateway"}
}

// askerOf returns who asks in the request of the context.
func askerOf(ctx context.Context) *asker {
	if a, ok := ctx.Value(askerKey{}).(*asker); ok {
		return a
	}
	return &asker{}
}

// audited reports to the audit what was refused: for want of a token or a role, and every change that was not taken.
// What was taken is reported by those who did it.
func (s *server) audited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := &asker{address: r.RemoteAddr}
		ctx := command.WithAsker(context.WithValue(r.Context(), askerKey{}, who), func() (role, address string) { return string(who.Role), who.address })
		r = r.WithContext(ctx)
		next.ServeHTTP(w, r)
		if rec, ok := w.(*recorder); ok && refuses(r.Method, rec.status) {
			s.Refusals.Refused(refused(r, rec, who))
		}
	})
}

// refuses reports whether an answer is a refusal that the audit records.
func refuses(method string, status int) bool {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return true
	case method == http.MethodGet, method == http.MethodHead, method == http.MethodOptions:
		return false
	}
	return status >= http.StatusBadRequest && status < http.StatusInternalServerError
}

// jobID is how ids of jobs are written: what else stands in their place may be anything, a secret too.
var jobID = regexp.MustCompile(`^[a-z2-7]{16}$`)

func refused(r *http.Request, rec *recorder, who *asker) contract.AuditEvent {
	method, route := known(r)
	e := contract.AuditEvent{
		Kind: contract.AuditRequestRefused, Outcome: contract.AuditRefused, Actor: who.actor(), Object: method + " " + route,
		Reason: why(rec), Parameters: map[string]string{"status": strconv.Itoa(rec.status)}, TraceID: tracing.ID(r.Context()),
	}
	if id := r.PathValue("id"); strings.HasPrefix(route, pathJob) && jobID.MatchString(id) {
		e.JobID = id
	}
	return e
}

// why is the reason as it may be kept for ever. Errors about input quote it, and input may be a secret in the wrong place:
// of those only the fields are named.
func why(rec *recorder) string {
	var p api.Problem
	if json.Unmarshal(rec.failure, &p) != nil {
		return http.StatusText(rec.status)
	}
	switch rec.status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict:
		return p.Detail
	}
	fields := make([]string, 0, len(p.Errors))
	for _, f := range p.Errors {
		if plainField.MatchString(f.Field) {
			fields = append(fields, f.Field)
		}
	}
	if len(fields) == 0 {
		return p.Title
	}
	return p.Title + ": " + strings.Join(fields, ", ")
}

// plainField is a field that we have named: a field of the input's own making may say anything.
var plainField = regexp.MustCompile(`^[a-z_]{1,40}([.\[][a-z0-9_.\[\]]{1,40})?$|^Idempotency-Key$|^Content-Type$|^Accept$`)

// done reports a change that was made. It waits until the report is stored, for a bounded time; when it cannot be, the
// report waits and the change stands.
func (s *server) done(ctx context.Context, e contract.AuditEvent) {
	e.Actor, e.Outcome, e.TraceID = askerOf(ctx).actor(), contract.AuditSucceeded, tracing.ID(ctx)
	_ = s.Audit.Record(ctx, e) // it has logged and queued what it could not store
}
