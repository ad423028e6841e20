// Package apitest gives unit tests a client and the HTTP server it talks to.
//
//	c, srv := apitest.New(t)
//	srv.Reply(http.StatusOK, `"d1"`)
//	id, err := c.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "Line 3"})
//	srv.WantRequest(t, "POST", "/rest/v1/rpc/rpc_create_department", `{…}`)
package apitest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
)

// What the client of New is made of.
const (
	AnonKey  = "anon-key-of-the-tests"
	TenantID = "t1"
	UserID   = "u1"
)

// Request is one request that the server got.
type Request struct {
	Method string
	Path   string
	Query  url.Values
	Header http.Header
	Body   string
}

// Server records requests and answers them with prepared replies, in order.
type Server struct {
	URL string // of the project

	t       testing.TB
	mu      sync.Mutex
	replies []http.HandlerFunc
	got     []Request
	checked int // how many of got WantRequest has looked at
}

// New starts a server and makes a client for it that is signed in as UserID
// with TenantID in its token and never retries. Options come on top.
func New(t testing.TB, opts ...workorder.Option) (*workorder.Client, *Server) {
	t.Helper()
	srv := NewServer(t)
	signedIn := []workorder.Option{
		workorder.WithAccessToken(JWT(map[string]any{
			"sub": UserID, "role": "authenticated", "tenant_id": TenantID,
			"exp": time.Now().Add(time.Hour).Unix(),
		})),
		workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 1}),
	}
	return srv.Client(t, append(signedIn, opts...)...), srv
}

// NewServer starts a server without a client.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t}
	hs := httptest.NewServer(s)
	t.Cleanup(hs.Close)
	s.URL = hs.URL
	return s
}

// Client makes a client for the server, with nothing but opts.
func (s *Server) Client(t testing.TB, opts ...workorder.Option) *workorder.Client {
	t.Helper()
	c, err := workorder.New(s.URL, AnonKey, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// JWT makes a token with the given claims and a signature that proves nothing.
func JWT(claims map[string]any) string {
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	return part(map[string]string{"alg": "HS256", "typ": "JWT"}) + "." + part(claims) + ".c2lnbmF0dXJl"
}

// Reply adds an answer for the next request that has none yet.
func (s *Server) Reply(status int, body string) {
	s.Handle(func(w http.ResponseWriter, _ *http.Request) {
		if body != "" {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// ReplyError adds an error answer in PostgREST's form.
func (s *Server) ReplyError(status int, code, message string) {
	body, _ := json.Marshal(map[string]any{"code": code, "message": message, "details": nil, "hint": nil})
	s.Reply(status, string(body))
}

// Handle adds a handler for the next request that has no answer yet.
func (s *Server) Handle(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = append(s.replies, h)
}

// ServeHTTP implements http.Handler. Without a prepared answer a read gets an
// empty list, so that a walk over pages ends, and anything else fails the test.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("reading the request: %v", err)
	}
	s.mu.Lock()
	s.got = append(s.got, Request{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header.Clone(), Body: string(body),
	})
	var reply http.HandlerFunc
	if len(s.replies) > 0 {
		reply, s.replies = s.replies[0], s.replies[1:]
	}
	s.mu.Unlock()

	switch {
	case reply != nil:
		r.Body = io.NopCloser(bytes.NewReader(body)) // read above
		reply(w, r)
	case r.Method == http.MethodGet:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Range", "*/*")
		_, _ = io.WriteString(w, "[]")
	default:
		s.t.Errorf("unexpected request: %s %s", r.Method, r.URL.Path)
		w.WriteHeader(http.StatusNotImplemented)
	}
}

// Requests are all requests so far, in order.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.got...)
}

// WantRequest checks the first request that it has not looked at yet: its
// method, its path and its body as JSON, numbers to the digit ("" for none). It
// returns the request for further checks.
func (s *Server) WantRequest(t testing.TB, method, path, body string) Request {
	t.Helper()
	left := s.unchecked()
	require.NotEmpty(t, left, "no further request was sent; want %s %s", method, path)
	got := left[0]
	s.mu.Lock()
	s.checked++
	s.mu.Unlock()

	require.Equal(t, method+" "+path, got.Method+" "+got.Path)
	if body == "" {
		require.Empty(t, got.Body)
	} else {
		require.Equal(t, decoded(t, body), decoded(t, got.Body), "%s %s", method, path)
	}
	return got
}

// decoded is JSON with its numbers to the digit.
func decoded(t testing.TB, text string) (v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	require.NoError(t, d.Decode(&v), "%s", text)
	return v
}

// WantNoRequest checks that nothing was sent that WantRequest has not looked at.
func (s *Server) WantNoRequest(t testing.TB) {
	t.Helper()
	require.Empty(t, s.unchecked(), "nothing more should have been sent")
}

func (s *Server) unchecked() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.got[s.checked:]...)
}
