package postgrest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

type moveArgs struct {
	TenantID string   `json:"p_tenant_id"`
	Name     string   `json:"p_name"`
	Note     *string  `json:"p_note"`
	Tags     []string `json:"p_tags,omitempty"`
	key      string
}

var moveRPC = postgrest.RPC{Schema: "public", Name: "rpc_move"}

func (moveArgs) RPC() *postgrest.RPC                         { return &moveRPC }
func (a moveArgs) Tenant() string                            { return a.TenantID }
func (a moveArgs) WithTenant(id string) postgrest.TenantArgs { a.TenantID = id; return a }
func (a moveArgs) IdempotencyKey() string                    { return a.key }

type lookArgs struct{}

var lookRPC = postgrest.RPC{Schema: "reporting", Name: "rpc_look", Stable: true}

func (lookArgs) RPC() *postgrest.RPC { return &lookRPC }

// function answers every call with one reply, and fails the first calls.
type function struct {
	reply string
	fail  int // so many answers are 503
	got   []*http.Request
	body  string
}

func (f *function) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.got = append(f.got, r)
	b, _ := io.ReadAll(r.Body)
	f.body = string(b)
	if len(f.got) <= f.fail {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, f.reply)
}

func (f *function) caller(t *testing.T, tenant string) postgrest.Caller {
	t.Helper()
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	c, err := api.New(api.Config{BaseURL: srv.URL, APIKey: "key", Tenant: tenant, Retry: api.RetryPolicy{MaxAttempts: 3, BaseDelay: time.Millisecond, MaxDelay: time.Millisecond}})
	require.NoError(t, err)
	return postgrest.NewCaller(c)
}

func TestCallSendsArguments(t *testing.T) {
	f := &function{reply: `"d1"`}
	id, err := postgrest.Call[string](t.Context(), f.caller(t, "t1"), "Items.Move", moveArgs{Name: "Größe <1>"})
	require.NoError(t, err)
	require.Equal(t, "d1", id)
	require.JSONEq(t, `{"p_tenant_id":"t1","p_name":"Größe <1>","p_note":null}`, f.body, "the client's tenant is filled in")
	r := f.got[0]
	require.Equal(t, "POST", r.Method)
	require.Equal(t, "/rest/v1/rpc/rpc_move", r.URL.Path)
	require.Equal(t, "public", r.Header.Get("Content-Profile"))
	require.Equal(t, "application/json", r.Header.Get("Content-Type"))

	_, err = postgrest.Call[string](t.Context(), f.caller(t, "t1"), "Items.Move", moveArgs{TenantID: "T1", Tags: []string{"x"}})
	require.NoError(t, err)
	require.JSONEq(t, `{"p_tenant_id":"T1","p_name":"","p_note":null,"p_tags":["x"]}`, f.body, "the caller's spelling stays")

	require.NoError(t, postgrest.Exec(t.Context(), f.caller(t, "t1"), "Items.Look", lookArgs{}))
	require.Equal(t, "{}", f.body)
	require.Equal(t, "reporting", f.got[2].Header.Get("Content-Profile"))
}

func TestBoundClientNamesNoOtherTenant(t *testing.T) {
	f := &function{}
	c := f.caller(t, "t1")
	_, err := postgrest.Call[string](t.Context(), c, "Items.Move", moveArgs{TenantID: "t2"})
	require.ErrorIs(t, err, sdkerr.ErrTenantMismatch)
	_, err = c.Invoke(t.Context(), "RPC rpc_move", postgrest.RPC{Name: "rpc_move"}, json.RawMessage(`{"\u0070_tenant_id":"t2"}`))
	require.ErrorIs(t, err, sdkerr.ErrTenantMismatch)
	require.Empty(t, f.got, "nothing is sent")

	_, err = c.Invoke(t.Context(), "RPC rpc_move", postgrest.RPC{Name: "rpc_move"}, map[string]any{"p_tenant_id": "T1"})
	require.NoError(t, err)
}

func TestCallWithoutTenant(t *testing.T) {
	f := &function{}
	_, err := postgrest.Call[string](t.Context(), f.caller(t, ""), "Items.Move", moveArgs{})
	require.ErrorIs(t, err, sdkerr.ErrNoTenant)
	require.Empty(t, f.got, "nothing is sent")
}

func call[R any](t *testing.T, reply string) (R, error) {
	t.Helper()
	f := &function{reply: reply}
	return postgrest.Call[R](t.Context(), f.caller(t, "t1"), "Items.Look", lookArgs{})
}

func TestCallDecodes(t *testing.T) {
	s, err := call[string](t, "\"x\"\n")
	require.NoError(t, err)
	require.Equal(t, "x", s)
	s, err = call[string](t, `null`)
	require.NoError(t, err)
	require.Empty(t, s)
	p, err := call[*item](t, `null`)
	require.NoError(t, err)
	require.Nil(t, p)
	p, err = call[*item](t, `{"id":"a","new":1}`)
	require.NoError(t, err)
	require.Equal(t, &item{ID: "a"}, p)
	b, err := call[bool](t, `true`)
	require.NoError(t, err)
	require.True(t, b)
	n, err := call[int64](t, `9007199254740993`)
	require.NoError(t, err)
	require.EqualValues(t, 9007199254740993, n)
	list, err := call[[]string](t, `["a","b"]`)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, list)
	rows, err := call[[]item](t, `[{"id":"a"},{"id":"b"}]`)
	require.NoError(t, err)
	require.Equal(t, []item{{ID: "a"}, {ID: "b"}}, rows)
	raw, err := call[json.RawMessage](t, `{"a":1}`)
	require.NoError(t, err)
	require.JSONEq(t, `{"a":1}`, string(raw))
	raw, err = call[json.RawMessage](t, `null`)
	require.NoError(t, err)
	require.Nil(t, raw)
}

func TestCallOfWrongShape(t *testing.T) {
	_, err := call[string](t, `{"a":1}`)
	require.ErrorIs(t, err, sdkerr.ErrDecode)
	require.ErrorContains(t, err, `Items.Look: cannot decode: value {"a":1}`)
	_, err = call[string](t, ``)
	require.ErrorIs(t, err, sdkerr.ErrDecode)
	_, err = call[[]item](t, `[{"id":"a"},{"id":"b","rank":[]}]`)
	require.ErrorIs(t, err, sdkerr.ErrDecode)
	require.ErrorContains(t, err, "row 1: column rank: value []")
	_, err = call[int64](t, `1.5`)
	require.ErrorIs(t, err, sdkerr.ErrDecode)
}

func TestTextThatPostgreSQLCannotHold(t *testing.T) {
	f := &function{reply: `"x"`}
	c := f.caller(t, "t1")
	bad, fine := "a\xffb", `\ufffd and \u0000 and �`
	for _, args := range []moveArgs{{Name: "a\x00"}, {Name: "\xff"}, {Note: &bad}, {Tags: []string{"ok", bad}}} {
		_, err := postgrest.Call[string](t.Context(), c, "Items.Move", args)
		require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
	}
	require.Empty(t, f.got)
	_, err := postgrest.Call[string](t.Context(), c, "Items.Move", moveArgs{Name: fine})
	require.NoError(t, err)
	_, err = c.Invoke(t.Context(), "RPC", postgrest.RPC{Name: "f"}, map[string]any{"a": map[string]any{"b": []any{bad}}})
	require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
	_, err = c.Invoke(t.Context(), "RPC", postgrest.RPC{Name: "f"}, func() {})
	require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
}

func TestWhatIsRetried(t *testing.T) {
	f := &function{reply: `"x"`, fail: 1}
	_, err := postgrest.Call[string](t.Context(), f.caller(t, "t1"), "Items.Look", lookArgs{})
	require.NoError(t, err, "a stable function")

	f = &function{reply: `"x"`, fail: 1}
	_, err = postgrest.Call[string](t.Context(), f.caller(t, "t1"), "Items.Move", moveArgs{key: "k"})
	require.NoError(t, err, "a write with a key")

	f = &function{reply: `"x"`, fail: 1}
	_, err = postgrest.Call[string](t.Context(), f.caller(t, "t1"), "Items.Move", moveArgs{})
	require.ErrorIs(t, err, sdkerr.ErrUnavailable, "a write without one")
	require.Len(t, f.got, 1)
}

func TestInvoke(t *testing.T) {
	f := &function{reply: `{"a":1}`}
	c := f.caller(t, "t1")
	raw, err := c.Invoke(t.Context(), "RPC", postgrest.RPC{Name: "f/g"}, nil)
	require.NoError(t, err)
	require.JSONEq(t, `{"a":1}`, string(raw))
	require.Equal(t, "{}", f.body)
	require.Empty(t, f.got[0].Header.Get("Content-Profile"))
	_, err = c.Invoke(t.Context(), "RPC", postgrest.RPC{}, nil)
	require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
}

func TestNullIfZero(t *testing.T) {
	require.Nil(t, postgrest.NullIfZero(""))
	require.Equal(t, "x", *postgrest.NullIfZero("x"))
	require.Nil(t, postgrest.NullIfZero(time.Time{}))
}
