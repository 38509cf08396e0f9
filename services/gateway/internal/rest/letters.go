package rest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
	"github.com/netrust/netrust/services/gateway/internal/command"
	"github.com/netrust/netrust/services/gateway/internal/identity"
	"github.com/netrust/netrust/services/gateway/internal/letters"
	"github.com/netrust/netrust/services/gateway/internal/problem"
)

const pathLetter = api.PathLetters + "/{id}"

const decideText = `Answers when the scheduler has decided, or after wait (by default 5s) with 202 and pending set. What it refuses is a 409
that names field and remedy, and stands in the letter's history.`

func (s *server) letterRoutes(a huma.API) {
	huma.Register(a, operation("list-deadletters", http.MethodGet, api.PathLetters, contract.RoleViewer, "List dead letters, newest first",
		described("Messages that could not be processed. By default those that are open: a person has to replay or discard them.")), s.listLetters)
	huma.Register(a, operation("get-deadletter", http.MethodGet, pathLetter, contract.RoleViewer, "Show a dead letter with its history",
		described("Its payload may hold commands and is shown to operators only; viewers see its digest and size.")), s.getLetter)
	huma.Register(a, operation("replay-deadletter", http.MethodPost, pathLetter+"/replay", contract.RoleOperator, "Release a dead letter's task again",
		body(maxBody, "application/json"), describes[api.LetterRequest](a),
		described("With a fresh message, while its job still runs. "+decideText)), s.decideLetter(contract.LetterReplay))
	huma.Register(a, operation("discard-deadletter", http.MethodPost, pathLetter+"/discard", contract.RoleOperator, "Give a dead letter up",
		body(maxBody, "application/json"), describes[api.LetterRequest](a),
		described("It leaves the open list and can be read until it is 90 days old. "+decideText)), s.decideLetter(contract.LetterDiscard))
}

// LetterPath names the dead letter of a request.
type LetterPath struct {
	ID string `path:"id" maxLength:"64" doc:"The letter's id."`
}

func (s *server) listLetters(_ context.Context, in *struct {
	Pages
	State string `query:"state" doc:"open (the default), replayed, discarded, or all."`
	Job   string `query:"job" maxLength:"64" doc:"Only letters about this job."`
}) (*struct{ Body api.DeadLetterList }, error) {
	if err := s.Letters.Ready(); err != nil {
		return nil, problem.Unavailable(err.Error())
	}
	f := letters.Filter{State: in.State, Job: in.Job}
	switch {
	case f.State == "":
		f.State = letters.Open
	case f.State == "all":
		f.State = ""
	case !slices.Contains(letters.States[:], f.State):
		return nil, problem.Field("state", f.State+" is not a state of a dead letter", "use "+strings.Join(letters.States[:], ", ")+" or all")
	}
	var after *letters.Position
	if in.Cursor != "" {
		text, err := base64.RawURLEncoding.DecodeString(in.Cursor)
		if err != nil || json.Unmarshal(text, &after) != nil || after == nil {
			return nil, problem.Field("cursor", "is not a cursor of this list", "take next of the page before, or none")
		}
	}
	page, more := s.Letters.List(f, after, in.Limit)
	list := api.DeadLetterList{DeadLetters: page}
	if more {
		last := page[len(page)-1]
		if text, err := json.Marshal(letters.Position{At: last.LastAt, ID: last.ID}); err == nil {
			list.Next = base64.RawURLEncoding.EncodeToString(text)
		}
	}
	return &struct{ Body api.DeadLetterList }{list}, nil
}

func (s *server) getLetter(ctx context.Context, in *LetterPath) (*struct{ Body api.DeadLetter }, error) {
	l, err := s.letter(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if identity.May(caller(ctx).Role, contract.RoleOperator) {
		if l.Payload, err = s.Letters.Payload(ctx, in.ID); err != nil {
			return nil, s.failure(ctx, err)
		}
	}
	return &struct{ Body api.DeadLetter }{l}, nil
}

// letter is a letter with how its job and task stand.
func (s *server) letter(ctx context.Context, id string) (api.DeadLetter, error) {
	if err := s.Letters.Ready(); err != nil {
		return api.DeadLetter{}, problem.Unavailable(err.Error())
	}
	l, err := s.Letters.Get(id)
	if errors.Is(err, letters.ErrNoLetter) {
		return l, problem.New(http.StatusNotFound, err.Error()+"; netrust deadletter list --all shows those that are kept")
	}
	if err != nil {
		return l, s.failure(ctx, err)
	}
	if l.JobID == "" {
		return l, nil
	}
	if job, err := s.View.Job(ctx, l.JobID); err == nil {
		l.JobState = job.State
	}
	if l.DeviceID != "" {
		if task, err := s.View.Task(ctx, l.JobID, l.DeviceID); err == nil {
			l.TaskState = task.State
		}
	}
	return l, nil
}

// decideWait is how long an answer is waited for where the request says nothing.
const decideWait = 5 * time.Second

type decided struct {
	Status int
	Body   api.DeadLetter
}

func (s *server) decideLetter(action contract.LetterAction) func(context.Context, *struct {
	LetterPath
	Waits
	RawBody []byte
}) (*decided, error) {
	return func(ctx context.Context, in *struct {
		LetterPath
		Waits
		RawBody []byte
	}) (*decided, error) {
		var req api.LetterRequest
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
		if in.Wait == "" {
			wait = decideWait
		}
		unhurried(ctx, wait)
		l, err := s.letter(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if action == contract.LetterReplay {
			if err := s.replayable(ctx, &l); err != nil {
				return nil, err
			}
		}
		now, verdict, err := s.Letters.Decide(ctx, contract.LetterCommand{
			LetterID: in.ID, Action: action, Principal: caller(ctx).Name, At: s.now().UTC(), Reason: req.Reason,
		}, wait)
		if err != nil {
			return nil, s.failure(ctx, err)
		}
		s.Log.Info().Str("letter_id", in.ID).Str("action", string(action)).Str("principal", caller(ctx).Name).
			Bool("decided", verdict != nil).Bool("refused", verdict != nil && verdict.Refused).Msg("dead letter: a decision was asked for")
		now.JobState, now.TaskState = l.JobState, l.TaskState
		switch {
		case verdict == nil:
			return &decided{http.StatusAccepted, now}, nil
		case verdict.Refused:
			return nil, refusedLetter(l.JobID, verdict.Problems...)
		}
		return &decided{http.StatusOK, now}, nil
	}
}

// replayable refuses what the scheduler would: a letter of no task, or of a job that is gone.
func (s *server) replayable(ctx context.Context, l *api.DeadLetter) error {
	if l.DeviceID == "" {
		return refusedLetter(l.JobID, contract.Problem{
			Field: "id", Message: "the letter is a message of stream " + l.Stream + ", not of a task: it cannot be released again",
			Remedy: "ask for the same again (submit or cancel the job), and discard the letter",
		})
	}
	job, err := s.Desk.Job(ctx, l.JobID)
	switch {
	case errors.Is(err, command.ErrNoJob), err == nil && job.State.Ended():
		return refusedLetter(l.JobID, *contract.LetterJobGone(l.JobID))
	case err != nil:
		return s.failure(ctx, err)
	}
	return nil
}

func refusedLetter(job string, problems ...contract.Problem) error {
	detail := "the scheduler refused it"
	if len(problems) > 0 {
		detail = problems[0].Error()
	}
	e := problem.New(http.StatusConflict, detail, problems...)
	if job != "" {
		e = e.ForJob(job)
	}
	return e
}
