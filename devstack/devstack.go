package devstack

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/workorder-systems/sdk-go/devstack/auth"
	"github.com/workorder-systems/sdk-go/devstack/functions"
	"github.com/workorder-systems/sdk-go/devstack/internal/outbox"
	"github.com/workorder-systems/sdk-go/devstack/internal/signing"
	"github.com/workorder-systems/sdk-go/devstack/rest"
	"github.com/workorder-systems/sdk-go/devstack/storage"
)

// ErrPortTaken says that something else listens on the port asked for.
var ErrPortTaken = errors.New("port taken")

const (
	restConnections    = 30
	authConnections    = 10
	storageConnections = 10
	outboxConnections  = 6
)

// A Stack is a running backend. Its fields are for reading.
type Stack struct {
	// URL is the project URL, without a path.
	URL string
	// AnonKey and ServiceRoleKey are the project's API keys. The service-role key
	// passes row level security.
	AnonKey        string
	ServiceRoleKey string
	// JWTSecret signs the API keys and, without a signing key, the access tokens
	// (HS256).
	JWTSecret string
	// DatabaseURL is the address of the database, as superuser.
	DatabaseURL string

	log     *slog.Logger
	keys    signing.Keys
	mailbox auth.Mailbox
	db      database
	pools   []*pgxpool.Pool
	rest    *rest.Server
	storage *storage.Server
	outbox  *outbox.Outbox // nil but for the reference backend
	server  *http.Server
	served  chan struct{} // closed when the gateway has stopped
	close   func() error
}

// Start starts a stack and returns when it serves. The context covers the start
// only: when it ends before, Start stops and leaves nothing behind, afterwards it
// has no effect. Call Close when done.
func Start(ctx context.Context, opts ...Option) (_ *Stack, err error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	sources, err := c.sources()
	if err != nil {
		return nil, err
	}
	listener, err := listen(ctx, c.port)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("devstack: %w: something else listens on 127.0.0.1:%d", ErrPortTaken, c.port)
		}
		return nil, fmt.Errorf("devstack: %w", err)
	}

	s := &Stack{
		URL:       "http://" + listener.Addr().String(),
		JWTSecret: c.jwtSecret,
		log:       c.logger,
		served:    make(chan struct{}),
	}
	s.close = sync.OnceValue(s.shutdown)
	defer func() {
		if err != nil {
			_ = listener.Close()
			err = errors.Join(err, s.Close())
		}
	}()
	if s.db, err = openDatabase(ctx, c, sources); err != nil {
		return nil, err
	}
	s.DatabaseURL = s.db.url()
	if c.signingKey != "" {
		if _, err := s.keys.Rotate(string(c.signingKey)); err != nil {
			return nil, fmt.Errorf("devstack: %w", err)
		}
	}
	gateway, err := s.gateway(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := s.startOutbox(ctx, c); err != nil {
		return nil, err
	}
	s.serve(listener, gateway)
	c.logger.InfoContext(ctx, "devstack: serving", "url", s.URL, "took", time.Since(began).Round(time.Millisecond))
	return s, nil
}

func openDatabase(ctx context.Context, c *config, sources []source) (database, error) {
	// Spelled out so that a nil pointer never becomes a non-nil interface.
	if c.databaseURL != "" {
		e, err := openExternal(ctx, c, sources)
		if err != nil {
			return nil, err
		}
		return e, nil
	}
	cl, err := startCluster(ctx, c, sources)
	if err != nil {
		return nil, err
	}
	return cl, nil
}

// gateway opens the services.
func (s *Stack) gateway(ctx context.Context, c *config) (http.Handler, error) {
	var err error
	if s.AnonKey, err = apiKey(c.jwtSecret, "anon"); err != nil {
		return nil, err
	}
	if s.ServiceRoleKey, err = apiKey(c.jwtSecret, "service_role"); err != nil {
		return nil, err
	}
	restPool, err := s.pool(ctx, func() (*pgxpool.Config, error) { return s.authenticator(c) }, restConnections)
	if err != nil {
		return nil, err
	}
	authPool, err := s.pool(ctx, s.authAdmin, authConnections)
	if err != nil {
		return nil, err
	}
	s.rest, err = rest.New(rest.Config{
		Pool:        restPool,
		JWTSecret:   []byte(c.jwtSecret),
		SigningKeys: &s.keys,
		Schemas:     []string{"public", "reporting"},
		MaxRows:     c.maxRows,
		AnonRole:    "anon",
	})
	if err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	if err := requireHook(ctx, authPool, c.tokenHook); err != nil {
		return nil, err
	}
	limits := c.authLimits
	limits.Verify, limits.MailEvery = c.signIn.Verifications, c.signIn.MailEvery
	idp, err := auth.NewIdentityProvider(s.URL + "/provider")
	if err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	authHandler, err := auth.New(auth.Config{
		Pool:             authPool,
		JWTSecret:        []byte(c.jwtSecret),
		SigningKeys:      &s.keys,
		JWTExpiry:        c.jwtExpiry,
		Issuer:           s.URL + "/auth/v1",
		Hook:             c.tokenHook,
		Anonymous:        c.signIn.Anonymous,
		Phone:            c.signIn.Phone,
		ConfirmEmail:     c.signIn.ConfirmEmail,
		Reauthenticate:   c.signIn.Reauthenticate,
		CodeExpiry:       c.signIn.CodeExpiry,
		IdentityProvider: idp,
		Providers:        c.signIn.Providers,
		SSODomains:       c.signIn.SSODomains,
		ManualLinking:    c.signIn.ManualLinking,
		Mailbox:          &s.mailbox,
		Logger:           c.logger,
		RateLimits:       limits,
	})
	if err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	storagePool, err := s.pool(ctx, s.db.authenticator, storageConnections)
	if err != nil {
		return nil, err
	}
	s.storage, err = storage.New(storage.Config{
		Pool:        storagePool,
		JWTSecret:   []byte(c.jwtSecret),
		SigningKeys: &s.keys,
		Dir:         filepath.Join(s.db.directory(), "objects"),
		Logger:      c.logger,
	})
	if err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	return &gateway{
		keys:      []string{s.AnonKey, s.ServiceRoleKey},
		rest:      s.rest,
		auth:      authHandler,
		mailbox:   &s.mailbox,
		provider:  idp,
		storage:   s.storage,
		functions: functions.New(restPool, s.rest, c.logger),
		healthy:   restPool.Ping,
		log:       c.logger,
	}, nil
}

// Mailbox returns the mails and text messages that a deployment would have sent to
// an address or a phone number (digits only), the oldest first; all of them for "".
// GET /mailbox?to=… on the stack's port answers the same as JSON.
func (s *Stack) Mailbox(to string) []auth.Mail { return s.mailbox.To(to) }

// startOutbox sends the deliveries of the reference backend. What a project's own
// migrations queue stays in the queue.
func (s *Stack) startOutbox(ctx context.Context, c *config) error {
	if c.schema != nil || c.migrations != "" {
		return nil
	}
	pool, err := s.pool(ctx, func() (*pgxpool.Config, error) {
		cfg, err := s.db.superuser()
		if err != nil {
			return nil, err
		}
		cfg.ConnConfig.RuntimeParams["app.delivery_speed"] = strconv.Itoa(c.deliverySpeed)
		return cfg, nil
	}, outboxConnections)
	if err != nil {
		return err
	}
	s.outbox = outbox.Start(pool, time.Minute/time.Duration(c.deliverySpeed), c.logger)
	return nil
}

// authenticator is the role of the data API, with the settings that the functions
// of the reference backend look at.
func (s *Stack) authenticator(c *config) (*pgxpool.Config, error) {
	cfg, err := s.db.authenticator()
	if err != nil {
		return nil, err
	}
	cfg.ConnConfig.RuntimeParams["app.delivery_speed"] = strconv.Itoa(c.deliverySpeed)
	if c.costFunctions {
		cfg.ConnConfig.RuntimeParams["app.cost_functions"] = "answer"
	}
	if c.searchFunctions {
		cfg.ConnConfig.RuntimeParams["app.search_functions"] = "answer"
	}
	return cfg, nil
}

// authAdmin is the role of the Auth service on a deployment. Hooks and triggers on
// auth.users that lack a grant fail here as they do there.
func (s *Stack) authAdmin() (*pgxpool.Config, error) {
	cfg, err := s.db.superuser()
	if err != nil {
		return nil, err
	}
	cfg.ConnConfig.RuntimeParams["role"] = "supabase_auth_admin"
	return cfg, nil
}

// requireHook refuses a token hook that was named and does not exist: a wrong
// name would show only as claims that are missing from tokens.
func requireHook(ctx context.Context, pool *pgxpool.Pool, hook string) error {
	if hook == "" {
		return nil
	}
	exists, err := auth.HookExists(ctx, pool, hook)
	if err != nil {
		return fmt.Errorf("devstack: token hook %s: %w", hook, err)
	}
	if !exists {
		return fmt.Errorf("devstack: token hook: there is no function %s(jsonb)", hook)
	}
	return nil
}

// pool opens a pool of connections that Close closes.
func (s *Stack) pool(ctx context.Context, as func() (*pgxpool.Config, error), size int32) (*pgxpool.Pool, error) {
	cfg, err := as()
	if err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	cfg.MaxConns = size
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), cfg)
	if err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	s.pools = append(s.pools, pool)
	if err := pool.Ping(ctx); err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	return pool, nil
}

func (s *Stack) serve(l net.Listener, h http.Handler) {
	s.server = &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(logWriter{s.log}, "", 0),
	}
	go func() {
		defer close(s.served)
		if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("devstack: the gateway stopped", "err", err)
		}
	}()
}

// logWriter takes what net/http logs.
type logWriter struct{ log *slog.Logger }

func (w logWriter) Write(p []byte) (int, error) {
	w.log.Debug("devstack: gateway: " + string(p))
	return len(p), nil
}

// Close stops the gateway, cutting off requests that are still running, stops
// PostgreSQL and deletes the data. Calling it again does nothing more.
func (s *Stack) Close() error { return s.close() }

func (s *Stack) shutdown() error {
	var err error
	if s.server != nil {
		err = s.server.Close()
		<-s.served
	}
	if s.rest != nil {
		s.rest.Close()
	}
	if s.storage != nil {
		s.storage.Close() // before its directory goes
	}
	if s.outbox != nil {
		s.outbox.Close()
	}
	if s.db != nil {
		// Before the pools, which wait until running statements end.
		err = errors.Join(err, s.db.close())
	}
	for _, pool := range s.pools {
		pool.Close()
	}
	s.log.Info("devstack: closed", "url", s.URL)
	return err
}
