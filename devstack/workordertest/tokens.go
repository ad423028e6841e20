package workordertest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// maxGrant is more than any answer with tokens holds.
const maxGrant = 1 << 20

const jsonUTF8 = "application/json; charset=utf-8"

// tokens remembers what Auth issued through a kit's address.
type tokens struct {
	clock *Clock

	mu     sync.Mutex
	age    int               // how often everything was expired
	since  time.Time         // when last
	access map[string]issued // by access token
	grants map[string]grant  // by refresh token
}

// issued is an access token.
type issued struct {
	age    int
	expiry time.Time // by the kit's clock; zero: unknown
}

// grant is whom a refresh token is for, and the access token that came with it.
type grant struct{ user, access string }

func newTokens(clock *Clock) *tokens {
	return &tokens{clock: clock, access: map[string]issued{}, grants: map[string]grant{}}
}

// note reads the tokens in an answer of Auth.
func (t *tokens) note(resp *http.Response) error {
	if !isAuth(resp.Request) || resp.StatusCode != http.StatusOK {
		return nil
	}
	head, err := io.ReadAll(io.LimitReader(resp.Body, maxGrant))
	rest := resp.Body
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), rest}
	var got struct {
		AccessToken  string  `json:"access_token"`
		RefreshToken string  `json:"refresh_token"`
		ExpiresIn    float64 `json:"expires_in"`
		User         struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	if err != nil || json.Unmarshal(head, &got) != nil || got.AccessToken == "" {
		return nil // whoever asked gets the answer as it is
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	one := issued{age: t.age}
	if got.ExpiresIn > 0 {
		one.expiry = t.clock.Now().Add(time.Duration(got.ExpiresIn * float64(time.Second)))
	}
	t.access[got.AccessToken] = one
	t.grants[got.RefreshToken] = grant{user: got.User.ID, access: got.AccessToken}
	return nil
}

// expire makes every access token issued so far too old.
func (t *tokens) expire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.age++
	t.since = time.Now()
}

// settle waits until Auth issues other tokens than those that have just become too
// old: the tokens of one second can be the same.
func (t *tokens) settle(ctx context.Context) {
	t.mu.Lock()
	since := t.since
	t.mu.Unlock()
	if moved := time.Unix(0, t.clock.moved.Load()); moved.After(since) {
		since = moved
	}
	timer := time.NewTimer(time.Until(since.Truncate(time.Second).Add(time.Second)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// grant is what a refresh token was issued with.
func (t *tokens) grant(refreshToken string) (grant, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g, ok := t.grants[refreshToken]
	return g, ok
}

// refuse answers a request whose access token is too old, as the services do.
func (t *tokens) refuse(w http.ResponseWriter, r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || !t.expired(token) {
		return false
	}
	_, _ = io.Copy(io.Discard, r.Body)
	status, kind := http.StatusUnauthorized, "application/json"
	var body string
	switch {
	case isAuth(r):
		status = http.StatusForbidden
		body = `{"code":403,"error_code":"bad_jwt","msg":"invalid JWT: unable to parse or verify signature, token has invalid claims: token is expired"}`
	case strings.HasPrefix(r.URL.Path, "/storage/v1/"):
		status, kind = http.StatusBadRequest, jsonUTF8
		body = `{"statusCode":"403","error":"Unauthorized","message":"\"exp\" claim timestamp check failed","code":"AccessDenied"}`
	case strings.HasPrefix(r.URL.Path, "/functions/v1/"):
		body = `{"error":"missing_bearer","message":"Invalid JWT"}`
	default:
		kind = jsonUTF8
		body = `{"code":"PGRST303","details":null,"hint":null,"message":"JWT expired"}`
		w.Header().Set("Www-Authenticate", `Bearer error="invalid_token", error_description="JWT expired"`)
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, body)
	}
	return true
}

func (t *tokens) expired(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	one, known := t.access[token]
	if !known {
		// Issued elsewhere. The API key is such a token too, but nobody's.
		if at, ofUser := issuedAt(token); !ofUser || !at.Before(t.since.Truncate(time.Second)) {
			return false
		}
		return t.age > 0
	}
	return one.age < t.age || !one.expiry.IsZero() && !t.clock.Now().Before(one.expiry)
}

// issuedAt reads when a user's access token was issued.
func issuedAt(token string) (at time.Time, ofUser bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Subject  string  `json:"sub"`
		IssuedAt float64 `json:"iat"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Subject == "" {
		return time.Time{}, false
	}
	return time.Unix(int64(claims.IssuedAt), 0), true
}
