package auth

import (
	"context"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
)

func (s *server) getUser(w http.ResponseWriter, r *http.Request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	u, err := findUser(r.Context(), s.Pool, `where id = $1`, c.userID)
	if err != nil {
		return errCallerGone(err)
	}
	writeJSON(w, http.StatusOK, u)
	return nil
}

// putUser changes the caller's own account. What is absent stays as it is.
func (s *server) putUser(w http.ResponseWriter, r *http.Request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	var p struct {
		Email       string   `json:"email"`
		Password    *string  `json:"password"`
		Data        metadata `json:"data"`
		AppMetadata metadata `json:"app_metadata"`
		Phone       string   `json:"phone"`
		Nonce       string   `json:"nonce"`
		challenge
	}
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	if err := p.check(); err != nil {
		return err
	}
	switch {
	case len(p.AppMetadata) > 0 && s.admin(r) != nil:
		return failf(http.StatusForbidden, "not_admin", "Updating app_metadata requires admin privileges")
	case p.Phone != "" && !s.Phone:
		return badRequest("phone_provider_disabled", "Phone updates are disabled")
	}
	if p.Phone != "" {
		if p.Phone, err = normalizePhone(p.Phone); err != nil {
			return err
		}
	}
	if p.Email != "" {
		if p.Email, err = normalizeEmail(p.Email); err != nil {
			return err
		}
	}
	if p.Password != nil {
		if err := s.checkPassword(*p.Password); err != nil {
			return err
		}
	}

	var u *user
	err = s.tx(r.Context(), func(tx pgx.Tx) error {
		if u, err = findUser(r.Context(), tx, `where id = $1 for update`, c.userID); err != nil {
			return errCallerGone(err)
		}
		newEmail, newPhone := p.Email != "" && p.Email != u.Email, p.Phone != "" && p.Phone != u.Phone
		switch {
		case (p.Password != nil || newEmail || newPhone) && u.hasVerifiedFactor() && c.aal != "aal2":
			return failf(http.StatusUnauthorized, "insufficient_aal",
				"AAL2 session is required to update email or password when MFA is enabled.")
		case u.IsAnonymous && p.Password != nil && !newEmail && !newPhone:
			return unprocessable("validation_failed", "Updating password of an anonymous user without an email or phone is not allowed")
		case u.sso && (p.Password != nil || newEmail || newPhone || p.Nonce != ""):
			return unprocessable("user_sso_managed", "Updating email, phone, password of a SSO account only possible via SSO")
		}
		if p.Password != nil {
			if err := s.checkNonce(r.Context(), tx, u, c.sessionID, p.Nonce); err != nil {
				return err
			}
			if passwordMatches(u.passwordHash, *p.Password) {
				return unprocessable("same_password", "New password should be different from the old password.")
			}
			if err := s.setPassword(r.Context(), tx, u.ID, *p.Password, c.sessionID); err != nil {
				return err
			}
		}
		if p.Data != nil || p.AppMetadata != nil {
			if err := s.setMetadata(r.Context(), tx, u, p.AppMetadata, p.Data); err != nil {
				return err
			}
		}
		if newEmail {
			if err := s.askForEmail(r.Context(), tx, u, p.Email, redirectOf(r), p.challenge); err != nil {
				return err
			}
		}
		if newPhone {
			if err := s.askForPhone(r.Context(), tx, u, p.Phone); err != nil {
				return err
			}
		}
		action := "user_modified"
		if p.Password != nil {
			action = "user_updated_password"
		}
		if err := s.audit(r.Context(), tx, u, action, nil); err != nil {
			return err
		}
		u, err = findUser(r.Context(), tx, `where id = $1`, u.ID)
		return err
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, u)
	return nil
}

// setMetadata merges key by key; the caller has locked the user.
func (s *server) setMetadata(ctx context.Context, tx pgx.Tx, u *user, app, data metadata) error {
	_, err := tx.Exec(ctx, `
		update auth.users set raw_app_meta_data = $2, raw_user_meta_data = $3, updated_at = $4 where id = $1`,
		u.ID, u.AppMetadata.merge(app), u.UserMetadata.merge(data), s.Now())
	if err != nil {
		return internal("Error updating user", err)
	}
	return nil
}

// pretendedUser answers the sign-up of an address that is taken, so that the
// answer does not give away which addresses are. It is stored nowhere.
func pretendedUser(now time.Time, id, email string, data metadata) *user {
	return &user{
		ID: id, Aud: "authenticated", Email: email,
		ConfirmationSentAt: &now,
		AppMetadata:        metadata{"provider": jsonValue("email"), "providers": jsonValue([]string{"email"})},
		UserMetadata:       metadata{}.merge(data),
		Identities:         []identity{},
		CreatedAt:          now, UpdatedAt: now,
	}
}
