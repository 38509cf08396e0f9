package driver

import (
	"fmt"
	"slices"

	"github.com/netrust/netrust/libs/driver/platform"
)

// Registry finds the driver of a platform. It does not change after it was built, and is safe for concurrent use.
type Registry struct {
	byPlatform map[string]Driver
}

// NewRegistry holds the drivers. Two drivers of one platform, or one of a platform that nobody knows, are an error.
func NewRegistry(drivers ...Driver) (*Registry, error) {
	r := &Registry{byPlatform: make(map[string]Driver, len(drivers))}
	for _, d := range drivers {
		p, err := platform.Lookup(d.Platform())
		if err != nil {
			return nil, fmt.Errorf("registering a driver: %w", err)
		}
		if _, taken := r.byPlatform[p.Name]; taken {
			return nil, fmt.Errorf("registering a driver: there are two for %s; keep one", p.Name)
		}
		r.byPlatform[p.Name] = d
	}
	return r, nil
}

// Driver finds the driver of a platform by its name or an alias. The error is a *[NoDriverError] or a
// *[platform.UnknownError].
func (r *Registry) Driver(nameOrAlias string) (Driver, error) {
	p, err := platform.Lookup(nameOrAlias)
	if err != nil {
		return nil, err
	}
	d, ok := r.byPlatform[p.Name]
	if !ok {
		return nil, &NoDriverError{Platform: p.Name}
	}
	return d, nil
}

// Platforms lists the platforms that have a driver, in order.
func (r *Registry) Platforms() []string {
	names := make([]string, 0, len(r.byPlatform))
	for name := range r.byPlatform {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
