package workorder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	gotrue "github.com/supabase-community/gotrue-go"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/pgjson"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// AuthService signs users up, in and out, and manages accounts. It goes to the
// project's Auth server.
type AuthService struct {
	// Admin manages the accounts of all users. It needs a client made with the
	// service-role key.
	Admin AdminService

	conn *api.Conn
}

func (s *AuthService) bind(conn *api.Conn) {
	s.Admin.conn = conn
	s.conn = conn
}

// User is an account.
type User struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	// NewEmail is the address that the user wants instead of Email, until the mails
	// about it are confirmed; else empty.
	NewEmail string `json:"new_email"`
	Phone    string `json:"phone"`
	// NewPhone is the number that the user wants instead of Phone, until its code is
	// verified; else empty.
	NewPhone    string `json:"new_phone"`
	Role        string `json:"role"` // authenticated
	IsAnonymous bool   `json:"is_anonymous"`
	// UserMetadata is what the user may change: the sign-up data, and the
	// platform's current_tenant_id.
	UserMetadata map[string]any `json:"user_metadata"`
	// AppMetadata is what only administrators may change.
	AppMetadata map[string]any `json:"app_metadata"`
	// Identities is empty in a list of users, which Auth gives without.
	Identities []Identity `json:"identities"`
	Factors    []Factor   `json:"factors"` // for sign-in in two steps
	// ConfirmedAt is when the first of address and phone number was confirmed. The
	// answer to the very request that confirms it has no such time yet.
	ConfirmedAt      *time.Time `json:"confirmed_at"`
	EmailConfirmedAt *time.Time `json:"email_confirmed_at"`
	PhoneConfirmedAt *time.Time `json:"phone_confirmed_at"`
	LastSignInAt     *time.Time `json:"last_sign_in_at"`
	BannedUntil      *time.Time `json:"banned_until"`
	CreatedAt        time.Time  `json:"created_at"`
	UpdatedAt        time.Time  `json:"updated_at"`
}

// Identity is one way an account can sign in.
type Identity struct {
	ID           string         `json:"identity_id"`
	UserID       string         `json:"user_id"`
	Provider     string         `json:"provider"` // such as "email"
	Data         map[string]any `json:"identity_data"`
	LastSignInAt *time.Time     `json:"last_sign_in_at"`
}

// Factor is a second step in which an account proves who signs in.
type Factor struct {
	ID               string     `json:"id"`
	Type             string     `json:"factor_type"` // such as "totp"
	Status           string     `json:"status"`      // "verified", or "unverified" until it was used once
	FriendlyName     string     `json:"friendly_name"`
	Phone            string     `json:"phone"` // of a factor of type "phone"
	LastChallengedAt *time.Time `json:"last_challenged_at"`
	CreatedAt        time.Time  `json:"created_at"`
	UpdatedAt        time.Time  `json:"updated_at"`
}

// SignUpParams describes a new account.
type SignUpParams struct {
	Email    string // required
	Password string // required, at least 6 characters unless the project asks for more
	// Data becomes the user's metadata. The platform takes the profile's name
	// from first_name and last_name, of up to 100 characters each, and its picture
	// from avatar_url.
	Data map[string]any
	// RedirectTo is where the link in the mail leads, where there is one; see
	// SendMagicLinkParams.
	RedirectTo   string
	CodeVerifier types.Secret // see SendMagicLinkParams
}

// Format hides the password.
func (p SignUpParams) Format(f fmt.State, _ rune) { writeTo(f, p.text()) }

// LogValue hides the password.
func (p SignUpParams) LogValue() slog.Value { return slog.StringValue(p.text()) }

// MarshalJSON hides the password.
func (p SignUpParams) MarshalJSON() ([]byte, error) { return json.Marshal(p.text()) }

// MarshalText hides the password.
func (p SignUpParams) MarshalText() ([]byte, error) { return []byte(p.text()), nil }

// GobEncode hides the password.
func (p SignUpParams) GobEncode() ([]byte, error) { return []byte(p.text()), nil }

func (p SignUpParams) text() string {
	return fmt.Sprintf("SignUpParams{Email: %q, Password: %s}", p.Email, redacted)
}

// SignUpResult is a new account.
type SignUpResult struct {
	User User
	// Session is nil when the user has to confirm the e-mail address first.
	Session *Session
}

// SignUp creates an account. Where the project asks for the e-mail address to be
// confirmed, Auth sends a mail and there is no session yet.
//
// Fails with ErrConflict when the address is taken, with ErrInvalidInput when the
// password is too weak, and with ErrPermissionDenied where only administrators make
// accounts. With confirmation on, Auth hides that an address is taken: the user in the
// result has no identities, and there is no such account. An account that has not
// confirmed its address yet gets another mail and stays as it is, with its password.
// TypeScript: auth.signUp.
func (s *AuthService) SignUp(ctx context.Context, p SignUpParams, opts ...SessionOption) (*SignUpResult, error) {
	const op = "Auth.SignUp"
	if err := sdkerr.RequireText(op, "Email", p.Email, "Password", p.Password); err != nil {
		return nil, err
	}
	if err := noBlanks(op, "Email", p.Email); err != nil {
		return nil, err
	}
	if err := checkNames(op, "Data", p.Data); err != nil {
		return nil, err
	}
	query, err := redirect(op, p.RedirectTo)
	if err != nil {
		return nil, err
	}
	c, err := challenge(op, p.CodeVerifier)
	if err != nil {
		return nil, err
	}
	w := newAuthority(s.conn)
	started := newSessionConfig(opts).now()
	body := struct {
		Email    string         `json:"email"`
		Password string         `json:"password"`
		Data     map[string]any `json:"data,omitempty"`
		pkce
	}{p.Email, p.Password, p.Data, c}
	var a signUpAnswer
	if err := w.do(ctx, api.Request{Op: op, Method: http.MethodPost, Path: "/signup", RawQuery: query}, body, &a); err != nil {
		return nil, err
	}
	if a.AccessToken == "" {
		return &SignUpResult{User: a.bare}, nil
	}
	session, err := newSessionFrom(ctx, w, a.grant(), started, opts)
	if err != nil {
		return nil, sdkerr.Wrap(op, nil, err)
	}
	return &SignUpResult{User: a.User, Session: session}, nil
}

// SignInWithPassword begins a session. The client itself stays as it is; use
// [Client.WithSession] to act as the user.
//
// Fails with ErrUnauthenticated when the password is wrong, the address unknown
// (Auth does not say which) or not confirmed, and with ErrPermissionDenied when the user
// is banned.
// TypeScript: auth.signInWithPassword.
func (s *AuthService) SignInWithPassword(ctx context.Context, email, password string, opts ...SessionOption) (*Session, error) {
	const op = "Auth.SignInWithPassword"
	w := newAuthority(s.conn)
	started := newSessionConfig(opts).now()
	g, err := w.signIn(ctx, op, email, password)
	if err != nil {
		return nil, err
	}
	session, err := newSessionFrom(ctx, w, g, started, opts)
	if err != nil {
		return nil, sdkerr.Wrap(op, nil, err)
	}
	return session, nil
}

// Refresh takes up the session of a refresh token at once, where [NewSession]
// waits until a token is needed. Fails with ErrSessionExpired when the token is
// unknown, was used before, or its session has ended.
// TypeScript: auth.refreshSession.
func (s *AuthService) Refresh(ctx context.Context, refreshToken string, opts ...SessionOption) (*Session, error) {
	const op = "Auth.Refresh"
	if refreshToken == "" {
		return nil, sdkerr.Required(op, "the refresh token")
	}
	session := newSession(newAuthority(s.conn), nil, refreshToken, opts)
	if _, err := session.Token(ctx); err != nil {
		return nil, sdkerr.Wrap(op, nil, err)
	}
	return session, nil
}

// SignOutScope says which sessions of the user end.
type SignOutScope string

// The scopes of SignOut.
const (
	SignOutGlobal SignOutScope = "global" // all of the user's sessions; the default
	SignOutLocal  SignOutScope = "local"  // the client's session
	SignOutOthers SignOutScope = "others" // all but the client's session
)

// SignOut ends sessions of the client's user. Their refresh tokens stop working
// at once; access tokens stay valid until they expire. Unless scope is
// [SignOutOthers], the client's [Session] ends too and its store is emptied. A
// session that had ended already is no error.
// TypeScript: auth.signOut.
func (s *AuthService) SignOut(ctx context.Context, scope SignOutScope) error {
	const op = "Auth.SignOut"
	scope, err := scope.orGlobal(op)
	if err != nil {
		return err
	}
	if err := s.needUser(op); err != nil {
		return err
	}
	if err := signOut(ctx, s.conn, op, scope); err != nil || scope == SignOutOthers {
		return err
	}
	if session := sessionOf(s.conn.Config().Auth); session != nil {
		if err := session.engine.SignedOut(ctx); err != nil {
			return sdkerr.Wrap(op, nil, err)
		}
	}
	return nil
}

// orGlobal is the scope, or the default for none.
func (scope SignOutScope) orGlobal(op string) (SignOutScope, error) {
	switch scope {
	case "":
		return SignOutGlobal, nil
	case SignOutGlobal, SignOutLocal, SignOutOthers:
		return scope, nil
	}
	return "", sdkerr.Invalid(op, "the scope", "must be global, local or others")
}

// signOut ends sessions of the user of conn.
func signOut(ctx context.Context, conn *api.Conn, op string, scope SignOutScope) error {
	scope, err := scope.orGlobal(op)
	if err != nil {
		return err
	}
	err = authWire{conn}.do(ctx, api.Request{
		Op: op, Method: http.MethodPost, Path: "/logout", RawQuery: "scope=" + string(scope),
	}, nil, nil)
	if scope != SignOutOthers && errors.Is(err, ErrSessionExpired) {
		return nil // it had ended already
	}
	return err
}

// User returns the client's user as Auth knows it now. Fails with
// ErrSessionExpired after the user signed out, and with ErrUnauthenticated when the
// account is gone.
// TypeScript: auth.getUser.
func (s *AuthService) User(ctx context.Context) (*User, error) {
	return s.user(ctx, "Auth.User")
}

func (s *AuthService) user(ctx context.Context, op string) (*User, error) {
	if err := s.needUser(op); err != nil {
		return nil, err
	}
	var u User
	err := authWire{s.conn}.gotrue(ctx, op, true, &u, func(c gotrue.Client) error {
		_, err := c.GetUser()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &u, nil
}

// UpdateUserParams is what users change about themselves. Nil fields stay as
// they are.
type UpdateUserParams struct {
	// Email is the address to use from now on. It takes effect once the mails that
	// Auth sends about it are confirmed; until then it is the user's NewEmail.
	Email *string
	// Phone is the number to use from now on, with the country's code. It takes
	// effect once the code that Auth sends to it is verified.
	Phone    *string
	Password *string
	Nonce    string // of the re-authentication mail, where the project asks for it
	// Data is merged into the user's metadata key by key; a nil value removes
	// the key. The key current_tenant_id is the platform's: use
	// [Client.SetTenant].
	Data map[string]any
	// RedirectTo is where the links in the mails about another address lead; see
	// SendMagicLinkParams.
	RedirectTo   string
	CodeVerifier types.Secret // see SendMagicLinkParams
}

// Format hides the password.
func (p UpdateUserParams) Format(f fmt.State, _ rune) { writeTo(f, p.text()) }

// LogValue hides the password.
func (p UpdateUserParams) LogValue() slog.Value { return slog.StringValue(p.text()) }

// MarshalJSON hides the password.
func (p UpdateUserParams) MarshalJSON() ([]byte, error) { return json.Marshal(p.text()) }

// MarshalText hides the password.
func (p UpdateUserParams) MarshalText() ([]byte, error) { return []byte(p.text()), nil }

// GobEncode hides the password.
func (p UpdateUserParams) GobEncode() ([]byte, error) { return []byte(p.text()), nil }

func (p UpdateUserParams) text() string { return "UpdateUserParams{" + redacted + "}" }

// UpdateUser changes the client's user.
//
// Fails with ErrConflict when the e-mail address or the phone number is taken, with
// ErrInvalidInput when the password is too weak or the same as before, and with
// ErrAssuranceRequired when a second factor has to be verified first or a new password
// needs a Nonce. Users of an organisation's single sign-on cannot change these
// (ErrRuleViolation).
// TypeScript: auth.updateUser.
func (s *AuthService) UpdateUser(ctx context.Context, p UpdateUserParams) (*User, error) {
	const op = "Auth.UpdateUser"
	if p.Email == nil && p.Phone == nil && p.Password == nil && len(p.Data) == 0 {
		return nil, sdkerr.Invalid(op, "UpdateUserParams", "changes nothing")
	}
	if err := checkAccount(op, p.Email, p.Phone, p.Password); err != nil {
		return nil, err
	}
	if err := checkNames(op, "Data", p.Data); err != nil {
		return nil, err
	}
	if err := s.needUser(op); err != nil {
		return nil, err
	}
	query, err := redirect(op, p.RedirectTo)
	if err != nil {
		return nil, err
	}
	c, err := challenge(op, p.CodeVerifier)
	if err != nil {
		return nil, err
	}
	var u User
	err = authWire{s.conn}.do(ctx, api.Request{Op: op, Method: http.MethodPut, Path: "/user", RawQuery: query}, struct {
		Email    *string        `json:"email,omitempty"`
		Phone    *string        `json:"phone,omitempty"`
		Password *string        `json:"password,omitempty"`
		Nonce    string         `json:"nonce,omitempty"`
		Data     map[string]any `json:"data,omitempty"`
		pkce
	}{p.Email, p.Phone, p.Password, p.Nonce, p.Data, c}, &u)
	if err != nil {
		return nil, err
	}
	return &u, nil
}

// needUser refuses a call that is about the client's user when there is none.
func (s *AuthService) needUser(op string) error {
	if s.conn.Config().Auth == nil {
		return noUser(s.conn, op)
	}
	return nil
}

// checkAccount refuses an update that would say one thing and do another: Auth
// takes empty text for text that is not given.
func checkAccount(op string, email, phone, password *string) error {
	for name, v := range map[string]*string{"Email": email, "Phone": phone, "Password": password} {
		if v != nil && *v == "" {
			return sdkerr.Invalid(op, name, "is empty")
		}
	}
	if phone != nil {
		if err := checkPhone(op, *phone); err != nil {
			return err
		}
	}
	if email == nil {
		return nil
	}
	return noBlanks(op, "Email", *email)
}

// maxName is how many characters each name in the profile may have.
const maxName = 100

// checkNames refuses metadata with a name that the platform has no room for: Auth
// would take it, and no tenant could take the user.
func checkNames(op, field string, data map[string]any) error {
	for _, key := range [...]string{"first_name", "firstName", "last_name", "lastName"} {
		v, ok := data[key]
		if !ok {
			continue
		}
		raw, err := pgjson.Marshal(v)
		if err != nil {
			continue // the body fails in the same way, and says where
		}
		name := string(raw)
		if json.Unmarshal(raw, &name) != nil {
			name = string(raw) // the platform takes any JSON as its text
		}
		if err := pgjson.Length(name, maxName); err != nil {
			return sdkerr.Invalid(op, field+"["+key+"]", err.Error())
		}
	}
	return nil
}

// noBlanks refuses blanks around an address, as Auth does.
func noBlanks(op, field, address string) error {
	if strings.TrimSpace(address) != address {
		return sdkerr.Invalid(op, field, "has blanks around it")
	}
	return nil
}
