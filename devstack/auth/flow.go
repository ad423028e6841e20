package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// flow is a sign-in that goes on in a browser and comes back with a code, or, when
// it began without a challenge, with tokens behind the hash sign.
type flow struct {
	id       string
	userID   string // empty until somebody came back
	provider string // or email
	method   string // of the session that it ends with
	challenge
	redirect string
	linkTo   string // the user who gets the identity; empty for a sign-in
}

// challenge is what only the holder of its verifier can answer (RFC 7636).
type challenge struct {
	Challenge string `json:"code_challenge"`
	Method    string `json:"code_challenge_method"`
}

func (c challenge) given() bool { return c.Challenge != "" }

var challengeFormat = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)

// check is nil for no challenge as well.
func (c challenge) check() error {
	switch method := strings.ToLower(c.Method); {
	case (c.Challenge == "") != (c.Method == ""):
		return badRequest("validation_failed", "PKCE flow requires code_challenge_method and code_challenge")
	case c.Challenge == "":
		return nil
	case len(c.Challenge) < 43 || len(c.Challenge) > 128:
		return badRequest("validation_failed", "code challenge has to be between 43 and 128 characters")
	case !challengeFormat.MatchString(c.Challenge):
		return badRequest("validation_failed", "code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes")
	case method != "s256" && method != "plain":
		return badRequest("validation_failed", "Invalid code_challenge_method, supported values are 'plain' or 's256'")
	}
	return nil
}

// answeredBy tells whether the verifier is the one the challenge was made of.
func (c challenge) answeredBy(verifier string) bool {
	if strings.EqualFold(c.Method, "s256") {
		sum := sha256.Sum256([]byte(verifier))
		verifier = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return subtle.ConstantTimeCompare([]byte(verifier), []byte(c.Challenge)) == 1
}

func (s *server) beginFlow(ctx context.Context, q execer, f flow) (flow, error) {
	f.id = uuid.NewString()
	_, err := q.Exec(ctx, `
		insert into auth.flow_state (id, user_id, code_challenge_method, code_challenge, provider_type,
		    authentication_method, created_at, updated_at, linking_target_id, referrer)
		values ($1, $2, $3::auth.code_challenge_method, $4, $5, $6, $7, $7, $8, $9)`,
		f.id, nullIfEmpty(f.userID), nullIfEmpty(strings.ToLower(f.Method)), nullIfEmpty(f.Challenge), f.provider,
		f.method, s.Now(), nullIfEmpty(f.linkTo), f.redirect)
	return f, err
}

// flowLife is how long a flow may take from its beginning to the exchange of its code.
// That of a magic link begins when the link is followed.
const flowLife = 5 * time.Minute

const selectFlow = `
	select id::text, coalesce(user_id::text, ''), coalesce(code_challenge_method::text, ''), coalesce(code_challenge, ''),
	       provider_type, authentication_method, coalesce(linking_target_id::text, ''), coalesce(referrer, '')
	from auth.flow_state `

func scanFlow(row pgx.Row) (f flow, err error) {
	err = row.Scan(&f.id, &f.userID, &f.Method, &f.Challenge, &f.provider, &f.method, &f.linkTo, &f.redirect)
	return f, err
}

// findFlow finds the flow of a browser that comes back from a provider.
func (s *server) findFlow(ctx context.Context, state string) (flow, error) {
	id, err := uuid.Parse(state)
	if err != nil {
		return flow{}, badRequest("bad_oauth_state", "OAuth callback with invalid state")
	}
	f, err := scanFlow(s.Pool.QueryRow(ctx, selectFlow+`where id = $1 and auth_code is null and created_at > $2`,
		id.String(), s.Now().Add(-flowLife)))
	if errors.Is(err, pgx.ErrNoRows) {
		return flow{}, badRequest("bad_oauth_state", "OAuth state not found or expired")
	}
	return f, err
}

// issueCode ends the browser's part of a flow: the code is what it takes back.
func (s *server) issueCode(ctx context.Context, tx pgx.Tx, f flow, userID, providerToken string) (string, error) {
	code := uuid.NewString()
	_, err := tx.Exec(ctx, `
		update auth.flow_state
		set user_id = $2, auth_code = $3, auth_code_issued_at = $4, updated_at = $4, provider_access_token = $5
		where id = $1`, f.id, userID, code, s.Now(), nullIfEmpty(providerToken))
	return code, err
}

// pkceGrant exchanges the code that a browser came back with for a session. Only
// who began the flow has its verifier.
func (s *server) pkceGrant(w http.ResponseWriter, r *http.Request) error {
	var p struct {
		AuthCode     string `json:"auth_code"`
		CodeVerifier string `json:"code_verifier"`
	}
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	if p.AuthCode == "" || p.CodeVerifier == "" {
		return badRequest("validation_failed", "invalid request: both auth code and code verifier should be non-empty")
	}
	ctx := r.Context()
	var answer *tokenResponse
	err := s.tx(ctx, func(tx pgx.Tx) error {
		f, err := scanFlow(tx.QueryRow(ctx, selectFlow+`where auth_code = $1 for update`, p.AuthCode))
		if errors.Is(err, pgx.ErrNoRows) {
			return failf(http.StatusNotFound, "flow_state_not_found", "invalid flow state, no valid flow state found")
		}
		if err != nil {
			return err
		}
		var began time.Time
		var providerToken string
		err = tx.QueryRow(ctx, `
			select case authentication_method when 'magiclink' then auth_code_issued_at else created_at end,
			       coalesce(provider_access_token, '')
			from auth.flow_state where id = $1`, f.id).Scan(&began, &providerToken)
		if err != nil {
			return err
		}
		switch {
		case s.Now().After(began.Add(flowLife)):
			return failf(http.StatusForbidden, "flow_state_expired", "invalid flow state, flow state has expired")
		case !f.answeredBy(p.CodeVerifier):
			return badRequest("bad_code_verifier", "code challenge does not match previously saved code verifier")
		}
		u, err := findUser(ctx, tx, `where id = $1 for update`, f.userID)
		if errors.Is(err, pgx.ErrNoRows) {
			return failf(http.StatusNotFound, "user_not_found", "User not found")
		}
		if err != nil {
			return err
		}
		if u.banned(s.Now()) {
			return failf(http.StatusForbidden, "user_banned", "User is banned")
		}
		if _, err := tx.Exec(ctx, `delete from auth.flow_state where id = $1`, f.id); err != nil {
			return err
		}
		if answer, err = s.openSession(ctx, tx, r, u, f.method); err != nil {
			return err
		}
		answer.ProviderToken = providerToken
		return nil
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// errorNames are what OAuth calls answers of a status.
var errorNames = map[int]string{
	http.StatusBadRequest:          "invalid_request",
	http.StatusUnauthorized:        "unauthorized_client",
	http.StatusForbidden:           "access_denied",
	http.StatusNotFound:            "invalid_request",
	http.StatusUnprocessableEntity: "access_denied",
	http.StatusTooManyRequests:     "temporarily_unavailable",
}

// sendBackError tells the page that began a flow why it failed: in the query, for
// servers, and behind the hash sign, for scripts.
func (s *server) sendBackError(w http.ResponseWriter, r *http.Request, to string, err error) {
	values := url.Values{}
	var refused *apiError
	var told *oauthError
	switch {
	case errors.As(err, &told):
		values.Set("error", told.code)
		values.Set("error_description", told.description)
	case errors.As(err, &refused) && errorNames[refused.status] != "":
		values.Set("error", errorNames[refused.status])
		values.Set("error_code", refused.code)
		values.Set("error_description", refused.msg)
	default:
		s.Logger.ErrorContext(r.Context(), "auth request failed", "path", r.URL.Path, "error", err)
		values.Set("error", "server_error")
		values.Set("error_code", "unexpected_failure")
		values.Set("error_description", "Unexpected failure, please check server logs for more information")
	}
	back := withQuery(to, values)
	values.Set("sb", "")
	sendTo(w, back+"#"+values.Encode())
}

// sendBack gives the page that began a flow its code.
func sendBack(w http.ResponseWriter, to, code string) {
	sendTo(w, withQuery(to, url.Values{"code": {code}}))
}

// sendBackTokens gives tokens to a page that began without a challenge.
func sendBackTokens(w http.ResponseWriter, to, kind string, answer *tokenResponse) {
	values := url.Values{
		"access_token": {answer.AccessToken}, "token_type": {answer.TokenType},
		"expires_in": {strconv.FormatInt(answer.ExpiresIn, 10)}, "expires_at": {strconv.FormatInt(answer.ExpiresAt, 10)},
		"refresh_token": {answer.RefreshToken}, "sb": {""},
	}
	if kind != "" {
		values.Set("type", kind)
	}
	if answer.ProviderToken != "" {
		values.Set("provider_token", answer.ProviderToken)
	}
	sendTo(w, to+"#"+values.Encode())
}

func sendTo(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}

// withQuery adds to the query of a URL.
func withQuery(to string, values url.Values) string {
	u, err := url.Parse(to)
	if err != nil {
		return to // allowed has parsed it before
	}
	q := u.Query()
	for name := range values {
		q.Set(name, values.Get(name))
	}
	u.RawQuery = q.Encode()
	return u.String()
}
