package rest

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// nobody is the role of operations that need no token.
const nobody contract.Role = ""

func (s *server) healthRoutes(a huma.API) {
	huma.Register(a, operation("health", http.MethodGet, api.PathHealth, nobody, "The process lives", described("Needs no token.")), s.health)
	huma.Register(a, operation("ready", http.MethodGet, api.PathReady, nobody, "The gateway can do its work",
		described("Needs no token. 503 with what fails while it cannot; reads go on from what is known.")), s.ready)
}

type healthOut struct {
	Status int
	Body   api.Health
}

func (s *server) health(context.Context, *struct{}) (*healthOut, error) {
	return &healthOut{http.StatusOK, api.Health{Status: "ok"}}, nil
}

func (s *server) ready(ctx context.Context, _ *struct{}) (*healthOut, error) {
	checks, err := s.Ready(ctx)
	if err != nil {
		return &healthOut{http.StatusServiceUnavailable, api.Health{Status: "not ready", Checks: checks}}, nil
	}
	return &healthOut{http.StatusOK, api.Health{Status: "ok", Checks: checks}}, nil
}
