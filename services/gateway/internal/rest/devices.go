package rest

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/inventory"
	"github.com/netrust/netrust/services/gateway/internal/problem"
)

// importTime is how long an import may take to answer.
const importTime = 10 * time.Minute

func (s *server) deviceRoutes(a huma.API) {
	huma.Register(a, operation("import-devices", http.MethodPost, api.PathImport, contract.RoleAdmin, "Import an inventory file",
		body(maxImport, "application/yaml", "application/x-yaml", "text/yaml", "text/plain", "application/json", "application/octet-stream"),
		described("The body is the YAML file. With preview nothing changes; with prune devices that it does not name are removed. May be repeated.")), s.importDevices)
	huma.Register(a, operation("list-devices", http.MethodGet, api.PathDevices, contract.RoleViewer, "List devices, by id"), s.listDevices)
	huma.Register(a, operation("get-device", http.MethodGet, api.PathDevices+"/{id}", contract.RoleViewer, "Show a device"), s.getDevice)
}

func (s *server) importDevices(ctx context.Context, in *struct {
	Preview bool   `query:"preview" doc:"Only say what would change."`
	Prune   bool   `query:"prune" doc:"Remove devices that the file does not name."`
	RawBody []byte `contentType:"application/yaml"`
}) (*struct{ Body api.Import }, error) {
	unhurried(ctx, importTime)
	answer, err := s.Devices.Import(ctx, in.RawBody, in.Preview, in.Prune)
	if err != nil {
		return nil, s.failure(ctx, err)
	}
	if !in.Preview {
		zerolog.Ctx(ctx).Info().Str("principal", caller(ctx).Name).Int("created", answer.Created).Int("changed", answer.Changed).Int("removed", answer.Removed).
			Msg("inventory imported")
		s.done(ctx, contract.AuditEvent{Kind: contract.AuditInventoryImported, Object: "inventory", Parameters: map[string]string{
			"created": strconv.Itoa(answer.Created), "changed": strconv.Itoa(answer.Changed), "removed": strconv.Itoa(answer.Removed),
			"prune": strconv.FormatBool(in.Prune), "revision": strconv.FormatUint(answer.Revision, 10), "sha256": contract.Digest(in.RawBody),
		}})
	}
	return &struct{ Body api.Import }{answer}, nil
}

func (s *server) listDevices(ctx context.Context, in *struct {
	Pages
	Tag      []string `query:"tag,explode" doc:"Only devices with this tag (key:value also matches a label); may be repeated."`
	Label    string   `query:"label" doc:"Only devices for which this expression holds: role=core, site in (paris,lyon)."`
	Platform string   `query:"platform" doc:"Only devices of this platform."`
	Site     string   `query:"site" doc:"Only devices of this site."`
}) (*struct{ Body api.DeviceList }, error) {
	match, refused := deviceFilter(in.Tag, in.Label)
	if refused != nil {
		return nil, refused
	}
	after, err := decodeDeviceCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	set := s.Devices.Set()
	list := api.DeviceList{Devices: []contract.Device{}, Revision: s.Devices.Revision()}
	for m := range set.All() {
		d := m.Device
		if d.ID <= after || in.Platform != "" && d.Platform != in.Platform || in.Site != "" && d.Site != in.Site || !match(d) {
			continue
		}
		if len(list.Devices) == in.Limit {
			list.Next = encodeDeviceCursor(list.Devices[in.Limit-1].ID)
			break
		}
		list.Devices = append(list.Devices, *d)
	}
	return &struct{ Body api.DeviceList }{list}, nil
}

// deviceFilter is a selector's tags and label expression, as a job would resolve them.
func deviceFilter(tags []string, labels string) (func(*contract.Device) bool, error) {
	if len(tags) == 0 && labels == "" {
		return func(*contract.Device) bool { return true }, nil
	}
	sel := contract.TargetSelector{Tags: tags, Labels: labels}
	if problems := inventory.CheckSelector(sel); len(problems) > 0 {
		for i := range problems {
			problems[i].Field = strings.NewReplacer("targets.labels", "label", "targets.tags", "tag").Replace(problems[i].Field)
		}
		return nil, problem.Invalid(problems)
	}
	expression := (*inventory.Expression)(nil)
	if labels != "" {
		var err error
		if expression, err = inventory.Compile(labels); err != nil {
			return nil, problem.Field("label", err.Error(), "write it like role=core, site in (paris,lyon)")
		}
	}
	return func(d *contract.Device) bool {
		for _, tag := range tags {
			if !tagged(d, tag) {
				return false
			}
		}
		return expression == nil || expression.Match(d)
	}, nil
}

// tagged reports whether a device has a tag. As in a selector, key:value also names a label, or a field such as site.
func tagged(d *contract.Device, tag string) bool {
	if slices.Contains(d.Tags, tag) {
		return true
	}
	key, value, pair := strings.Cut(tag, ":")
	if !pair || strings.Contains(tag, `"`) {
		return false
	}
	e, err := inventory.Compile(`"` + key + `"="` + value + `"`)
	return err == nil && e.Match(d)
}

func (s *server) getDevice(_ context.Context, in *struct {
	ID string `path:"id" maxLength:"128" doc:"The device's id."`
}) (*struct{ Body contract.Device }, error) {
	m, ok := s.Devices.Set().Get(in.ID)
	if !ok {
		return nil, problem.New(http.StatusNotFound, "no device has the id "+in.ID+"; GET "+api.PathDevices+" lists them")
	}
	return &struct{ Body contract.Device }{*m.Device}, nil
}
