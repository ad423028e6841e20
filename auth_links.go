package workorder

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"slices"

	gotrue "github.com/supabase-community/gotrue-go"
	gotruetypes "github.com/supabase-community/gotrue-go/types"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest/rowjson"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// InviteUserParams describes an invitation.
type InviteUserParams struct {
	Email      string         // required
	Data       map[string]any // metadata of the account
	RedirectTo string         // where the link in the mail leads; see SendMagicLinkParams
}

// InviteUser makes an account and sends its user a mail. The code in it, given to
// [AuthService.VerifyOTP] as OTPInvite, begins a session in which the user sets a
// password. An account that has not confirmed its address stays as it is and gets
// another mail.
//
// Fails with ErrConflict when the address is an account's that has confirmed it.
// TypeScript: auth.admin.inviteUserByEmail.
func (s *AdminService) InviteUser(ctx context.Context, p InviteUserParams) (*User, error) {
	const op = "Auth.Admin.InviteUser"
	if err := sdkerr.RequireText(op, "Email", p.Email); err != nil {
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
	var u User
	err = s.do(ctx, api.Request{Op: op, Method: http.MethodPost, Path: "/invite", RawQuery: query}, struct {
		Email string         `json:"email"`
		Data  map[string]any `json:"data,omitempty"`
	}{p.Email, p.Data}, &u)
	if err != nil {
		return nil, err
	}
	return &u, nil
}

// LinkType is what a generated link is good for.
type LinkType string

// The types of links.
const (
	LinkSignUp             LinkType = "signup"
	LinkInvite             LinkType = "invite"
	LinkMagicLink          LinkType = "magiclink"
	LinkRecovery           LinkType = "recovery"
	LinkEmailChangeCurrent LinkType = "email_change_current" // for the address so far
	LinkEmailChangeNew     LinkType = "email_change_new"     // for the address from now on
)

var linkTypes = []LinkType{
	LinkSignUp, LinkInvite, LinkMagicLink, LinkRecovery, LinkEmailChangeCurrent, LinkEmailChangeNew,
}

// GenerateLinkParams describes a link.
type GenerateLinkParams struct {
	Type       LinkType       // required
	Email      string         // required
	NewEmail   string         // required for a change of address
	Password   types.Secret   // required for a sign-up
	Data       map[string]any // metadata of a new account
	RedirectTo string         // where the link leads; see SendMagicLinkParams
}

// GeneratedLink is what Auth would have mailed. Who has it can act as the user.
type GeneratedLink struct {
	User       User
	ActionLink types.Secret // the link
	EmailOTP   types.Secret // the code, for VerifyOTP as Token with the address that it is for
	TokenHash  types.Secret // the same, for VerifyOTP as TokenHash
	Type       OTPType      // what VerifyOTP takes it as
	RedirectTo string
}

// GenerateLink makes the link and the code that Auth would mail, without mailing
// them, for a service that writes its own mails. Sign-ups, invitations and magic
// links make the account that is not there. A change of address needs the links of both
// types: make both before either is used, because each begins the change anew.
//
// Fails with ErrConflict when the address of a sign-up or an invitation is an account's
// that has confirmed it, or NewEmail is taken, and with ErrNotFound when there is no
// account for the other types.
// TypeScript: auth.admin.generateLink.
func (s *AdminService) GenerateLink(ctx context.Context, p GenerateLinkParams) (*GeneratedLink, error) {
	const op = "Auth.Admin.GenerateLink"
	if err := checkLink(op, p); err != nil {
		return nil, err
	}
	var a linkAnswer
	err := s.do(ctx, api.Request{Op: op, Method: http.MethodPost, Path: "/admin/generate_link"}, struct {
		Type       LinkType       `json:"type"`
		Email      string         `json:"email"`
		NewEmail   string         `json:"new_email,omitempty"`
		Password   string         `json:"password,omitempty"`
		Data       map[string]any `json:"data,omitempty"`
		RedirectTo string         `json:"redirect_to,omitempty"`
	}{p.Type, p.Email, p.NewEmail, string(p.Password), p.Data, p.RedirectTo}, &a)
	if err != nil {
		return nil, err
	}
	link := &GeneratedLink{
		User: a.user, ActionLink: types.Secret(a.ActionLink), EmailOTP: types.Secret(a.EmailOTP),
		TokenHash: types.Secret(a.HashedToken), Type: OTPType(a.VerificationType), RedirectTo: a.RedirectTo,
	}
	if p.Type == LinkEmailChangeCurrent || p.Type == LinkEmailChangeNew {
		link.Type = OTPEmailChange // Auth says which of the two it is
		if to, err := url.Parse(a.ActionLink); err == nil && to.Query().Get("token") != "" {
			// What Auth calls the hash is that of the address so far, for both.
			link.TokenHash = types.Secret(to.Query().Get("token"))
		}
	}
	return link, nil
}

func checkLink(op string, p GenerateLinkParams) error {
	if !slices.Contains(linkTypes, p.Type) {
		return sdkerr.Invalid(op, "Type", "is none of the types of links")
	}
	if err := sdkerr.RequireText(op, "Email", p.Email); err != nil {
		return err
	}
	if err := noBlanks(op, "Email", p.Email); err != nil {
		return err
	}
	change := p.Type == LinkEmailChangeCurrent || p.Type == LinkEmailChangeNew
	switch {
	case change && p.NewEmail == "":
		return sdkerr.Required(op, "NewEmail")
	case !change && p.NewEmail != "":
		return sdkerr.Invalid(op, "NewEmail and a type without one", "are both given")
	case p.Type == LinkSignUp && p.Password == "":
		return sdkerr.Required(op, "Password")
	case p.Type != LinkSignUp && p.Password != "":
		return sdkerr.Invalid(op, "Password and a type without one", "are both given")
	}
	if err := noBlanks(op, "NewEmail", p.NewEmail); err != nil {
		return err
	}
	if _, err := redirect(op, p.RedirectTo); err != nil {
		return err
	}
	return checkNames(op, "Data", p.Data)
}

// linkAnswer is the user, with the link among the user's fields.
type linkAnswer struct {
	ActionLink       string `json:"action_link"`
	EmailOTP         string `json:"email_otp"`
	HashedToken      string `json:"hashed_token"`
	VerificationType string `json:"verification_type"`
	RedirectTo       string `json:"redirect_to"`
	user             User
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *linkAnswer) UnmarshalJSON(b []byte) error {
	type link linkAnswer
	if err := rowjson.UnmarshalFold(b, reflect.ValueOf((*link)(a))); err != nil {
		return err
	}
	return rowjson.UnmarshalFold(b, reflect.ValueOf(&a.user))
}

// ListFactors returns the second factors of a user. Fails with ErrNotFound when there
// is no such user.
// TypeScript: auth.admin.mfa.listFactors.
func (s *AdminService) ListFactors(ctx context.Context, userID string) ([]Factor, error) {
	const op = "Auth.Admin.ListFactors"
	user, err := parseUserID(op, userID)
	if err != nil {
		return nil, err
	}
	var factors []Factor
	err = s.gotrue(ctx, op, true, &factors, func(c gotrue.Client) error {
		_, err := c.AdminListUserFactors(gotruetypes.AdminListUserFactorsRequest{UserID: user})
		return err
	})
	if err != nil {
		return nil, err
	}
	return factors, nil
}

// DeleteFactor removes a second factor of a user who lost it. Fails with ErrNotFound
// when there is no such user or factor.
// TypeScript: auth.admin.mfa.deleteFactor.
func (s *AdminService) DeleteFactor(ctx context.Context, userID, factorID string) error {
	const op = "Auth.Admin.DeleteFactor"
	user, err := parseUserID(op, userID)
	if err != nil {
		return err
	}
	factor, err := parseID(op, "the factor id", factorID)
	if err != nil {
		return err
	}
	return s.gotrue(ctx, op, false, nil, func(c gotrue.Client) error {
		return c.AdminDeleteUserFactor(gotruetypes.AdminDeleteUserFactorRequest{UserID: user, FactorID: factor})
	})
}

// SignOut ends sessions of the user whose access token is given, as
// [AuthService.SignOut] does for the client's user. A session that had ended already
// is no error for scopes global and local.
// TypeScript: auth.admin.signOut.
func (s *AdminService) SignOut(ctx context.Context, accessToken types.Secret, scope SignOutScope) error {
	const op = "Auth.Admin.SignOut"
	if accessToken == "" {
		return sdkerr.Required(op, "the access token")
	}
	if _, err := scope.orGlobal(op); err != nil {
		return err
	}
	if err := s.needKey(ctx, op); err != nil {
		return err
	}
	return signOut(ctx, s.conn.WithIdentity(newStaticToken(string(accessToken)), ""), op, scope)
}
