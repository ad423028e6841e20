package auth

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// logTypes are what the actions of the audit log are about.
var logTypes = map[string]string{
	"login":                         "account",
	"logout":                        "account",
	"invite_accepted":               "account",
	"user_signedup":                 "team",
	"user_invited":                  "team",
	"user_deleted":                  "team",
	"user_modified":                 "user",
	"user_recovery_requested":       "user",
	"user_reauthenticate_requested": "user",
	"user_confirmation_requested":   "user",
	"user_repeated_signup":          "user",
	"user_updated_password":         "user",
	"identity_unlinked":             "user",
	"token_refreshed":               "token",
	"token_revoked":                 "token",
	"factor_in_progress":            "factor",
	"factor_deleted":                "factor",
	"factor_unenrolled":             "factor",
	"challenge_created":             "factor",
	"verification_attempted":        "factor",
}

// auditPayload is what an entry of the audit log says.
type auditPayload struct {
	ActorID       string         `json:"actor_id"`
	ActorUsername string         `json:"actor_username"`
	ActorName     string         `json:"actor_name,omitempty"`
	ActorViaSSO   bool           `json:"actor_via_sso"`
	Action        string         `json:"action"`
	LogType       string         `json:"log_type"`
	Traits        map[string]any `json:"traits,omitempty"`
}

// audit notes what a user did.
func (s *server) audit(ctx context.Context, q execer, u *user, action string, traits map[string]any) error {
	name := u.Email
	if name == "" {
		name = u.Phone
	}
	p := auditPayload{ActorID: u.ID, ActorUsername: name, Action: action, LogType: logTypes[action], Traits: traits}
	if full := u.UserMetadata.text("full_name"); full != nil {
		p.ActorName = *full
	}
	for _, i := range u.Identities {
		p.ActorViaSSO = p.ActorViaSSO || strings.HasPrefix(i.Provider, ssoPrefix)
	}
	return s.note(ctx, q, p)
}

// auditAdmin notes what an administrator did to a user.
func (s *server) auditAdmin(ctx context.Context, q execer, u *user, action string) error {
	return s.note(ctx, q, auditPayload{
		ActorID: uuid.Nil.String(), ActorUsername: "service_role", Action: action, LogType: logTypes[action],
		Traits: map[string]any{"user_id": u.ID, "user_email": u.Email, "user_phone": u.Phone},
	})
}

func (s *server) note(ctx context.Context, q execer, p auditPayload) error {
	_, err := q.Exec(ctx, `
		insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address)
		values ('00000000-0000-0000-0000-000000000000', $1, $2, $3, '')`, uuid.NewString(), p, s.Now())
	return err
}

type auditEntry struct {
	ID        string       `json:"id"`
	Payload   auditPayload `json:"payload"`
	CreatedAt time.Time    `json:"created_at"`
	IPAddress string       `json:"ip_address"`
}

// auditColumns are what a search of the audit log may look at.
var auditColumns = map[string][]string{
	"author": {"actor_username", "actor_name"},
	"action": {"action"},
	"type":   {"log_type"},
}

// adminAudit lists the audit log, the newest first.
func (s *server) adminAudit(w http.ResponseWriter, r *http.Request) error {
	if err := s.admin(r); err != nil {
		return err
	}
	page, perPage, err := pageOf(r)
	if err != nil {
		return err
	}
	columns, pattern := []string{"action"}, "%"
	if q := r.URL.Query().Get("query"); q != "" {
		scope, text, _ := strings.Cut(q, ":")
		if columns = auditColumns[scope]; columns == nil {
			return badRequest("validation_failed", "Invalid query scope: %s", scope)
		}
		pattern = "%" + text + "%"
	}
	const found = `where exists (select from unnest($1::text[]) c where payload ->> c ilike $2)`
	ctx := r.Context()
	var total int
	entries := []auditEntry{}
	err = pgx.BeginTxFunc(ctx, s.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `select count(*) from auth.audit_log_entries `+found, columns, pattern).Scan(&total)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			select id::text, payload, created_at, ip_address from auth.audit_log_entries `+found+`
			order by created_at desc, id limit $3 offset $4`, columns, pattern, perPage, (page-1)*perPage)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e auditEntry, err error) {
			err = row.Scan(&e.ID, &e.Payload, &e.CreatedAt, &e.IPAddress)
			e.CreatedAt = e.CreatedAt.UTC()
			return e, err
		})
		entries = append(entries, list...)
		return err
	})
	if err != nil {
		return err
	}
	setPagination(w, r.URL, page, perPage, total)
	writeJSON(w, http.StatusOK, entries)
	return nil
}
