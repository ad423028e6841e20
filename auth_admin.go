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

	gotrue "github.com/supabase-community/gotrue-go"
	"github.com/supabase-community/gotrue-go/types"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// AdminService manages accounts. Every method needs a client made with the
// service-role key and fails with ErrPermissionDenied or ErrUnauthenticated
// without it. That key can do everything: keep it in trusted backends.
type AdminService struct{ conn *api.Conn }

// AdminCreateUserParams describes an account that an administrator creates.
type AdminCreateUserParams struct {
	Email        string // required, unless Phone is given
	Phone        string
	Password     string // empty: the user cannot sign in with a password
	EmailConfirm bool   // the address counts as confirmed; otherwise sign-in may be refused
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

func (p AdminCreateUserParams) text() string {
	return fmt.Sprintf("AdminCreateUserParams{Email: %q, Password: %s}", p.Email, redacted)
}

// AdminUpdateUserParams is what an administrator changes about an account. Nil
// and empty fields stay as they are.
type AdminUpdateUserParams struct {
	Email        *string
	Phone        *string
	Password     *string
	EmailConfirm bool // confirm the address
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

func (p AdminUpdateUserParams) text() string { return "AdminUpdateUserParams{" + redacted + "}" }

// CreateUser creates an account without asking the user. Fails with ErrConflict
// when the e-mail address is taken.
func (s *AdminService) CreateUser(ctx context.Context, p AdminCreateUserParams) (*User, error) {
	const op = "Auth.Admin.CreateUser"
	if p.Email == "" && p.Phone == "" {
		return nil, sdkerr.Required(op, "Email")
	}
	if p.BanFor < 0 {
		return nil, sdkerr.Invalid(op, "BanFor", "is negative")
	}
	req := types.AdminCreateUserRequest{
		Email: p.Email, Phone: p.Phone,
		EmailConfirm: p.EmailConfirm, PhoneConfirm: p.PhoneConfirm,
		UserMetadata: p.UserMetadata, AppMetadata: p.AppMetadata,
	}
	if p.Password != "" {
		req.Password = &p.Password
	}
	if p.BanFor > 0 {
		return s.createBanned(ctx, op, req, p.BanFor)
	}
	var u User
	_, err := authWire{s.conn}.do(ctx, api.Call{Op: op}, nil, &u, func(c gotrue.Client) error {
		_, err := c.AdminCreateUser(req)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &u, nil
}

// createBanned sends the request by itself: gotrue-go writes a ban as a number
// of nanoseconds, where Auth wants text such as "24h0m0s".
func (s *AdminService) createBanned(ctx context.Context, op string, req types.AdminCreateUserRequest, ban time.Duration) (*User, error) {
	body, err := json.Marshal(struct {
		types.AdminCreateUserRequest
		BanDuration types.BanDuration `json:"ban_duration"`
	}{req, types.BanDurationTime(ban)})
	if err != nil {
		return nil, sdkerr.Invalid(op, "the metadata", "cannot be written as JSON")
	}
	resp, err := s.conn.Do(ctx, &api.Request{Op: op, Method: http.MethodPost, Path: "/auth/v1/admin/users", Body: body})
	if err != nil {
		return nil, err
	}
	var u User
	if err := decodeAuth(op, resp, &u); err != nil {
		return nil, err
	}
	return &u, nil
}

// GetUser returns one account. Fails with ErrNotFound when there is none.
func (s *AdminService) GetUser(ctx context.Context, id string) (*User, error) {
	const op = "Auth.Admin.GetUser"
	var req types.AdminGetUserRequest
	if err := userID(op, id, &req.UserID); err != nil {
		return nil, err
	}
	var u User
	_, err := authWire{s.conn}.do(ctx, api.Call{Op: op, Safe: true}, nil, &u, func(c gotrue.Client) error {
		_, err := c.AdminGetUser(req)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &u, nil
}

// UpdateUser changes an account at once, without asking the user. Fails with
// ErrNotFound when there is none and with ErrConflict when the e-mail address
// is taken.
func (s *AdminService) UpdateUser(ctx context.Context, id string, p AdminUpdateUserParams) (*User, error) {
	const op = "Auth.Admin.UpdateUser"
	var req types.AdminUpdateUserRequest
	if err := userID(op, id, &req.UserID); err != nil {
		return nil, err
	}
	for name, v := range map[string]*string{"Email": p.Email, "Phone": p.Phone, "Password": p.Password} {
		if v != nil && *v == "" {
			return nil, sdkerr.Invalid(op, name, "is empty")
		}
	}
	req.Email, req.Phone = value(p.Email), value(p.Phone)
	if p.Password != nil {
		req.Password = *p.Password
	}
	req.EmailConfirm, req.PhoneConfirm = p.EmailConfirm, p.PhoneConfirm
	req.UserMetadata, req.AppMetadata = p.UserMetadata, p.AppMetadata
	if p.BanFor != nil {
		if *p.BanFor < 0 {
			return nil, sdkerr.Invalid(op, "BanFor", "is negative")
		}
		ban := types.BanDurationNone()
		if *p.BanFor > 0 {
			ban = types.BanDurationTime(*p.BanFor)
		}
		req.BanDuration = &ban
	}
	var u User
	_, err := authWire{s.conn}.do(ctx, api.Call{Op: op}, nil, &u, func(c gotrue.Client) error {
		_, err := c.AdminUpdateUser(req)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &u, nil
}

// DeleteUser removes an account with its memberships and sessions. Fails with
// ErrNotFound when there is none, and is refused (SQLSTATE 23503) for a user
// who gave somebody a role that they still hold, which everybody has done who
// created a tenant: ban such a user instead, see [AdminUpdateUserParams].BanFor.
func (s *AdminService) DeleteUser(ctx context.Context, id string) error {
	const op = "Auth.Admin.DeleteUser"
	var req types.AdminDeleteUserRequest
	if err := userID(op, id, &req.UserID); err != nil {
		return err
	}
	_, err := authWire{s.conn}.do(ctx, api.Call{Op: op}, nil, nil, func(c gotrue.Client) error {
		return c.AdminDeleteUser(req)
	})
	return err
}

// ListUsers returns every account. For projects with many, use [AdminService.AllUsers].
func (s *AdminService) ListUsers(ctx context.Context) ([]User, error) {
	var users []User
	for u, err := range s.AllUsers(ctx) {
		if err != nil {
			return nil, err
		}
		users = append(users, u)
	}
	return users, nil
}

// usersPerPage is how many accounts one request asks for.
const usersPerPage = 200

// AllUsers iterates over every account, page by page. After an error the
// iteration ends. Accounts created or deleted meanwhile may shift the pages.
func (s *AdminService) AllUsers(ctx context.Context) iter.Seq2[User, error] {
	const op = "Auth.Admin.ListUsers"
	return func(yield func(User, error) bool) {
		for page := 1; ; page++ {
			var answer struct {
				Users []User `json:"users"`
			}
			// gotrue-go's AdminListUsers knows no pages, so they are added on
			// the way. A short page is not the end: the server may allow fewer
			// per page than asked for.
			query := url.Values{"page": {strconv.Itoa(page)}, "per_page": {strconv.Itoa(usersPerPage)}}
			_, err := authWire{s.conn}.do(ctx, api.Call{Op: op, Safe: true}, query, &answer, func(c gotrue.Client) error {
				_, err := c.AdminListUsers()
				return err
			})
			if err != nil {
				yield(User{}, err)
				return
			}
			if len(answer.Users) == 0 {
				return
			}
			for _, u := range answer.Users {
				if !yield(u, nil) {
					return
				}
			}
		}
	}
}

// userID reads a user id into gotrue-go's type for it.
func userID(op, id string, into interface{ UnmarshalText([]byte) error }) error {
	if id == "" {
		return sdkerr.Required(op, "the user id")
	}
	if len(id) != 36 || into.UnmarshalText([]byte(id)) != nil {
		return sdkerr.Invalid(op, "the user id", "is not a UUID")
	}
	return nil
}
