package rest

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/audit"
	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/servicekit"
	"github.com/netrust/netrust/services/gateway/internal/auditlog"
	"github.com/netrust/netrust/services/gateway/internal/command"
	"github.com/netrust/netrust/services/gateway/internal/devices"
	"github.com/netrust/netrust/services/gateway/internal/identity"
	"github.com/netrust/netrust/services/gateway/internal/letters"
	"github.com/netrust/netrust/services/gateway/internal/refusal"
	"github.com/netrust/netrust/services/gateway/internal/view"
)

// Parts are what the API stands on.
type Parts struct {
	Conn     *bus.Conn
	View     *view.View
	Desk     *command.Desk
	Devices  *devices.Store
	Letters  *letters.Store
	Identity *identity.Store
	// Ready runs the checks of readiness: what each says, and an error when one fails.
	Ready func(context.Context) (map[string]string, error)
	Log   zerolog.Logger
	// Observe is how the API is watched.
	Observe servicekit.Observe
	// Audit takes reports of what was done, Refusals of what was not; AuditLog is what became of them.
	Audit    *audit.Reporter
	Refusals *refusal.Recorder
	AuditLog *auditlog.Log
	// Metrics, where it is not nil, answers at /metrics.
	Metrics http.Handler
	// Stopping ends streams of events, so that a shutdown does not wait for them.
	Stopping <-chan struct{}
}

// Version of the API's description.
const Version = "1.0.0"

// server holds what handlers share.
type server struct {
	Parts
	now     func() time.Time
	streams chan struct{} // one token per stream of events
	meters  meters
}

// New makes the API's handler.
func New(parts Parts) http.Handler {
	s := &server{Parts: parts, now: time.Now, streams: make(chan struct{}, maxStreams)}
	s.meters = newMeters(parts.Observe, func() float64 { return float64(len(s.streams)) })
	mux := http.NewServeMux()
	s.routes(mux)
	s.metricRoutes(mux)
	return s.recovered(s.watched(s.audited(s.logged(s.found(mux)))))
}

// routes declares every operation on the mux and returns the API's description.
func (s *server) routes(mux *http.ServeMux) huma.API {
	a := humago.New(mux, s.config())
	a.UseMiddleware(s.authorized, patient)
	s.jobRoutes(a)
	s.taskRoutes(a)
	s.deviceRoutes(a)
	s.tokenRoutes(a)
	s.letterRoutes(a)
	s.statusRoutes(a)
	s.auditRoutes(a)
	s.healthRoutes(a)
	s.descriptionRoutes(a)
	tidy(a.OpenAPI())
	return a
}

func (s *server) config() huma.Config {
	return huma.Config{
		OpenAPI:       description(),
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
		// A parameter with a typing mistake must not be taken for one that was not given.
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{asProblem},
	}
}

// controller reaches deadlines and flushes through the wrappers.
func controller(ctx huma.Context) (*http.Request, http.ResponseWriter, *http.ResponseController) {
	r, w := humago.Unwrap(ctx)
	return r, w, http.NewResponseController(w)
}

// writeTimeout bounds writing one piece of an answer to a slow client.
const writeTimeout = 30 * time.Second

// extend gives a connection time for one more piece.
func extend(rc *http.ResponseController) error {
	if err := rc.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("setting a deadline: %w", err)
	}
	return nil
}
