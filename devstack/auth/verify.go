package auth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

// verifiable are the tokens that each type of verification takes.
var verifiable = map[string][]tokenType{
	"signup":       {confirmationToken},
	"invite":       {confirmationToken},
	"recovery":     {recoveryToken},
	"magiclink":    {recoveryToken},
	"email":        {recoveryToken, confirmationToken},
	"email_change": {newEmailToken, currentEmailToken},
	"sms":          {confirmationToken},
	"phone_change": {phoneChangeToken},
}

// verify takes the code of a message and begins a session.
func (s *server) verify(w http.ResponseWriter, r *http.Request) error {
	if err := s.verifyLimit.allow(r, s.Now()); err != nil {
		return err
	}
	var p struct {
		Type      string `json:"type"`
		Token     string `json:"token"`
		TokenHash string `json:"token_hash"`
		Email     string `json:"email"`
		Phone     string `json:"phone"`
	}
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	switch {
	case p.Type == "":
		return badRequest("validation_failed", "Verify requires a verification type")
	case p.Token == "" && p.TokenHash == "":
		return badRequest("validation_failed", "Verify requires a token or a token hash")
	case p.Token != "" && (p.Email == "") == (p.Phone == ""):
		return badRequest("validation_failed", "Only an email address or phone number should be provided on verify")
	case p.Token == "" && (p.Email != "" || p.Phone != ""):
		return badRequest("validation_failed", "Only the token_hash and type should be provided")
	case p.Token == "" && (p.Type == "sms" || p.Type == "phone_change"):
		return badRequest("validation_failed", "Invalid email verification type")
	}
	invalid := errCodeOver("Email link is invalid or has expired")
	hashes := []string{p.TokenHash}
	if p.Token != "" {
		address, err := "", error(nil)
		if p.Phone != "" {
			address, err = normalizePhone(p.Phone)
		} else {
			address, err = normalizeEmail(p.Email)
		}
		if err != nil {
			return err
		}
		hash := tokenHash(address, p.Token)
		hashes, invalid = []string{hash, pkcePrefix + hash}, errCodeOver("Token has expired or is invalid")
	}
	var answer *tokenResponse
	err := s.takeCode(r, p.Type, hashes, invalid, func(tx pgx.Tx, u *user) (err error) {
		answer, err = s.openSession(r.Context(), tx, r, u, "otp")
		return err
	})
	if err != nil {
		return err
	}
	if answer == nil {
		writeJSON(w, http.StatusOK, map[string]string{"msg": otherAddress, "code": "200"})
		return nil
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// otherAddress says that the new address has to wait for the old one, or the
// other way around.
const otherAddress = "Confirmation link accepted. Please proceed to confirm link sent to the other email"

func errCodeOver(msg string) *apiError { return failf(http.StatusForbidden, "otp_expired", "%s", msg) }

// followLink is verify for the link in a mail. It sends the browser on, with the
// session or what went wrong behind the hash sign, where servers do not see it. The
// link of somebody who sent a challenge goes on with a code.
func (s *server) followLink(w http.ResponseWriter, r *http.Request) error {
	if err := s.verifyLimit.allow(r, s.Now()); err != nil {
		return err
	}
	q, ctx := r.URL.Query(), r.Context()
	to, kind, hash := s.allowed(redirectOf(r)), q.Get("type"), q.Get("token")
	switch {
	case kind == "":
		return badRequest("validation_failed", "Verify requires a verification type")
	case hash == "":
		return badRequest("validation_failed", "Verify requires a token or a token hash")
	}
	pkce := strings.HasPrefix(hash, pkcePrefix)
	var answer *tokenResponse
	var code string
	err := s.takeCode(r, kind, []string{hash}, errCodeOver("Email link is invalid or has expired"), func(tx pgx.Tx, u *user) (err error) {
		if pkce {
			code, err = s.codeOfLink(ctx, tx, u.ID, kind)
		} else {
			answer, err = s.openSession(ctx, tx, r, u, "otp")
		}
		return err
	})
	var refused *apiError
	switch {
	case errors.As(err, &refused) && refused.status < http.StatusInternalServerError:
		values := url.Values{"error": {"access_denied"}, "error_code": {refused.code}, "error_description": {refused.msg}}
		if pkce {
			to = withQuery(to, values)
		}
		values.Set("sb", "")
		sendTo(w, to+"#"+values.Encode())
	case err != nil:
		return err
	case code != "":
		sendBack(w, to, code)
	case answer != nil:
		sendBackTokens(w, to, kind, answer)
	default:
		values := url.Values{"message": {otherAddress}}
		if pkce {
			to = withQuery(to, values)
		}
		values.Set("sb", "")
		sendTo(w, to+"#"+values.Encode())
	}
	return nil
}

// codeOfLink gives the newest flow that began with a link of a kind its code.
func (s *server) codeOfLink(ctx context.Context, tx pgx.Tx, userID, kind string) (string, error) {
	f, err := scanFlow(tx.QueryRow(ctx, selectFlow+`
		where user_id = $1 and authentication_method = $2 and auth_code is null
		order by created_at desc limit 1`, userID, linkMethod(kind)))
	if errors.Is(err, pgx.ErrNoRows) {
		return "", failf(http.StatusNotFound, "flow_state_not_found", "No valid flow state found for user.")
	}
	if err != nil {
		return "", err
	}
	return s.issueCode(ctx, tx, f, userID, "")
}

// takeCode uses a code up and does what comes then, which nothing does while the
// other address of a change has not agreed.
func (s *server) takeCode(r *http.Request, kind string, hashes []string, invalid error, then func(pgx.Tx, *user) error) error {
	types, ok := verifiable[kind]
	if !ok {
		return badRequest("validation_failed", "Unsupported verification type")
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	ctx := r.Context()
	return s.tx(ctx, func(tx pgx.Tx) error {
		var userID, taken string
		err := tx.QueryRow(ctx, `
			delete from auth.one_time_tokens
			where token_hash = any($1) and token_type::text = any($2) and created_at > $3
			returning user_id::text, token_type::text`,
			hashes, names, s.Now().Add(-s.CodeExpiry)).Scan(&userID, &taken)
		if errors.Is(err, pgx.ErrNoRows) {
			return invalid
		}
		if err != nil {
			return err
		}
		u, err := findUser(ctx, tx, `where id = $1 for update`, userID)
		if err != nil {
			return err
		}
		if u.banned(s.Now()) {
			return failf(http.StatusForbidden, "user_banned", "User is banned")
		}
		waits, err := s.confirm(ctx, tx, u, tokenType(taken), kind == "sms")
		if err != nil || waits {
			return err
		}
		if u, err = findUser(ctx, tx, `where id = $1`, userID); err != nil {
			return err
		}
		return then(tx, u)
	})
}

// confirm does what a code stands for. It waits when the other address has to
// agree first.
func (s *server) confirm(ctx context.Context, tx pgx.Tx, u *user, t tokenType, phone bool) (waits bool, err error) {
	switch t {
	case newEmailToken, currentEmailToken:
		var agreed int
		err := tx.QueryRow(ctx, `
			update auth.users set email_change_confirm_status = email_change_confirm_status + 1
			where id = $1 returning email_change_confirm_status`, u.ID).Scan(&agreed)
		if err != nil {
			return false, err
		}
		if u.Email != "" && agreed < 2 {
			return true, nil
		}
		return false, s.becomeEmail(ctx, tx, u, u.NewEmail)
	case phoneChangeToken:
		return false, s.becomePhone(ctx, tx, u)
	}
	if phone {
		_, err = tx.Exec(ctx, `
			update auth.users set phone_confirmed_at = coalesce(phone_confirmed_at, $2), updated_at = $2,
			    raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || '{"phone_verified": true}'
			where id = $1`, u.ID, s.Now())
		return false, err
	}
	if u.confirmed() {
		return false, nil
	}
	action := "user_signedup"
	if u.InvitedAt != nil {
		action = "invite_accepted"
	}
	if err := s.audit(ctx, tx, u, action, map[string]any{"provider": "email"}); err != nil {
		return false, err
	}
	_, err = tx.Exec(ctx, `
		update auth.users set email_confirmed_at = $2, updated_at = $2,
		    raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || '{"email_verified": true}'
		where id = $1`, u.ID, s.Now())
	if err != nil {
		return false, err
	}
	_, err = tx.Exec(ctx, `
		update auth.identities set identity_data = identity_data || '{"email_verified": true}', updated_at = $2
		where user_id = $1 and provider = 'email'`, u.ID, s.Now())
	return false, err
}

// becomeEmail gives a user the address that they asked for.
func (s *server) becomeEmail(ctx context.Context, tx pgx.Tx, u *user, email string) error {
	_, err := tx.Exec(ctx, `
		update auth.users
		set email_confirmed_at = $2, email_change = '', email_change_confirm_status = 0, is_anonymous = false,
		    raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || jsonb_build_object('email', $3::text, 'email_verified', true)
		where id = $1`, u.ID, s.Now(), email)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		delete from auth.one_time_tokens
		where user_id = $1 and token_type in ('email_change_token_new', 'email_change_token_current')`, u.ID)
	if err != nil {
		return err
	}
	if err := s.ownIdentity(ctx, tx, u.ID, "email", email); err != nil {
		return err
	}
	err = s.setEmail(ctx, tx, u.ID, email, true)
	var database *databaseError
	if errors.As(err, &database) && database.Code == "23505" {
		return errEmailExists()
	}
	return err
}

// becomePhone gives a user the number that they asked for.
func (s *server) becomePhone(ctx context.Context, tx pgx.Tx, u *user) error {
	_, err := tx.Exec(ctx, `
		update auth.users set phone = phone_change, phone_change = '', phone_confirmed_at = $2, is_anonymous = false, updated_at = $2
		where id = $1`, u.ID, s.Now())
	if isUniqueViolation(err) {
		return errPhoneExists()
	}
	if err != nil {
		return err
	}
	return s.ownIdentity(ctx, tx, u.ID, "phone", u.NewPhone)
}

// ownIdentity lets a user sign in by an address or a number of their own.
func (s *server) ownIdentity(ctx context.Context, tx pgx.Tx, userID, provider, address string) error {
	_, err := tx.Exec(ctx, `
		insert into auth.identities (provider_id, user_id, identity_data, provider, created_at, updated_at)
		values ($1::text, $1::uuid, jsonb_build_object('sub', $1::text, $4::text, $2::text, $4 || '_verified', true), $4, $3, $3)
		on conflict (provider_id, provider) do update
		set identity_data = identities.identity_data || excluded.identity_data, updated_at = excluded.updated_at`,
		userID, address, s.Now(), provider)
	if err != nil {
		return err
	}
	u, err := findUser(ctx, tx, `where id = $1`, userID)
	if err != nil {
		return err
	}
	return s.setMetadata(ctx, tx, u, providersOf(u), nil)
}
