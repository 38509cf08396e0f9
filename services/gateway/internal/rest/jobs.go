package rest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/libs/jobspec"
	"github.com/netrust/netrust/services/gateway/internal/command"
	"github.com/netrust/netrust/services/gateway/internal/problem"
	"github.com/netrust/netrust/services/gateway/internal/view"
)

const pathJob = api.PathJobs + "/{id}"

func (s *server) jobRoutes(a huma.API) {
	huma.Register(a, operation("submit-job", http.MethodPost, api.PathJobs, contract.RoleOperator, "Submit a job", status(http.StatusAccepted),
		body(maxBody, "application/json"), describes[contract.JobSpec](a),
		described("The same Idempotency-Key is one job, at every gateway; with another body it is a 422. With wait, a job that the scheduler rejects is a 422 that names it.")),
		s.submitJob)
	huma.Register(a, operation("list-jobs", http.MethodGet, api.PathJobs, contract.RoleViewer, "List jobs, newest first"), s.listJobs)
	huma.Register(a, operation("get-job", http.MethodGet, pathJob, contract.RoleViewer, "Show a job", described("With wait, answers when the job has ended.")), s.getJob)
	huma.Register(a, operation("cancel-job", http.MethodPost, pathJob+"/cancel", contract.RoleOperator, "Cancel a job", status(http.StatusAccepted),
		body(maxBody, "application/json"), describes[api.CancelRequest](a),
		described("Queued tasks stop at once, running ones at a safe point.")), s.cancelJob)
	huma.Register(a, operation("retry-job", http.MethodPost, pathJob+"/retry", contract.RoleOperator, "Run a job again on the devices that it did not reach",
		status(http.StatusAccepted), body(maxBody, "application/json"), describes[api.RetryRequest](a), described("Makes a job of its own.")), s.retryJob)
}

// JobPath names the job of a request.
type JobPath struct {
	ID string `path:"id" maxLength:"64" doc:"The job's id."`
}

// Keyed is the header of requests that make jobs.
type Keyed struct {
	Key string `header:"Idempotency-Key" doc:"The same key and body again is the same job. Up to 255 printable characters."`
}

func (k Keyed) check() error {
	if len(k.Key) > 255 || strings.ContainsFunc(k.Key, func(r rune) bool { return r < ' ' || r > '~' }) {
		return problem.Field(api.HeaderIdemKey, "is longer than 255 characters or holds others than printable ASCII", "send a UUID, or the ticket's number")
	}
	return nil
}

// accepted is the answer to a request that made a job.
type accepted struct {
	Location string `header:"Location" doc:"Where the job is."`
	Replayed string `header:"Idempotency-Replayed" doc:"true when the same request made this job before."`
	Body     api.Job
}

func (s *server) submitJob(ctx context.Context, in *struct {
	Keyed
	Waits
	RawBody []byte
}) (*accepted, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	spec, faults := jobspec.Decode(in.RawBody)
	if len(faults) > 0 {
		return nil, problem.Malformed(faults)
	}
	if spec.RetryOf != "" {
		return nil, problem.Field("retry_of", "is set by a retry", "POST "+api.PathJobs+"/"+url.PathEscape(spec.RetryOf)+"/retry, or remove it")
	}
	return s.taken(ctx, in.Waits, func() (command.Receipt, error) {
		return s.Desk.Submit(ctx, caller(ctx).Name, in.Key, spec)
	})
}

// taken submits, and waits for the scheduler's verdict if asked to.
func (s *server) taken(ctx context.Context, w Waits, submit func() (command.Receipt, error)) (*accepted, error) {
	wait, err := w.duration()
	if err != nil {
		return nil, err
	}
	unhurried(ctx, wait)
	receipt, err := submit()
	if err != nil {
		return nil, s.failure(ctx, err)
	}
	id := receipt.Command.JobID
	zerolog.Ctx(ctx).Info().Str("job_id", id).Str("principal", receipt.Command.Principal).Bool("replayed", receipt.Replayed).Msg("job submitted")
	out := &accepted{Location: api.PathJobs + "/" + url.PathEscape(id), Body: command.Submitted(receipt.Command)}
	if receipt.Replayed {
		out.Replayed = "true"
	}
	if wait == 0 && !receipt.Replayed {
		return out, nil
	}
	job, err := s.Desk.Await(ctx, id, wait, func(j *api.Job) bool { return j.State != contract.JobSubmitted })
	if err != nil {
		// The job is taken; that nobody can say more now does not undo it.
		zerolog.Ctx(ctx).Warn().Err(err).Str("job_id", id).Msg("waiting for the scheduler's verdict")
		return out, nil
	}
	if wait > 0 && job.State == contract.JobRejected {
		return nil, rejected(&job)
	}
	out.Body = job
	return out, nil
}

func rejected(job *api.Job) error {
	faults := job.Problems
	if len(faults) == 0 {
		faults = []contract.Problem{{Field: "body", Message: job.Reason, Remedy: "correct the job and submit it again"}}
	}
	return problem.Invalid(faults).ForJob(job.ID)
}

type jobOut struct{ Body api.Job }

func (s *server) getJob(ctx context.Context, in *struct {
	JobPath
	Waits
}) (*jobOut, error) {
	wait, err := in.duration()
	if err != nil {
		return nil, err
	}
	unhurried(ctx, wait)
	job, err := s.Desk.Await(ctx, in.ID, wait, func(j *api.Job) bool { return j.State.Ended() })
	if err != nil {
		return nil, s.failure(ctx, err)
	}
	if job.Waves, err = s.View.Waves(ctx, in.ID); err != nil {
		return nil, s.failure(ctx, err)
	}
	return &jobOut{job}, nil
}

func (s *server) listJobs(ctx context.Context, in *struct {
	Pages
	State     []string `query:"state" doc:"Only jobs in one of these states."`
	Principal string   `query:"principal" doc:"Only jobs of this principal."`
	Label     []string `query:"label,explode" doc:"Only jobs with this label, as key=value; may be repeated."`
}) (*struct{ Body api.JobList }, error) {
	f := view.JobFilter{Principal: in.Principal, Labels: map[string]string{}}
	for _, state := range in.State {
		if !slices.Contains(jobStates, contract.JobState(state)) {
			return nil, problem.Field("state", state+" is not a state of a job", "use "+join(jobStates))
		}
		f.States = append(f.States, contract.JobState(state))
	}
	for _, label := range in.Label {
		k, value, ok := strings.Cut(label, "=")
		if !ok {
			return nil, problem.Field("label", label+" is not key=value", "write it like ticket=CHG-17")
		}
		f.Labels[k] = value
	}
	list, err := s.View.Jobs(ctx, f, in.Cursor, in.Limit)
	if err != nil {
		return nil, s.failure(ctx, err)
	}
	return &struct{ Body api.JobList }{list}, nil
}

var jobStates = []contract.JobState{contract.JobSubmitted, contract.JobPlanned, contract.JobRunning, contract.JobSucceeded, contract.JobFailed,
	contract.JobCancelled, contract.JobRejected}

func join[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}

func (s *server) cancelJob(ctx context.Context, in *struct {
	JobPath
	Waits
	RawBody []byte
}) (*jobOut, error) {
	var req api.CancelRequest
	if err := readJSON(in.RawBody, &req); err != nil {
		return nil, err
	}
	if len(req.Reason) > maxReason {
		return nil, problem.Field("reason", "is too long", "write a sentence of at most 500 bytes")
	}
	wait, err := in.duration()
	if err != nil {
		return nil, err
	}
	unhurried(ctx, wait)
	job, err := s.Desk.Cancel(ctx, caller(ctx).Name, in.ID, req.Reason)
	if err != nil {
		return nil, s.failure(ctx, err)
	}
	zerolog.Ctx(ctx).Info().Str("job_id", in.ID).Str("principal", caller(ctx).Name).Msg("job cancel asked for")
	if wait > 0 {
		if now, err := s.Desk.Await(ctx, in.ID, wait, func(j *api.Job) bool { return j.State.Ended() }); err == nil {
			job = now
		}
	}
	return &jobOut{job}, nil
}

const maxReason = 500

func (s *server) retryJob(ctx context.Context, in *struct {
	JobPath
	Keyed
	Waits
	RawBody []byte
}) (*accepted, error) {
	var req api.RetryRequest
	if err := errors.Join(in.check(), asError(readJSON(in.RawBody, &req))); err != nil {
		return nil, err
	}
	return s.taken(ctx, in.Waits, func() (command.Receipt, error) {
		return s.Desk.Retry(ctx, caller(ctx).Name, in.Key, in.ID, req)
	})
}

// asError keeps a nil problem a nil error.
func asError(p *problem.Error) error {
	if p == nil {
		return nil
	}
	return p
}
