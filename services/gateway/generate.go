package gateway

//go:generate go run ./cmd/openapi ../../schemas/openapi.yaml
