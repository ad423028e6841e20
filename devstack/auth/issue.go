package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// tokenResponse answers a sign-up or a refresh.
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	ExpiresAt    int64  `json:"expires_at"`
	RefreshToken string `json:"refresh_token"`
	User         *user  `json:"user"`
	// ProviderToken is the access token of the OAuth provider that a sign-in came from.
	ProviderToken string `json:"provider_token,omitempty"`
}

// signInResponse answers a sign-in.
type signInResponse struct {
	*tokenResponse
	WeakPassword *weakPassword `json:"weak_password"`
}

// weakPassword warns a user whose password was set under looser rules.
type weakPassword struct {
	Message string   `json:"message"`
	Reasons []string `json:"reasons"`
}

// openSession starts a session for a user who has just proved who they are, by
// the method.
func (s *server) openSession(ctx context.Context, tx pgx.Tx, r *http.Request, u *user, method string) (*tokenResponse, error) {
	now := s.Now()
	_, err := tx.Exec(ctx, `update auth.users set last_sign_in_at = $2, updated_at = $2 where id = $1`, u.ID, now)
	if err != nil {
		return nil, err
	}
	last := now.UTC().Truncate(time.Microsecond)
	u.LastSignInAt, u.UpdatedAt = &last, last
	if err := s.audit(ctx, tx, u, "login", map[string]any{"provider": method}); err != nil {
		return nil, err
	}

	var notAfter *time.Time
	if s.SessionLifetime > 0 {
		t := now.Add(s.SessionLifetime)
		notAfter = &t
	}
	var ip *string
	if host := clientIP(r); net.ParseIP(host) != nil {
		ip = &host
	}
	session := uuid.NewString()
	_, err = tx.Exec(ctx, `
		insert into auth.sessions (id, user_id, created_at, updated_at, aal, not_after, user_agent, ip)
		values ($1, $2, $3, $3, 'aal1', $4, $5, $6::inet)`,
		session, u.ID, now, notAfter, r.UserAgent(), ip)
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, `
		insert into auth.mfa_amr_claims (session_id, created_at, updated_at, authentication_method)
		values ($1, $2, $2, $3)`, session, now, method)
	if err != nil {
		return nil, err
	}
	refresh, err := s.insertRefreshToken(ctx, tx, u.ID, session, nil)
	if err != nil {
		return nil, err
	}
	return s.tokenResponse(ctx, tx, u, session, refresh, method)
}

// insertRefreshToken adds a new active token to the session's chain.
func (s *server) insertRefreshToken(ctx context.Context, tx pgx.Tx, userID, session string, parent *string) (string, error) {
	var raw [8]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", err
	}
	token := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:]))[:12]
	_, err := tx.Exec(ctx, `
		insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id)
		values ('00000000-0000-0000-0000-000000000000', $1, $2, false, $3, $3, $4, $5)`,
		token, userID, s.Now(), parent, session)
	return token, err
}

// tokenResponse signs an access token for the session. method is how this
// token was obtained; the token's amr tells how the session was.
func (s *server) tokenResponse(ctx context.Context, tx pgx.Tx, u *user, session, refresh, method string) (*tokenResponse, error) {
	now := s.Now()
	expires := now.Add(s.JWTExpiry)
	amr, aal, err := sessionFacts(ctx, tx, session)
	if err != nil {
		return nil, err
	}
	claims := map[string]any{
		"iss":           s.Issuer,
		"sub":           u.ID,
		"aud":           u.Aud,
		"exp":           expires.Unix(),
		"iat":           now.Unix(),
		"email":         u.Email,
		"phone":         u.Phone,
		"app_metadata":  u.AppMetadata,
		"user_metadata": u.UserMetadata,
		"role":          u.Role,
		"aal":           aal,
		"amr":           amr,
		"session_id":    session,
		"is_anonymous":  u.IsAnonymous,
	}
	if claims, err = s.runHook(ctx, tx, u.ID, method, claims); err != nil {
		return nil, err
	}
	access, err := s.SigningKeys.Sign(jwt.MapClaims(claims), s.JWTSecret)
	if err != nil {
		return nil, err
	}
	return &tokenResponse{
		AccessToken:  access,
		TokenType:    "bearer",
		ExpiresIn:    int64(s.JWTExpiry / time.Second),
		ExpiresAt:    expires.Unix(),
		RefreshToken: refresh,
		User:         u,
	}, nil
}

// amrEntry is one step of how the user of a session proved who they are.
type amrEntry struct {
	Method    string `json:"method"`
	Timestamp int64  `json:"timestamp"`
}

func sessionFacts(ctx context.Context, tx pgx.Tx, session string) ([]amrEntry, string, error) {
	rows, err := tx.Query(ctx, `
		select a.authentication_method, extract(epoch from a.updated_at)::bigint, coalesce(s.aal, 'aal1')::text
		from auth.mfa_amr_claims a join auth.sessions s on s.id = a.session_id
		where s.id = $1 order by a.updated_at desc`, session)
	if err != nil {
		return nil, "", err
	}
	amr, aal := []amrEntry{}, "aal1"
	var e amrEntry
	_, err = pgx.ForEachRow(rows, []any{&e.Method, &e.Timestamp, &aal}, func() error {
		amr = append(amr, e)
		return nil
	})
	return amr, aal, err
}

// hookAnswer is what the hook returns: claims, or the error to fail with.
type hookAnswer struct {
	Claims map[string]any `json:"claims"`
	Error  *struct {
		HTTPCode int    `json:"http_code"`
		Message  string `json:"message"`
	} `json:"error"`
}

// requiredClaims must survive the hook, or clients could not use the token.
var requiredClaims = []string{"aud", "exp", "iat", "sub", "email", "phone", "role", "aal", "session_id", "is_anonymous"}

// HookExists tells whether there is a function of that name, schema.name, that
// takes jsonb. It needs no right to call it.
func HookExists(ctx context.Context, db interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}, hook string) (exists bool, err error) {
	schema, name, _ := strings.Cut(hook, ".")
	err = db.QueryRow(ctx, `
		select exists (
			select from pg_catalog.pg_proc p
			join pg_catalog.pg_namespace n on n.oid = p.pronamespace
			where n.nspname = $1 and p.proname = $2 and p.proargtypes::text = 'jsonb'::regtype::oid::text)`,
		schema, name).Scan(&exists)
	return exists, err
}

// runHook lets the backend change the claims. Without a hook they stay.
func (s *server) runHook(ctx context.Context, tx pgx.Tx, userID, method string, claims map[string]any) (map[string]any, error) {
	exists, err := HookExists(ctx, tx, s.Hook)
	if err != nil {
		return nil, err
	}
	if !exists {
		return claims, nil
	}

	event, err := json.Marshal(map[string]any{
		"user_id":               userID,
		"claims":                claims,
		"authentication_method": method,
	})
	if err != nil {
		return nil, err
	}
	var raw []byte
	if err := tx.QueryRow(ctx, `select `+s.hookName+`($1::jsonb)`, string(event)).Scan(&raw); err != nil {
		return nil, internal("Error running hook URI: pg-functions://postgres/"+strings.ReplaceAll(s.Hook, ".", "/"), err)
	}
	var answer hookAnswer
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // numbers go into the token as the hook wrote them
	if err := dec.Decode(&answer); err != nil {
		return nil, internal("Error unmarshaling hook output", err)
	}
	if e := answer.Error; e != nil && (e.Message != "" || e.HTTPCode != 0) {
		if e.HTTPCode < 400 || e.HTTPCode > 599 {
			e.HTTPCode = http.StatusInternalServerError
		}
		return nil, failf(e.HTTPCode, "unexpected_failure", "%s", e.Message)
	}
	for _, name := range requiredClaims {
		if _, ok := answer.Claims[name]; !ok {
			return nil, internal("output claims do not conform to the expected schema: \n- (root): "+name+" is required\n",
				fmt.Errorf("hook %s dropped claim %s", s.Hook, name))
		}
	}
	return answer.Claims, nil
}
