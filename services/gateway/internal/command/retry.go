package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/services/gateway/internal/view"
)

// Retry submits a job of its own that runs the first one again on the devices that it did not reach. Errors: those of
// [Desk.Submit], [StateError] while the first job has not ended, [ErrNothingToRetry].
func (d *Desk) Retry(ctx context.Context, principal, key, id string, req api.RetryRequest) (Receipt, error) {
	first, err := d.Job(ctx, id)
	switch {
	case err != nil:
		return Receipt{}, err
	case !first.State.Ended() || first.State == contract.JobRejected:
		return Receipt{}, &StateError{id, first.State}
	case first.Counts.NotReached == 0:
		return Receipt{}, fmt.Errorf("job %s: %w", id, ErrNothingToRetry)
	}
	spec := first.Spec
	spec.Targets = contract.TargetSelector{NotReachedOf: id}
	spec.RetryOf = id
	spec.DryRun = req.DryRun
	if req.AuthFailures != 0 {
		spec.Limits.AuthFailures = req.AuthFailures
	}
	return d.Submit(ctx, principal, key, spec)
}

// notReachedOf lists the devices that a job did not reach; nil for no job.
func (d *Desk) notReachedOf(ctx context.Context, id string) ([]string, error) {
	if id == "" {
		return nil, nil
	}
	refuse := func(message, remedy string) error {
		return &InvalidError{[]contract.Problem{{Field: "targets.not_reached_of", Message: message, Remedy: remedy}}}
	}
	job, err := d.Job(ctx, id)
	switch {
	case errors.Is(err, ErrNoJob):
		return nil, refuse(fmt.Sprintf("no job has the id %q", id), "copy the id from: netrust job list")
	case err != nil:
		return nil, err
	case !job.State.Ended():
		return nil, refuse("job "+id+" is "+string(job.State)+", and may still reach its devices", "wait until it has ended, or cancel it")
	}
	devices := []string{}
	for cursor := ""; ; {
		page, err := d.view.Tasks(ctx, id, view.TaskFilter{NotReached: true}, cursor, view.MaxPage)
		if err != nil {
			return nil, err
		}
		for i := range page.Tasks {
			devices = append(devices, page.Tasks[i].DeviceID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(devices) == 0 && job.Counts.NotReached > 0 {
		return nil, refuse("which devices job "+id+" did not reach is no longer kept", "select devices by ids, tags or labels")
	}
	if len(devices) == 0 {
		return nil, refuse("job "+id+" reached all of its devices", "select devices by ids, tags or labels")
	}
	return devices, nil
}
