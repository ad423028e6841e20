package apitest

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/query"
)

// Call is one call of a method that calls a function: what it sends, what the
// server answers and what the caller gets.
type Call struct {
	Name  string
	Do    func(ctx context.Context, c *workorder.Client) (any, error)
	RPC   string // the function
	Body  string
	Reply string // empty: 204
	Want  any
}

// RunCalls makes each call with a client and server of its own.
func RunCalls(t *testing.T, calls []Call) {
	t.Helper()
	for _, call := range calls {
		t.Run(call.Name, func(t *testing.T) {
			c, srv := New(t)
			status := http.StatusOK
			if call.Reply == "" {
				status = http.StatusNoContent
			}
			srv.Reply(status, call.Reply)

			got, err := call.Do(t.Context(), c)

			require.NoError(t, err)
			require.Empty(t, cmp.Diff(call.Want, got))
			srv.WantRequest(t, http.MethodPost, "/rest/v1/rpc/"+call.RPC, call.Body)
			srv.WantNoRequest(t)
		})
	}
}

// Void adapts a method without a result to Call.Do.
func Void(do func(ctx context.Context, c *workorder.Client) error) func(context.Context, *workorder.Client) (any, error) {
	return func(ctx context.Context, c *workorder.Client) (any, error) { return nil, do(ctx, c) }
}

// Err drops the result of a call.
func Err[T any](_ T, err error) error { return err }

// WantRefused checks the error of a call that must not be sent: ErrInvalidInput
// that names the field.
func (s *Server) WantRefused(t testing.TB, field string, err error) {
	t.Helper()
	require.ErrorIs(t, err, workorder.ErrInvalidInput, field)
	require.ErrorContains(t, err, field+" ", "the error names the field")
	s.WantNoRequest(t)
}

// WantCounted checks that a reader's Count asks for the view, which is named with
// its schema unless that is public.
func (s *Server) WantCounted(t testing.TB, view string, count func(context.Context, ...query.Option) (int64, error)) {
	t.Helper()
	s.Handle(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Range", "*/7") })
	n, err := count(t.Context())
	require.NoError(t, err, view)
	require.Equal(t, int64(7), n, view)
	schema, name, found := strings.Cut(view, ".")
	if !found {
		schema, name = "public", view
	}
	got := s.WantRequest(t, http.MethodGet, "/rest/v1/"+name, "")
	require.Equal(t, schema, got.Header.Get("Accept-Profile"), view)
}

// Texts calls a method with a text in one of its fields.
type Texts func(ctx context.Context, c *workorder.Client, text string) error

// WantLimit checks that a text of most characters is sent and that one character
// more is refused before.
func WantLimit(t testing.TB, field string, most int, do Texts) {
	t.Helper()
	longest := strings.Repeat("ü", most)
	wantSent(t, field, longest, longest, do)
	c, srv := New(t)
	err := do(t.Context(), c, longest+"ü")
	require.ErrorContains(t, err, "is longer than", field)
	srv.WantRefused(t, field, err)
}

// WantTrimmedLimit is WantLimit for a field in which blanks around the text do
// not count.
func WantTrimmedLimit(t testing.TB, field string, most int, do Texts) {
	t.Helper()
	WantLimit(t, field, most, do)
	longest := strings.Repeat("ü", most)
	wantSent(t, field, "  "+longest+" ", longest, do)
}

func wantSent(t testing.TB, field, text, part string, do Texts) {
	t.Helper()
	c, srv := New(t)
	srv.Reply(http.StatusOK, `"x"`)
	_ = do(t.Context(), c, text) // what comes back does not matter
	got := srv.Requests()
	require.Len(t, got, 1, field)
	require.Contains(t, got[0].Body, part, field)
}
