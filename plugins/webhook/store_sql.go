package webhook

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// SQLStore is a Store in a table of PostgreSQL, for any number of replicas. It goes
// by the database's clock.
type SQLStore struct {
	db    *sql.DB
	table string // quoted
}

var tableName = regexp.MustCompile(`^([a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*$`)

// NewSQLStore makes a Store of a table, such as "webhook_events" or
// "hooks.events" (lower case). db is one of PostgreSQL, with any driver. CreateTable
// makes the table. Fails with ErrInvalidInput for another name of a table.
func NewSQLStore(db *sql.DB, table string) (*SQLStore, error) {
	const op = "webhook.NewSQLStore"
	if db == nil {
		return nil, sdkerr.Required(op, "the database")
	}
	if !tableName.MatchString(table) {
		return nil, sdkerr.Invalid(op, "the table", "must be a name of lower-case letters, digits and _, with a schema before it or not")
	}
	return &SQLStore{db: db, table: `"` + strings.ReplaceAll(table, ".", `"."`) + `"`}, nil
}

// CreateTable makes the table unless it is there. Replicas may do so at once. A
// schema must be there already.
func (s *SQLStore) CreateTable(ctx context.Context) error {
	// Two that make it at a time would be in each other's way, in spite of "if not exists".
	_, err := s.db.ExecContext(ctx, `do $do$ begin
		perform pg_advisory_xact_lock(hashtextextended('workorder_sdk.webhook', 0));
		create table if not exists `+s.table+` (
			event      text primary key,
			claim      text not null,
			held_until timestamptz not null,
			handled_at timestamptz
		);
	end $do$`)
	return err
}

// Prune forgets the events that were handled longer ago than keep. Let keep be a
// day at least: the platform delivers an event for about four hours.
func (s *SQLStore) Prune(ctx context.Context, keep time.Duration) (int64, error) {
	res, err := s.db.ExecContext(ctx, `delete from `+s.table+`
		where handled_at < now() - make_interval(secs => $1) or handled_at is null and held_until < now() - make_interval(secs => $1)`, keep.Seconds())
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Begin implements Store.
func (s *SQLStore) Begin(ctx context.Context, event string, lease time.Duration) (Claim, error) {
	claim := &sqlClaim{store: s, event: event, id: rand.Text()}
	// A row that is there is only written to when its claim is void. One who waits
	// for another's insert gets no row at all: it is newer than the statement.
	var state string
	err := s.db.QueryRowContext(ctx, `
		with claimed as (
			insert into `+s.table+` as e (event, claim, held_until)
			values ($1, $2, now() + make_interval(secs => $3))
			on conflict (event) do update set claim = excluded.claim, held_until = excluded.held_until
			where e.handled_at is null and e.held_until <= now()
			returning event
		)
		select 'claimed' from claimed
		union all
		select case when handled_at is null then 'busy' else 'handled' end
		from `+s.table+` where event = $1 and not exists (select from claimed)`,
		event, claim.id, lease.Seconds()).Scan(&state)
	switch {
	case errors.Is(err, sql.ErrNoRows) || state == "busy":
		return nil, ErrBusy
	case err != nil:
		return nil, fmt.Errorf("claiming the event: %w", err)
	case state == "handled":
		return nil, ErrHandled
	}
	return claim, nil
}

type sqlClaim struct {
	store *SQLStore
	event string
	id    string
}

// Finish implements Claim. It holds also when the claim is void by now: the event
// has been handled.
func (c *sqlClaim) Finish(ctx context.Context) error {
	_, err := c.store.db.ExecContext(ctx, `
		insert into `+c.store.table+` as e (event, claim, held_until, handled_at) values ($1, $2, now(), now())
		on conflict (event) do update set handled_at = coalesce(e.handled_at, now())`, c.event, c.id)
	return err
}

// Abandon implements Claim.
func (c *sqlClaim) Abandon(ctx context.Context) error {
	_, err := c.store.db.ExecContext(ctx, `
		delete from `+c.store.table+` where event = $1 and claim = $2 and handled_at is null`, c.event, c.id)
	return err
}
