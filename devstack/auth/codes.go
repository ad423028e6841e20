package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// otp sends a code to an address or a phone number, and makes an account for one
// that has none unless the caller says not to.
func (s *server) otp(w http.ResponseWriter, r *http.Request) error {
	p := struct {
		Email      string   `json:"email"`
		Phone      string   `json:"phone"`
		CreateUser bool     `json:"create_user"`
		Data       metadata `json:"data"`
		Channel    string   `json:"channel"`
		challenge
	}{CreateUser: true}
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	switch {
	case p.Email != "" && p.Phone != "":
		return badRequest("validation_failed", "Only an email address or phone number should be provided")
	case p.Email == "" && p.Phone == "":
		return badRequest("validation_failed", "One of email or phone must be set")
	case p.Email != "" && p.Channel != "":
		return badRequest("validation_failed", "Channel should only be specified with Phone OTP")
	case p.Phone != "" && !s.Phone:
		return badRequest("phone_provider_disabled", "Unsupported phone provider")
	case p.Phone != "" && p.Channel != "" && p.Channel != "sms" && p.Channel != "whatsapp":
		return badRequest("validation_failed", "Invalid channel, supported values are 'sms' or 'whatsapp'.")
	}
	if err := p.check(); err != nil {
		return err
	}
	return s.sendSignIn(w, r, p.Email, p.Phone, p.CreateUser, p.Data, p.challenge)
}

func (s *server) magicLink(w http.ResponseWriter, r *http.Request) error {
	var p struct {
		Email string   `json:"email"`
		Data  metadata `json:"data"`
		challenge
	}
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	if p.Email == "" {
		return unprocessable("validation_failed", "Password recovery requires an email")
	}
	if err := p.check(); err != nil {
		return err
	}
	return s.sendSignIn(w, r, p.Email, "", true, p.Data, p.challenge)
}

// sendSignIn sends the code that signs a user in.
func (s *server) sendSignIn(w http.ResponseWriter, r *http.Request, email, phone string, create bool, data metadata, c challenge) (err error) {
	condition, address := byEmail+` for update`, email
	if phone != "" {
		condition = `where phone = $1 for update`
		phone, err = normalizePhone(phone)
		address = phone
	} else {
		email, err = normalizeEmail(email)
		address = email
	}
	if err != nil {
		return err
	}
	ctx := r.Context()
	answer := map[string]string{}
	err = s.tx(ctx, func(tx pgx.Tx) error {
		m := message{token: recoveryToken, kind: "magiclink", to: address, redirect: redirectOf(r), challenge: c}
		u, err := findUser(ctx, tx, condition, address)
		switch {
		case err == nil:
		case !errors.Is(err, pgx.ErrNoRows):
			return internal("Database error finding user", err)
		case !create:
			return unprocessable("otp_disabled", "Signups not allowed for otp")
		case s.DisableSignup:
			return unprocessable("signup_disabled", "Signups not allowed for this instance")
		default:
			if u, err = s.newCodeUser(ctx, tx, email, phone, data); err != nil {
				return err
			}
		}
		switch {
		case phone != "":
			m.token, m.kind, m.phone, m.challenge = confirmationToken, "sms", true, challenge{}
			answer["message_id"] = uuid.NewString()
		case u.confirmed():
		case s.ConfirmEmail:
			m.token, m.kind = confirmationToken, "signup"
		default: // made by an administrator; a sign-up would have confirmed it
			if _, err := s.confirm(ctx, tx, u, confirmationToken, false); err != nil {
				return err
			}
		}
		return s.send(ctx, tx, u, m)
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// newCodeUser makes an account for somebody who signs in by a code, with a
// password that nobody knows.
func (s *server) newCodeUser(ctx context.Context, tx pgx.Tx, email, phone string, data metadata) (*user, error) {
	hash, err := s.hashPassword(rand.Text())
	if err != nil {
		return nil, err
	}
	id := uuid.NewString()
	about := metadata{
		"sub":            jsonValue(id),
		"email_verified": jsonValue(false),
		"phone_verified": jsonValue(false),
	}
	if phone != "" {
		about["phone"] = jsonValue(phone)
	} else {
		about["email"] = jsonValue(email)
	}
	about = metadata{}.merge(data).merge(about)
	confirmed := phone == "" && !s.ConfirmEmail
	userData := about
	if confirmed {
		userData = about.merge(metadata{"email_verified": jsonValue(true)})
	}
	u, err := s.insertUser(ctx, tx, newUser{
		id: id, aud: "authenticated", role: "authenticated", email: email, phone: phone, passwordHash: hash,
		userMetadata: userData, identityData: about, confirmed: confirmed,
	})
	if isUniqueViolation(err) {
		return nil, errAlreadyRegistered()
	}
	if err != nil {
		return nil, internal("Database error saving new user", err)
	}
	return u, nil
}

// recover sends the code with which a user who forgot the password signs in.
func (s *server) recover(w http.ResponseWriter, r *http.Request) error {
	var p struct {
		Email string `json:"email"`
		challenge
	}
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	if p.Email == "" {
		return badRequest("validation_failed", "Password recovery requires an email")
	}
	if err := p.check(); err != nil {
		return err
	}
	email, err := normalizeEmail(p.Email)
	if err != nil {
		return err
	}
	return s.sendIfKnown(w, r, byEmail+` for update`, email, func(tx pgx.Tx, u *user) error {
		return s.send(r.Context(), tx, u, message{
			token: recoveryToken, kind: "recovery", to: email, redirect: redirectOf(r), challenge: p.challenge,
		})
	})
}

// resend sends another code in the place of one that was sent before.
func (s *server) resend(w http.ResponseWriter, r *http.Request) error {
	var p struct {
		Type  string `json:"type"`
		Email string `json:"email"`
		Phone string `json:"phone"`
		challenge
	}
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	byPhone := p.Type == "sms" || p.Type == "phone_change"
	err := p.check()
	switch {
	case err != nil:
	case p.Type != "signup" && p.Type != "email_change" && !byPhone:
		return badRequest("validation_failed", "Missing one of these types: signup, email_change, sms, phone_change")
	case p.Email == "" && !byPhone:
		return badRequest("validation_failed", "Type provided requires an email address")
	case p.Phone == "" && byPhone:
		return badRequest("validation_failed", "Type provided requires a phone number")
	case p.Email != "" && p.Phone != "":
		return badRequest("validation_failed", "Only an email address or phone number should be provided.")
	case byPhone && !s.Phone:
		return badRequest("phone_provider_disabled", "Unsupported phone provider")
	case byPhone:
		p.Phone, err = normalizePhone(p.Phone)
	default:
		p.Email, err = normalizeEmail(p.Email)
	}
	if err != nil {
		return err
	}
	condition, address := byEmail+` for update`, p.Email
	if byPhone { // the number so far, also for one that changes
		condition, address = `where phone = $1 for update`, p.Phone
	}
	return s.sendIfKnown(w, r, condition, address, func(tx pgx.Tx, u *user) error {
		m := message{token: confirmationToken, kind: p.Type, to: address, redirect: redirectOf(r), challenge: p.challenge}
		switch {
		case p.Type == "signup" && u.confirmed(), p.Type == "sms" && u.PhoneConfirmedAt != nil,
			p.Type == "email_change" && u.NewEmail == "", p.Type == "phone_change" && u.NewPhone == "":
			return nil
		case p.Type == "email_change":
			return s.sendEmailChange(r.Context(), tx, u, u.NewEmail, m.redirect, m.challenge)
		case p.Type == "phone_change":
			m.token, m.to = phoneChangeToken, u.NewPhone
		}
		m.phone = byPhone
		return s.send(r.Context(), tx, u, m)
	})
}

// sendIfKnown lets send do its work for a user, if there is one. The answer does not
// tell.
func (s *server) sendIfKnown(w http.ResponseWriter, r *http.Request, condition, address string, send func(pgx.Tx, *user) error) error {
	err := s.tx(r.Context(), func(tx pgx.Tx) error {
		u, err := findUser(r.Context(), tx, condition, address)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return internal("Unable to process request", err)
		}
		return send(tx, u)
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

// reauthenticate sends the caller the nonce that a new password may need.
func (s *server) reauthenticate(w http.ResponseWriter, r *http.Request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	err = s.tx(r.Context(), func(tx pgx.Tx) error {
		u, err := findUser(r.Context(), tx, `where id = $1 for update`, c.userID)
		if err != nil {
			return errCallerGone(err)
		}
		m := message{token: reauthenticationToken, kind: "reauthentication", to: u.Email}
		switch {
		case u.Email == "" && u.Phone == "":
			return badRequest("validation_failed", "Reauthentication requires the user to have an email or a phone number")
		case u.Email != "" && u.EmailConfirmedAt == nil:
			return unprocessable("email_not_confirmed", "Please verify your email first.")
		case u.Email == "" && u.PhoneConfirmedAt == nil:
			return unprocessable("phone_not_confirmed", "Please verify your phone first.")
		case u.Email == "":
			m.to, m.phone = u.Phone, true
		}
		return s.send(r.Context(), tx, u, m)
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

// freshSession is how long after its beginning a session needs no nonce.
const freshSession = 24 * time.Hour

// checkNonce uses the nonce of a re-authentication message up, where one is needed.
func (s *server) checkNonce(ctx context.Context, tx pgx.Tx, u *user, session, nonce string) error {
	if !s.Reauthenticate {
		return nil
	}
	var began time.Time
	err := tx.QueryRow(ctx, `select coalesce(created_at, 'epoch') from auth.sessions where id = $1`, nullIfEmpty(session)).Scan(&began)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if err == nil && s.Now().Before(began.Add(freshSession)) {
		return nil
	}
	if nonce == "" {
		return badRequest("reauthentication_needed", "Password update requires reauthentication")
	}
	address := u.Email
	if address == "" {
		address = u.Phone
	}
	tag, err := tx.Exec(ctx, `
		delete from auth.one_time_tokens
		where user_id = $1 and token_type = 'reauthentication_token' and token_hash = $2 and created_at > $3`,
		u.ID, tokenHash(address, nonce), s.Now().Add(-s.CodeExpiry))
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return unprocessable("reauthentication_not_valid", "Nonce has expired or is invalid")
	}
	return nil
}

// askForEmail notes the address that a user wants and asks both addresses. It
// becomes the user's once both say yes; a user who has none needs to ask only the
// new one, and an anonymous one nobody where addresses are not confirmed.
func (s *server) askForEmail(ctx context.Context, tx pgx.Tx, u *user, email, redirect string, c challenge) error {
	if u.IsAnonymous && !s.ConfirmEmail {
		return s.becomeEmail(ctx, tx, u, email)
	}
	return s.sendEmailChange(ctx, tx, u, email, redirect, c)
}

// beginEmailChange notes the address that a user wants. Whoever has agreed before has
// to again.
func (s *server) beginEmailChange(ctx context.Context, tx pgx.Tx, userID, email string) error {
	var taken bool
	err := tx.QueryRow(ctx, `select exists (select from auth.users `+byEmail+`)`, email).Scan(&taken)
	if err != nil {
		return err
	}
	if taken {
		return errEmailExists()
	}
	_, err = tx.Exec(ctx, `update auth.users set email_change = $2, email_change_confirm_status = 0, updated_at = $3 where id = $1`,
		userID, email, s.Now())
	return err
}

// sendEmailChange asks both addresses.
func (s *server) sendEmailChange(ctx context.Context, tx pgx.Tx, u *user, email, redirect string, c challenge) error {
	m := message{token: newEmailToken, kind: "email_change", to: email, redirect: redirect, challenge: c}
	if err := s.mayMail(ctx, tx, u.ID, m); err != nil {
		return err
	}
	if err := s.beginEmailChange(ctx, tx, u.ID, email); err != nil {
		return err
	}
	if err := s.sendNow(ctx, tx, u, m); err != nil || u.Email == "" {
		return err
	}
	m.token, m.to = currentEmailToken, u.Email
	return s.sendNow(ctx, tx, u, m)
}

// askForPhone notes the number that a user wants, and sends it a code.
func (s *server) askForPhone(ctx context.Context, tx pgx.Tx, u *user, phone string) error {
	var taken bool
	err := tx.QueryRow(ctx, `select exists (select from auth.users where phone = $1)`, phone).Scan(&taken)
	if err != nil {
		return err
	}
	if taken {
		return errPhoneExists()
	}
	m := message{token: phoneChangeToken, kind: "phone_change", to: phone, phone: true}
	if err := s.mayMail(ctx, tx, u.ID, m); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `update auth.users set phone_change = $2, updated_at = $3 where id = $1`, u.ID, phone, s.Now())
	if err != nil {
		return err
	}
	return s.sendNow(ctx, tx, u, m)
}
