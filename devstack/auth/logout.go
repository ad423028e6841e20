package auth

import "net/http"

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
	_, err = s.Pool.Exec(r.Context(), `delete from auth.sessions where user_id = $1`+condition, args...)
	if err != nil {
		return internal("Error logging out user", err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
