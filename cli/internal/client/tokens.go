package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/netrust/netrust/libs/contract/api"
)

// CreateToken makes a token. It is not repeated when its answer is lost: a second one would be another token.
func (c *Client) CreateToken(ctx context.Context, r api.TokenRequest) (api.TokenCreated, error) {
	body, err := jsonBody(r)
	if err != nil {
		return api.TokenCreated{}, err
	}
	var t api.TokenCreated
	err = c.call(ctx, request{method: http.MethodPost, path: api.PathTokens, body: body, contentType: "application/json"}, &t)
	return t, err
}

// Tokens lists the tokens.
func (c *Client) Tokens(ctx context.Context) (api.TokenList, error) {
	var list api.TokenList
	err := c.call(ctx, request{method: http.MethodGet, path: api.PathTokens, repeatable: true}, &list)
	return list, err
}

// DeleteToken makes a token worthless.
func (c *Client) DeleteToken(ctx context.Context, name string) error {
	return c.call(ctx, request{method: http.MethodDelete, path: api.PathTokens + "/" + url.PathEscape(name), repeatable: true}, nil)
}
