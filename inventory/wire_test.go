package inventory_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
)

// call is one call of a method: what it sends, what the server answers and what
// the caller gets.
type call struct {
	name  string
	do    func(ctx context.Context, c *workorder.Client) (any, error)
	rpc   string
	body  string
	reply string // empty: 204
	want  any
}

// void adapts a method without a result.
func void(do func(ctx context.Context, c *workorder.Client) error) func(context.Context, *workorder.Client) (any, error) {
	return func(ctx context.Context, c *workorder.Client) (any, error) { return nil, do(ctx, c) }
}

func second[T any](_ T, err error) error { return err }

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// send makes the calls and compares what they send and give.
func send(t *testing.T, calls []call) {
	t.Helper()
	for _, tc := range calls {
		t.Run(tc.name, func(t *testing.T) {
			c, srv := apitest.New(t)
			status := http.StatusOK
			if tc.reply == "" {
				status = http.StatusNoContent
			}
			srv.Reply(status, tc.reply)

			got, err := tc.do(t.Context(), c)

			require.NoError(t, err)
			require.Empty(t, cmp.Diff(tc.want, got))
			srv.WantRequest(t, http.MethodPost, "/rest/v1/rpc/"+tc.rpc, tc.body)
			srv.WantNoRequest(t)
		})
	}
}
