package rest

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/services/gateway/internal/identity"
	"github.com/netrust/netrust/services/gateway/internal/problem"
)

// Keys of what an operation declares beside what OpenAPI knows.
const (
	metaRole     = "role"     // contract.Role; "" for none
	metaConsumes = "consumes" // []string: media types of its body
	metaProduces = "produces" // []string: media types of its answer
)

// principal is who a request acts as.
type principal struct {
	Name string
	Role contract.Role
}

type principalKey struct{}

// caller is who the request of the context acts as.
func caller(ctx context.Context) principal {
	p, _ := ctx.Value(principalKey{}).(principal)
	return p
}

// authorized lets a request pass that has a token of the operation's role, a body of its type, and accepts its answer.
func (s *server) authorized(ctx huma.Context, next func(huma.Context)) {
	who, refused := s.authenticate(ctx)
	if refused == nil {
		refused = media(ctx)
	}
	if refused != nil {
		_, w, _ := controller(ctx)
		refused.Write(w)
		return
	}
	ctx = huma.WithValue(ctx, principalKey{}, who)
	next(ctx)
}

func (s *server) authenticate(ctx huma.Context) (principal, *problem.Error) {
	needs, declared := ctx.Operation().Metadata[metaRole].(contract.Role)
	if declared && needs == "" {
		return principal{}, nil
	}
	if err := s.Identity.Ready(); err != nil {
		return principal{}, problem.Unavailable(err.Error())
	}
	scheme, secret, _ := strings.Cut(ctx.Header("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") || secret == "" {
		return principal{}, problem.New(http.StatusUnauthorized, "the request has no token; send it as Authorization: Bearer nrt_…").
			WithHeader("WWW-Authenticate", `Bearer realm="netrust"`)
	}
	token, err := s.Identity.Find(strings.TrimSpace(secret), s.now())
	if err != nil {
		return principal{}, problem.New(http.StatusUnauthorized, err.Error()+"; ask an admin for another").
			WithHeader("WWW-Authenticate", `Bearer realm="netrust", error="invalid_token"`)
	}
	askerOf(ctx.Context()).principal = principal{token.Name, token.Role}
	if !identity.May(token.Role, needs) {
		return principal{}, problem.New(http.StatusForbidden, fmt.Sprintf("this needs role %s; the token %s has role %s", needs, token.Name, token.Role)).
			WithHeader("WWW-Authenticate", fmt.Sprintf(`Bearer realm="netrust", error="insufficient_scope", scope="%s"`, needs))
	}
	return principal{token.Name, token.Role}, nil
}

// media checks the types of the body and of the answer.
func media(ctx huma.Context) *problem.Error {
	meta := ctx.Operation().Metadata
	if consumes, _ := meta[metaConsumes].([]string); consumes != nil {
		if sent := ctx.Header("Content-Type"); sent != "" && !oneOf(sent, consumes) {
			return problem.New(http.StatusUnsupportedMediaType, fmt.Sprintf("a body of type %s is not read here; send %s", sent, strings.Join(consumes, " or ")),
				contract.Problem{Field: "Content-Type", Message: "is " + sent, Remedy: "send " + consumes[0]})
		}
	}
	produces, _ := meta[metaProduces].([]string)
	if accepted := ctx.Header("Accept"); !accepts(accepted, produces) {
		return problem.New(http.StatusNotAcceptable, fmt.Sprintf("the answer is %s, which Accept: %s leaves out", strings.Join(produces, " or "), accepted),
			contract.Problem{Field: "Accept", Message: "leaves out every type of the answer", Remedy: "accept " + produces[0]})
	}
	return nil
}

func oneOf(sent string, types []string) bool {
	t, _, err := mime.ParseMediaType(sent)
	return err == nil && slices.Contains(types, t)
}

// accepts reports whether an Accept header takes one of the types. An error's type is always accepted: a client that
// asks for errors only asks for nothing.
func accepts(header string, types []string) bool {
	if header == "" || len(types) == 0 {
		return true
	}
	for part := range strings.SplitSeq(header, ",") {
		t, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil || strings.HasPrefix(params["q"], "0") && strings.Trim(params["q"], "0.") == "" {
			continue
		}
		kind, isRange := strings.CutSuffix(t, "/*")
		for _, have := range types {
			if t == "*/*" || t == have || isRange && strings.HasPrefix(have, kind+"/") {
				return true
			}
		}
	}
	return false
}

// operation describes one operation and who may call it.
func operation(id, method, path string, role contract.Role, summary string, change ...func(*huma.Operation)) huma.Operation {
	op := huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary,
		Metadata: map[string]any{metaRole: role, metaProduces: []string{"application/json", api.MediaProblem}},
		// Bodies are read by decoders that name line, field and remedy.
		SkipValidateBody: true,
	}
	if role != "" {
		op.Security = []map[string][]string{{securityScheme: {string(role)}}}
		op.Description = "Needs role " + string(role) + "."
	}
	for _, c := range change {
		c(&op)
	}
	return op
}

func described(text string) func(*huma.Operation) {
	return func(op *huma.Operation) { op.Description = strings.TrimSpace(op.Description + " " + text) }
}

func status(code int) func(*huma.Operation) {
	return func(op *huma.Operation) { op.DefaultStatus = code }
}

func produces(types ...string) func(*huma.Operation) {
	return func(op *huma.Operation) { op.Metadata[metaProduces] = append(types, api.MediaProblem) }
}

// body declares what an operation reads: at most so many bytes of these types.
func body(most int64, types ...string) func(*huma.Operation) {
	return func(op *huma.Operation) {
		op.MaxBodyBytes = most + 1 // huma refuses at the limit, not beyond it
		op.BodyReadTimeout = bodyReadTimeout
		op.Metadata[metaConsumes] = types
	}
}
