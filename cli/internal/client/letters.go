package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

// LetterFilter chooses dead letters of a list.
type LetterFilter struct {
	State  string // open, replayed, discarded or all; empty: open
	Job    string
	Cursor string
	Limit  int
}

// Letters reads one page of dead letters, newest first.
func (c *Client) Letters(ctx context.Context, f LetterFilter) (api.DeadLetterList, error) {
	q := pageQuery(f.Cursor, f.Limit)
	if f.State != "" {
		q.Set("state", f.State)
	}
	if f.Job != "" {
		q.Set("job", f.Job)
	}
	var list api.DeadLetterList
	err := c.call(ctx, request{method: http.MethodGet, path: api.PathLetters, query: q, repeatable: true}, &list)
	return list, err
}

// Letter reads a dead letter with its history, and for an operator with its payload.
func (c *Client) Letter(ctx context.Context, id string) (api.DeadLetter, error) {
	var l api.DeadLetter
	err := c.call(ctx, request{method: http.MethodGet, path: letterPath(id), repeatable: true}, &l)
	return l, err
}

// Decide replays or discards a dead letter, and waits up to wait for the scheduler's answer: while there is none, Pending of
// the letter is set. It is not repeated when its answer is lost: a second replay would be another one.
func (c *Client) Decide(ctx context.Context, id string, action contract.LetterAction, reason string, wait time.Duration) (api.DeadLetter, error) {
	body, err := jsonBody(api.LetterRequest{Reason: reason})
	if err != nil {
		return api.DeadLetter{}, err
	}
	var l api.DeadLetter
	err = c.call(ctx, request{
		method: http.MethodPost, path: letterPath(id) + "/" + string(action), query: waitQuery(wait), body: body, contentType: "application/json",
	}, &l)
	return l, err
}

func letterPath(id string) string { return api.PathLetters + "/" + url.PathEscape(id) }
