package devstack

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/workorder-systems/sdk-go/devstack/auth"
	"github.com/workorder-systems/sdk-go/devstack/internal/postgres"
)

// DatabaseURLEnv names the environment variable whose PostgreSQL server
// [Start] uses when [WithDatabaseURL] is not given.
const DatabaseURLEnv = "DEVSTACK_DATABASE_URL"

// DefaultJWTSecret signs the tokens of a stack unless [WithJWTSecret] says
// otherwise. It is the secret of every local Supabase project, so the anon and
// service-role keys stay the same from start to start and are the ones that
// `supabase start` prints.
const DefaultJWTSecret = "super-secret-jwt-token-with-at-least-32-characters-long"

const minJWTSecret = 32 // bytes, what PostgREST demands

// An Option changes what [Start] starts.
type Option func(*config) error

type config struct {
	port            int
	logger          *slog.Logger
	databaseURL     string
	cacheDir        string
	tempDir         string
	jwtSecret       string
	jwtExpiry       time.Duration
	signingKey      SigningAlgorithm // "": the secret signs
	maxRows         int
	authLimits      auth.RateLimits
	signIn          SignIn
	tokenHook       string
	costFunctions   bool
	searchFunctions bool
	deliverySpeed   int
	schema          fs.FS  // nil: the reference backend
	migrations      string // directory, "" for none

	// Replaced by tests.
	find     func() (*postgres.Installation, error)
	download func(dir string) (string, error)
}

func newConfig(opts []Option) (*config, error) {
	c := &config{
		logger:        slog.New(slog.DiscardHandler),
		databaseURL:   os.Getenv(DatabaseURLEnv),
		jwtSecret:     DefaultJWTSecret,
		jwtExpiry:     time.Hour,
		maxRows:       1000,
		deliverySpeed: 1,
		find:          postgres.Find,
		download:      downloadPostgres,
	}
	for _, opt := range opts {
		if err := opt(c); err != nil {
			return nil, err
		}
	}
	if c.schema != nil && c.migrations != "" {
		return nil, errors.New("devstack: WithSchema and WithMigrations exclude each other")
	}
	if c.tempDir == "" {
		c.tempDir = postgres.TempDir()
	}
	if c.cacheDir == "" {
		c.cacheDir = defaultCacheDir()
	}
	return c, nil
}

// WithPort makes the gateway listen on 127.0.0.1:port. Start fails with
// [ErrPortTaken] when something else listens there. Without this option, or
// with port 0, the system picks a free port.
func WithPort(port int) Option {
	return func(c *config) error {
		if port < 0 || port > 65535 {
			return fmt.Errorf("devstack: port %d is not between 0 and 65535", port)
		}
		c.port = port
		return nil
	}
}

// WithLogger sends the stack's log to l: starts and stops at Info, requests and
// PostgreSQL's own lines at Debug. The default keeps silent.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		if l == nil {
			return errors.New("devstack: WithLogger: nil logger")
		}
		c.logger = l
		return nil
	}
}

// WithDatabaseURL uses the PostgreSQL server at url, as its superuser, instead of
// starting one: each stack gets a fresh database there and drops it on Close.
// Roles are shared by the whole server and stay. An empty url ignores
// [DatabaseURLEnv] as well, so that a private server is started.
func WithDatabaseURL(url string) Option {
	return func(c *config) error {
		c.databaseURL = url
		return nil
	}
}

// WithCacheDir keeps migrated clusters and downloaded PostgreSQL binaries in dir
// instead of the user's cache directory.
func WithCacheDir(dir string) Option {
	return func(c *config) error {
		c.cacheDir = dir
		return nil
	}
}

// WithJWTSecret signs and verifies tokens with secret (32 bytes or more) instead
// of [DefaultJWTSecret].
func WithJWTSecret(secret string) Option {
	return func(c *config) error {
		if len(secret) < minJWTSecret {
			return fmt.Errorf("devstack: the JWT secret needs at least %d bytes", minJWTSecret)
		}
		c.jwtSecret = secret
		return nil
	}
}

// WithSigningKey signs access tokens with a new key of that algorithm, whose public
// half is at /auth/v1/.well-known/jwks.json, instead of with the JWT secret. As in a
// hosted project, the secret still signs the API keys, and tokens that it signs are
// accepted.
func WithSigningKey(alg SigningAlgorithm) Option {
	return func(c *config) error {
		if alg != ES256 && alg != RS256 {
			return fmt.Errorf("devstack: WithSigningKey: the algorithm %q is neither ES256 nor RS256", alg)
		}
		c.signingKey = alg
		return nil
	}
}

// WithJWTExpiry sets the lifetime of access tokens, one hour by default.
func WithJWTExpiry(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return fmt.Errorf("devstack: the JWT expiry %s is not positive", d)
		}
		c.jwtExpiry = d
		return nil
	}
}

// WithAuthLimits makes Auth answer 429 (over_request_rate_limit) to an IP address
// that signs up and in, or refreshes, more often than so many times in five
// minutes. Zero is no limit, as without this option. Supabase projects begin with
// 30 and 150.
func WithAuthLimits(signIns, refreshes int) Option {
	return func(c *config) error {
		if signIns < 0 || refreshes < 0 {
			return fmt.Errorf("devstack: the limits of Auth, %d and %d, are negative", signIns, refreshes)
		}
		c.authLimits = auth.RateLimits{SignInUp: signIns, Refresh: refreshes}
		return nil
	}
}

// SignIn says which ways to sign in a stack offers, and how strict they are. The
// zero value is what Supabase projects begin with, except that new accounts need
// no confirmation.
type SignIn struct {
	// Anonymous lets users sign up with nothing.
	Anonymous bool
	// Phone lets users have a phone number, and sign in by codes sent to it.
	Phone bool
	// ConfirmEmail leaves new accounts without a session until the code of a mail
	// confirms their address.
	ConfirmEmail bool
	// Reauthenticate asks for the nonce of a re-authentication mail with a new
	// password, unless the session is younger than a day.
	Reauthenticate bool
	// Providers are the OAuth providers that users can sign in with, such as google
	// or github. The stack plays them itself, see [auth.IdentityProvider].
	Providers []string
	// SSODomains are the domains of organisations whose users sign in there by single
	// sign-on. The stack plays these as well.
	SSODomains []string
	// ManualLinking lets users add identities to their account and take them away.
	ManualLinking bool
	// CodeExpiry is how long codes and links are good, one hour when zero.
	CodeExpiry time.Duration
	// MailEvery is the least time between two messages of a kind to a user; sooner
	// ones are refused with 429. Zero is no limit.
	MailEvery time.Duration
	// Verifications is how many codes an IP address may try in five minutes. Zero is
	// no limit.
	Verifications int
}

// WithSignIn changes how users sign in.
func WithSignIn(s SignIn) Option {
	return func(c *config) error {
		if s.CodeExpiry < 0 || s.MailEvery < 0 || s.Verifications < 0 {
			return errors.New("devstack: WithSignIn: a duration or a number is negative")
		}
		c.signIn = s
		return nil
	}
}

// WithMaxRows sets how many rows one answer holds at most, 1,000 by default. The
// server cuts longer answers without saying so, as PostgREST's max-rows does.
func WithMaxRows(n int) Option {
	return func(c *config) error {
		if n <= 0 {
			return fmt.Errorf("devstack: max rows %d is not positive", n)
		}
		c.maxRows = n
		return nil
	}
}

// WithTokenHook names the function, as schema.function(event jsonb) returns jsonb,
// that may add claims to every token issued. The default is the reference
// backend's hook, without which tokens are issued unchanged. A function that is
// named and does not exist fails the start.
func WithTokenHook(function string) Option {
	return func(c *config) error {
		c.tokenHook = function
		return nil
	}
}

// WithCostFunctions makes rpc_cost_rollup, rpc_asset_total_cost_of_ownership and
// rpc_asset_lifecycle_alerts answer. Without it they refuse members with SQLSTATE
// 25006, as on the platform, where they write in a transaction that is read-only.
func WithCostFunctions() Option {
	return func(c *config) error {
		c.costFunctions = true
		return nil
	}
}

// WithSearchFunctions makes rpc_register_entity_alias, rpc_get_work_order_embedding
// and rpc_similar_past_work_orders_by_work_order_id do what they are for. Without it
// they refuse with SQLSTATE 42704, as on the platform, where they do not find a type
// that they need.
func WithSearchFunctions() Option {
	return func(c *config) error {
		c.searchFunctions = true
		return nil
	}
}

// WithDeliverySpeed lets the time of the deliveries of plugins pass n times as fast:
// the job that sends them runs every minute, a failed delivery waits 2, 4, 8 and
// more minutes, and one without an answer is given up after two minutes, all
// divided by n. A receiver still gets the full timeout_ms of its installation.
func WithDeliverySpeed(n int) Option {
	return func(c *config) error {
		if n < 1 {
			return fmt.Errorf("devstack: the delivery speed %d is less than 1", n)
		}
		c.deliverySpeed = n
		return nil
	}
}

// WithSchema applies the *.sql files at the root of fsys, in name order, instead
// of the reference backend.
func WithSchema(fsys fs.FS) Option {
	return func(c *config) error {
		if fsys == nil {
			return errors.New("devstack: WithSchema: nil file system")
		}
		c.schema = fsys
		return nil
	}
}

// WithMigrations applies the *.sql files of dir (a project's supabase/migrations)
// in name order instead of the reference backend. Extensions that the server
// lacks are skipped; the ones that Supabase projects use most (vault, pg_net,
// pg_cron, pgvector) have stand-ins with the same names that store but do not act.
func WithMigrations(dir string) Option {
	return func(c *config) error {
		if dir == "" {
			return errors.New("devstack: WithMigrations: empty directory name")
		}
		c.migrations = dir
		return nil
	}
}
