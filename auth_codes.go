package workorder

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	gotrue "github.com/supabase-community/gotrue-go"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// OTPType is what a one-time code was sent for.
type OTPType string

// The types of one-time codes.
const (
	OTPEmail       OTPType = "email"        // of SendOTP, and of a sign-up
	OTPSignUp      OTPType = "signup"       // the address of a new account
	OTPInvite      OTPType = "invite"       // an invitation by an administrator
	OTPMagicLink   OTPType = "magiclink"    // the link of SendMagicLink
	OTPRecovery    OTPType = "recovery"     // SendRecovery
	OTPEmailChange OTPType = "email_change" // UpdateUser with another address
	OTPSMS         OTPType = "sms"          // SendOTP to a phone number
	OTPPhoneChange OTPType = "phone_change" // UpdateUser with another number
)

func (t OTPType) known() bool { return t.byEmail() || t.byPhone() }

func (t OTPType) byEmail() bool {
	switch t {
	case OTPEmail, OTPSignUp, OTPInvite, OTPMagicLink, OTPRecovery, OTPEmailChange:
		return true
	}
	return false
}

func (t OTPType) byPhone() bool { return t == OTPSMS || t == OTPPhoneChange }

// SendOTPParams says who gets a one-time code.
type SendOTPParams struct {
	Email string // this, or Phone
	Phone string // with the country's code, such as +4915112345678
	// ExistingOnly refuses addresses without an account, which otherwise get one.
	ExistingOnly bool
	Data         map[string]any // metadata of a new account
}

// SendOTP sends a one-time code that signs its receiver in, see
// [AuthService.VerifyOTP]. Unless ExistingOnly is set, an address without an account
// gets one.
//
// Fails with ErrRateLimited when the last code was sent only just now, and with
// ErrPermissionDenied when there is no account and ExistingOnly is set, or when the
// project sends no codes to phones.
// TypeScript: auth.signInWithOtp.
func (s *AuthService) SendOTP(ctx context.Context, p SendOTPParams) error {
	return s.sendOTP(ctx, "Auth.SendOTP", p, "", "")
}

// SendMagicLinkParams says who gets a link that signs in.
type SendMagicLinkParams struct {
	Email string // required
	// RedirectTo is where the link leads in the end, with the session in the part
	// behind the hash sign. It must be one that the project allows; else, and when
	// empty, it is the project's site.
	RedirectTo   string
	ExistingOnly bool           // refuse addresses without an account
	Data         map[string]any // metadata of a new account
	// CodeVerifier, of [NewCodeVerifier], makes the link come back to RedirectTo with a
	// code for [AuthService.ExchangeCode] in the query, which servers see, instead of the
	// session behind the hash sign.
	CodeVerifier types.Secret
}

// SendMagicLink sends a link that signs its receiver in. It is the mail of
// [AuthService.SendOTP], with a place where the link leads. What the browser comes back
// with, [CallbackCode] reads.
// TypeScript: auth.signInWithOtp with emailRedirectTo.
func (s *AuthService) SendMagicLink(ctx context.Context, p SendMagicLinkParams) error {
	const op = "Auth.SendMagicLink"
	if err := sdkerr.RequireText(op, "Email", p.Email); err != nil {
		return err
	}
	return s.sendOTP(ctx, op, SendOTPParams{Email: p.Email, ExistingOnly: p.ExistingOnly, Data: p.Data}, p.RedirectTo, p.CodeVerifier)
}

func (s *AuthService) sendOTP(ctx context.Context, op string, p SendOTPParams, redirectTo string, verifier types.Secret) error {
	if err := oneAddress(op, p.Email, p.Phone); err != nil {
		return err
	}
	if err := checkNames(op, "Data", p.Data); err != nil {
		return err
	}
	query, err := redirect(op, redirectTo)
	if err != nil {
		return err
	}
	c, err := challenge(op, verifier)
	if err != nil {
		return err
	}
	return newAuthority(s.conn).do(ctx, api.Request{Op: op, Method: http.MethodPost, Path: "/otp", RawQuery: query}, struct {
		Email      string         `json:"email,omitempty"`
		Phone      string         `json:"phone,omitempty"`
		CreateUser bool           `json:"create_user"`
		Data       map[string]any `json:"data,omitempty"`
		pkce
	}{p.Email, p.Phone, !p.ExistingOnly, p.Data, c}, nil)
}

// VerifyOTPParams is a one-time code: Token with the address that it was sent to, or
// TokenHash alone.
type VerifyOTPParams struct {
	Type  OTPType      // required: what the code was sent for
	Email string       // that Token was sent to
	Phone string       // that Token was sent to
	Token types.Secret // the digits that the user types
	// TokenHash is what links carry as token. Text messages have none.
	TokenHash types.Secret
}

// VerifyOTP uses a one-time code up and begins the session that it is good for. It
// also confirms the address that the code was sent to. A change of address needs the
// codes of both mails: after the first, the session is nil. The client itself stays
// as it is; use [Client.WithSession] to act as the user.
//
// Fails with ErrUnauthenticated when the code is wrong, too old or was used before
// (Auth does not say which), and with ErrRateLimited after many tries.
// TypeScript: auth.verifyOtp.
func (s *AuthService) VerifyOTP(ctx context.Context, p VerifyOTPParams, opts ...SessionOption) (*Session, error) {
	const op = "Auth.VerifyOTP"
	switch {
	case !p.Type.known():
		return nil, sdkerr.Invalid(op, "Type", "is none of the types of codes")
	case p.Token == "" && p.TokenHash == "":
		return nil, sdkerr.Required(op, "Token or TokenHash")
	case p.Token != "" && p.TokenHash != "":
		return nil, sdkerr.Invalid(op, "Token and TokenHash", "are both given")
	case p.TokenHash != "" && (p.Email != "" || p.Phone != ""):
		return nil, sdkerr.Invalid(op, "TokenHash and an address", "are both given")
	case p.TokenHash != "" && p.Type.byPhone():
		return nil, sdkerr.Invalid(op, "TokenHash", "is nothing that text messages have: give Phone and Token")
	case p.Token != "" && p.Type.byPhone() && p.Phone == "":
		return nil, sdkerr.Required(op, "Phone")
	case p.Token != "" && p.Type.byEmail() && p.Email == "":
		return nil, sdkerr.Required(op, "Email")
	}
	if p.Token != "" {
		if err := oneAddress(op, p.Email, p.Phone); err != nil {
			return nil, err
		}
	}
	w := newAuthority(s.conn)
	started := newSessionConfig(opts).now()
	var a tokenAnswer
	err := w.do(ctx, api.Request{Op: op, Method: http.MethodPost, Path: "/verify"}, struct {
		Type      OTPType `json:"type"`
		Email     string  `json:"email,omitempty"`
		Phone     string  `json:"phone,omitempty"`
		Token     string  `json:"token,omitempty"`
		TokenHash string  `json:"token_hash,omitempty"`
	}{p.Type, p.Email, p.Phone, string(p.Token), string(p.TokenHash)}, &a)
	if err != nil {
		return nil, err
	}
	if a.AccessToken == "" {
		if p.Type == OTPEmailChange {
			return nil, nil //nolint:nilnil // the other address has to agree first
		}
		return nil, sdkerr.New(op, sdkerr.ErrDecode, "the answer has no access token")
	}
	session, err := newSessionFrom(ctx, w, a.grant(), started, opts)
	if err != nil {
		return nil, sdkerr.Wrap(op, nil, err)
	}
	return session, nil
}

// SendRecoveryParams says who forgot the password.
type SendRecoveryParams struct {
	Email        string       // required
	RedirectTo   string       // where the link in the mail leads; see SendMagicLinkParams
	CodeVerifier types.Secret // see SendMagicLinkParams
}

// SendRecovery sends a mail to a user who forgot the password. Its code, given to
// [AuthService.VerifyOTP] as OTPRecovery, begins a session in which
// [AuthService.UpdateUser] sets a new one. For an address without an account nothing
// is sent, and Auth does not say so.
//
// Fails with ErrRateLimited when the last mail to an account was sent only just now.
// TypeScript: auth.resetPasswordForEmail.
func (s *AuthService) SendRecovery(ctx context.Context, p SendRecoveryParams) error {
	const op = "Auth.SendRecovery"
	if err := sdkerr.RequireText(op, "Email", p.Email); err != nil {
		return err
	}
	if err := noBlanks(op, "Email", p.Email); err != nil {
		return err
	}
	query, err := redirect(op, p.RedirectTo)
	if err != nil {
		return err
	}
	c, err := challenge(op, p.CodeVerifier)
	if err != nil {
		return err
	}
	return newAuthority(s.conn).do(ctx, api.Request{Op: op, Method: http.MethodPost, Path: "/recover", RawQuery: query}, struct {
		Email string `json:"email"`
		pkce
	}{p.Email, c}, nil)
}

// ResendParams says which code did not arrive.
type ResendParams struct {
	Type         OTPType      // OTPSignUp, OTPEmailChange, OTPSMS or OTPPhoneChange
	Email        string       // for the types of mails: the account's address so far
	Phone        string       // for the types of text messages: the account's number so far
	RedirectTo   string       // where the link in a mail leads; see SendMagicLinkParams
	CodeVerifier types.Secret // see SendMagicLinkParams
}

// Resend sends another code in the place of one that was sent before, which is good
// no more. A change of address begins anew: both addresses get another mail, and have to
// agree again. When there is nothing to send, Auth does not say so. [AuthService.SendOTP]
// and [AuthService.SendRecovery] are simply called again.
//
// Fails with ErrRateLimited when the last code was sent only just now.
// TypeScript: auth.resend.
func (s *AuthService) Resend(ctx context.Context, p ResendParams) error {
	const op = "Auth.Resend"
	switch p.Type {
	case OTPSignUp, OTPEmailChange:
		if p.Email == "" {
			return sdkerr.Required(op, "Email")
		}
	case OTPSMS, OTPPhoneChange:
		if p.Phone == "" {
			return sdkerr.Required(op, "Phone")
		}
	default:
		return sdkerr.Invalid(op, "Type", "is none of signup, email_change, sms and phone_change")
	}
	if err := oneAddress(op, p.Email, p.Phone); err != nil {
		return err
	}
	query, err := redirect(op, p.RedirectTo)
	if err != nil {
		return err
	}
	c, err := challenge(op, p.CodeVerifier)
	if err != nil {
		return err
	}
	return newAuthority(s.conn).do(ctx, api.Request{Op: op, Method: http.MethodPost, Path: "/resend", RawQuery: query}, struct {
		Type  OTPType `json:"type"`
		Email string  `json:"email,omitempty"`
		Phone string  `json:"phone,omitempty"`
		pkce
	}{p.Type, p.Email, p.Phone, c}, nil)
}

// Reauthenticate sends the client's user a nonce, which
// [AuthService.UpdateUser] needs with a new password where the project asks for it
// (it then fails with ErrAssuranceRequired).
// TypeScript: auth.reauthenticate.
func (s *AuthService) Reauthenticate(ctx context.Context) error {
	const op = "Auth.Reauthenticate"
	if err := s.needUser(op); err != nil {
		return err
	}
	return authWire{s.conn}.gotrue(ctx, op, false, nil, gotrue.Client.Reauthenticate)
}

// SignInAnonymously makes an account without an address and begins its session. The
// user keeps it by giving an address, see [AuthService.UpdateUser]; a password comes with
// it or afterwards. Data becomes the user's metadata.
//
// Fails with ErrPermissionDenied where the project does not allow it.
// TypeScript: auth.signInAnonymously.
func (s *AuthService) SignInAnonymously(ctx context.Context, data map[string]any, opts ...SessionOption) (*Session, error) {
	const op = "Auth.SignInAnonymously"
	if err := checkNames(op, "the data", data); err != nil {
		return nil, err
	}
	w := newAuthority(s.conn)
	started := newSessionConfig(opts).now()
	if data == nil {
		data = map[string]any{}
	}
	var a tokenAnswer
	err := w.do(ctx, api.Request{Op: op, Method: http.MethodPost, Path: "/signup"}, struct {
		Data map[string]any `json:"data"`
	}{data}, &a)
	if err != nil {
		return nil, err
	}
	if a.AccessToken == "" {
		return nil, sdkerr.New(op, sdkerr.ErrDecode, "the answer has no access token")
	}
	session, err := newSessionFrom(ctx, w, a.grant(), started, opts)
	if err != nil {
		return nil, sdkerr.Wrap(op, nil, err)
	}
	return session, nil
}

// oneAddress wants an e-mail address or a phone number.
func oneAddress(op, email, phone string) error {
	switch {
	case email == "" && phone == "":
		return sdkerr.Required(op, "Email or Phone")
	case email != "" && phone != "":
		return sdkerr.Invalid(op, "Email and Phone", "are both given")
	case phone != "":
		return checkPhone(op, phone)
	}
	if err := sdkerr.RequireText(op, "Email", email); err != nil {
		return err
	}
	return noBlanks(op, "Email", email)
}

// maxPhone is how many digits a phone number has at most (E.164).
const maxPhone = 15

// checkPhone refuses what is no phone number with the country's code.
func checkPhone(op, phone string) error {
	digits := phone
	if digits != "" && digits[0] == '+' {
		digits = digits[1:]
	}
	if len(digits) < 2 || len(digits) > maxPhone || digits[0] == '0' {
		return sdkerr.Invalid(op, "Phone", "is none of the numbers with a country's code, such as +4915112345678")
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return sdkerr.Invalid(op, "Phone", "is none of the numbers with a country's code, such as +4915112345678")
		}
	}
	return nil
}

// redirect is the query that says where a link leads.
func redirect(op, to string) (string, error) {
	if to == "" {
		return "", nil
	}
	if err := checkURL(to); err != nil {
		return "", sdkerr.Invalid(op, "RedirectTo", err.Error())
	}
	return url.Values{"redirect_to": {to}}.Encode(), nil
}

// checkURL refuses what Auth would quietly replace by the project's site.
func checkURL(to string) error {
	u, err := url.Parse(to)
	if err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" && u.Path == "" {
		return errors.New("is none of the absolute URLs")
	}
	return nil
}
