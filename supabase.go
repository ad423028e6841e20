package workorder

import (
	"context"

	"github.com/supabase-community/supabase-go"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Supabase makes a raw Supabase client that carries the identity of this one,
// for what the SDK does not cover. It works with the access token of this
// moment and never refreshes it, so make a new one for every task. Nothing of
// the SDK's pipeline applies to it: no retries, no typed errors, no logging, and
// its errors may show URLs with their queries.
func (c *Client) Supabase(ctx context.Context) (*supabase.Client, error) {
	const op = "Supabase"
	token, err := c.conn.Token(ctx, op)
	if err != nil {
		return nil, err
	}
	cfg := c.conn.Config()
	if token.Value == "" {
		token.Value = cfg.APIKey
	}
	raw, err := supabase.NewClient(c.conn.BaseURL(), cfg.APIKey, &supabase.ClientOptions{
		Headers: map[string]string{"Authorization": "Bearer " + token.Value},
	})
	if err != nil {
		return nil, sdkerr.Wrap(op, sdkerr.ErrInvalidInput, err)
	}
	raw.Auth = raw.Auth.WithToken(token.Value)
	return raw, nil
}
