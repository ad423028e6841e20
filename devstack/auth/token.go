package auth

import (
	"errors"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"
)

func (s *server) token(w http.ResponseWriter, r *http.Request) error {
	switch r.FormValue("grant_type") { // reads, and thereby uses up, a form in the body
	case "password":
		return s.passwordGrant(w, r)
	case "refresh_token":
		return s.refreshGrant(w, r)
	case "id_token":
		return s.idTokenGrant(w, r)
	case "pkce":
		return s.pkceGrant(w, r)
	default:
		return badRequest("invalid_credentials", "unsupported_grant_type")
	}
}

func (s *server) passwordGrant(w http.ResponseWriter, r *http.Request) error {
	if err := s.signInUpLimit.allow(r, s.Now()); err != nil {
		return err
	}
	var p struct {
		Email    string `json:"email"`
		Phone    string `json:"phone"`
		Password string `json:"password"`
	}
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	switch {
	case p.Email != "" && p.Phone != "":
		return badRequest("validation_failed", "Only an email address or phone number should be provided on login.")
	case p.Phone != "":
		return unprocessable("phone_provider_disabled", "Phone logins are disabled")
	case p.Email == "":
		return badRequest("validation_failed", "missing email or phone")
	}

	u, err := findUser(r.Context(), s.Pool, byEmail, strings.ToLower(p.Email))
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return errInvalidCredentials()
	case err != nil:
		return internal("Database error querying schema", err)
	case u.banned(s.Now()):
		return badRequest("user_banned", "User is banned")
	case !passwordMatches(u.passwordHash, p.Password):
		return errInvalidCredentials()
	case !u.confirmed():
		return badRequest("email_not_confirmed", "Email not confirmed")
	}

	var answer *tokenResponse
	err = s.tx(r.Context(), func(tx pgx.Tx) (err error) {
		answer, err = s.openSession(r.Context(), tx, r, u, "password")
		return err
	})
	if err != nil {
		return err
	}
	var weak *weakPassword
	var refused *apiError
	if errors.As(s.checkPassword(p.Password), &refused) {
		weak = &weakPassword{Message: refused.msg, Reasons: refused.reasons}
	}
	writeJSON(w, http.StatusOK, signInResponse{answer, weak})
	return nil
}

func errInvalidCredentials() *apiError {
	return badRequest("invalid_credentials", "Invalid login credentials")
}
