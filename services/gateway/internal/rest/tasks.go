package rest

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/services/gateway/internal/problem"
	"github.com/netrust/netrust/services/gateway/internal/view"
)

func (s *server) taskRoutes(a huma.API) {
	huma.Register(a, operation("list-tasks", http.MethodGet, pathJob+"/tasks", contract.RoleViewer, "List a job's tasks, by device"), s.listTasks)
	huma.Register(a, operation("list-results", http.MethodGet, pathJob+"/results", contract.RoleViewer, "List a job's tasks with what devices printed",
		described("A page ends early when it gets large. Outputs over 256 KiB are at their output_url.")), s.listResults)
	huma.Register(a, operation("get-result", http.MethodGet, pathJob+"/results/{device}", contract.RoleViewer, "Show one device's result"), s.getResult)
	huma.Register(a, operation("get-output", http.MethodGet, pathJob+"/output/{device}", contract.RoleViewer, "What one device printed, whole",
		produces("text/plain", "application/json"), answers("text/plain", "application/json"),
		described("As text, or with Accept: application/json as a list with one entry per command.")), s.getOutput)
	huma.Register(a, operation("follow-output", http.MethodGet, pathJob+"/output/{device}/live", contract.RoleViewer, "Follow what one device prints (server-sent events)",
		produces("text/event-stream"), answers("text/event-stream"), described(liveText)), s.liveOutput)
	huma.Register(a, operation("get-raw", http.MethodGet, pathJob+"/raw/{device}", contract.RoleOperator, "What one device printed, as it is, encrypted",
		produces("application/octet-stream"), answers("application/octet-stream"),
		described("Encrypted with age to the executors' keys: netrust job raw decrypts it on your machine. Only jobs with keep_raw have it. The header Netrust-Plain-Sha256 names the plain text.")), s.getRaw)
	huma.Register(a, operation("watch-job", http.MethodGet, pathJob+"/events", contract.RoleViewer, "Follow a job (server-sent events)",
		produces("text/event-stream"), answers("text/event-stream"), described(eventsText)), s.events)
}

// Filtered are the parameters of lists of tasks.
type Filtered struct {
	State      []string `query:"state" doc:"Only tasks in one of these states."`
	NotReached bool     `query:"not_reached" doc:"Only tasks that gave no answer and cannot have changed their device."`
	Kind       string   `query:"kind" doc:"Only tasks with an error of this kind."`
}

var taskStates = []contract.TaskState{contract.TaskPending, contract.TaskRunning, contract.TaskSucceeded, contract.TaskFailed, contract.TaskSkipped,
	contract.TaskCancelled, contract.TaskUncertain}

var errorKinds = []contract.ErrorKind{contract.KindUnreachable, contract.KindAuthentication, contract.KindHostKey, contract.KindBusy, contract.KindTimeout,
	contract.KindRejected, contract.KindAmbiguous, contract.KindCredential, contract.KindCancelled, contract.KindDeadline, contract.KindBreaker, contract.KindThreshold,
	contract.KindHolderLost, contract.KindNoExecutor, contract.KindInternal, contract.KindUnknown}

func (f Filtered) filter() (view.TaskFilter, error) {
	out := view.TaskFilter{NotReached: f.NotReached, Kind: contract.ErrorKind(f.Kind)}
	for _, state := range f.State {
		if !slices.Contains(taskStates, contract.TaskState(state)) {
			return out, problem.Field("state", state+" is not a state of a task", "use "+join(taskStates))
		}
		out.States = append(out.States, contract.TaskState(state))
	}
	if f.Kind != "" && !slices.Contains(errorKinds, out.Kind) {
		return out, problem.Field("kind", f.Kind+" is not a kind of error", "use "+join(errorKinds))
	}
	return out, nil
}

func (s *server) listTasks(ctx context.Context, in *struct {
	JobPath
	Pages
	Filtered
}) (*struct{ Body api.TaskList }, error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	if _, err := s.Desk.Job(ctx, in.ID); err != nil {
		return nil, s.failure(ctx, err)
	}
	list, err := s.View.Tasks(ctx, in.ID, f, in.Cursor, in.Limit)
	if err != nil {
		return nil, s.failure(ctx, err)
	}
	return &struct{ Body api.TaskList }{list}, nil
}

func (s *server) listResults(ctx context.Context, in *struct {
	JobPath
	Pages
	Filtered
}) (*struct{ Body api.ResultList }, error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	if _, err := s.Desk.Job(ctx, in.ID); err != nil {
		return nil, s.failure(ctx, err)
	}
	results, next, err := s.View.Results(ctx, in.ID, f, in.Cursor, in.Limit)
	if err != nil {
		return nil, s.failure(ctx, err)
	}
	list := api.ResultList{Results: make([]api.Result, len(results)), Next: next}
	for i := range results {
		list.Results[i] = resultBody(results[i].Task, results[i].Outputs)
	}
	return &struct{ Body api.ResultList }{list}, nil
}

// TaskPath names one device of a job.
type TaskPath struct {
	JobPath
	Device string `path:"device" maxLength:"128" doc:"The device's id."`
}

func (s *server) getResult(ctx context.Context, in *TaskPath) (*struct{ Body api.Result }, error) {
	task, err := s.task(ctx, in)
	if err != nil {
		return nil, err
	}
	outputs, err := s.View.Outputs(ctx, in.ID, in.Device)
	if err != nil {
		return nil, s.failure(ctx, err)
	}
	return &struct{ Body api.Result }{resultBody(task, outputs)}, nil
}

func (s *server) task(ctx context.Context, in *TaskPath) (view.Task, error) {
	if _, err := s.Desk.Job(ctx, in.ID); err != nil {
		return view.Task{}, s.failure(ctx, err)
	}
	task, err := s.View.Task(ctx, in.ID, in.Device)
	if err != nil {
		return task, s.failure(ctx, err)
	}
	return task, nil
}

// resultBody refers to the whole output where the result does not carry it.
func resultBody(t view.Task, outputs []contract.CommandOutput) api.Result {
	r := api.Result{Task: t.Task, Outputs: outputs}
	if t.OutputObject != nil {
		r.OutputURL = api.PathJobs + "/" + url.PathEscape(t.JobID) + "/output/" + url.PathEscape(t.DeviceID)
		r.OutputBytes, r.OutputTruncated = t.OutputBytes, t.OutputTruncated
	}
	return r
}
