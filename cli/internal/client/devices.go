package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// ImportOptions say how an inventory is imported.
type ImportOptions struct {
	Preview bool // say what would change, and change nothing
	Prune   bool // remove devices that the file does not name
}

// Import sends an inventory file. It is not repeated when its answer is lost: the answer says what changed, and a second
// import would say "nothing".
func (c *Client) Import(ctx context.Context, file []byte, o ImportOptions) (api.Import, error) {
	q := url.Values{}
	if o.Preview {
		q.Set("preview", "true")
	}
	if o.Prune {
		q.Set("prune", "true")
	}
	var done api.Import
	err := c.call(ctx, request{
		method: http.MethodPost, path: api.PathImport, query: q, body: file,
		contentType: "application/yaml", timeout: importTimeout, repeatable: o.Preview,
	}, &done)
	return done, err
}

// DeviceFilter chooses devices of a list.
type DeviceFilter struct {
	Tags     []string
	Labels   string // expression
	Platform string
	Site     string
}

func (f DeviceFilter) query(q url.Values) url.Values {
	for _, tag := range f.Tags {
		q.Add("tag", tag)
	}
	for name, value := range map[string]string{"label": f.Labels, "platform": f.Platform, "site": f.Site} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// Devices calls each for every device that the filter chooses, by id, reading page after page.
func (c *Client) Devices(ctx context.Context, f DeviceFilter, each func(contract.Device) error) error {
	return pages(pageSize, func(q url.Values) ([]contract.Device, string, error) {
		var list api.DeviceList
		err := c.call(ctx, request{method: http.MethodGet, path: api.PathDevices, query: f.query(q), repeatable: true}, &list)
		return list.Devices, list.Next, err
	}, each)
}

// Device reads one device.
func (c *Client) Device(ctx context.Context, id string) (contract.Device, error) {
	var d contract.Device
	err := c.call(ctx, request{method: http.MethodGet, path: api.PathDevices + "/" + url.PathEscape(id), repeatable: true}, &d)
	return d, err
}
