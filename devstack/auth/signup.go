package auth

import (
	"errors"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

type signupRequest struct {
	Email    string   `json:"email"`
	Phone    string   `json:"phone"`
	Password string   `json:"password"`
	Data     metadata `json:"data"`
	challenge
}

func (s *server) signup(w http.ResponseWriter, r *http.Request) error {
	if err := s.signInUpLimit.allow(r, s.Now()); err != nil {
		return err
	}
	var p signupRequest
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	if s.Anonymous && p.Email == "" && p.Phone == "" {
		return s.signUpAnonymously(w, r, p.Data)
	}
	email, err := s.checkSignup(p)
	if err != nil {
		return err
	}
	var answer any
	err = s.tx(r.Context(), func(tx pgx.Tx) error {
		known, err := findUser(r.Context(), tx, byEmail+` for update`, email)
		switch {
		case err == nil:
			answer, err = s.signUpAgain(r, tx, known, p)
		case errors.Is(err, pgx.ErrNoRows):
			answer, err = s.signUpNew(r, tx, email, p)
		default:
			err = internal("Database error finding user", err)
		}
		return err
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// signUpNew makes an account. It answers with the user, or with tokens when the
// address need not be confirmed.
func (s *server) signUpNew(r *http.Request, tx pgx.Tx, email string, p signupRequest) (any, error) {
	hash, err := s.hashPassword(p.Password)
	if err != nil {
		return nil, err
	}
	id := uuid.NewString()
	identityData := metadata{}.merge(p.Data).merge(metadata{
		"sub":            jsonValue(id),
		"email":          jsonValue(email),
		"email_verified": jsonValue(false),
		"phone_verified": jsonValue(false),
	})
	userData := identityData
	if !s.ConfirmEmail {
		userData = identityData.merge(metadata{"email_verified": jsonValue(true)})
	}
	u, err := s.insertUser(r.Context(), tx, newUser{
		id: id, aud: "authenticated", role: "authenticated", email: email, passwordHash: hash,
		userMetadata: userData, identityData: identityData, confirmed: !s.ConfirmEmail, asked: s.ConfirmEmail,
	})
	if isUniqueViolation(err) {
		return nil, errAlreadyRegistered()
	}
	if err != nil {
		return nil, internal("Database error saving new user", err)
	}
	if s.ConfirmEmail {
		return u, s.sendNow(r.Context(), tx, u, p.message(r, email))
	}
	u.justConfirmed()
	u.Identities[0].Data = u.UserMetadata // as Auth answers; stored is false
	if err := s.audit(r.Context(), tx, u, "user_signedup", map[string]any{"provider": "email"}); err != nil {
		return nil, err
	}
	return s.openSession(r.Context(), tx, r, u, "password")
}

// signUpAgain answers the sign-up of an address that has an account. One that is
// confirmed is not given away where addresses are confirmed. Any other gets another
// mail, and stays as it is: who signs up now may be somebody else.
func (s *server) signUpAgain(r *http.Request, tx pgx.Tx, u *user, p signupRequest) (any, error) {
	ctx := r.Context()
	switch {
	case u.confirmed() && s.ConfirmEmail:
		return pretendedUser(s.Now().UTC(), uuid.NewString(), u.Email, p.Data), s.audit(ctx, tx, u, "user_repeated_signup", nil)
	case u.confirmed():
		return nil, errAlreadyRegistered()
	case s.ConfirmEmail:
		if err := s.send(ctx, tx, u, p.message(r, u.Email)); err != nil {
			return nil, err
		}
	default:
		if _, err := s.confirm(ctx, tx, u, confirmationToken, false); err != nil {
			return nil, err
		}
	}
	u, err := findUser(ctx, tx, `where id = $1`, u.ID)
	if err != nil {
		return nil, err
	}
	if u.confirmed() {
		return s.openSession(ctx, tx, r, u, "password")
	}
	if u.InvitedAt != nil { // what the administrator wrote is the invited user's
		u.UserMetadata, u.Identities = metadata{}, []identity{}
	}
	return u, nil
}

// message is the mail that asks for a confirmation.
func (p signupRequest) message(r *http.Request, to string) message {
	return message{token: confirmationToken, kind: "signup", to: to, redirect: redirectOf(r), challenge: p.challenge}
}

// signUpAnonymously makes a user without an address, who can be given one later.
func (s *server) signUpAnonymously(w http.ResponseWriter, r *http.Request, data metadata) error {
	if s.DisableSignup {
		return unprocessable("signup_disabled", "Signups not allowed for this instance")
	}
	var answer *tokenResponse
	err := s.tx(r.Context(), func(tx pgx.Tx) error {
		u, err := s.insertUser(r.Context(), tx, newUser{
			id: uuid.NewString(), aud: "authenticated", role: "authenticated",
			userMetadata: metadata{}.merge(data), anonymous: true,
		})
		if err != nil {
			return internal("Database error creating anonymous user", err)
		}
		answer, err = s.openSession(r.Context(), tx, r, u, "anonymous")
		return err
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// checkSignup returns the normalised address, or why there can be no sign-up.
func (s *server) checkSignup(p signupRequest) (string, error) {
	switch {
	case p.Email == "" && p.Phone == "":
		return "", unprocessable("anonymous_provider_disabled", "Anonymous sign-ins are disabled")
	case s.DisableSignup:
		return "", unprocessable("signup_disabled", "Signups not allowed for this instance")
	case p.Password == "":
		return "", badRequest("validation_failed", "Signup requires a valid password")
	}
	if err := p.check(); err != nil {
		return "", err
	}
	if err := s.checkPassword(p.Password); err != nil {
		return "", err
	}
	switch {
	case p.Email != "" && p.Phone != "":
		return "", badRequest("validation_failed", "Only an email address or phone number should be provided on signup.")
	case p.Phone != "":
		return "", badRequest("phone_provider_disabled", "Phone signups are disabled")
	}
	return normalizeEmail(p.Email)
}

func errAlreadyRegistered() *apiError {
	return unprocessable("user_already_exists", "User already registered")
}
