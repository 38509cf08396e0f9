package credential

import (
	"context"
	"maps"
	"slices"
)

// Provider resolves references. Implementations are safe for concurrent use. Errors are those of this package; none
// holds a secret.
type Provider interface {
	Resolve(ctx context.Context, reference string) (Credential, error)
}

// Registry resolves a reference by the provider of its scheme. It is a [Provider].
type Registry struct {
	providers map[string]Provider
}

// NewRegistry makes a registry of providers by scheme. A nil provider is as none.
func NewRegistry(byScheme map[string]Provider) *Registry {
	r := &Registry{providers: map[string]Provider{}}
	for scheme, provider := range byScheme {
		if provider != nil {
			r.providers[scheme] = provider
		}
	}
	return r
}

// Resolve asks the provider of the reference's scheme. A scheme without one is an *[UnknownSchemeError].
func (r *Registry) Resolve(ctx context.Context, reference string) (Credential, error) {
	ref, err := ParseReference(reference)
	if err != nil {
		return Credential{}, err
	}
	provider, ok := r.providers[ref.Scheme]
	if !ok {
		return Credential{}, &UnknownSchemeError{Scheme: ref.Scheme, Known: slices.Sorted(maps.Keys(r.providers))}
	}
	return provider.Resolve(ctx, reference)
}

// Stamp implements [Stamper] by the provider of the reference's scheme.
func (r *Registry) Stamp(reference string) string {
	ref, err := ParseReference(reference)
	if err != nil {
		return ""
	}
	if s, ok := r.providers[ref.Scheme].(Stamper); ok {
		return s.Stamp(reference)
	}
	return ""
}
