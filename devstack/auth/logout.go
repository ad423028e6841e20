package auth

import (
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5"
)

// logout deletes sessions, and with them their refresh tokens. Access tokens
// that are out stay valid for the REST API until they expire.
func (s *server) logout(w http.ResponseWriter, r *http.Request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	args := []any{c.userID, nullIfEmpty(c.sessionID)}
	condition := ""
	switch scope := r.URL.Query().Get("scope"); scope {
	case "", "global":
		args = args[:1]
	case "local":
		condition = ` and id = $2`
	case "others":
		condition = ` and id is distinct from $2`
	default:
		return badRequest("validation_failed", "Unsupported logout scope %q", scope)
	}
	err = s.tx(r.Context(), func(tx pgx.Tx) error {
		u, err := findUser(r.Context(), tx, `where id = $1`, c.userID)
		if err != nil {
			return errCallerGone(err)
		}
		if _, err := tx.Exec(r.Context(), `delete from auth.sessions where user_id = $1`+condition, args...); err != nil {
			return err
		}
		return s.audit(r.Context(), tx, u, "logout", nil)
	})
	var gone *apiError
	if errors.As(err, &gone) {
		return gone
	}
	if err != nil {
		return internal("Error logging out user", err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
