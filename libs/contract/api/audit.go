package api

import (
	"strconv"

	"github.com/netrust/netrust/libs/contract"
)

// Paths and headers of the audit log.
const (
	PathAudit       = "/v1/audit"
	PathAuditLog    = "/v1/audit/log"
	MediaLines      = "application/jsonl"
	HeaderAuditHead = "Netrust-Audit-Head"
)

// AuditRecord is a record of the audit log with its hash. To verify the log, its bytes are needed: they are at [PathAuditLog].
type AuditRecord struct {
	contract.AuditRecord
	Hash string `json:"hash"`
}

// AuditHead is the last record of a log.
type AuditHead struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
}

// String is the head as it is written down: <seq>:<hash>.
func (h AuditHead) String() string { return strconv.FormatUint(h.Seq, 10) + ":" + h.Hash }

// AuditList is a page of the audit log, in its order.
type AuditList struct {
	Records []AuditRecord `json:"records"`
	// Next is the last record that was looked at: the next page comes after it.
	Next uint64 `json:"next"`
	// Head is the log's end when the page was read.
	Head AuditHead `json:"head"`
}
