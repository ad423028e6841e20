package postgrest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

type scopedArgs struct {
	moveArgs
}

func (a scopedArgs) WithTenant(id string) postgrest.TenantArgs { a.TenantID = id; return a }
func (scopedArgs) KeyScope() string                            { return "item.move" }

// A write that gave no answer in time is looked up by its key before it is sent
// again.
func TestWriteIsLookedUpByItsKey(t *testing.T) {
	const move, look = "rpc_move", "rpc_get_idempotency_resource"
	for name, tc := range map[string]struct {
		silent int    // so many writes get no answer
		found  string // answer of the lookup; "": it fails
		steps  []string
		want   string
		err    error
	}{
		"stored":                          {silent: 1, found: `"i1"`, steps: []string{move, look}, want: "i1"},
		"unknown, so it is sent again":    {silent: 1, found: `null`, steps: []string{move, look, move}, want: "new"},
		"no answer at all counts as null": {silent: 1, found: ` `, steps: []string{move, look, move}, want: "new"},
		"held by another call": {
			silent: 9, found: `null`, steps: []string{move, look, move, look}, err: sdkerr.ErrInProgress,
		},
		"nobody can tell": {silent: 9, steps: []string{move, look}, err: sdkerr.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var steps, keys []string
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				step := strings.TrimPrefix(r.URL.Path, "/rest/v1/rpc/")
				mu.Lock()
				steps = append(steps, step)
				n := len(steps)
				if step == look {
					keys = append(keys, string(body))
				}
				mu.Unlock()
				switch {
				case step == look && tc.found == "":
					w.WriteHeader(http.StatusForbidden)
				case step == look:
					_, _ = io.WriteString(w, tc.found)
				case (n+1)/2 <= tc.silent: // writes and lookups take turns
					<-r.Context().Done()
				default:
					_, _ = io.WriteString(w, `"new"`)
				}
			}))
			t.Cleanup(srv.Close)
			c, err := api.New(api.Config{
				BaseURL: srv.URL, APIKey: "key", Tenant: "t1", AttemptTimeout: 1500 * time.Millisecond, // long enough for answers on a busy machine
				Retry: api.RetryPolicy{BaseDelay: time.Millisecond},
			})
			require.NoError(t, err)

			id, err := postgrest.Call[string](t.Context(), postgrest.NewCaller(c), "Items.Move",
				scopedArgs{moveArgs{Name: "x", key: "k1"}})

			mu.Lock()
			defer mu.Unlock()
			require.Equal(t, tc.steps, steps)
			for _, key := range keys {
				require.JSONEq(t, `{"p_tenant_id":"t1","p_scope":"item.move","p_idempotency_key":"k1"}`, key)
			}
			require.ErrorIs(t, err, tc.err)
			require.Equal(t, tc.want, id)
			if tc.err != nil {
				require.ErrorContains(t, err, "Items.Move: ")
			}
		})
	}
}
