package auth

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
)

// refreshTokenLength is the length of every refresh token issued.
const refreshTokenLength = 12

func (s *server) refreshGrant(w http.ResponseWriter, r *http.Request) error {
	if err := s.refreshLimit.allow(r, s.Now()); err != nil {
		return err
	}
	var p struct {
		RefreshToken string `json:"refresh_token"`
	}
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	if len(p.RefreshToken) != refreshTokenLength {
		return badRequest("validation_failed", "Refresh token is not valid")
	}

	var answer *tokenResponse
	var refused *apiError // an answer whose changes must stay: a revoked family
	err := s.tx(r.Context(), func(tx pgx.Tx) (err error) {
		answer, err = s.refresh(r.Context(), tx, p.RefreshToken)
		if errors.As(err, &refused) && refused.code == "refresh_token_already_used" {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if refused != nil {
		return refused
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

func (s *server) refresh(ctx context.Context, tx pgx.Tx, token string) (*tokenResponse, error) {
	now := s.Now()
	session, err := lockSession(ctx, tx, token)
	if err != nil {
		return nil, err
	}
	if session.notAfter != nil && now.After(*session.notAfter) {
		return nil, badRequest("session_expired", "Invalid Refresh Token: Session Expired")
	}
	u, err := findUser(ctx, tx, `where id = $1`, session.userID)
	if err != nil {
		return nil, err
	}
	if u.banned(now) {
		return nil, badRequest("user_banned", "Invalid Refresh Token: User Banned")
	}

	current, err := s.rotate(ctx, tx, token, session)
	if err != nil {
		return nil, err
	}
	if err := s.audit(ctx, tx, u, "token_refreshed", nil); err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, `
		update auth.sessions set refreshed_at = $2::timestamptz at time zone 'utc', updated_at = $2 where id = $1`,
		session.id, now)
	if err != nil {
		return nil, err
	}
	return s.tokenResponse(ctx, tx, u, session.id, current, "token_refresh")
}

// rotate exchanges token for the session's active one: a new one when token is
// active itself, else the one it was exchanged for before, as long as that is
// allowed. A token used too late was probably stolen: its family is revoked.
// Its newest token still gets a successor, for as long as a used one may be used
// again.
func (s *server) rotate(ctx context.Context, tx pgx.Tx, token string, session lockedSession) (string, error) {
	// The session is locked, so the chain can't change any more.
	var revoked bool
	var usedAt time.Time
	err := tx.QueryRow(ctx, `
		select coalesce(revoked, false), coalesce(updated_at, 'epoch') from auth.refresh_tokens where token = $1`,
		token).Scan(&revoked, &usedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", errTokenNotFound()
	}
	if err != nil {
		return "", err
	}
	if !revoked {
		return s.swap(ctx, tx, token, session)
	}

	var active, parent string
	err = tx.QueryRow(ctx, `
		select token, coalesce(parent, '') from auth.refresh_tokens
		where session_id = $1 and not coalesce(revoked, false) order by id desc limit 1`,
		session.id).Scan(&active, &parent)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", err
	}
	reusable := s.ReuseInterval > 0 && !s.Now().After(usedAt.Add(s.ReuseInterval))
	switch {
	case active != "" && (parent == token || reusable):
		return active, nil
	case reusable:
		return s.swap(ctx, tx, token, session)
	}
	if err := s.revoke(ctx, tx, `session_id = $1 and not coalesce(revoked, false)`, session.id); err != nil {
		return "", err
	}
	return "", badRequest("refresh_token_already_used", "Invalid Refresh Token: Already Used")
}

// swap puts a new token in the place of token.
func (s *server) swap(ctx context.Context, tx pgx.Tx, token string, session lockedSession) (string, error) {
	if err := s.revoke(ctx, tx, `token = $1`, token); err != nil {
		return "", err
	}
	return s.insertRefreshToken(ctx, tx, session.userID, session.id, &token)
}

func (s *server) revoke(ctx context.Context, tx pgx.Tx, condition string, arg any) error {
	_, err := tx.Exec(ctx, `update auth.refresh_tokens set revoked = true, updated_at = $2 where `+condition, arg, s.Now())
	return err
}

type lockedSession struct {
	id, userID string
	notAfter   *time.Time
}

// lockSession finds the token's session and makes concurrent refreshes of it
// wait for this transaction.
func lockSession(ctx context.Context, tx pgx.Tx, token string) (lockedSession, error) {
	var id *string
	err := tx.QueryRow(ctx, `select session_id::text from auth.refresh_tokens where token = $1`, token).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return lockedSession{}, errTokenNotFound()
	}
	if err != nil {
		return lockedSession{}, err
	}
	if id == nil {
		return lockedSession{}, badRequest("session_not_found", "Invalid Refresh Token: No Valid Session Found")
	}
	var l lockedSession
	err = tx.QueryRow(ctx, `select id::text, user_id::text, not_after from auth.sessions where id = $1 for update`, *id).
		Scan(&l.id, &l.userID, &l.notAfter)
	if errors.Is(err, pgx.ErrNoRows) { // signed out since the first statement
		return lockedSession{}, errTokenNotFound()
	}
	return l, err
}

func errTokenNotFound() *apiError {
	return badRequest("refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
}
