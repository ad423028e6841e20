package rest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/workorder-systems/sdk-go/devstack/internal/bearer"
	"github.com/workorder-systems/sdk-go/devstack/internal/signing"
)

// Config says what a Server serves.
type Config struct {
	// Pool connects as a role that may switch to every role a token can name
	// (Supabase: authenticator).
	Pool *pgxpool.Pool

	// JWTSecret verifies the HS256 signature of tokens, SigningKeys that of others.
	JWTSecret   []byte
	SigningKeys *signing.Keys

	// Schemas are the exposed schemas; the first is the default.
	// Default: public.
	Schemas []string

	// ExtraSearchPath follows the exposed schema in the search path.
	// Default: public, extensions.
	ExtraSearchPath []string

	// MaxRows clamps every answer without saying so; zero means no limit.
	MaxRows int

	// AnonRole is the role of requests without a token. When empty they are
	// refused with PGRST302.
	AnonRole string

	// Audience, when set, must be among the audiences of a token that names any.
	Audience string

	// MaxBodyBytes limits request bodies. Default: 64 MiB.
	MaxBodyBytes int64

	// AcquireTimeout is how long a request waits for a connection before it
	// fails with PGRST003. Default: 10 s.
	AcquireTimeout time.Duration
}

const (
	defaultMaxBody        = 64 << 20
	defaultAcquireTimeout = 10 * time.Second
)

// Server is the handler. Paths arrive without a prefix: /{relation} and
// /rpc/{function}.
type Server struct {
	cfg    Config
	verify bearer.Verifier

	cache  atomic.Pointer[schemaCache]
	loadMu sync.Mutex

	zones  map[string]bool // names of time zones, once somebody has asked
	zoneMu sync.Mutex

	stop    context.CancelFunc
	stopped chan struct{}
}

// New reads the schemas and listens for NOTIFY pgrst until Close is called.
func New(cfg Config) (*Server, error) {
	switch {
	case cfg.Pool == nil:
		return nil, errors.New("rest: no connection pool")
	case len(cfg.JWTSecret) == 0:
		return nil, errors.New("rest: no JWT secret")
	}
	if len(cfg.Schemas) == 0 {
		cfg.Schemas = []string{"public"}
	}
	if cfg.ExtraSearchPath == nil {
		cfg.ExtraSearchPath = []string{"public", "extensions"}
	}
	if cfg.MaxBodyBytes == 0 {
		cfg.MaxBodyBytes = defaultMaxBody
	}
	if cfg.AcquireTimeout == 0 {
		cfg.AcquireTimeout = defaultAcquireTimeout
	}
	s := &Server{
		cfg:     cfg,
		verify:  bearer.Verifier{Secret: cfg.JWTSecret, Keys: cfg.SigningKeys, AnonRole: cfg.AnonRole, Audience: cfg.Audience, Skew: clockSkew, Now: time.Now},
		stopped: make(chan struct{}),
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	if err := s.reload(ctx); err != nil {
		cancel()
		return nil, err
	}
	listening := make(chan struct{})
	go s.listen(ctx, listening)
	<-listening
	return s, nil
}

// Close ends the listener. Requests that are under way are not touched.
func (s *Server) Close() {
	s.stop()
	<-s.stopped
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	resp, err := s.serve(w, r)
	if err != nil {
		if r.Context().Err() != nil {
			return // nobody is listening any more
		}
		writeError(w, r, asAPIError(err))
		return
	}
	resp.write(w, r)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) (*response, error) {
	r.Body = http.MaxBytesReader(w, r.Body, s.cfg.MaxBodyBytes)
	target, err := route(r)
	if err != nil {
		return nil, err
	}
	id, err := s.identify(r.Header)
	if err != nil {
		return nil, err
	}
	if r.Method == http.MethodOptions {
		return s.options(r, target)
	}
	req, err := s.parseRequest(r, target, id)
	if err != nil {
		return nil, err
	}
	switch {
	case target.kind == rootTarget:
		return s.serveRoot(r.Context(), req)
	case target.kind == functionTarget:
		return s.serveCall(r.Context(), req)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return s.serveRead(r.Context(), req)
	default:
		return s.serveWrite(r.Context(), req)
	}
}

type targetKind int

const (
	rootTarget targetKind = iota
	relationTarget
	functionTarget
)

// target is what the path names.
type target struct {
	kind targetKind
	name string
}

func route(r *http.Request) (target, error) {
	var t target
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case len(parts) == 1 && parts[0] == "":
	case len(parts) == 1:
		t = target{relationTarget, parts[0]}
	case len(parts) == 2 && parts[0] == "rpc":
		t = target{functionTarget, parts[1]}
	default:
		return t, &apiError{status: http.StatusNotFound, Code: "PGRST125",
			Message: "Invalid path specified in request URL"}
	}
	allowed := map[targetKind][]string{
		rootTarget:     {"GET", "HEAD", "OPTIONS"},
		relationTarget: {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"},
		functionTarget: {"GET", "HEAD", "POST", "OPTIONS"},
	}
	for _, m := range allowed[t.kind] {
		if r.Method == m {
			return t, nil
		}
	}
	if t.kind == functionTarget {
		return t, &apiError{status: http.StatusMethodNotAllowed, Code: "PGRST101",
			Message: "Cannot use the " + r.Method + " method on RPC"}
	}
	return t, &apiError{status: http.StatusMethodNotAllowed, Code: "PGRST117",
		Message: "Unsupported HTTP method: " + r.Method}
}
