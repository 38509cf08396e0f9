package rest

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

const (
	pathDescription     = api.PathOpenAPI
	pathDescriptionJSON = "/openapi.json"
	securityScheme      = "token"
	schemaPrefix        = "#/components/schemas/"
)

func description() *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "netrust gateway", Version: Version,
			Description: "Submit jobs to networks of many devices, follow them, and read what the devices answered. " +
				"Every error is a problem (RFC 9457) that names field and remedy. Lists come in pages: follow next until it is empty.",
		},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry(schemaPrefix, schemaName),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				securityScheme: {Type: "http", Scheme: "bearer", Description: "An API token. Roles: viewer, operator, approver, admin; each may do what the ones before it may."},
			},
		},
	}
}

// schemaName names types; two packages have a Problem.
func schemaName(t reflect.Type, hint string) string {
	if t == reflect.TypeFor[contract.Problem]() {
		return "FieldProblem"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// describes documents the body of an operation that reads it by a decoder of ours.
func describes[T any](a huma.API) func(*huma.Operation) {
	schema := a.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
	return func(op *huma.Operation) { op.Metadata[metaBody] = schema }
}

const metaBody = "body" // *huma.Schema of a JSON body

// answers documents the media types of a streamed answer.
func answers(types ...string) func(*huma.Operation) {
	return func(op *huma.Operation) {
		content := map[string]*huma.MediaType{}
		for _, t := range types {
			content[t] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
			if t == "application/json" {
				content[t].Schema = &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeObject}}
			}
		}
		op.Responses = map[string]*huma.Response{"200": {Description: http.StatusText(http.StatusOK), Content: content}}
	}
}

// tidy gives the description what huma cannot know: bodies that we decode, and the one body of all errors.
func tidy(doc *huma.OpenAPI) {
	schemas := doc.Components.Schemas
	failed := &huma.Response{
		Description: "What is wrong, and what to do.",
		Content:     map[string]*huma.MediaType{api.MediaProblem: {Schema: schemas.Schema(reflect.TypeFor[api.Problem](), true, "Problem")}},
	}
	delete(schemas.Map(), "ErrorModel")
	delete(schemas.Map(), "ErrorDetail")
	strict := map[string]bool{}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Delete} {
			if op == nil {
				continue
			}
			if _, declared := op.Metadata[metaRole]; !declared {
				panic(fmt.Sprintf("operation %s does not say who may call it", op.OperationID))
			}
			op.Responses["default"] = failed
			if schema, ok := op.Metadata[metaBody].(*huma.Schema); ok {
				reach(schemas.Map(), schema, strict)
				op.RequestBody = &huma.RequestBody{
					Required: op.OperationID == "submit-job" || op.OperationID == "create-token",
					Content:  map[string]*huma.MediaType{"application/json": {Schema: schema}},
				}
			}
		}
	}
	// Bodies that come in are read strictly; those that go out may get more fields, which a client ignores.
	for name, s := range schemas.Map() {
		if !strict[name] {
			s.AdditionalProperties = true
		}
	}
}

// reach marks the schemas that a schema refers to.
func reach(all map[string]*huma.Schema, s *huma.Schema, seen map[string]bool) {
	if name, ok := strings.CutPrefix(s.Ref, schemaPrefix); ok && !seen[name] {
		seen[name] = true
		reach(all, all[name], seen)
	}
	if s.Items != nil {
		reach(all, s.Items, seen)
	}
	for _, p := range s.Properties {
		reach(all, p, seen)
	}
}

// Describe returns the API's OpenAPI description as YAML, for schemas/openapi.yaml.
func Describe() ([]byte, error) {
	s := &server{}
	text, err := s.routes(http.NewServeMux()).OpenAPI().YAML()
	if err != nil {
		return nil, fmt.Errorf("writing the API's description: %w", err)
	}
	return text, nil
}

type text struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *server) descriptionRoutes(a huma.API) {
	serve := func(path, id, media string, encode func() ([]byte, error)) {
		huma.Register(a, operation(id, http.MethodGet, path, contract.RoleViewer, "This description", produces(media, "application/yaml", "application/json"),
			answers(media)), func(context.Context, *struct{}) (*text, error) {
			body, err := encode()
			if err != nil {
				return nil, fmt.Errorf("writing the API's description: %w", err)
			}
			return &text{media, body}, nil
		})
	}
	serve(pathDescription, "openapi-yaml", "application/openapi+yaml", a.OpenAPI().YAML)
	serve(pathDescriptionJSON, "openapi-json", "application/openapi+json", a.OpenAPI().MarshalJSON)
}
