package rest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/servicekit"
)

func (s *server) statusRoutes(a huma.API) {
	huma.Register(a, operation("status", http.MethodGet, api.PathStatus, contract.RoleViewer, "How the whole installation stands",
		described("Who asks, the gateway's checks, the leading scheduler, the executors that live, devices whose site nobody serves, and the room in JetStream.")), s.status)
}

func (s *server) status(ctx context.Context, _ *struct{}) (*struct{ Body api.Status }, error) {
	who := caller(ctx)
	out := api.Status{
		Principal: who.Name, Role: who.Role, Version: servicekit.Version(), Time: s.now().UTC(), Devices: s.Devices.Set().Len(),
		OpenLetters: s.Letters.OpenCount(), Executors: []api.ExecutorStatus{}, Streams: []api.StreamStatus{},
	}
	checks, err := s.Ready(ctx)
	out.Ready, out.Checks = err == nil, checks
	if err := s.fleetStatus(ctx, &out); err != nil {
		return nil, s.failure(ctx, err)
	}
	for _, name := range bus.StreamNames() {
		st := api.StreamStatus{Name: name}
		state, err := s.Conn.State(ctx, name)
		st.Messages, st.Bytes = state.Messages, state.Bytes
		if err != nil {
			st.Problem = err.Error()
		}
		out.Streams = append(out.Streams, st)
	}
	if out.Store.Used, out.Store.Limit, err = s.Conn.Store(ctx); err != nil {
		return nil, s.failure(ctx, err)
	}
	return &struct{ Body api.Status }{out}, nil
}

// fleetStatus reads who leads and who works, and counts the active devices whose site nobody serves.
func (s *server) fleetStatus(ctx context.Context, out *api.Status) error {
	found, err := s.Conn.MultiLast(ctx, bus.KVStream(contract.BucketExec), []string{bus.KVSubject(contract.BucketExec, contract.Executors)})
	if err != nil {
		return err
	}
	served := map[string]bool{}
	for _, m := range found {
		var x api.ExecutorStatus
		if m.Deleted || json.Unmarshal(m.Data, &x.Executor) != nil {
			continue
		}
		x.SeenMS = max(0, time.Since(m.Time).Milliseconds())
		out.Executors = append(out.Executors, x)
		for _, site := range x.Sites {
			served[site] = served[site] || !x.Draining
		}
	}
	slices.SortFunc(out.Executors, func(a, b api.ExecutorStatus) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Incarnation, b.Incarnation))
	})
	if !served[contract.AnySite] {
		for m := range s.Devices.Set().All() {
			if d := m.Device; d.Status == contract.DeviceActive && !served[d.Site] {
				if out.Unserved == nil {
					out.Unserved = map[string]int{}
				}
				out.Unserved[d.Site]++
			}
		}
	}
	leads, err := s.Conn.LastFor(ctx, bus.KVStream(contract.BucketJobs), bus.KVSubject(contract.BucketJobs, contract.SchedulerLeaderKey))
	switch {
	case errors.Is(err, bus.ErrNotFound):
	case err != nil:
		return err
	case !leads.Deleted:
		var l contract.Leader
		if json.Unmarshal(leads.Data, &l) == nil {
			out.Leader = &l
		}
	}
	return nil
}
