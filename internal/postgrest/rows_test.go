package postgrest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/postgresttest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

type reportArgs struct {
	TenantID string `json:"p_tenant_id"`
}

var reportRPC = postgrest.RPC{Schema: "public", Name: "rpc_report"}

func (reportArgs) RPC() *postgrest.RPC                         { return &reportRPC }
func (a reportArgs) Tenant() string                            { return a.TenantID }
func (a reportArgs) WithTenant(id string) postgrest.TenantArgs { a.TenantID = id; return a }

type reportRow struct {
	A int    `json:"a"`
	B string `json:"b"`
}

// A long result of a function comes whole, wherever the server cuts it off.
func TestRowsOfAFunctionAreAllThere(t *testing.T) {
	for _, n := range []int{0, 1, 99, 100, 101, 1000, 2500} {
		for _, clamp := range []int{100, 1000} {
			srv := &postgresttest.View{Clamp: clamp}
			var want []reportRow
			for i := range n {
				want = append(want, reportRow{i / 7, strconv.Itoa(i % 7)})
				srv.Rows = append(srv.Rows, map[string]any{"a": i / 7, "b": strconv.Itoa(i % 7)})
			}
			slices.Reverse(srv.Rows)
			srv.Start(t)
			calls := 0
			rpc := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls++
				if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/rpc/rpc_report") {
					t.Errorf("asked for %s %s", r.Method, r.URL.Path)
				}
				r.Method, r.Body = http.MethodGet, http.NoBody
				srv.ServeHTTP(w, r)
			}))
			rows, err := postgrest.Rows(t.Context(), postgrest.NewCaller(conn(t, rpc.URL)), "X.Report", reportArgs{}, []string{"a", "b"},
				func(r reportRow) []string { return []string{strconv.Itoa(r.A), r.B} })
			rpc.Close()
			require.NoError(t, err)
			require.Len(t, rows, n)
			if n > 0 {
				require.Equal(t, want, rows)
			}
			if n < 100 {
				require.Equal(t, 1, calls)
			}
		}
	}
}

// A server that does not go on is an error, not a list without end.
func TestRowsOfAFunctionThatRepeatsItself(t *testing.T) {
	page := make([]reportRow, 100)
	for i := range page {
		page[i].A = i
	}
	rpc := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(page)
	}))
	defer rpc.Close()
	_, err := postgrest.Rows(t.Context(), postgrest.NewCaller(conn(t, rpc.URL)), "X.Report", reportArgs{}, []string{"a"},
		func(r reportRow) []string { return []string{strconv.Itoa(r.A)} })
	require.ErrorIs(t, err, sdkerr.ErrDecode)
}
