package contract

// Headers of every message: CloudEvents attributes in binary mode, and W3C trace context.
const (
	HeaderType        = "ce-type"
	HeaderSource      = "ce-source"
	HeaderID          = "ce-id"
	HeaderTime        = "ce-time"
	HeaderSpecVersion = "ce-specversion"
	HeaderTraceparent = "traceparent"
)

// Message types: netrust.<noun>.<verb>.v<major>.
const (
	TypeJobSubmit     = "netrust.job.submit.v1"
	TypeJobCancel     = "netrust.job.cancel.v1"
	TypeJobEvent      = "netrust.job.changed.v1"
	TypeTask          = "netrust.task.run.v1"
	TypeTaskRecord    = "netrust.task.recorded.v1"
	TypeDeadLetter    = "netrust.message.set_aside.v1"
	TypeLetterCommand = "netrust.deadletter.decide.v1"
	TypeLetterEvent   = "netrust.deadletter.decided.v1"
	TypeLiveOutput    = "netrust.output.printed.v1"
	TypeSessionAsk    = "netrust.session.close.v1"
	TypeSessionAnswer = "netrust.session.closed.v1"
	TypeAuditEvent    = "netrust.audit.report.v1"
	TypeAuditRecord   = "netrust.audit.recorded.v1"
)
