package workorder

import (
	"context"
	"iter"
	"net/url"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// AuthEvent is an entry of Auth's own audit log: who signed in, was invited, lost a
// factor. What happened in tenants, client.Audit tells.
type AuthEvent struct {
	ID            string
	Action        string // such as login or user_deleted
	LogType       string // such as account, team, user, token or factor
	ActorID       string // the zero UUID for an administrator
	ActorUsername string // address or phone number
	ActorName     string
	ActorViaSSO   bool
	Traits        map[string]any // what the action was about
	IPAddress     string         // empty where Auth keeps none
	CreatedAt     time.Time
}

// AuthEventFilter chooses entries of the audit log: by one of its fields at most, or
// none for all.
type AuthEventFilter struct {
	Action  string // part of the action
	Author  string // part of the actor's address or name
	LogType string // part of the type
}

// query is the filter as Auth takes it.
func (f AuthEventFilter) query(op string) (string, error) {
	found := ""
	for _, by := range [][2]string{{"action", f.Action}, {"author", f.Author}, {"type", f.LogType}} {
		switch {
		case by[1] == "":
		case found != "":
			return "", sdkerr.Invalid(op, "two fields of the filter", "are both given")
		default:
			found = by[0] + ":" + by[1]
		}
	}
	return found, nil
}

// AllEvents iterates over Auth's own audit log, the newest first and page by page. After
// an error the iteration ends. Entries that are written meanwhile are not in it. A project
// may keep no such log, or keep it elsewhere: then it is empty.
// TypeScript has no such method.
func (s *AdminService) AllEvents(ctx context.Context, f AuthEventFilter) iter.Seq2[AuthEvent, error] {
	const op = "Auth.Admin.AllEvents"
	return func(yield func(AuthEvent, error) bool) {
		filter, err := f.query(op)
		if err == nil {
			err = checkBody(op, f)
		}
		if err != nil {
			yield(AuthEvent{}, err)
			return
		}
		all := paged(func(page url.Values) ([]eventAnswer, error) {
			if filter != "" {
				page.Set("query", filter)
			}
			var answer []eventAnswer
			err := s.list(ctx, op, "/admin/audit", page, &answer)
			return answer, err
		}, func(a *eventAnswer) string { return a.ID })
		for a, err := range all {
			if !yield(a.event(), err) {
				return
			}
		}
	}
}

// eventAnswer is an entry as Auth gives it.
type eventAnswer struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	IPAddress string    `json:"ip_address"`
	Payload   struct {
		Action        string         `json:"action"`
		LogType       string         `json:"log_type"`
		ActorID       string         `json:"actor_id"`
		ActorUsername string         `json:"actor_username"`
		ActorName     string         `json:"actor_name"`
		ActorViaSSO   bool           `json:"actor_via_sso"`
		Traits        map[string]any `json:"traits"`
	} `json:"payload"`
}

func (a eventAnswer) event() AuthEvent {
	p := a.Payload
	return AuthEvent{
		ID: a.ID, Action: p.Action, LogType: p.LogType, ActorID: p.ActorID, ActorUsername: p.ActorUsername,
		ActorName: p.ActorName, ActorViaSSO: p.ActorViaSSO, Traits: p.Traits, IPAddress: a.IPAddress, CreatedAt: a.CreatedAt,
	}
}
