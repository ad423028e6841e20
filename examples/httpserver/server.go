package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/httperr"
)

const (
	requestTimeout = 20 * time.Second
	maxBody        = 64 << 10
)

// server is what all requests share. It knows no user.
type server struct {
	base     *workorder.Client // with the anon key alone
	verifier *workorder.Verifier
	log      *slog.Logger
}

func newServer(base *workorder.Client, verifier *workorder.Verifier, log *slog.Logger) *server {
	return &server{base: base, verifier: verifier, log: log}
}

// routes are what the service answers.
func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /me", s.asCaller(me))
	mux.HandleFunc("GET /work-orders", s.asCaller(listWorkOrders))
	mux.HandleFunc("POST /work-orders", s.asCaller(createWorkOrder))
	mux.HandleFunc("GET /work-orders/{id}", s.asCaller(getWorkOrder))
	mux.HandleFunc("POST /work-orders/{id}/transition", s.asCaller(transitionWorkOrder))
	return mux
}

// caller is who a request comes from, and the client that acts as them. It lives as
// long as the request.
type caller struct {
	workorder.Principal
	client *workorder.Client
}

// answer is what a handler answers with when nothing fails.
type answer struct {
	status   int
	location string
	body     any
}

// asCaller lets a handler work for whoever the request comes from.
func (s *server) asCaller(handle func(*http.Request, caller) (answer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)

		token := bearer(r)
		who, err := s.verifier.Verify(ctx, token)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		a, err := handle(r, caller{Principal: who, client: s.base.AsUser(token)})
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if a.location != "" {
			w.Header().Set("Location", a.location)
		}
		w.Header().Set("Cache-Control", "no-store")
		writeJSON(w, "application/json", a.status, a.body)
	}
}

// bearer is the caller's access token, "" when there is none.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// ready tells whether the platform can be reached.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if _, err := s.base.Auth.Health(ctx); err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// badRequest is a request that this service itself cannot read.
type badRequest struct {
	status int
	text   string
}

func (e badRequest) Error() string { return e.text }

// fail answers a request that failed, and logs why. Neither shows the token.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var own badRequest
	if errors.As(err, &own) {
		writeJSON(w, "application/problem+json", own.status, httperr.Problem{
			Title: http.StatusText(own.status), Status: own.status, Kind: "invalid_input", Detail: own.text,
		})
		return
	}
	level := slog.LevelInfo
	if httperr.Status(err) >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	s.log.Log(r.Context(), level, "request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	httperr.Write(w, err)
}

func writeJSON(w http.ResponseWriter, contentType string, status int, body any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller may be gone
}

// readJSON reads the one JSON value in the body of a request.
func readJSON(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return badRequest{http.StatusRequestEntityTooLarge, "the body is too large"}
	case err != nil:
		return badRequest{http.StatusBadRequest, "the body is not the JSON object that is asked for"}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return badRequest{http.StatusBadRequest, "there is more than one JSON value in the body"}
	}
	return nil
}
