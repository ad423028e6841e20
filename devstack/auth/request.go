package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/bcrypt"
)

const maxBody = 1 << 20

func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return failf(http.StatusRequestEntityTooLarge, "request_too_large", "Request body exceeds %d bytes", maxBody)
		}
		return internal("Could not read body into byte slice", err)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return badRequest("bad_json", "Could not parse request body as JSON: %v", err)
	}
	return nil
}

var bearerToken = regexp.MustCompile(`^[Bb]earer (\S+)$`)

// claims verifies the caller's access token.
func (s *server) claims(r *http.Request) (jwt.MapClaims, error) {
	m := bearerToken.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return nil, failf(http.StatusUnauthorized, "no_authorization", "This endpoint requires a valid Bearer token")
	}
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(m[1], claims, s.keyOf,
		jwt.WithValidMethods(append([]string{"HS256"}, s.SigningKeys.Algorithms()...)), jwt.WithTimeFunc(s.Now))
	if err != nil {
		return nil, badJWT("invalid JWT: unable to parse or verify signature, " + err.Error())
	}
	return claims, nil
}

// keyOf is the key that a token has to be signed with.
func (s *server) keyOf(token *jwt.Token) (any, error) {
	alg := token.Method.Alg()
	if id, ok := token.Header["kid"].(string); ok {
		if key := s.SigningKeys.Public(alg, id); key != nil {
			return key, nil
		}
	}
	if alg == "HS256" {
		return s.JWTSecret, nil
	}
	return nil, fmt.Errorf("unrecognized JWT kid %v for algorithm %v", token.Header["kid"], alg)
}

func badJWT(msg string) *apiError {
	return failf(http.StatusForbidden, "bad_jwt", "%s", msg)
}

// caller is who a request with a user's token comes from.
type caller struct {
	userID    string
	sessionID string // empty for tokens not issued for a session
	aal       string // how surely the session knows the user
}

// caller verifies the token and that its session has not been signed out.
func (s *server) caller(r *http.Request) (caller, error) {
	claims, err := s.claims(r)
	if err != nil {
		return caller{}, err
	}
	return s.callerOf(r.Context(), claims)
}

func (s *server) callerOf(ctx context.Context, claims jwt.MapClaims) (caller, error) {
	sub, _ := claims["sub"].(string)
	if sub == "" {
		return caller{}, badJWT("invalid claim: missing sub claim")
	}
	if uuid.Validate(sub) != nil {
		return caller{}, badJWT("invalid claim: sub claim must be a UUID")
	}
	sessionID, _ := claims["session_id"].(string)
	if sessionID == uuid.Nil.String() {
		sessionID = ""
	}
	if sessionID != "" && uuid.Validate(sessionID) != nil {
		return caller{}, badJWT("invalid claim: session_id claim must be a UUID")
	}

	var userExists, sessionExists bool
	var aal string
	err := s.Pool.QueryRow(ctx, `
		select exists (select from auth.users where id = $1 and deleted_at is null),
		       exists (select from auth.sessions where id = $2),
		       coalesce((select aal::text from auth.sessions where id = $2), 'aal1')`,
		sub, nullIfEmpty(sessionID)).Scan(&userExists, &sessionExists, &aal)
	switch {
	case err != nil:
		return caller{}, err
	case !userExists:
		return caller{}, failf(http.StatusForbidden, "user_not_found", "User from sub claim in JWT does not exist")
	case sessionID != "" && !sessionExists:
		return caller{}, failf(http.StatusForbidden, "session_not_found", "Session from session_id claim in JWT does not exist")
	}
	return caller{userID: sub, sessionID: sessionID, aal: aal}, nil
}

// errCallerGone says that the caller was deleted while the request ran.
func errCallerGone(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return failf(http.StatusForbidden, "user_not_found", "User from sub claim in JWT does not exist")
	}
	return err
}

// admin verifies that the token's role administers users. A user's token has
// to be one of a session that is still there, as everywhere.
func (s *server) admin(r *http.Request) error {
	claims, err := s.claims(r)
	if err != nil {
		return err
	}
	if claims["sub"] != nil {
		if _, err := s.callerOf(r.Context(), claims); err != nil {
			return err
		}
	}
	if role, _ := claims["role"].(string); role != "service_role" && role != "supabase_admin" {
		return failf(http.StatusForbidden, "not_admin", "User not allowed")
	}
	return nil
}

var emailFormat = regexp.MustCompile("^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@" +
	`[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$`)

// normalizeEmail returns the address as it is stored, in lower case. Blanks
// around it make it invalid.
func normalizeEmail(email string) (string, error) {
	email = strings.ToLower(email)
	if email == "" {
		return "", badRequest("validation_failed", "An email address is required")
	}
	if len(email) > 255 {
		return "", badRequest("validation_failed", "An email address is too long")
	}
	if !emailFormat.MatchString(email) {
		return "", badRequest("validation_failed", "Unable to validate email address: invalid format")
	}
	return email, nil
}

var phoneFormat = regexp.MustCompile(`^[1-9][0-9]{1,14}$`)

// normalizePhone returns the number as it is stored, without the plus sign.
func normalizePhone(phone string) (string, error) {
	phone = strings.TrimPrefix(strings.ReplaceAll(phone, " ", ""), "+")
	if !phoneFormat.MatchString(phone) {
		return "", badRequest("validation_failed", "Invalid phone number format (E.164 required)")
	}
	return phone, nil
}

const maxPasswordLength = 72 // of bcrypt

func (s *server) checkPassword(password string) error {
	if len(password) > maxPasswordLength {
		return badRequest("validation_failed", "Password cannot be longer than %d characters", maxPasswordLength)
	}
	if len(password) < s.MinPasswordLength {
		e := unprocessable("weak_password", "Password should be at least %d characters.", s.MinPasswordLength)
		e.reasons = []string{"length"}
		return e
	}
	return nil
}

func (s *server) hashPassword(password string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), s.PasswordCost)
	return string(hash), err
}

// passwordMatches is false for users without a password.
func passwordMatches(hash, password string) bool {
	return hash != "" && bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil
}

func clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func nullIfEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
