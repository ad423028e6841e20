// Package storage is the Storage service of the local stack: what Supabase
// Storage does for clients that upload, download, sign, list, move, copy and
// remove objects, with the same bodies and errors. Row level security on
// storage.objects decides who may do what.
//
// It has no resumable uploads, no upload URLs, no image transformations, no S3
// protocol, and creates no buckets: those come from the backend's SQL.
package storage

import (
	"context"
	_ "embed" // schema.sql
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/workorder-systems/sdk-go/devstack/internal/bearer"
	"github.com/workorder-systems/sdk-go/devstack/internal/signing"
)

// SchemaSQL creates the schema storage: buckets, objects and the functions that
// policies call. Run it once per database, after the roles exist and before the
// backend's own statements.
//
//go:embed schema.sql
var SchemaSQL string

// Config describes one Storage service. Pool, JWTSecret and Dir are required.
type Config struct {
	// Pool connects as a role that may switch to every role a token can name and
	// to service_role (Supabase: authenticator).
	Pool *pgxpool.Pool
	// JWTSecret verifies the HS256 signature of tokens and signs URLs. SigningKeys
	// verify other signatures of tokens.
	JWTSecret   []byte
	SigningKeys *signing.Keys
	// Dir holds the bytes of objects. It is made when it does not exist, and
	// whoever named it removes it after Close.
	Dir string
	// MaxObjectSize limits objects, in bytes, where their bucket sets no lower
	// limit; zero means no limit.
	MaxObjectSize int64
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Logger receives the causes of 500 answers; they are dropped when nil.
	Logger *slog.Logger
}

// Server is the handler. Paths arrive without a prefix: /object/… and /bucket/….
type Server struct {
	cfg    Config
	verify bearer.Verifier
	files  files

	ctx  context.Context // ends with Close
	stop context.CancelFunc

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// New returns the service. It does not touch the database before the first
// request.
func New(cfg Config) (*Server, error) {
	switch {
	case cfg.Pool == nil:
		return nil, errors.New("storage: Config.Pool is required")
	case len(cfg.JWTSecret) == 0:
		return nil, errors.New("storage: Config.JWTSecret is required")
	case cfg.Dir == "":
		return nil, errors.New("storage: Config.Dir is required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	s := &Server{
		cfg:    cfg,
		verify: bearer.Verifier{Secret: cfg.JWTSecret, Keys: cfg.SigningKeys, AnonRole: "anon", Now: cfg.Now},
		files:  files{cfg.Dir},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s, nil
}

// Close ends what the service does in the database and waits for the requests
// under way, so that nothing is written to Dir any more. Requests that wait for
// their client end with its connection: close the HTTP server first.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.running.Wait()
}

// begin registers a request, unless the service is closed.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Add(1)
	return true
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		unavailable(w)
		return
	}
	defer s.running.Done()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()

	err := s.route(w, r.WithContext(ctx))
	switch {
	case err == nil, r.Context().Err() != nil: // in the end nobody is listening any more
	case ctx.Err() != nil:
		unavailable(w)
	default:
		s.writeError(w, r, err)
	}
}

func unavailable(w http.ResponseWriter) {
	writeJSON(w, http.StatusServiceUnavailable, fail(http.StatusServiceUnavailable, "ServiceUnavailable", "The service is closed"))
}
