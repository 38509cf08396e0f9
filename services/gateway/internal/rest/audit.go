package rest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/services/gateway/internal/auditlog"
	"github.com/netrust/netrust/services/gateway/internal/problem"
)

// auditRole is who may read the audit log: it shows what everybody did, on every device.
const auditRole = contract.RoleApprover

func (s *server) auditRoutes(a huma.API) {
	huma.Register(a, operation("list-audit", http.MethodGet, api.PathAudit, auditRole, "Read the audit log, oldest first",
		described("With last, the newest records that the filters choose. With wait, answers when there is a record after the given one. "+
			"A page looks at 20,000 records at most, so that with filters it may be empty though the log goes on: ask again with after=next until next is the head's seq.")),
		s.listAudit)
	huma.Register(a, operation("read-audit-log", http.MethodGet, api.PathAuditLog, auditRole, "Read the records byte by byte, one per line, to verify or keep them",
		produces(api.MediaLines), answers(api.MediaLines),
		described("The format is docs/audit-format.md. The header "+api.HeaderAuditHead+" names the head; the answer is whole when it has that record. Each such read is itself recorded.")),
		s.auditLines)
}

func (s *server) listAudit(ctx context.Context, in *struct {
	Waits
	After     uint64 `query:"after" doc:"Records after this one."`
	Limit     int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Records of a page at most."`
	Last      bool   `query:"last" doc:"The newest records instead of those after a given one."`
	Job       string `query:"job" maxLength:"64" doc:"Only records of this job."`
	Device    string `query:"device" maxLength:"253" doc:"Only records of this device."`
	Principal string `query:"principal" maxLength:"253" doc:"Only records of what this principal did."`
	Kind      string `query:"kind" maxLength:"64" doc:"Only records of this kind, such as job.submitted."`
}) (*struct{ Body api.AuditList }, error) {
	wait, err := in.duration()
	if err != nil {
		return nil, err
	}
	if in.Last && (in.After > 0 || wait > 0) {
		return nil, problem.Field("last", "goes neither with after nor with wait", "leave it out, or those")
	}
	filter := auditlog.Filter{Job: in.Job, Device: in.Device, Principal: in.Principal, Kind: in.Kind}
	unhurried(ctx, wait)
	var list api.AuditList
	if in.Last {
		list, err = s.AuditLog.Last(ctx, in.Limit, filter)
	} else {
		if wait > 0 {
			s.awaitAudit(ctx, in.After, wait)
		}
		list, err = s.AuditLog.After(ctx, in.After, in.Limit, filter)
	}
	if err != nil {
		return nil, s.failure(ctx, err)
	}
	return &struct{ Body api.AuditList }{list}, nil
}

// awaitAudit returns when there is a record after the given one, when the time is over, or when the gateway stops.
func (s *server) awaitAudit(ctx context.Context, after uint64, wait time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	done := make(chan struct{})
	defer func() { <-done }()
	go func() {
		defer close(done)
		select {
		case <-s.Stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	s.AuditLog.Await(ctx, after)
	cancel()
}

func (s *server) auditLines(ctx context.Context, in *struct {
	After uint64 `query:"after" doc:"Records after this one."`
}) (*streamed, error) {
	head, err := s.AuditLog.Head(ctx)
	if err != nil {
		return nil, s.failure(ctx, err)
	}
	if in.After > head.Seq {
		return nil, problem.Field("after", fmt.Sprintf("%d is beyond the log's last record, %d", in.After, head.Seq), "ask for what the log has")
	}
	s.done(ctx, contract.AuditEvent{Kind: contract.AuditLogExported, Object: "audit", Parameters: map[string]string{
		"after": strconv.FormatUint(in.After, 10), "last": strconv.FormatUint(head.Seq, 10),
	}})
	return &streamed{func(hc huma.Context) { s.sendLines(hc, in.After, head) }}, nil
}

// sendLines writes the records. What fails in the middle cuts the connection: the client must not take a part for the whole.
func (s *server) sendLines(hc huma.Context, after uint64, head api.AuditHead) {
	r, w, rc := controller(hc)
	_ = rc.SetReadDeadline(time.Time{}) // the request has been read; the log may be long
	w.Header().Set("Content-Type", api.MediaLines)
	w.Header().Set(api.HeaderAuditHead, head.String())
	w.WriteHeader(http.StatusOK)
	var piece bytes.Buffer
	flush := func() error {
		if err := extend(rc); err != nil {
			return err
		}
		_, err := w.Write(piece.Bytes())
		piece.Reset()
		return err
	}
	err := s.AuditLog.Lines(r.Context(), after, head.Seq, func(line []byte) error {
		piece.Write(line)
		piece.WriteByte('\n')
		if piece.Len() < 64<<10 {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		zerolog.Ctx(r.Context()).Warn().Err(err).Msg("sending the audit log")
		panic(http.ErrAbortHandler)
	}
}
