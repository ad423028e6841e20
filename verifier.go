package workorder

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/jwks"
	"github.com/workorder-systems/sdk-go/internal/jwtclaims"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// What a [Verifier] finds wrong with a token: the Code of an [SdkError] that is
// ErrUnauthenticated.
const (
	TokenMissing    = "token_missing"     // there is none
	TokenMalformed  = "token_malformed"   // it is no signed JWT
	TokenAlgorithm  = "token_algorithm"   // it is not signed, or in a way that is not taken
	TokenUnknownKey = "token_unknown_key" // the project has no such key (any more)
	TokenSignature  = "token_signature"   // it is forged
	TokenExpired    = "token_expired"     // its user has to refresh it
	TokenTooEarly   = "token_too_early"   // it is issued or valid in the future only
	TokenIssuer     = "token_issuer"      // another project, or no Auth server, issued it
	TokenAudience   = "token_audience"    // it is meant for something else, or it is an API key
	TokenClaims     = "token_claims"      // a claim that has to be there is missing or malformed
)

// VerifierOptions says which tokens a [Verifier] takes. The zero value takes those
// that the client's project signs with its signing keys.
type VerifierOptions struct {
	// Secret is the project's JWT secret of 32 bytes or more, with which projects
	// without signing keys sign (HS256). Without it such tokens are refused.
	Secret types.Secret
	// Issuer is the claim iss; that of the client's project when empty, which is the
	// project URL with /auth/v1. A project with a domain of its own issues tokens in
	// that name.
	Issuer string
	// Audience must be in the claim aud; "authenticated" when empty, as in the tokens
	// of all users and no API key.
	Audience string
	// Require names claims that must be there beside sub and exp, such as tenant_id or
	// session_id: null and the empty text count as missing.
	Require []string
	// ClockSkew is how far the clocks of Auth and of this machine may be apart: 30
	// seconds when zero, as for the platform's API.
	ClockSkew time.Duration
	// FreshKeys is how long keys are used before newer ones are fetched, in the
	// background; ten minutes when zero. A key that the project has revoked is
	// trusted so long.
	FreshKeys time.Duration
	// ValidKeys is how long keys are used while Auth cannot be reached; an hour when
	// zero.
	ValidKeys time.Duration
	// FetchEvery is the least time between two fetches, which tokens of unknown keys
	// cause; ten seconds when zero.
	FetchEvery time.Duration
}

// fetchTimeout ends a fetch of the keys with all its attempts.
const fetchTimeout = 10 * time.Second

// Verifier tells whether an access token is genuine, without asking the server for
// each: it checks the signature with the project's secret or with its public keys
// (ES256, RS256 and EdDSA, from /auth/v1/.well-known/jwks.json), and the claims. It
// keeps the keys and fetches newer ones when a token names a key that it does not
// know. It is safe for concurrent use; make one and keep it.
//
//	who, err := verifier.Verify(ctx, token)
//	if err != nil {
//		httperr.Write(w, err)
//		return
//	}
//	client := base.AsUser(token)
//
// A genuine token is good until it expires, even after its user has signed out or
// was banned: ask [AuthService.User] where that matters.
type Verifier struct {
	checks *checks
}

// checks are the options of a Verifier, complete.
type checks struct {
	opts       VerifierOptions
	project    string // what issues tokens in the name of localhost too; "" when the issuer was given
	algorithms []jose.SignatureAlgorithm
	secret     *[]byte // a pointer, because package fmt follows one, but not two
	keys       *jwks.Cache
	now        func() time.Time
}

// NewVerifier makes a Verifier for the tokens of the client's project. It checks the
// options (ErrInvalidInput) and sends nothing.
func NewVerifier(c *Client, opts VerifierOptions) (*Verifier, error) {
	return newVerifier(c, opts, time.Now)
}

func newVerifier(c *Client, opts VerifierOptions, now func() time.Time) (*Verifier, error) {
	const op = "NewVerifier"
	if c == nil || c.conn == nil {
		return nil, api.Unmade(op)
	}
	if opts.Secret != "" && len(opts.Secret) < 32 {
		return nil, sdkerr.Invalid(op, "Secret", "is shorter than 32 bytes")
	}
	for _, d := range []struct {
		name     string
		value    *time.Duration
		standard time.Duration
	}{
		{"ClockSkew", &opts.ClockSkew, 30 * time.Second},
		{"FreshKeys", &opts.FreshKeys, 10 * time.Minute},
		{"ValidKeys", &opts.ValidKeys, time.Hour},
		{"FetchEvery", &opts.FetchEvery, 10 * time.Second},
	} {
		switch {
		case *d.value < 0:
			return nil, sdkerr.Invalid(op, d.name, "is negative")
		case *d.value == 0:
			*d.value = d.standard
		}
	}
	opts.ValidKeys = max(opts.ValidKeys, opts.FreshKeys)
	v := &checks{opts: opts, now: now, algorithms: []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA}}
	v.opts.Require = slices.Clone(opts.Require)
	if slices.Contains(v.opts.Require, "") {
		return nil, sdkerr.Required(op, "the name of a claim in Require")
	}
	if opts.Secret != "" {
		secret := []byte(opts.Secret.Reveal())
		v.secret, v.opts.Secret = &secret, ""
		v.algorithms = append(v.algorithms, jose.HS256)
	}
	if opts.Issuer == "" {
		v.opts.Issuer = c.conn.BaseURL() + "/auth/v1"
		v.project = v.opts.Issuer
	}
	if opts.Audience == "" {
		v.opts.Audience = "authenticated"
	}
	v.keys = jwks.NewCache(jwks.Config{
		Fetch:   authWire{c.conn.WithIdentity(nil, "")}.signingKeys,
		Fresh:   opts.FreshKeys,
		Valid:   opts.ValidKeys,
		Every:   opts.FetchEvery,
		Timeout: fetchTimeout,
		Now:     now,
	})
	return &Verifier{v}, nil
}

// signingKeys fetches the public keys of the project.
func (w authWire) signingKeys(ctx context.Context) (map[string]jwks.Key, error) {
	const op = "Verifier.Keys"
	resp, err := w.conn.Do(ctx, &api.Request{Op: op, Method: http.MethodGet, Path: "/auth/v1/.well-known/jwks.json", Safe: true})
	if err != nil {
		return nil, err
	}
	keys, err := jwks.Parse(resp.Body)
	if err != nil {
		return nil, sdkerr.Decode(op, -1, "", "", err)
	}
	return keys, nil
}

// Verify tells whom a token speaks for. Only a token that the project has issued
// and that is valid now passes; Principal then says what its claims say, and
// [Client.AsUser] acts with it. Nothing is sent but for keys that are missing.
//
// Fails with ErrUnauthenticated when the token is not to be trusted (the error's
// Code says why: TokenExpired…), and with ErrUnavailable when the keys to tell cannot
// be had.
func (v *Verifier) Verify(ctx context.Context, token string) (Principal, error) {
	const op = "Verifier.Verify"
	if v == nil || v.checks == nil {
		return Principal{}, sdkerr.New(op, ErrInvalidInput, "the verifier is zero: make it with NewVerifier")
	}
	if token == "" {
		return Principal{}, refuse(TokenMissing, "there is no access token")
	}
	claims, err := jwtclaims.Parse(token) // strictly; what it says is used when the rest is right
	if err != nil {
		return Principal{}, refuse(TokenMalformed, "the access token is %s", err)
	}
	payload, err := v.checks.open(ctx, token)
	if err != nil {
		return Principal{}, sdkerr.Wrap(op, nil, err)
	}
	if err := v.checks.validate(payload); err != nil {
		return Principal{}, err
	}
	return principalOf(claims), nil
}

// refuse is the error of a token that is not to be trusted.
func refuse(code, format string, args ...any) error {
	e := sdkerr.New("Verifier.Verify", ErrUnauthenticated, format, args...)
	e.Code = code
	return e
}

// open checks the signature and gives the claims.
func (v *checks) open(ctx context.Context, token string) (payload []byte, err error) {
	jws, err := jose.ParseSignedCompact(token, v.algorithms)
	var other *jose.ErrUnexpectedSignatureAlgorithm
	switch {
	case errors.As(err, &other) && other.Got == jose.HS256:
		return nil, refuse(TokenAlgorithm, "the access token is signed with a shared secret, which the verifier was not given")
	case errors.As(err, &other):
		return nil, refuse(TokenAlgorithm, "the access token is not signed with %s", listed(v.algorithms))
	case err != nil:
		return nil, refuse(TokenMalformed, "the access token has a malformed header")
	case !strings.HasSuffix(token, "."+base64.RawURLEncoding.EncodeToString(jws.Signatures[0].Signature)):
		return nil, refuse(TokenMalformed, "the signature of the access token is not written as it should be")
	}
	header := jws.Signatures[0].Header
	key, err := v.key(ctx, jose.SignatureAlgorithm(header.Algorithm), header.KeyID)
	if err != nil {
		return nil, err
	}
	payload, err = jws.Verify(key)
	if err != nil {
		return nil, refuse(TokenSignature, "the signature of the access token is wrong")
	}
	return payload, nil
}

func listed(algorithms []jose.SignatureAlgorithm) string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = string(a)
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// key is the key for a token of that header. The algorithm belongs to the key, so
// a token cannot choose to have a public key taken for a secret.
func (v *checks) key(ctx context.Context, alg jose.SignatureAlgorithm, id string) (any, error) {
	if alg == jose.HS256 {
		return *v.secret, nil
	}
	if id == "" {
		return nil, refuse(TokenUnknownKey, "the access token names no signing key")
	}
	key, err := v.keys.Key(ctx, id)
	switch {
	case errors.Is(err, jwks.ErrUnknownKey):
		return nil, refuse(TokenUnknownKey, "the project has no signing key of the id that the access token names")
	case err != nil && ctx.Err() != nil:
		return nil, sdkerr.NotSent("", ctx.Err(), nil)
	case err != nil:
		return nil, sdkerr.Lacking("", err, "the project's signing keys cannot be had")
	case key.Algorithm != alg:
		return nil, refuse(TokenAlgorithm, "the access token names a signing key of another algorithm")
	}
	return key.Public, nil
}

// validate checks the claims of a token that the project has signed.
func (v *checks) validate(payload []byte) error {
	var claims jwt.Claims
	if json.Unmarshal(payload, &claims) != nil {
		return refuse(TokenClaims, "a claim of the access token is of the wrong type")
	}
	for name, missing := range map[string]bool{"sub": claims.Subject == "", "exp": claims.Expiry == nil} {
		if missing {
			return refuse(TokenClaims, "the access token has no claim %s", name)
		}
	}
	err := claims.ValidateWithLeeway(jwt.Expected{AnyAudience: jwt.Audience{v.opts.Audience}, Time: v.now()}, v.opts.ClockSkew)
	switch {
	case errors.Is(err, jwt.ErrInvalidAudience):
		return refuse(TokenAudience, "the access token is not meant for the audience %s", v.opts.Audience)
	case errors.Is(err, jwt.ErrExpired):
		return refuse(TokenExpired, "the access token expired at %s", claims.Expiry.Time().UTC().Format(time.RFC3339))
	case errors.Is(err, jwt.ErrNotValidYet), errors.Is(err, jwt.ErrIssuedInTheFuture):
		return refuse(TokenTooEarly, "the access token is not valid yet")
	case err != nil:
		return refuse(TokenClaims, "a claim of the access token is wrong")
	}
	if claims.Issuer != v.opts.Issuer && (v.project == "" || !sameProject(claims.Issuer, v.project)) {
		return refuse(TokenIssuer, "the access token is of %q, not of %s", claims.Issuer, v.opts.Issuer)
	}
	return v.require(payload)
}

// require looks for the claims that have to be there.
func (v *checks) require(payload []byte) error {
	if len(v.opts.Require) == 0 {
		return nil
	}
	var all map[string]any
	if json.Unmarshal(payload, &all) != nil {
		return refuse(TokenClaims, "the claims of the access token cannot be read")
	}
	for _, name := range v.opts.Require {
		if all[name] == nil || all[name] == "" {
			return refuse(TokenClaims, "the access token has no claim %s", name)
		}
	}
	return nil
}

// Format hides the secret.
func (v Verifier) Format(f fmt.State, _ rune) { writeTo(f, v.text()) }

// LogValue hides the secret.
func (v Verifier) LogValue() slog.Value { return slog.StringValue(v.text()) }

// MarshalJSON hides the secret.
func (v Verifier) MarshalJSON() ([]byte, error) { return []byte(`"Verifier"`), nil }

func (v Verifier) text() string {
	if v.checks == nil {
		return "Verifier"
	}
	return "Verifier(" + v.checks.opts.Issuer + ")"
}
