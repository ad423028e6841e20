package workorder

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/types"
)

// issuer stands in for an Auth server: it signs tokens and publishes its keys.
type issuer struct {
	*httptest.Server
	t testing.TB

	mu      sync.Mutex
	now     time.Time
	keys    []jose.JSONWebKey
	raw     []any // more entries of the key set
	fetches int
	hook    http.HandlerFunc // answers instead, when set
}

const verifierSecret = "signing-secret-of-32-bytes-or-more"

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	a := &issuer{t: t, now: time.Now().Truncate(time.Second)}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		a.fetches++
		hook, keys := a.hook, slices.Clone(a.raw)
		for _, k := range a.keys {
			keys = append(keys, k.Public())
		}
		a.mu.Unlock()
		if hook != nil {
			hook(w, r)
			return
		}
		if r.URL.Path != "/auth/v1/.well-known/jwks.json" || r.Method != http.MethodGet {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": keys})
	}))
	t.Cleanup(a.Close)
	return a
}

// testKeys are made once: RSA keys take long.
var testKeys = sync.OnceValue(func() map[jose.SignatureAlgorithm]crypto.Signer {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return map[jose.SignatureAlgorithm]crypto.Signer{jose.ES256: ec, jose.RS256: rs, jose.EdDSA: ed}
})

func (a *issuer) time() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now
}

func (a *issuer) set(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
}

func (a *issuer) advance(d time.Duration) { a.set(func() { a.now = a.now.Add(d) }) }

func (a *issuer) fetched() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.fetches
}

// publish makes a key one of the server's.
func (a *issuer) publish(id string, alg jose.SignatureAlgorithm) jose.JSONWebKey {
	k := jose.JSONWebKey{Key: testKeys()[alg], KeyID: id, Algorithm: string(alg), Use: "sig"}
	a.set(func() { a.keys = append(a.keys, k) })
	return k
}

func (a *issuer) retire() { a.set(func() { a.keys = a.keys[1:] }) }

// claims are those of a good token, with changes; nil takes one away.
func (a *issuer) claims(changes map[string]any) map[string]any {
	now := a.time()
	claims := map[string]any{
		"iss": a.URL + "/auth/v1", "sub": "u1", "aud": "authenticated", "role": "authenticated",
		"email": "ada@example.com", "tenant_id": tenantA, "aal": "aal2", "session_id": "s1",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// signed makes a token.
func signedToken(t testing.TB, alg jose.SignatureAlgorithm, key any, claims any, extra ...map[jose.HeaderKey]any) string {
	t.Helper()
	opts := (&jose.SignerOptions{}).WithType("JWT")
	for _, more := range extra {
		for k, v := range more {
			opts.WithHeader(k, v)
		}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, opts)
	require.NoError(t, err)
	payload, ok := claims.([]byte)
	if !ok {
		payload, err = json.Marshal(claims)
		require.NoError(t, err)
	}
	jws, err := signer.Sign(payload)
	require.NoError(t, err)
	token, err := jws.CompactSerialize()
	require.NoError(t, err)
	return token
}

func (a *issuer) token(key jose.JSONWebKey, changes map[string]any) string {
	return signedToken(a.t, jose.SignatureAlgorithm(key.Algorithm), key, a.claims(changes))
}

func (a *issuer) shared() string {
	return signedToken(a.t, jose.HS256, []byte(verifierSecret), a.claims(nil))
}

func (a *issuer) client() *Client {
	c, err := New(a.URL, "anon-key-0123456789", WithRetry(RetryPolicy{MaxAttempts: 1}))
	require.NoError(a.t, err)
	return c
}

func (a *issuer) verifier(opts VerifierOptions) *Verifier {
	a.t.Helper()
	v, err := newVerifier(a.client(), opts, a.time)
	require.NoError(a.t, err)
	return v
}

// wantRefused checks why a token is refused, and that the error does not repeat it.
func wantRefused(t testing.TB, v *Verifier, token, code string) {
	t.Helper()
	who, err := v.Verify(t.Context(), token)
	require.Zero(t, who)
	require.ErrorIs(t, err, ErrUnauthenticated)
	require.NotErrorIs(t, err, ErrUnavailable)
	var e *SdkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code, "%v", err)
	require.Equal(t, "Verifier.Verify", e.Op)
	for part := range strings.SplitSeq(token, ".") {
		if len(part) > 8 {
			require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), part)
		}
	}
}

func TestVerifierTellsWhomATokenSpeaksFor(t *testing.T) {
	a := newIssuer(t)
	tokens := map[string]string{"HS256": a.shared()}
	for _, alg := range []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA} {
		tokens[string(alg)] = a.token(a.publish("k-"+string(alg), alg), nil)
	}
	v := a.verifier(VerifierOptions{Secret: verifierSecret, Require: []string{"tenant_id", "session_id"}})
	want := Principal{
		UserID: "u1", Email: "ada@example.com", Role: "authenticated", TenantID: tenantA,
		AAL: "aal2", SessionID: "s1", Expiry: a.time().Add(time.Hour),
	}
	for name, token := range tokens {
		who, err := v.Verify(t.Context(), token)
		require.NoError(t, err, name)
		require.Equal(t, want, who, name)
		same, err := a.client().AsUser(token).Identity(t.Context())
		require.NoError(t, err)
		require.Equal(t, who, same, "the client of the token acts for the same")
	}
	require.Equal(t, 1, a.fetched(), "the keys are fetched once, and for the shared secret never")
}

// Every way in which a token can be wrong.
func TestVerifierRefuses(t *testing.T) {
	a := newIssuer(t)
	key, rsaKey := a.publish("ec", jose.ES256), a.publish("rs", jose.RS256)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	oct := base64.RawURLEncoding.EncodeToString([]byte(verifierSecret))
	entry := func(k jose.JSONWebKey) any { return k }
	a.set(func() {
		a.raw = []any{
			map[string]any{"kty": "oct", "kid": "oct", "alg": "HS256", "k": oct},
			map[string]any{"kty": "oct", "kid": "oct-es", "alg": "ES256", "k": oct},
			entry(jose.JSONWebKey{Key: other.Public(), KeyID: "enc", Use: "enc"}),
			entry(jose.JSONWebKey{Key: other.Public(), KeyID: "mislabelled", Algorithm: "ES384"}),
			entry(jose.JSONWebKey{Key: other, KeyID: "private"}),
			entry(jose.JSONWebKey{Key: p384.Public(), KeyID: "p384"}),
			entry(jose.JSONWebKey{Key: weak.Public(), KeyID: "weak"}),
			entry(jose.JSONWebKey{Key: other.Public()}),
			map[string]any{"kty": "EC", "crv": "P-256", "kid": "off-curve", "x": oct[:43], "y": oct[:43]},
			map[string]any{"kty": "EC", "kid": "sign-only", "key_ops": []string{"sign"}},
			map[string]any{"kty": "AKP", "kid": "new-kind"},
			"no key", nil, 7,
		}
		a.keys = append(a.keys, jose.JSONWebKey{Key: other, KeyID: "ec"}) // of an id that is taken
	})
	v := a.verifier(VerifierOptions{Require: []string{"tenant_id"}})
	both := a.verifier(VerifierOptions{Secret: verifierSecret})

	good := a.token(key, nil)
	_, err = v.Verify(t.Context(), good)
	require.NoError(t, err)
	parts := strings.Split(good, ".")
	enc := base64.RawURLEncoding.EncodeToString
	sign := func(alg jose.SignatureAlgorithm, k any, id string) string {
		return signedToken(t, alg, jose.JSONWebKey{Key: k, KeyID: id}, a.claims(nil))
	}
	der, err := x509.MarshalPKIXPublicKey(rsaKey.Public().Key)
	require.NoError(t, err)
	pemKey := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	point, err := key.Public().Key.(*ecdsa.PublicKey).ECDH()
	require.NoError(t, err)
	jwk, err := key.Public().MarshalJSON()
	require.NoError(t, err)
	hs := func(secret []byte, id string) string {
		return signedToken(t, jose.HS256, jose.JSONWebKey{Key: secret, KeyID: id}, a.claims(nil))
	}
	at := func(d time.Duration) int64 { return a.time().Add(d).Unix() }
	with := func(changes map[string]any) string { return a.token(key, changes) }
	header := func(h string) string { return enc([]byte(h)) + "." + parts[1] + "." + parts[2] }

	for name, tc := range map[string]struct{ token, code string }{
		"nothing":                     {"", TokenMissing},
		"a word":                      {"garbage", TokenMalformed},
		"two parts":                   {parts[0] + "." + parts[1], TokenMalformed},
		"four parts":                  {good + ".x", TokenMalformed},
		"five parts":                  {good + ".x.y", TokenMalformed},
		"blanks around it":            {" " + good + " ", TokenMalformed},
		"a line break":                {parts[0] + "\n." + parts[1] + "." + parts[2], TokenMalformed},
		"padding":                     {good + "=", TokenMalformed},
		"a scheme":                    {"Bearer " + good, TokenMalformed},
		"a header that is no JSON":    {header("nope"), TokenMalformed},
		"a header that is a list":     {header("[]"), TokenMalformed},
		"no algorithm":                {header(`{"kid":"ec"}`), TokenMalformed},
		"a number for a key id":       {header(`{"alg":"ES256","kid":7}`), TokenMalformed},
		"claims that are a list":      {signedToken(t, jose.ES256, key, []byte(`[]`)), TokenMalformed},
		"claims that are no JSON":     {signedToken(t, jose.ES256, key, []byte(`x`)), TokenMalformed},
		"a JWE":                       {enc([]byte(`{"alg":"dir","enc":"A256GCM"}`)) + ".." + enc([]byte("iv")) + ".c.t", TokenMalformed},
		"a huge token":                {good + strings.Repeat("A", 70_000), TokenMalformed},
		"an opaque key":               {"sb_secret_0123456789", TokenMalformed},
		"a second spelling":           {good[:len(good)-1] + string(good[len(good)-1]+1), TokenMalformed},
		"no signature":                {parts[0] + "." + parts[1] + ".", TokenMalformed},
		"algorithm none":              {header(`{"alg":"none","kid":"ec"}`), TokenAlgorithm},
		"algorithm None":              {header(`{"alg":"None"}`), TokenAlgorithm},
		"algorithm es256":             {header(`{"alg":"es256","kid":"ec"}`), TokenAlgorithm},
		"another HMAC":                {header(`{"alg":"HS512"}`), TokenAlgorithm},
		"another RSA":                 {sign(jose.PS256, rsaKey.Key, "rs"), TokenAlgorithm},
		"another curve":               {sign(jose.ES384, p384, "p384"), TokenAlgorithm},
		"a shared secret":             {a.shared(), TokenAlgorithm},
		"RS256 with an EC key's id":   {sign(jose.RS256, rsaKey.Key, "ec"), TokenAlgorithm},
		"ES256 with an RSA key's id":  {sign(jose.ES256, key.Key, "rs"), TokenAlgorithm},
		"EdDSA with an EC key's id":   {sign(jose.EdDSA, ed, "ec"), TokenAlgorithm},
		"no key id":                   {sign(jose.ES256, key.Key, ""), TokenUnknownKey},
		"an unknown key":              {sign(jose.ES256, other, "never-heard-of"), TokenUnknownKey},
		"a secret in the set":         {sign(jose.ES256, other, "oct-es"), TokenUnknownKey},
		"an encryption key":           {sign(jose.ES256, other, "enc"), TokenUnknownKey},
		"a mislabelled key":           {sign(jose.ES256, other, "mislabelled"), TokenUnknownKey},
		"a private key in the set":    {sign(jose.ES256, other, "private"), TokenUnknownKey},
		"a weak RSA key":              {sign(jose.RS256, weak, "weak"), TokenUnknownKey},
		"a forged signature":          {sign(jose.ES256, other, "ec"), TokenSignature},
		"changed claims":              {parts[0] + "." + enc([]byte(`{"sub":"u2","exp":9999999999}`)) + "." + parts[2], TokenSignature},
		"a changed header":            {header(`{"alg":"ES256","kid":"ec","typ":"jwt"}`), TokenSignature},
		"a short signature":           {parts[0] + "." + parts[1] + "." + parts[2][:40], TokenSignature},
		"a signature of nothing":      {parts[0] + "." + parts[1] + "." + enc(make([]byte, 64)), TokenSignature},
		"an embedded key":             {signedToken(t, jose.ES256, other, a.claims(nil), map[jose.HeaderKey]any{"kid": "ec", "jwk": entry(jose.JSONWebKey{Key: other.Public()})}), TokenSignature},
		"the address of a key":        {signedToken(t, jose.ES256, other, a.claims(nil), map[jose.HeaderKey]any{"kid": "ec", "jku": "https://evil.example.com/jwks.json"}), TokenSignature},
		"a critical extension":        {signedToken(t, jose.ES256, key, a.claims(nil), map[jose.HeaderKey]any{"crit": []string{"exp"}, "exp": 1}), TokenSignature},
		"expired":                     {with(map[string]any{"exp": at(-time.Minute)}), TokenExpired},
		"expired long ago":            {with(map[string]any{"exp": 0}), TokenExpired},
		"not valid yet":               {with(map[string]any{"nbf": at(time.Minute)}), TokenTooEarly},
		"issued in the future":        {with(map[string]any{"iat": at(time.Minute)}), TokenTooEarly},
		"no expiry":                   {with(map[string]any{"exp": nil}), TokenClaims},
		"null for an expiry":          {signedToken(t, jose.ES256, key, []byte(`{"sub":"u1","exp":null}`)), TokenClaims},
		"no subject":                  {with(map[string]any{"sub": nil}), TokenClaims},
		"an empty subject":            {with(map[string]any{"sub": ""}), TokenClaims},
		"a number for nbf":            {with(map[string]any{"nbf": "soon"}), TokenClaims},
		"a number for an audience":    {with(map[string]any{"aud": 7}), TokenClaims},
		"the same claim twice":        {signedToken(t, jose.ES256, key, []byte(`{"sub":"u1","sub":"u2","exp":9999999999}`)), TokenClaims},
		"no tenant":                   {with(map[string]any{"tenant_id": nil}), TokenClaims},
		"an empty tenant":             {with(map[string]any{"tenant_id": ""}), TokenClaims},
		"text for an expiry":          {with(map[string]any{"exp": "soon"}), TokenMalformed},
		"a number for a subject":      {with(map[string]any{"sub": 7}), TokenMalformed},
		"no audience":                 {with(map[string]any{"aud": nil}), TokenAudience},
		"another audience":            {with(map[string]any{"aud": []string{"x", "authenticated2"}}), TokenAudience},
		"no issuer":                   {with(map[string]any{"iss": nil}), TokenIssuer},
		"another project":             {with(map[string]any{"iss": "https://xyz.supabase.co/auth/v1"}), TokenIssuer},
		"another port":                {with(map[string]any{"iss": "http://127.0.0.1:1/auth/v1"}), TokenIssuer},
		"the project, but not Auth":   {with(map[string]any{"iss": a.URL}), TokenIssuer},
		"an API key, as hosted":       {with(map[string]any{"iss": "supabase", "role": "service_role", "aud": nil, "sub": nil}), TokenClaims},
		"an API key with a subject":   {with(map[string]any{"iss": "supabase", "role": "service_role", "aud": nil}), TokenAudience},
		"HS256 with the PEM of a key": {hs(pemKey, "rs"), TokenAlgorithm},
	} {
		t.Run(name, func(t *testing.T) { wantRefused(t, v, tc.token, tc.code) })
	}
	// With a shared secret too: no public key passes for it.
	for name, secret := range map[string][]byte{
		"PEM": pemKey, "DER": der, "JWK": jwk, "point": point.Bytes(), "another secret": []byte("another-secret-of-32-bytes-or-more!!"),
	} {
		for _, id := range []string{"", "ec", "rs", "oct"} {
			t.Run("HS256 with "+name+" "+id, func(t *testing.T) { wantRefused(t, both, hs(secret, id), TokenSignature) })
		}
	}
	_, err = both.Verify(t.Context(), hs([]byte(verifierSecret), "legacy"))
	require.NoError(t, err, "the id of a shared secret does not matter")
	_, err = both.Verify(t.Context(), good)
	require.NoError(t, err)
}

func TestVerifierOptions(t *testing.T) {
	a := newIssuer(t)
	key := a.publish("ec", jose.ES256)
	at := func(d time.Duration) map[string]any { return map[string]any{"exp": a.time().Add(d).Unix()} }
	local := strings.Replace(a.URL, "127.0.0.1", "localhost", 1) + "/auth/v1"
	for name, tc := range map[string]struct {
		opts   VerifierOptions
		claims map[string]any
		code   string
	}{
		"clocks apart":                 {VerifierOptions{}, at(-29 * time.Second), ""},
		"clocks further apart":         {VerifierOptions{}, at(-31 * time.Second), TokenExpired},
		"a wide skew":                  {VerifierOptions{ClockSkew: 5 * time.Minute}, at(-4 * time.Minute), ""},
		"hardly any skew":              {VerifierOptions{ClockSkew: 1}, at(-time.Second), TokenExpired},
		"one of several audiences":     {VerifierOptions{}, map[string]any{"aud": []string{"x", "authenticated"}}, ""},
		"an audience of one's own":     {VerifierOptions{Audience: "plant"}, map[string]any{"aud": "plant"}, ""},
		"the audience is another":      {VerifierOptions{Audience: "plant"}, nil, TokenAudience},
		"another name of this machine": {VerifierOptions{}, map[string]any{"iss": local}, ""},
		"a domain of its own":          {VerifierOptions{Issuer: "https://id.example.com/auth/v1"}, map[string]any{"iss": "https://id.example.com/auth/v1"}, ""},
		"the project has a domain":     {VerifierOptions{Issuer: "https://id.example.com/auth/v1"}, nil, TokenIssuer},
		"an issuer is exact":           {VerifierOptions{Issuer: a.URL + "/auth/v1"}, map[string]any{"iss": local}, TokenIssuer},
		"a claim of one's own":         {VerifierOptions{Require: []string{"plant"}}, map[string]any{"plant": false}, ""},
		"the claim is missing":         {VerifierOptions{Require: []string{"plant"}}, nil, TokenClaims},
		"the claim is null":            {VerifierOptions{Require: []string{"nothing"}}, nil, TokenClaims},
	} {
		t.Run(name, func(t *testing.T) {
			v, token := a.verifier(tc.opts), a.token(key, tc.claims)
			if tc.code != "" {
				wantRefused(t, v, token, tc.code)
				return
			}
			_, err := v.Verify(t.Context(), token)
			require.NoError(t, err)
		})
	}
	c := a.client()
	for field, opts := range map[string]VerifierOptions{
		"Secret":     {Secret: "short"},
		"ClockSkew":  {ClockSkew: -1},
		"FreshKeys":  {FreshKeys: -1},
		"ValidKeys":  {ValidKeys: -1},
		"FetchEvery": {FetchEvery: -1},
		"Require":    {Require: []string{"sub", ""}},
	} {
		_, err := NewVerifier(c, opts)
		require.ErrorIs(t, err, ErrInvalidInput, field)
		require.ErrorContains(t, err, field)
		require.NotContains(t, err.Error(), "short ")
	}
	for _, c := range []*Client{nil, {}} {
		_, err := NewVerifier(c, VerifierOptions{})
		require.ErrorIs(t, err, ErrInvalidInput)
		require.ErrorContains(t, err, "is zero")
	}
	for _, v := range []*Verifier{nil, {}} {
		_, err := v.Verify(t.Context(), a.token(key, nil))
		require.ErrorIs(t, err, ErrInvalidInput)
		require.ErrorContains(t, err, "make it with NewVerifier")
	}
	require.Equal(t, "Verifier", fmt.Sprint(Verifier{}))
}

// A project rotates its keys: the new one is found when the first token names it,
// the old one goes with the next fetch.
func TestVerifierFollowsARotation(t *testing.T) {
	a := newIssuer(t)
	old := a.publish("k1", jose.ES256)
	v := a.verifier(VerifierOptions{})
	accept := func(token string) {
		t.Helper()
		_, err := v.Verify(t.Context(), token)
		require.NoError(t, err)
	}
	accept(a.token(old, nil))
	a.advance(11 * time.Second)
	renewed := a.publish("k2", jose.RS256)
	accept(a.token(renewed, nil))
	accept(a.token(old, nil))
	require.Equal(t, 2, a.fetched())

	// Soon after a fetch there is no other, however many keys are made up.
	unknown := jose.JSONWebKey{Key: testKeys()[jose.ES256], Algorithm: "ES256"}
	for i := range 20 {
		unknown.KeyID = fmt.Sprint("made-up-", i)
		wantRefused(t, v, a.token(unknown, nil), TokenUnknownKey)
	}
	require.Equal(t, 2, a.fetched())
	a.advance(10 * time.Second)
	for range 20 {
		wantRefused(t, v, a.token(unknown, nil), TokenUnknownKey)
	}
	require.Equal(t, 3, a.fetched())

	// A key that is revoked is trusted until the keys are no longer fresh.
	a.retire()
	accept(a.token(old, nil))
	require.Equal(t, 3, a.fetched())
	a.advance(10 * time.Minute)
	accept(a.token(old, nil)) // while newer ones are fetched
	require.Eventually(t, func() bool {
		_, err := v.Verify(t.Context(), a.token(old, nil))
		return errors.Is(err, ErrUnauthenticated)
	}, 5*time.Second, time.Millisecond)
	wantRefused(t, v, a.token(old, nil), TokenUnknownKey)
	accept(a.token(renewed, nil))
	require.Equal(t, 4, a.fetched())
}

func TestVerifierOutlivesAnOutage(t *testing.T) {
	a := newIssuer(t)
	key := a.publish("k1", jose.ES256)
	broken := map[string]http.HandlerFunc{
		"down":             func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"not there":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		"refusing the key": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		"a login page":     func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"no set":           func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":null}`)) },
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			_, _ = w.Write([]byte(`{`))
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example.com/jwks.json", http.StatusFound)
		},
	}
	for name, hook := range broken {
		t.Run(name, func(t *testing.T) {
			a.set(func() { a.hook = nil })
			v := a.verifier(VerifierOptions{})
			_, err := v.Verify(t.Context(), a.token(key, nil))
			require.NoError(t, err)
			a.set(func() { a.hook = hook })
			unavailable := func(token string) {
				t.Helper()
				who, err := v.Verify(t.Context(), token)
				require.Zero(t, who)
				require.ErrorIs(t, err, ErrUnavailable)
				for _, kind := range []error{ErrUnauthenticated, ErrNotFound, ErrDecode, ErrSchemaMismatch} {
					require.NotErrorIs(t, err, kind, "it is not the caller's fault")
				}
				require.True(t, SafeToRetry(err))
				require.ErrorContains(t, err, "signing keys cannot be had")
				require.NotContains(t, err.Error(), token)
				require.NotContains(t, err.Error(), "anon-key")
			}
			for range 5 { // the keys are no longer fresh, but valid
				a.advance(11 * time.Minute)
				_, err = v.Verify(t.Context(), a.token(key, nil))
				require.NoError(t, err)
			}
			// Whether this is a key of the project, nobody can tell.
			stranger := jose.JSONWebKey{Key: testKeys()[jose.ES256], KeyID: "k9", Algorithm: "ES256"}
			unavailable(a.token(stranger, nil))
			a.advance(6 * time.Minute)
			unavailable(a.token(key, nil))
			wantRefused(t, v, a.token(key, nil)+"=", TokenMalformed)

			a.set(func() { a.hook = nil })
			a.advance(time.Second) // sooner than after a fetch that succeeds
			_, err = v.Verify(t.Context(), a.token(key, nil))
			require.NoError(t, err)
			wantRefused(t, v, a.token(stranger, nil), TokenUnknownKey)
		})
	}
}

// Many requests that need the keys wait for one fetch, which none of them ends.
func TestVerifierFetchesOnceForAll(t *testing.T) {
	a := newIssuer(t)
	key := a.publish("k1", jose.ES256)
	arrived, leave := make(chan struct{}), make(chan struct{})
	a.set(func() {
		a.hook = func(w http.ResponseWriter, _ *http.Request) {
			close(arrived)
			<-leave
			_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{key.Public()}})
		}
	})
	v, token := a.verifier(VerifierOptions{}), a.token(key, nil)
	ctx, cancel := context.WithCancel(t.Context())
	impatient := make(chan error)
	go func() {
		_, err := v.Verify(ctx, token)
		impatient <- err
	}()
	<-arrived
	var waiting sync.WaitGroup
	results := make(chan error, 100)
	for range cap(results) {
		waiting.Go(func() {
			_, err := v.Verify(t.Context(), token)
			results <- err
		})
	}
	cancel()
	err := <-impatient
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, ErrUnavailable)
	require.NotErrorIs(t, err, ErrUnauthenticated)
	close(leave)
	waiting.Wait()
	for range cap(results) {
		require.NoError(t, <-results)
	}
	require.Equal(t, 1, a.fetched())
}

// A middleware that panics while the keys are fetched does not end the program.
func TestVerifierSurvivesAPanic(t *testing.T) {
	a := newIssuer(t)
	key := a.publish("k1", jose.ES256)
	panics := true
	c, err := a.client().With(WithAttemptMiddleware(func(r *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		if panics {
			panics = false
			panic("a careless middleware")
		}
		return next(r)
	}))
	require.NoError(t, err)
	v, err := newVerifier(c, VerifierOptions{}, a.time)
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), a.token(key, nil))
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorContains(t, err, "a careless middleware")
	a.advance(time.Second)
	_, err = v.Verify(t.Context(), a.token(key, nil))
	require.NoError(t, err)
}

// Only tokens that were issued pass, whatever is made of them.
func FuzzVerifier(f *testing.F) {
	a := newIssuer(f)
	tokens := []string{a.shared()}
	for _, alg := range []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA} {
		tokens = append(tokens, a.token(a.publish("k-"+string(alg), alg), nil))
	}
	genuine := map[string]bool{}
	for _, token := range tokens {
		genuine[token] = true
		f.Add(token)
		parts := strings.Split(token, ".")
		raw, err := base64.RawURLEncoding.DecodeString(parts[0])
		require.NoError(f, err)
		for _, alg := range []string{"none", "HS256", "ES256"} {
			var header map[string]any
			require.NoError(f, json.Unmarshal(raw, &header))
			header["alg"] = alg
			changed, err := json.Marshal(header)
			require.NoError(f, err)
			f.Add(base64.RawURLEncoding.EncodeToString(changed) + "." + parts[1] + "." + parts[2])
		}
		f.Add(parts[0] + "." + parts[1] + ".")
	}
	for _, s := range []string{"", ".", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\x00", "Bearer x"} {
		f.Add(s)
	}
	v := a.verifier(VerifierOptions{Secret: types.Secret(verifierSecret)})
	f.Fuzz(func(t *testing.T, token string) {
		who, err := v.Verify(t.Context(), token)
		if err == nil {
			require.True(t, genuine[token], "%q passes", token)
			require.Equal(t, "u1", who.UserID)
			return
		}
		require.Zero(t, who)
		require.ErrorIs(t, err, ErrUnauthenticated)
		if len(token) > 40 {
			require.NotContains(t, err.Error(), token)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	a := newIssuer(b)
	tokens := map[string]string{"HS256": a.shared()}
	for _, alg := range []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA} {
		tokens[string(alg)] = a.token(a.publish("k-"+string(alg), alg), nil)
	}
	v, c := a.verifier(VerifierOptions{Secret: verifierSecret}), a.client()
	for _, alg := range slices.Sorted(maps.Keys(tokens)) {
		token := tokens[alg]
		b.Run(alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(alg+" and derive", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
				if c.AsUser(token) == nil {
					b.Fatal("no client")
				}
			}
		})
	}
	b.Run("derive", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if c.AsUser(tokens["ES256"]) == nil {
				b.Fatal("no client")
			}
		}
	})
}
