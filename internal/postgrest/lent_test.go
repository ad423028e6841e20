package postgrest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// The memory of an answer serves other answers once its rows are decoded. So no
// row, cursor or error may refer to it, whatever types the columns have.

type kept struct {
	ID   string          `json:"id"`
	Text *string         `json:"text"`
	JSON json.RawMessage `json:"doc"`
	Tags []string        `json:"tags"`
	Own  ownText         `json:"own"`
}

// ownText is a type with its own decoding, which copies as encoding/json wants.
type ownText struct{ text string }

func (o *ownText) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &o.text) }

var keptView = postgrest.ViewDef[kept]{List: "Kept", Name: "v_kept", Key: []string{"id"}}

// keptRow is a row whose every value names the caller.
func keptRow(who string, i int) map[string]any {
	v := strings.Repeat(who, 20) + strconv.Itoa(i)
	return map[string]any{
		"id": fmt.Sprintf("%s-%05d", who, i), "text": v, "doc": map[string]any{"v": v}, "tags": []string{v, v}, "own": v,
	}
}

// serveKept answers every caller with rows of its own, some with a length in
// the head and some without.
func serveKept(t *testing.T, rows, page int) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, from := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), 0
		if _, after, ok := strings.Cut(r.URL.Query().Get("and"), `id.gt."`+who+"-"); ok {
			n, err := strconv.Atoi(after[:5])
			assert.NoError(t, err)
			from = n + 1
		}
		list := []map[string]any{}
		for i := from; i < min(from+page, rows); i++ {
			list = append(list, keptRow(who, i))
		}
		body, err := json.Marshal(list)
		assert.NoError(t, err)
		if len(who)%2 == 0 {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
		_, _ = w.Write(body)
	}))
	t.Cleanup(srv.Close)
	return srv
}

func caller(t *testing.T, srv *httptest.Server, who string, middleware ...api.CallMiddleware) postgrest.View[kept] {
	t.Helper()
	c, err := api.New(api.Config{
		BaseURL: srv.URL, APIKey: "key", Tenant: "t1", Auth: fixedToken(who), CallMiddleware: middleware,
		Retry: api.RetryPolicy{MaxAttempts: 1},
	})
	require.NoError(t, err)
	return postgrest.NewView(c, &keptView)
}

type fixedToken string

func (f fixedToken) Token(context.Context) (api.Token, error) {
	return api.Token{Value: string(f)}, nil
}

// wantKept checks rows long after they came.
func wantKept(t *testing.T, who string, rows []kept) {
	t.Helper()
	for i, row := range rows {
		v := strings.Repeat(who, 20) + strconv.Itoa(i)
		want := kept{fmt.Sprintf("%s-%05d", who, i), &v, json.RawMessage(`{"v":"` + v + `"}`), []string{v, v}, ownText{v}}
		if diff := cmp.Diff(want, row, cmp.AllowUnexported(ownText{})); diff != "" {
			assert.Failf(t, "a row changed after it came", "%s", diff)
			return
		}
	}
}

func TestRowsOutliveTheirAnswer(t *testing.T) {
	const rows = 60
	srv := serveKept(t, rows, 25)
	var wg sync.WaitGroup
	for g := range 16 {
		who := strings.Repeat(string(rune('a'+g)), 1+g%3)
		wg.Go(func() {
			v := caller(t, srv, who)
			for range 5 {
				all, err := v.List(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				assert.Len(t, all, rows)
				var each []kept
				for row, err := range v.All(t.Context(), query.PageSize(7+g)) {
					if err != nil {
						t.Error(err)
						return
					}
					each = append(each, row)
				}
				page, err := v.Page(t.Context(), query.Limit(10))
				if err != nil {
					t.Error(err)
					return
				}
				next, err := v.Page(t.Context(), query.Limit(10), query.After(page.Next))
				if err != nil {
					t.Error(err)
					return
				}
				wantKept(t, who, all)
				wantKept(t, who, each)
				wantKept(t, who, append(page.Items, next.Items...))
			}
		})
	}
	wg.Wait()
}

// A middleware may give up while the call goes on. What that call reads must not
// land in the answers of others.
func TestAbandonedCallsTouchNobody(t *testing.T) {
	const rows = 200
	srv := serveKept(t, rows, rows)
	gaveUp := func(ctx context.Context, _ api.CallInfo, next func(context.Context) error) error {
		done := make(chan error, 1)
		go func() { done <- next(ctx) }()
		select {
		case err := <-done:
			_ = err
		case <-time.After(100 * time.Microsecond):
		}
		return context.DeadlineExceeded
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			v := caller(t, srv, "gone", gaveUp)
			for range 20 {
				_, err := v.List(t.Context())
				assert.ErrorIs(t, err, context.DeadlineExceeded)
			}
		})
		wg.Go(func() {
			v := caller(t, srv, "here")
			for range 20 {
				all, err := v.List(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				assert.Len(t, all, rows)
				wantKept(t, "here", all)
			}
		})
	}
	wg.Wait()
}

// An error about a row is told after its answer's memory has served others.
func TestErrorsOutliveTheirAnswer(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`[{"id":"first","tags":"odd value"}]`))
	}))
	t.Cleanup(srv.Close)
	_, err := caller(t, srv, "jo").List(t.Context())
	require.ErrorIs(t, err, sdkerr.ErrDecode)
	told := strings.Clone(err.Error())

	others := serveKept(t, 500, 500)
	for range 8 {
		_, err := caller(t, others, "others").List(t.Context())
		require.NoError(t, err)
	}

	require.Equal(t, told, err.Error())
	require.Contains(t, told, "odd value")
}
