package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/netrust/netrust/lab/fault"
)

// maxControlBody bounds a request to the HTTP control.
const maxControlBody = 1 << 20

// deviceView is a device as the HTTP control shows it.
type deviceView struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Hostname string     `json:"hostname"`
	Platform string     `json:"platform"`
	Address  netip.Addr `json:"address"`
	Port     int        `json:"port"`
	Site     string     `json:"site"`
	Role     string     `json:"role"`
	HostKey  string     `json:"host_key,omitempty"`
	Faults   *fault.Set `json:"faults,omitempty"`
	Counts   Counts     `json:"counts"`
}

func (d *Device) view(withKey bool) deviceView {
	view := deviceView{
		ID: d.ID, Name: d.Name, Hostname: d.Hostname(), Platform: d.Platform, Address: d.Address, Port: d.Port(),
		Site: d.Site, Role: d.Role, Faults: d.Faults(), Counts: d.Counts(),
	}
	if withKey {
		view.HostKey = authorized(d.HostKey())
	}
	return view
}

// listenControl opens the socket of the HTTP control.
func (l *Lab) listenControl(ctx context.Context) (net.Listener, error) {
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", l.config.Control)
	if err != nil {
		return nil, fmt.Errorf("lab: listening for the HTTP control on %s: %w (choose another address)", l.config.Control, err)
	}
	url := "http://" + socket.Addr().String()
	l.control.Store(&url)
	return socket, nil
}

// serveControl serves the HTTP control until the context ends.
func (l *Lab) serveControl(ctx context.Context, socket net.Listener) error {
	server := &http.Server{Handler: loopbackOnly(l.routes()), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(socket); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("lab: serving the HTTP control: %w", err)
	}
	return nil
}

// routes is the HTTP control; the README documents it.
func (l *Lab) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /devices", l.getDevices)
	mux.HandleFunc("GET /devices/{id}", l.withDevice(func(w http.ResponseWriter, _ *http.Request, d *Device) { answer(w, d.view(true)) }))
	mux.HandleFunc("GET /devices/{id}/commands", l.withDevice(func(w http.ResponseWriter, _ *http.Request, d *Device) { answer(w, d.Commands()) }))
	mux.HandleFunc("PUT /devices/{id}/faults", l.withDevice(putFaults))
	mux.HandleFunc("DELETE /devices/{id}/faults", l.withDevice(func(w http.ResponseWriter, _ *http.Request, d *Device) { done(w, d.ClearFaults()) }))
	mux.HandleFunc("POST /devices/{id}/reset", l.withDevice(func(w http.ResponseWriter, _ *http.Request, d *Device) { done(w, d.Reset()) }))
	mux.HandleFunc("GET /counts", l.getCounts)
	mux.HandleFunc("GET /accounts", l.getAccounts)
	mux.HandleFunc("POST /accounts/reset", l.resetAccounts)
	mux.HandleFunc("GET /inventory", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		w.Write(l.InventoryYAML())
	})
	mux.HandleFunc("GET /known_hosts", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Write(l.KnownHosts())
	})
	mux.HandleFunc("POST /reset", func(w http.ResponseWriter, _ *http.Request) { done(w, l.Reset()) })
	return mux
}

func (l *Lab) getDevices(w http.ResponseWriter, _ *http.Request) {
	views := make([]deviceView, 0, len(l.devices))
	for _, d := range l.devices {
		views = append(views, d.view(false))
	}
	answer(w, map[string]any{"devices": views})
}

// getCounts tells the counts of all devices, by id.
func (l *Lab) getCounts(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"devices": l.Counts()})
}

// Counts returns the counts of all devices, by id.
func (l *Lab) Counts() map[string]Counts {
	counts := make(map[string]Counts, len(l.devices))
	for _, d := range l.devices {
		counts[d.ID] = d.Counts()
	}
	return counts
}

// putFaults replaces a device's faults by those of the body.
func putFaults(w http.ResponseWriter, r *http.Request, d *Device) {
	var set fault.Set
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControlBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&set); err != nil {
		problem(w, http.StatusBadRequest, fmt.Errorf("reading the faults: %w; send a JSON object such as {\"refuse\": true}", err))
		return
	}
	if err := set.Validate(); err != nil {
		problem(w, http.StatusUnprocessableEntity, err)
		return
	}
	done(w, d.SetFaults(set))
}

func (l *Lab) withDevice(f func(http.ResponseWriter, *http.Request, *Device)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		device, err := l.Device(r.PathValue("id"))
		if err != nil {
			problem(w, http.StatusNotFound, err)
			return
		}
		f(w, r, device)
	}
}

// loopbackOnly refuses requests made in another host's name: a web page that a browser on this machine shows could
// otherwise reach the control by a name that it makes resolve to 127.0.0.1.
func loopbackOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if addr, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !addr.IsLoopback()) {
			problem(w, http.StatusForbidden, fmt.Errorf("host %q is not loopback: ask for 127.0.0.1", host))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(body)
}

func done(w http.ResponseWriter, err error) {
	if err != nil {
		problem(w, http.StatusInternalServerError, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func problem(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"status": status, "title": http.StatusText(status), "detail": err.Error()})
}
