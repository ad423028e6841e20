package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/bcrypt"
)

// adminUser is the body of creating and of updating a user.
type adminUser struct {
	ID           string   `json:"id"`
	Aud          string   `json:"aud"`
	Role         string   `json:"role"`
	Email        string   `json:"email"`
	Phone        string   `json:"phone"`
	Password     *string  `json:"password"`
	PasswordHash string   `json:"password_hash"`
	EmailConfirm bool     `json:"email_confirm"`
	PhoneConfirm bool     `json:"phone_confirm"`
	UserMetadata metadata `json:"user_metadata"`
	AppMetadata  metadata `json:"app_metadata"`
	BanDuration  string   `json:"ban_duration"`

	bannedUntil *time.Time // from BanDuration
}

// readAdminUser parses and checks what both uses have in common.
func (s *server) readAdminUser(w http.ResponseWriter, r *http.Request) (p adminUser, err error) {
	if err := readJSON(w, r, &p); err != nil {
		return p, err
	}
	if p.Phone != "" {
		if p.Phone, err = normalizePhone(p.Phone); err != nil {
			return p, err
		}
	}
	if p.Email != "" {
		if p.Email, err = normalizeEmail(p.Email); err != nil {
			return p, err
		}
	}
	if p.Password != nil && p.PasswordHash != "" {
		return p, badRequest("validation_failed", "Only a password or a password hash should be provided")
	}
	if p.PasswordHash != "" {
		if _, err := bcrypt.Cost([]byte(p.PasswordHash)); err != nil {
			return p, badRequest("validation_failed", "Invalid password hash: %v", err)
		}
	}
	p.bannedUntil, err = s.bannedUntil(p.BanDuration)
	return p, err
}

// bannedUntil turns a duration such as 24h into the end of the ban. Empty and
// none mean that there is no ban.
func (s *server) bannedUntil(duration string) (*time.Time, error) {
	if duration == "" || duration == "none" {
		return nil, nil
	}
	d, err := time.ParseDuration(duration)
	if err != nil {
		return nil, badRequest("validation_failed", "invalid format for ban duration: %v", err)
	}
	until := s.Now().Add(d)
	return &until, nil
}

func (s *server) adminCreateUser(w http.ResponseWriter, r *http.Request) error {
	if err := s.admin(r); err != nil {
		return err
	}
	p, err := s.readAdminUser(w, r)
	if err != nil {
		return err
	}
	if p.Email == "" && p.Phone == "" {
		return badRequest("validation_failed", "Cannot create a user without either an email or phone")
	}
	id := uuid.New()
	if p.ID != "" {
		if id, err = uuid.Parse(p.ID); err != nil {
			return badRequest("validation_failed", "ID must conform to the uuid v4 format")
		}
		if id == uuid.Nil {
			return badRequest("validation_failed", "ID cannot be a nil uuid")
		}
	}
	hash := p.PasswordHash
	if hash == "" {
		password := rand.Text()                     // nobody knows it: the user needs a new one to sign in
		if p.Password != nil && *p.Password != "" { // however weak
			password = *p.Password
		}
		if len(password) > maxPasswordLength {
			return badRequest("validation_failed", "%v", bcrypt.ErrPasswordTooLong)
		}
		if hash, err = s.hashPassword(password); err != nil {
			return err
		}
	}
	var u *user
	err = s.tx(r.Context(), func(tx pgx.Tx) error {
		u, err = s.createUser(r.Context(), tx, newUser{
			id: id.String(), aud: p.Aud, role: p.Role, email: p.Email, passwordHash: hash,
			appMetadata: p.AppMetadata, userMetadata: p.UserMetadata, confirmed: p.EmailConfirm,
			bannedUntil: p.bannedUntil, phone: p.Phone, phoneConfirmed: p.PhoneConfirm,
		})
		if err != nil {
			return err
		}
		return s.auditAdmin(r.Context(), tx, u, "user_signedup")
	})
	if err != nil {
		return err
	}
	u.justConfirmed()
	if p.PasswordHash != "" && p.UserMetadata == nil && !p.EmailConfirm {
		u.UserMetadata = nil
	}
	writeJSON(w, http.StatusOK, u)
	return nil
}

// createUser fills in what administrators leave open.
func (s *server) createUser(ctx context.Context, tx pgx.Tx, n newUser) (*user, error) {
	if n.aud == "" {
		n.aud = "authenticated"
	}
	if n.role == "" {
		n.role = "authenticated"
	}
	n.identityData = metadata{
		"sub":            jsonValue(n.id),
		"email_verified": jsonValue(false),
		"phone_verified": jsonValue(false),
	}
	if n.email != "" {
		n.identityData["email"] = jsonValue(n.email)
	}
	if n.phone != "" {
		n.identityData["phone"] = jsonValue(n.phone)
	}
	n.userMetadata = metadata{}.merge(n.userMetadata)
	if n.confirmed {
		n.userMetadata["email_verified"] = jsonValue(true)
	}
	u, err := s.insertUser(ctx, tx, n)
	switch {
	case violates(err, "users_phone_key"):
		return nil, errPhoneExists()
	case isUniqueViolation(err):
		return nil, errEmailExists()
	case err != nil:
		return nil, internal("Database error creating new user", err)
	}
	return u, nil
}

// invite creates a user and sends a mail whose code signs them in, so that they
// can set a password. A user who has not confirmed the address yet gets another mail.
func (s *server) invite(w http.ResponseWriter, r *http.Request) error {
	if err := s.admin(r); err != nil {
		return err
	}
	var p struct {
		Email string   `json:"email"`
		Data  metadata `json:"data"`
	}
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	email, err := normalizeEmail(p.Email)
	if err != nil {
		return err
	}
	var u *user
	err = s.tx(r.Context(), func(tx pgx.Tx) error {
		u, err = findUser(r.Context(), tx, byEmail+` for update`, email)
		switch {
		case err == nil && u.confirmed():
			return errEmailExists()
		case err == nil:
			_, err = tx.Exec(r.Context(), `update auth.users set invited_at = $2, updated_at = $2 where id = $1`, u.ID, s.Now())
		case errors.Is(err, pgx.ErrNoRows):
			u, err = s.createUser(r.Context(), tx, newUser{id: uuid.NewString(), email: email, userMetadata: p.Data, invited: true})
		}
		if err != nil {
			return err
		}
		if err := s.auditAdmin(r.Context(), tx, u, "user_invited"); err != nil {
			return err
		}
		err := s.sendNow(r.Context(), tx, u, message{token: confirmationToken, kind: "invite", to: email, redirect: redirectOf(r)})
		if err != nil {
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

const defaultPerPage = 50

func (s *server) adminListUsers(w http.ResponseWriter, r *http.Request) error {
	if err := s.admin(r); err != nil {
		return err
	}
	page, perPage, err := pageOf(r)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("per_page") == "0" {
		return internal("Internal Server Error", errors.New("per_page is zero")) // Auth divides by it
	}
	// An empty filter is in every name, and in the absence of one.
	filter := "%" + r.URL.Query().Get("filter") + "%"
	const found = `where $1 = '%%' or email like $1 or raw_user_meta_data ->> 'full_name' ilike $1`

	var total int
	var users []*user
	err = pgx.BeginTxFunc(r.Context(), s.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly},
		func(tx pgx.Tx) error {
			err := tx.QueryRow(r.Context(), `select count(*) from auth.users `+found, filter).Scan(&total)
			if err != nil {
				return err
			}
			users, err = scanUsers(r.Context(), tx, found+` order by created_at desc, id limit $2 offset $3`,
				filter, perPage, (page-1)*perPage)
			return err
		})
	if err != nil {
		return internal("Database error finding users", err)
	}
	setPagination(w, r.URL, page, perPage, total)
	writeJSON(w, http.StatusOK, map[string]any{"users": users, "aud": "authenticated"})
	return nil
}

// pageOf is which page of a list the caller wants.
func pageOf(r *http.Request) (page, perPage int, err error) {
	if page, err = positive(r.URL.Query(), "page", 1); err != nil {
		return 0, 0, err
	}
	perPage, err = positive(r.URL.Query(), "per_page", defaultPerPage)
	return page, perPage, err
}

func positive(q url.Values, name string, whenAbsent int) (int, error) {
	v := q.Get(name)
	if v == "" {
		return whenAbsent, nil
	}
	n, err := strconv.ParseUint(v, 10, 31)
	if err != nil {
		return 0, badRequest("validation_failed", "Bad Pagination Parameters: %v", err)
	}
	if n == 0 {
		return whenAbsent, nil
	}
	return int(n), nil
}

func setPagination(w http.ResponseWriter, u *url.URL, page, perPage, total int) {
	pages := (total + perPage - 1) / perPage
	link := func(page int, rel string) string {
		q := u.Query()
		q.Set("page", strconv.Itoa(page))
		return fmt.Sprintf("<%s?%s>; rel=%q", u.Path, q.Encode(), rel)
	}
	links := link(pages, "last")
	if pages > page {
		links = link(page+1, "next") + ", " + links
	}
	w.Header().Set("Link", links)
	w.Header().Set("X-Total-Count", strconv.Itoa(total))
}

func (s *server) adminGetUser(w http.ResponseWriter, r *http.Request) error {
	id, err := s.adminTarget(r)
	if err != nil {
		return err
	}
	u, err := findUser(r.Context(), s.Pool, `where id = $1`, id)
	if err != nil {
		return errTargetGone(err)
	}
	writeJSON(w, http.StatusOK, u)
	return nil
}

func (s *server) adminUpdateUser(w http.ResponseWriter, r *http.Request) error {
	id, err := s.adminTarget(r)
	if err != nil {
		return err
	}
	p, err := s.readAdminUser(w, r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	var u *user
	err = s.tx(ctx, func(tx pgx.Tx) error {
		if u, err = findUser(ctx, tx, `where id = $1 for update`, id); err != nil {
			return errTargetGone(err)
		}
		identities := u.Identities
		data := p.UserMetadata
		confirm := p.EmailConfirm && !u.confirmed()
		if confirm {
			data = data.merge(metadata{"email_verified": jsonValue(true)})
		}
		_, err := tx.Exec(ctx, `
			update auth.users
			set role = coalesce($2, role),
			    encrypted_password = coalesce($3, encrypted_password),
			    email_confirmed_at = case when $4 then $5 else email_confirmed_at end,
			    banned_until = case when $6 then $7 else banned_until end,
			    phone = coalesce($8, phone),
			    phone_confirmed_at = case when $9 then coalesce(phone_confirmed_at, $5) else phone_confirmed_at end
			where id = $1`,
			id, nullIfEmpty(p.Role), nullIfEmpty(p.PasswordHash), confirm, s.Now(), p.BanDuration != "", p.bannedUntil,
			nullIfEmpty(p.Phone), p.PhoneConfirm)
		if isUniqueViolation(err) {
			return asDatabaseError(err)
		}
		if err != nil {
			return internal("Error updating user", err)
		}
		if err := s.setMetadata(ctx, tx, u, p.AppMetadata, data); err != nil {
			return err
		}
		if p.Password != nil && *p.Password != "" {
			if err := s.checkPassword(*p.Password); err != nil {
				return err
			}
			if err := s.setPassword(ctx, tx, id, *p.Password, ""); err != nil {
				return err
			}
		}
		if p.Email != "" {
			if err := s.setEmail(ctx, tx, id, p.Email, p.EmailConfirm); err != nil {
				return err
			}
		}
		if u, err = findUser(ctx, tx, `where id = $1`, id); err != nil {
			return err
		}
		u.Identities = identities // Auth answers with those from before
		if confirm {
			u.justConfirmed()
		}
		return s.auditAdmin(ctx, tx, u, "user_modified")
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, u)
	return nil
}

// adminDeleteUser removes the row, and what the backend hangs on it by foreign
// keys. A soft delete keeps the row without anything that tells who it was.
func (s *server) adminDeleteUser(w http.ResponseWriter, r *http.Request) error {
	id, err := s.adminTarget(r)
	if err != nil {
		return err
	}
	var p struct {
		SoftDelete bool `json:"should_soft_delete"`
	}
	if r.ContentLength != 0 {
		if err := readJSON(w, r, &p); err != nil {
			return err
		}
	}
	err = s.tx(r.Context(), func(tx pgx.Tx) error {
		u, err := findUser(r.Context(), tx, `where id = $1 for update`, id)
		if err != nil {
			return errTargetGone(err)
		}
		if err := s.auditAdmin(r.Context(), tx, u, "user_deleted"); err != nil {
			return err
		}
		if p.SoftDelete {
			return s.softDelete(r.Context(), tx, u)
		}
		_, err = tx.Exec(r.Context(), `delete from auth.users where id = $1`, id)
		return asDatabaseError(err)
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

func (s *server) softDelete(ctx context.Context, tx pgx.Tx, u *user) error {
	_, err := tx.Exec(ctx, `
		update auth.users
		set deleted_at = $2, updated_at = $2, encrypted_password = '', raw_user_meta_data = '{}', raw_app_meta_data = '{}',
		    email = $3, phone = $4, email_change = $5, phone_change = $6
		where id = $1`, u.ID, s.Now(), u.obscured(u.Email), u.obscured(u.Phone)[:phoneLength],
		u.obscured(u.NewEmail), u.obscured(u.NewPhone)[:phoneLength])
	if err != nil {
		return internal("Database error deleting user", err)
	}
	for _, i := range u.Identities {
		_, err := tx.Exec(ctx, `update auth.identities set provider_id = $2, identity_data = '{}', updated_at = $3 where id = $1`,
			i.RowID, u.obscured(i.Provider+":"+i.ID), s.Now())
		if err != nil {
			return internal("Database error deleting user", err)
		}
	}
	for _, table := range []string{"sessions", "one_time_tokens"} {
		if _, err := tx.Exec(ctx, `delete from auth.`+table+` where user_id = $1`, u.ID); err != nil {
			return internal("Database error deleting user", err)
		}
	}
	return nil
}

// phoneLength is how much of an obscured text takes the place of a phone number.
const phoneLength = 15

// obscured takes the place of a text that tells who a deleted user was. The same
// user and text give the same again.
func (u *user) obscured(text string) string {
	sum := sha256.Sum256([]byte(u.ID + text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// adminTarget checks the caller and returns the id in the path.
func (s *server) adminTarget(r *http.Request) (string, error) {
	if err := s.admin(r); err != nil {
		return "", err
	}
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return "", failf(http.StatusNotFound, "validation_failed", "user_id must be an UUID")
	}
	return id.String(), nil
}

func errTargetGone(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return failf(http.StatusNotFound, "user_not_found", "User not found")
	}
	return err
}
