package workorder

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"
	gotrue "github.com/supabase-community/gotrue-go"
	gotruetypes "github.com/supabase-community/gotrue-go/types"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// AdminService manages accounts. Every method needs a client made with the
// service-role key; without it, it fails with ErrPermissionDenied before anything
// is sent. That key can do everything: keep it in trusted backends.
type AdminService struct{ conn *api.Conn }

// AdminCreateUserParams describes an account that an administrator creates.
type AdminCreateUserParams struct {
	ID           string       // a UUID of your own; empty: Auth makes one
	Email        string       // required, unless Phone is given
	Phone        string       // with the country's code
	Password     string       // empty: the user cannot sign in with a password
	PasswordHash types.Secret // bcrypt or Argon2, of a user who comes from elsewhere; instead of Password
	Role         string       // of the token, authenticated when empty
	EmailConfirm bool         // the address counts as confirmed; otherwise sign-in may be refused
	PhoneConfirm bool
	UserMetadata map[string]any
	AppMetadata  map[string]any
	BanFor       time.Duration // the user cannot sign in for so long
}

// Format hides the password.
func (p AdminCreateUserParams) Format(f fmt.State, _ rune) { writeTo(f, p.text()) }

// LogValue hides the password.
func (p AdminCreateUserParams) LogValue() slog.Value { return slog.StringValue(p.text()) }

// MarshalJSON hides the password.
func (p AdminCreateUserParams) MarshalJSON() ([]byte, error) { return json.Marshal(p.text()) }

// MarshalText hides the password.
func (p AdminCreateUserParams) MarshalText() ([]byte, error) { return []byte(p.text()), nil }

// GobEncode hides the password.
func (p AdminCreateUserParams) GobEncode() ([]byte, error) { return []byte(p.text()), nil }

func (p AdminCreateUserParams) text() string {
	return fmt.Sprintf("AdminCreateUserParams{Email: %q, Password: %s}", p.Email, redacted)
}

// AdminUpdateUserParams is what an administrator changes about an account. Nil
// and empty fields stay as they are.
type AdminUpdateUserParams struct {
	Email        *string
	Phone        *string
	Password     *string
	PasswordHash types.Secret // bcrypt or Argon2; instead of Password
	Role         string       // of the tokens from now on
	EmailConfirm bool         // confirm the address
	PhoneConfirm bool
	UserMetadata map[string]any // merged key by key
	AppMetadata  map[string]any // merged key by key
	BanFor       *time.Duration // zero lifts a ban
}

// Format hides the password.
func (p AdminUpdateUserParams) Format(f fmt.State, _ rune) { writeTo(f, p.text()) }

// LogValue hides the password.
func (p AdminUpdateUserParams) LogValue() slog.Value { return slog.StringValue(p.text()) }

// MarshalJSON hides the password.
func (p AdminUpdateUserParams) MarshalJSON() ([]byte, error) { return json.Marshal(p.text()) }

// MarshalText hides the password.
func (p AdminUpdateUserParams) MarshalText() ([]byte, error) { return []byte(p.text()), nil }

// GobEncode hides the password.
func (p AdminUpdateUserParams) GobEncode() ([]byte, error) { return []byte(p.text()), nil }

func (p AdminUpdateUserParams) text() string { return "AdminUpdateUserParams{" + redacted + "}" }

// CreateUser creates an account without asking the user. Auth sends no mail and does
// not check how strong the password is.
//
// Fails with ErrConflict when the e-mail address or the phone number is taken.
// TypeScript: auth.admin.createUser.
func (s *AdminService) CreateUser(ctx context.Context, p AdminCreateUserParams) (*User, error) {
	const op = "Auth.Admin.CreateUser"
	if p.Email == "" && p.Phone == "" {
		return nil, sdkerr.Required(op, "Email or Phone")
	}
	if p.BanFor < 0 {
		return nil, sdkerr.Invalid(op, "BanFor", "is negative")
	}
	if err := noBlanks(op, "Email", p.Email); err != nil {
		return nil, err
	}
	if p.Phone != "" {
		if err := checkPhone(op, p.Phone); err != nil {
			return nil, err
		}
	}
	if err := checkNames(op, "UserMetadata", p.UserMetadata); err != nil {
		return nil, err
	}
	if p.ID != "" {
		if _, err := parseID(op, "ID", p.ID); err != nil {
			return nil, err
		}
	}
	if p.Password != "" && p.PasswordHash != "" {
		return nil, sdkerr.Invalid(op, "Password and PasswordHash", "are both given")
	}
	body := adminUser{
		EmailConfirm: p.EmailConfirm, PhoneConfirm: p.PhoneConfirm,
		ID: p.ID, Email: p.Email, Phone: p.Phone, Password: p.Password, PasswordHash: string(p.PasswordHash), Role: p.Role,
		UserMetadata: p.UserMetadata, AppMetadata: p.AppMetadata,
	}
	if p.BanFor > 0 {
		body.BanDuration = p.BanFor.String()
	}
	var u User
	if err := s.do(ctx, api.Request{Op: op, Method: http.MethodPost, Path: "/admin/users"}, body, &u); err != nil {
		return nil, err
	}
	return &u, nil
}

// adminUser is the body of creating and of changing an account.
type adminUser struct {
	ID           string         `json:"id,omitempty"`
	PasswordHash string         `json:"password_hash,omitempty"`
	Role         string         `json:"role,omitempty"`
	Email        string         `json:"email,omitempty"`
	Phone        string         `json:"phone,omitempty"`
	Password     string         `json:"password,omitempty"`
	EmailConfirm bool           `json:"email_confirm,omitempty"`
	PhoneConfirm bool           `json:"phone_confirm,omitempty"`
	UserMetadata map[string]any `json:"user_metadata,omitempty"`
	AppMetadata  map[string]any `json:"app_metadata,omitempty"`
	BanDuration  string         `json:"ban_duration,omitempty"` // such as 24h0m0s
}

// needKey refuses a client whose token or key shows that it is no administrator's.
// About a key that shows nothing, Auth decides.
func (s *AdminService) needKey(ctx context.Context, op string) error {
	claims, err := s.conn.Claims(ctx, op)
	if err != nil {
		return err
	}
	switch claims.Role {
	case "", "service_role", "supabase_admin":
		return nil
	}
	e := sdkerr.New(op, ErrPermissionDenied, "only a client with the service-role key may do this")
	e.Code = "not_admin" // as Auth says
	return e
}

func (s *AdminService) do(ctx context.Context, r api.Request, in, out any) error {
	if in != nil {
		if err := checkBody(r.Op, in); err != nil {
			return err
		}
	}
	if err := s.needKey(ctx, r.Op); err != nil {
		return err
	}
	return authWire{s.conn}.do(ctx, r, in, out)
}

func (s *AdminService) gotrue(ctx context.Context, op string, safe bool, out any, send func(gotrue.Client) error) error {
	if err := s.needKey(ctx, op); err != nil {
		return err
	}
	return authWire{s.conn}.gotrue(ctx, op, safe, out, send)
}

// GetUser returns one account. Fails with ErrNotFound when there is none.
// TypeScript: auth.admin.getUserById.
func (s *AdminService) GetUser(ctx context.Context, id string) (*User, error) {
	const op = "Auth.Admin.GetUser"
	user, err := parseUserID(op, id)
	if err != nil {
		return nil, err
	}
	var u User
	err = s.gotrue(ctx, op, true, &u, func(c gotrue.Client) error {
		_, err := c.AdminGetUser(gotruetypes.AdminGetUserRequest{UserID: user})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &u, nil
}

// UpdateUser changes an account at once, without asking the user. Another password ends
// all sessions of the user.
//
// Fails with ErrNotFound when there is none, with ErrConflict when the e-mail address or
// the phone number is taken, and with ErrInvalidInput when the password is too weak.
// TypeScript: auth.admin.updateUserById.
func (s *AdminService) UpdateUser(ctx context.Context, id string, p AdminUpdateUserParams) (*User, error) {
	const op = "Auth.Admin.UpdateUser"
	user, err := parseUserID(op, id)
	if err != nil {
		return nil, err
	}
	if err := checkAccount(op, p.Email, p.Phone, p.Password); err != nil {
		return nil, err
	}
	if err := checkNames(op, "UserMetadata", p.UserMetadata); err != nil {
		return nil, err
	}
	if p.Password != nil && p.PasswordHash != "" {
		return nil, sdkerr.Invalid(op, "Password and PasswordHash", "are both given")
	}
	body := adminUser{
		EmailConfirm: p.EmailConfirm, PhoneConfirm: p.PhoneConfirm,
		Email: value(p.Email), Phone: value(p.Phone), Password: value(p.Password), PasswordHash: string(p.PasswordHash), Role: p.Role,
		UserMetadata: p.UserMetadata, AppMetadata: p.AppMetadata,
	}
	switch {
	case p.BanFor == nil:
	case *p.BanFor < 0:
		return nil, sdkerr.Invalid(op, "BanFor", "is negative")
	case *p.BanFor == 0:
		body.BanDuration = "none"
	default:
		body.BanDuration = p.BanFor.String()
	}
	var u User
	err = s.do(ctx, api.Request{Op: op, Method: http.MethodPut, Path: "/admin/users/" + user.String()}, body, &u)
	if err != nil {
		return nil, err
	}
	return &u, nil
}

// value is what s points to, and empty without it.
func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// DeleteUser removes an account with its memberships and sessions. Fails with
// ErrNotFound when there is none, and is refused (SQLSTATE 23503) for a user
// who gave somebody a role that they still hold, which everybody has done who
// created a tenant: ban such a user instead, see [AdminUpdateUserParams].BanFor.
// TypeScript: auth.admin.deleteUser.
func (s *AdminService) DeleteUser(ctx context.Context, id string) error {
	const op = "Auth.Admin.DeleteUser"
	user, err := parseUserID(op, id)
	if err != nil {
		return err
	}
	return s.gotrue(ctx, op, false, nil, func(c gotrue.Client) error {
		return c.AdminDeleteUser(gotruetypes.AdminDeleteUserRequest{UserID: user})
	})
}

// SoftDeleteUser ends an account without removing its row, which other rows may need:
// what tells who it was is made unreadable for good, the sessions end, and nobody can
// sign in any more. Fails with ErrNotFound when there is none.
// TypeScript: auth.admin.deleteUser with shouldSoftDelete.
func (s *AdminService) SoftDeleteUser(ctx context.Context, id string) error {
	const op = "Auth.Admin.SoftDeleteUser"
	user, err := parseUserID(op, id)
	if err != nil {
		return err
	}
	return s.do(ctx, api.Request{Op: op, Method: http.MethodDelete, Path: "/admin/users/" + user.String()}, struct {
		Soft bool `json:"should_soft_delete"`
	}{true}, nil)
}

// ListUsers returns every account, without its identities. For projects with many, use
// [AdminService.AllUsers].
// TypeScript: auth.admin.listUsers.
func (s *AdminService) ListUsers(ctx context.Context) ([]User, error) {
	return collect(s.AllUsers(ctx))
}

// AllUsers iterates over every account, the newest first, page by page and without its
// identities. After an error the iteration ends. Accounts created meanwhile are not in
// it; accounts deleted meanwhile may let it pass over others.
func (s *AdminService) AllUsers(ctx context.Context) iter.Seq2[User, error] {
	return paged(func(page url.Values) ([]User, error) {
		var answer struct {
			Users []User `json:"users"`
		}
		err := s.list(ctx, "Auth.Admin.ListUsers", "/admin/users", page, &answer)
		return answer.Users, err
	}, func(u *User) string { return u.ID })
}

// perPage is how many accounts or other things one request asks for.
const perPage = 200

// paged walks a list that Auth gives page by page, the newest first. A short page is not
// the end: the server may allow fewer per page than asked for. What is added meanwhile
// moves the end of a page to the next one, where it is passed over. A server that knows
// no pages of a list gives the same again, which ends the walk.
func paged[T any](read func(page url.Values) ([]T, error), id func(*T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var first string
		var before map[string]bool // the page before
		for n := 1; ; n++ {
			list, err := read(url.Values{"page": {strconv.Itoa(n)}, "per_page": {strconv.Itoa(perPage)}})
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			if len(list) == 0 || n > 1 && id(&list[0]) == first {
				return
			}
			first = id(&list[0])
			this := make(map[string]bool, len(list))
			for i := range list {
				key := id(&list[i])
				this[key] = true
				if !before[key] && !yield(list[i], nil) {
					return
				}
			}
			before = this
		}
	}
}

// collect makes a list of what all yields, or nothing after an error.
func collect[T any](all iter.Seq2[T, error]) ([]T, error) {
	var list []T
	for v, err := range all {
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// list reads one page of a list.
func (s *AdminService) list(ctx context.Context, op, path string, query url.Values, out any) error {
	return s.do(ctx, api.Request{Op: op, Method: http.MethodGet, Path: path, RawQuery: query.Encode(), Safe: true}, nil, out)
}

func parseUserID(op, id string) (uuid.UUID, error) { return parseID(op, "the user id", id) }
