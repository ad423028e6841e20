package auth

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// linkAnswer is a user together with the link that would have been mailed.
type linkAnswer struct {
	*user
	ActionLink       string `json:"action_link"`
	EmailOTP         string `json:"email_otp"`
	HashedToken      string `json:"hashed_token"`
	VerificationType string `json:"verification_type"`
	RedirectTo       string `json:"redirect_to"`
}

// generateLink answers with what would be mailed, for administrators who send it
// themselves.
func (s *server) generateLink(w http.ResponseWriter, r *http.Request) error {
	if err := s.admin(r); err != nil {
		return err
	}
	var p struct {
		Type       string   `json:"type"`
		Email      string   `json:"email"`
		NewEmail   string   `json:"new_email"`
		Password   string   `json:"password"`
		Data       metadata `json:"data"`
		RedirectTo string   `json:"redirect_to"`
	}
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	email, err := normalizeEmail(p.Email)
	if err != nil {
		return err
	}
	m := message{kind: p.Type, to: email, redirect: p.RedirectTo}
	create := false
	switch p.Type {
	case "signup", "invite":
		m.token, create = confirmationToken, true
		if p.Type == "signup" && p.Password == "" {
			return badRequest("validation_failed", "Signup requires a valid password")
		}
	case "magiclink":
		m.token, create = recoveryToken, true
	case "recovery":
		m.token = recoveryToken
	case "email_change_current", "email_change_new":
		m.token, m.kind = currentEmailToken, "email_change"
		if p.NewEmail, err = normalizeEmail(p.NewEmail); err != nil {
			return err
		}
		if p.Type == "email_change_new" {
			m.token, m.to = newEmailToken, p.NewEmail
		}
	default:
		return badRequest("validation_failed", "Invalid email action link type requested: %s", p.Type)
	}
	password := p.Password
	if p.Type != "signup" {
		password = rand.Text()
	} else if err := s.checkPassword(password); err != nil {
		return err
	}
	hash, err := s.hashPassword(password)
	if err != nil {
		return err
	}
	ctx := r.Context()
	var answer linkAnswer
	err = s.tx(ctx, func(tx pgx.Tx) error {
		u, err := findUser(ctx, tx, byEmail+` for update`, email)
		switch {
		case err == nil && u.confirmed() && m.token == confirmationToken:
			return errEmailExists()
		case err == nil:
		case !errors.Is(err, pgx.ErrNoRows):
			return err
		case !create:
			return failf(http.StatusNotFound, "user_not_found", "User with this email not found")
		default:
			id := uuid.NewString()
			about := metadata{
				"sub": jsonValue(id), "email": jsonValue(email),
				"email_verified": jsonValue(false), "phone_verified": jsonValue(false),
			}
			u, err = s.insertUser(ctx, tx, newUser{
				id: id, aud: "authenticated", role: "authenticated", email: email, passwordHash: hash,
				userMetadata: metadata{}.merge(p.Data).merge(about), identityData: about, invited: p.Type == "invite",
			})
			if err != nil {
				return internal("Database error saving new user", err)
			}
			if p.Type == "magiclink" { // a new account is confirmed by it
				m.token = confirmationToken
				m.kind = "signup"
			}
		}
		if m.kind == "email_change" {
			if err := s.beginEmailChange(ctx, tx, u.ID, p.NewEmail); err != nil {
				return err
			}
		}
		mail, err := s.issue(ctx, tx, u, m)
		if err != nil {
			return err
		}
		if u, err = findUser(ctx, tx, `where id = $1`, u.ID); err != nil {
			return err
		}
		link, err := url.Parse(mail.Link)
		if err != nil {
			return err
		}
		answer = linkAnswer{
			user: u, ActionLink: mail.Link, EmailOTP: mail.Code, HashedToken: mail.TokenHash,
			VerificationType: p.Type, RedirectTo: link.Query().Get("redirect_to"),
		}
		if p.Type == "magiclink" {
			answer.VerificationType = m.kind
		}
		return nil
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}
