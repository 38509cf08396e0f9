package audit

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
)

// reader is what [Position] needs of the bus.
type reader interface {
	State(ctx context.Context, stream string) (bus.StreamState, error)
	Range(ctx context.Context, stream string, from uint64, n int) ([]bus.Stored, error)
}

// Position returns up to which sequence of a source the audit has recorded everything; 0 where it has recorded nothing.
func Position(ctx context.Context, conn reader, stream string) (uint64, error) {
	source, err := conn.State(ctx, stream)
	if err != nil {
		return 0, err
	}
	log, err := conn.State(ctx, contract.StreamAudit)
	if err != nil || log.LastSeq == 0 {
		return 0, err
	}
	last, err := conn.Range(ctx, contract.StreamAudit, log.LastSeq, 1)
	if err != nil || len(last) == 0 {
		return 0, err
	}
	var r contract.AuditRecord
	if err := json.Unmarshal(last[0].Data, &r); err != nil {
		return 0, fmt.Errorf("reading audit record %d: %w", last[0].Seq, err)
	}
	at := contract.AuditSource{Stream: stream, CreatedMS: source.Created.UnixMilli()}
	return r.Cursors[at.Cursor()], nil
}
