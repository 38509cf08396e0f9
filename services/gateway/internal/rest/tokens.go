package rest

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/services/gateway/internal/identity"
	"github.com/netrust/netrust/services/gateway/internal/problem"
)

func (s *server) tokenRoutes(a huma.API) {
	huma.Register(a, operation("create-token", http.MethodPost, api.PathTokens, contract.RoleAdmin, "Make a token", status(http.StatusCreated),
		body(maxBody, "application/json"), describes[api.TokenRequest](a), described("Its secret is in this answer and nowhere else.")), s.createToken)
	huma.Register(a, operation("list-tokens", http.MethodGet, api.PathTokens, contract.RoleAdmin, "List tokens, by name"), s.listTokens)
	huma.Register(a, operation("delete-token", http.MethodDelete, api.PathTokens+"/{name}", contract.RoleAdmin, "Remove a token",
		status(http.StatusNoContent), described("It stops working at every gateway within moments.")), s.deleteToken)
}

// maxTokenLife bounds how long a token that expires may live.
const maxTokenLife = 10 * 365 * 24 * time.Hour

func (s *server) createToken(ctx context.Context, in *struct{ RawBody []byte }) (*struct{ Body api.TokenCreated }, error) {
	var req api.TokenRequest
	if err := readJSON(in.RawBody, &req); err != nil {
		return nil, err
	}
	if faults := checkToken(&req); len(faults) > 0 {
		return nil, problem.Invalid(faults)
	}
	token := contract.Token{Name: req.Name, Role: req.Role, CreatedAt: s.now().UTC()}
	if req.ExpiresInMS > 0 {
		token.ExpiresAt = token.CreatedAt.Add(time.Duration(req.ExpiresInMS) * time.Millisecond)
	}
	secret, err := s.Identity.Create(ctx, token)
	if err != nil {
		return nil, s.failure(ctx, err)
	}
	zerolog.Ctx(ctx).Info().Str("principal", caller(ctx).Name).Str("token", req.Name).Str("role", string(req.Role)).Msg("token made")
	s.done(ctx, contract.AuditEvent{Kind: contract.AuditTokenCreated, Object: "token/" + token.Name, Parameters: tokenParameters(token)})
	return &struct{ Body api.TokenCreated }{api.TokenCreated{Name: token.Name, Role: token.Role, Secret: secret, ExpiresAt: token.ExpiresAt}}, nil
}

func tokenParameters(t contract.Token) map[string]string {
	p := map[string]string{"role": string(t.Role)}
	if !t.ExpiresAt.IsZero() {
		p["expires_at"] = t.ExpiresAt.Format(time.RFC3339)
	}
	return p
}

func checkToken(req *api.TokenRequest) (faults []contract.Problem) {
	if !validName(req.Name) {
		faults = append(faults, contract.Problem{Field: "name", Message: fmt.Sprintf("%.70q is not a name of a token", req.Name),
			Remedy: "use 1 to 64 letters, digits, dots, @, _ and -"})
	}
	if identity.Rank(req.Role) == 0 {
		faults = append(faults, contract.Problem{Field: "role", Message: fmt.Sprintf("%.70q is not a role", req.Role), Remedy: "use " + join(identity.Roles[:])})
	}
	if req.ExpiresInMS < 0 || req.ExpiresInMS > maxTokenLife.Milliseconds() {
		faults = append(faults, contract.Problem{Field: "expires_in_ms", Message: "is not between 0 and ten years", Remedy: "leave it out for a token that does not expire"})
	}
	return faults
}

func validName(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '@' || r == '_' || r == '-') {
			return false
		}
	}
	return true
}

func (s *server) listTokens(context.Context, *struct{}) (*struct{ Body api.TokenList }, error) {
	return &struct{ Body api.TokenList }{api.TokenList{Tokens: s.Identity.List()}}, nil
}

func (s *server) deleteToken(ctx context.Context, in *struct {
	Name string `path:"name" maxLength:"64" doc:"The token's name."`
}) (*struct{}, error) {
	if err := s.Identity.Delete(ctx, in.Name); err != nil {
		return nil, s.failure(ctx, err)
	}
	zerolog.Ctx(ctx).Info().Str("principal", caller(ctx).Name).Str("token", in.Name).Msg("token removed")
	s.done(ctx, contract.AuditEvent{Kind: contract.AuditTokenRevoked, Object: "token/" + in.Name})
	return nil, nil
}
