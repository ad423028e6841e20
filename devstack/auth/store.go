package auth

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// metadata is a JSON object whose values pass through unread.
type metadata map[string]json.RawMessage

// merge sets the keys of changes; a null deletes its key.
func (m metadata) merge(changes metadata) metadata {
	merged := metadata{}
	maps.Copy(merged, m)
	for k, v := range changes {
		if v == nil || string(v) == "null" {
			delete(merged, k)
		} else {
			merged[k] = v
		}
	}
	return merged
}

func jsonValue(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only strings, booleans and string lists come here
	}
	return b
}

// user is a row of auth.users, and as JSON what clients see of it.
type user struct {
	ID                 string     `json:"id"`
	Aud                string     `json:"aud"`
	Role               string     `json:"role"`
	Email              string     `json:"email"`
	EmailConfirmedAt   *time.Time `json:"email_confirmed_at,omitempty"`
	InvitedAt          *time.Time `json:"invited_at,omitempty"`
	Phone              string     `json:"phone"`
	PhoneConfirmedAt   *time.Time `json:"phone_confirmed_at,omitempty"`
	ConfirmationSentAt *time.Time `json:"confirmation_sent_at,omitempty"`
	ConfirmedAt        *time.Time `json:"confirmed_at,omitempty"`
	RecoverySentAt     *time.Time `json:"recovery_sent_at,omitempty"`
	NewEmail           string     `json:"new_email,omitempty"`
	EmailChangeSentAt  *time.Time `json:"email_change_sent_at,omitempty"`
	NewPhone           string     `json:"new_phone,omitempty"`
	ReauthSentAt       *time.Time `json:"reauthentication_sent_at,omitempty"`
	LastSignInAt       *time.Time `json:"last_sign_in_at,omitempty"`
	AppMetadata        metadata   `json:"app_metadata"`
	UserMetadata       metadata   `json:"user_metadata"`
	Identities         []identity `json:"identities"`
	Factors            []factor   `json:"factors,omitempty"`
	CreatedAt          time.Time  `json:"created_at"`
	UpdatedAt          time.Time  `json:"updated_at"`
	BannedUntil        *time.Time `json:"banned_until,omitempty"`
	DeletedAt          *time.Time `json:"deleted_at,omitempty"`
	IsAnonymous        bool       `json:"is_anonymous"`

	passwordHash string
	sso          bool // of an organisation
}

func (u *user) banned(now time.Time) bool {
	return u.BannedUntil != nil && now.Before(*u.BannedUntil)
}

func (u *user) confirmed() bool { return u.EmailConfirmedAt != nil }

// justConfirmed makes u the answer to a request that has confirmed it: Auth shows
// confirmed_at, which the database computes, from the next request on.
func (u *user) justConfirmed() { u.ConfirmedAt = nil }

// identity is one way in which a user can sign in.
type identity struct {
	RowID        string     `json:"identity_id"`
	ID           string     `json:"id"` // the provider's id; for e-mail the user's
	UserID       string     `json:"user_id"`
	Data         metadata   `json:"identity_data,omitempty"`
	Provider     string     `json:"provider"`
	LastSignInAt *time.Time `json:"last_sign_in_at,omitempty"`
	CreatedAt    time.Time  `json:"created_at"`
	UpdatedAt    time.Time  `json:"updated_at"`
	Email        string     `json:"email,omitempty"`
}

// text is a value that is text, or nil.
func (m metadata) text(key string) *string {
	var v string
	if json.Unmarshal(m[key], &v) != nil || v == "" {
		return nil
	}
	return &v
}

// execer is a pool or a transaction that changes something.
type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// byEmail finds the user who signs in with an address. Those of an organisation's
// single sign-on, which may have the same, sign in there and nowhere else.
const byEmail = `where email = $1 and not is_sso_user`

// Rows written by backends' own SQL may leave columns null.
const selectUser = `
	select id::text, coalesce(aud, ''), coalesce(role, ''), coalesce(email, ''),
	       email_confirmed_at, invited_at, coalesce(phone, ''), phone_confirmed_at,
	       confirmation_sent_at, confirmed_at, recovery_sent_at, coalesce(email_change, ''), email_change_sent_at,
	       coalesce(phone_change, ''), reauthentication_sent_at, last_sign_in_at,
	       coalesce(raw_app_meta_data, '{}'), coalesce(raw_user_meta_data, '{}'),
	       coalesce(created_at, 'epoch'), coalesce(updated_at, created_at, 'epoch'),
	       banned_until, deleted_at, is_anonymous, coalesce(encrypted_password, ''), is_sso_user
	from auth.users `

func scanUser(row pgx.CollectableRow) (*user, error) {
	u := &user{}
	err := row.Scan(&u.ID, &u.Aud, &u.Role, &u.Email,
		&u.EmailConfirmedAt, &u.InvitedAt, &u.Phone, &u.PhoneConfirmedAt,
		&u.ConfirmationSentAt, &u.ConfirmedAt, &u.RecoverySentAt, &u.NewEmail, &u.EmailChangeSentAt,
		&u.NewPhone, &u.ReauthSentAt, &u.LastSignInAt,
		&u.AppMetadata, &u.UserMetadata,
		&u.CreatedAt, &u.UpdatedAt,
		&u.BannedUntil, &u.DeletedAt, &u.IsAnonymous, &u.passwordHash, &u.sso)
	for _, t := range []*time.Time{
		u.EmailConfirmedAt, u.InvitedAt, u.PhoneConfirmedAt, u.ConfirmationSentAt, u.ConfirmedAt,
		u.RecoverySentAt, u.EmailChangeSentAt, u.ReauthSentAt, u.LastSignInAt, &u.CreatedAt, &u.UpdatedAt, u.BannedUntil, u.DeletedAt,
	} {
		if t != nil {
			*t = t.UTC()
		}
	}
	return u, err
}

// scanUsers returns the users that the rest of the statement selects, without
// their identities.
func scanUsers(ctx context.Context, q querier, rest string, args ...any) ([]*user, error) {
	rows, err := q.Query(ctx, selectUser+rest, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanUser)
}

// findUser returns the one user that the rest of the statement selects, with the
// identities; without one it fails with pgx.ErrNoRows.
func findUser(ctx context.Context, q querier, rest string, args ...any) (*user, error) {
	users, err := scanUsers(ctx, q, rest, args...)
	if err != nil {
		return nil, err
	}
	if len(users) == 0 {
		return nil, pgx.ErrNoRows
	}
	return users[0], loadIdentities(ctx, q, users[0])
}

func loadIdentities(ctx context.Context, q querier, u *user) error {
	rows, err := q.Query(ctx, `
		select id::text, provider_id, user_id::text, identity_data, provider, last_sign_in_at,
		       coalesce(created_at, 'epoch'), coalesce(updated_at, created_at, 'epoch'), coalesce(email, '')
		from auth.identities where user_id = $1 order by created_at, id`, u.ID)
	if err != nil {
		return err
	}
	u.Identities, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (i identity, err error) {
		err = row.Scan(&i.RowID, &i.ID, &i.UserID, &i.Data, &i.Provider, &i.LastSignInAt,
			&i.CreatedAt, &i.UpdatedAt, &i.Email)
		if i.LastSignInAt != nil {
			*i.LastSignInAt = i.LastSignInAt.UTC()
		}
		i.CreatedAt, i.UpdatedAt = i.CreatedAt.UTC(), i.UpdatedAt.UTC()
		return i, err
	})
	if err != nil {
		return err
	}
	u.Factors, err = factorsOf(ctx, q, u.ID)
	return err
}

// newUser is what is needed to create one.
type newUser struct {
	id             string
	aud, role      string
	email          string
	passwordHash   string
	appMetadata    metadata
	userMetadata   metadata
	identityData   metadata
	confirmed      bool
	phone          string
	phoneConfirmed bool
	anonymous      bool
	invited        bool
	asked          bool // to confirm the address, as if by a mail
	bannedUntil    *time.Time
	provider       string // of the identity; email or phone when empty
	providerID     string // who the user is there
	sso            bool
}

// insertUser creates the user and its first identity. Triggers of the backend
// run with it, and what they raise fails it.
func (s *server) insertUser(ctx context.Context, tx pgx.Tx, n newUser) (*user, error) {
	now := s.Now()
	when := func(is bool) *time.Time {
		if is {
			return &now
		}
		return nil
	}
	provider, providerID := "email", n.id
	switch {
	case n.provider != "":
		provider, providerID = n.provider, n.providerID
	case n.phone != "" && n.email == "":
		provider = "phone"
	}
	app := metadata{}
	if !n.anonymous {
		app["provider"], app["providers"] = jsonValue(provider), jsonValue([]string{provider})
	}
	app = app.merge(n.appMetadata)
	_, err := tx.Exec(ctx, `
		insert into auth.users (instance_id, id, aud, role, email, encrypted_password,
		    email_confirmed_at, invited_at, confirmation_sent_at, raw_app_meta_data, raw_user_meta_data,
		    created_at, updated_at, banned_until,
		    confirmation_token, recovery_token, email_change_token_new, email_change, phone, is_anonymous, is_sso_user, phone_confirmed_at)
		values ('00000000-0000-0000-0000-000000000000', $1, $2, $3, $4, $5,
		    $6, $7, $8, $9, $10, $11, $11, $12, '', '', '', '', $13, $14, $15, $16)`,
		n.id, n.aud, n.role, nullIfEmpty(n.email), n.passwordHash,
		when(n.confirmed), when(n.invited), when(n.asked), app, n.userMetadata, now, n.bannedUntil, nullIfEmpty(n.phone), n.anonymous, n.sso, when(n.phoneConfirmed))
	if err != nil {
		return nil, err
	}
	if n.anonymous {
		return findUser(ctx, tx, `where id = $1`, n.id)
	}
	_, err = tx.Exec(ctx, `
		insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
		values ($1, $2, $3, $5, $4, $4, $4)`,
		providerID, n.id, n.identityData, now, provider)
	if err != nil {
		return nil, err
	}
	return findUser(ctx, tx, `where id = $1`, n.id)
}

// setEmail changes the address of a user and of its e-mail identity at once. An
// address that is taken fails with the database's error.
func (s *server) setEmail(ctx context.Context, tx pgx.Tx, userID, email string, verified bool) error {
	now := s.Now()
	_, err := tx.Exec(ctx, `update auth.users set email = $2, updated_at = $3 where id = $1`, userID, email, now)
	if err != nil {
		return asDatabaseError(err)
	}
	_, err = tx.Exec(ctx, `
		update auth.identities
		set identity_data = identity_data || jsonb_build_object('email', $2::text, 'email_verified', $4::boolean), updated_at = $3
		where user_id = $1 and provider = 'email'`, userID, email, now, verified)
	return err
}

// setPassword also ends the sessions of the user, except keepSession.
func (s *server) setPassword(ctx context.Context, tx pgx.Tx, userID, password, keepSession string) error {
	hash, err := s.hashPassword(password)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `update auth.users set encrypted_password = $2, updated_at = $3 where id = $1`, userID, hash, s.Now())
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `delete from auth.sessions where user_id = $1 and id is distinct from $2`,
		userID, nullIfEmpty(keepSession))
	return err
}

func errPhoneExists() *apiError {
	return unprocessable("phone_exists", "A user with this phone number has already been registered")
}

func errEmailExists() *apiError {
	return unprocessable("email_exists", "A user with this email address has already been registered")
}
