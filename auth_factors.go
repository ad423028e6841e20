package workorder

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	gotrue "github.com/supabase-community/gotrue-go"
	gotruetypes "github.com/supabase-community/gotrue-go/types"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// FactorType is how a second factor works.
type FactorType string

// The types of second factors.
const (
	FactorTOTP  FactorType = "totp"  // codes of an authenticator app
	FactorPhone FactorType = "phone" // codes by text message
)

// EnrollFactorParams describes a second factor.
type EnrollFactorParams struct {
	Type         FactorType // required
	FriendlyName string     // tells it from the user's others: no two have the same, nor both none
	Issuer       string     // what an authenticator app shows; the project's site when empty
	Phone        string     // required for FactorPhone, with the country's code
}

// EnrolledFactor is a new second factor. It counts once it has been verified.
type EnrolledFactor struct {
	ID           string     `json:"id"`
	Type         FactorType `json:"type"`
	FriendlyName string     `json:"friendly_name"`
	Phone        string     `json:"phone"`
	TOTP         TOTP       `json:"totp"` // of a factor of type totp; else zero
}

// TOTP is what an authenticator app needs to know. All of it is secret, and shown
// only once.
type TOTP struct {
	QRCode types.Secret `json:"qr_code"` // an SVG picture of URI
	Secret types.Secret `json:"secret"`
	URI    types.Secret `json:"uri"`
}

// EnrollFactor begins a second factor of the client's user. Show the user the
// picture, or for a phone go on at once, then ask for a code:
// [AuthService.ChallengeFactor] and [AuthService.VerifyFactor].
//
// A factor that was never challenged is forgotten after five minutes.
//
// Fails with ErrAssuranceRequired when the user has a verified factor already that
// this session has not verified, with ErrConflict when the name is taken, with
// ErrRuleViolation when the user has too many, and with ErrPermissionDenied where the
// project does not offer the type.
// TypeScript: auth.mfa.enroll.
func (s *AuthService) EnrollFactor(ctx context.Context, p EnrollFactorParams) (*EnrolledFactor, error) {
	const op = "Auth.EnrollFactor"
	switch p.Type {
	case FactorTOTP:
		if p.Phone != "" {
			return nil, sdkerr.Invalid(op, "Phone and type totp", "are both given")
		}
	case FactorPhone:
		if err := checkPhone(op, p.Phone); err != nil {
			return nil, err
		}
	default:
		return nil, sdkerr.Invalid(op, "Type", "is none of totp and phone")
	}
	if err := s.needUser(op); err != nil {
		return nil, err
	}
	var f EnrolledFactor
	err := authWire{s.conn}.do(ctx, api.Request{Op: op, Method: http.MethodPost, Path: "/factors"}, struct {
		Type         FactorType `json:"factor_type"`
		FriendlyName string     `json:"friendly_name,omitempty"`
		Issuer       string     `json:"issuer,omitempty"`
		Phone        string     `json:"phone,omitempty"`
	}{p.Type, p.FriendlyName, p.Issuer, p.Phone}, &f)
	if err != nil {
		return nil, err
	}
	return &f, nil
}

// Challenge asks for a code of a factor.
type Challenge struct {
	ID        string
	ExpiresAt time.Time // afterwards no code is right
}

// ChallengeFactor asks for a code of a factor of the client's user. To a phone it
// sends one.
//
// Fails with ErrNotFound when the user has no such factor and with ErrRateLimited
// when the last code was sent only just now.
// TypeScript: auth.mfa.challenge.
func (s *AuthService) ChallengeFactor(ctx context.Context, factorID string) (*Challenge, error) {
	const op = "Auth.ChallengeFactor"
	factor, err := parseID(op, "the factor id", factorID)
	if err != nil {
		return nil, err
	}
	if err := s.needUser(op); err != nil {
		return nil, err
	}
	var a struct {
		ID        string `json:"id"`
		ExpiresAt int64  `json:"expires_at"`
	}
	err = authWire{s.conn}.gotrue(ctx, op, false, &a, func(c gotrue.Client) error {
		_, err := c.ChallengeFactor(gotruetypes.ChallengeFactorRequest{FactorID: factor})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &Challenge{ID: a.ID, ExpiresAt: time.Unix(a.ExpiresAt, 0)}, nil
}

// VerifyFactorParams is the code of a factor.
type VerifyFactorParams struct {
	FactorID    string       // required
	ChallengeID string       // required, of ChallengeFactor
	Code        types.Secret // required
}

// VerifyFactor gives the session of the client's user the second level of assurance.
// The first time it also makes the factor count. The user's sessions of the first
// level end.
//
// It returns the client's own session, with a new access token, or, when the client
// acts with a fixed access token, a new Session that goes on from it. Clients of the
// session that are bound to other tenants show the new level with their next token.
//
// Fails with ErrUnauthenticated when the code is wrong, the challenge is too old or used,
// or the challenge was asked for from another IP address, with ErrNotFound when the user
// has no such factor, and with ErrRateLimited after many tries.
// TypeScript: auth.mfa.verify.
func (s *AuthService) VerifyFactor(ctx context.Context, p VerifyFactorParams, opts ...SessionOption) (*Session, error) {
	const op = "Auth.VerifyFactor"
	factor, err := parseID(op, "FactorID", p.FactorID)
	if err != nil {
		return nil, err
	}
	challenge, err := parseID(op, "ChallengeID", p.ChallengeID)
	if err != nil {
		return nil, err
	}
	if err := sdkerr.RequireText(op, "Code", string(p.Code)); err != nil {
		return nil, err
	}
	if err := s.needUser(op); err != nil {
		return nil, err
	}
	started := newSessionConfig(opts).now()
	var a tokenAnswer
	r := api.Request{Op: op, Method: http.MethodPost, Path: "/factors/" + factor.String() + "/verify"}
	err = authWire{s.conn}.do(ctx, r, struct {
		ChallengeID string `json:"challenge_id"`
		Code        string `json:"code"`
	}{challenge.String(), string(p.Code)}, &a)
	if err != nil {
		return nil, err
	}
	src := s.conn.Config().Auth
	if session := sessionOf(src); session != nil {
		// Auth answers the token before the newest with the newest.
		tenant := ""
		if bound, ok := src.(*tenantToken); ok {
			tenant = bound.tenant
		}
		if _, err := session.engine.Renew(ctx, tenant); err != nil {
			return nil, sdkerr.Wrap(op, nil, err)
		}
		return session, nil
	}
	session, err := newSessionFrom(ctx, newAuthority(s.conn), a.grant(), started, opts)
	if err != nil {
		return nil, sdkerr.Wrap(op, nil, err)
	}
	return session, nil
}

// UnenrollFactor removes a factor of the client's user. Sessions that stand on it
// fall back to the first level with their next token.
//
// Fails with ErrAssuranceRequired when the factor is verified and this session has
// verified none, and with ErrNotFound when the user has no such factor.
// TypeScript: auth.mfa.unenroll.
func (s *AuthService) UnenrollFactor(ctx context.Context, factorID string) error {
	const op = "Auth.UnenrollFactor"
	factor, err := parseID(op, "the factor id", factorID)
	if err != nil {
		return err
	}
	if err := s.needUser(op); err != nil {
		return err
	}
	return authWire{s.conn}.gotrue(ctx, op, false, nil, func(c gotrue.Client) error {
		_, err := c.UnenrollFactor(gotruetypes.UnenrollFactorRequest{FactorID: factor})
		return err
	})
}

// ListFactors returns the second factors of the client's user as Auth knows them now,
// verified or not.
// TypeScript: auth.mfa.listFactors.
func (s *AuthService) ListFactors(ctx context.Context) ([]Factor, error) {
	const op = "Auth.ListFactors"
	u, err := s.user(ctx, op)
	if err != nil {
		return nil, err
	}
	return u.Factors, nil
}

// Levels of assurance.
const (
	AAL1 = "aal1" // one proof, such as a password
	AAL2 = "aal2" // a second factor as well
)

// Assurance is how surely a session knows its user.
type Assurance struct {
	Current string   // AAL1 or AAL2, as the access token says
	Next    string   // what the user's factors allow: above Current, ask for a code
	Methods []string // how the user proved who they are, the newest first
}

// Assurance tells how surely the session of the client's user knows them, and how
// surely it could. Current is what the token says, which Auth does not check here.
// TypeScript: auth.mfa.getAuthenticatorAssuranceLevel.
func (s *AuthService) Assurance(ctx context.Context) (*Assurance, error) {
	const op = "Auth.Assurance"
	u, err := s.user(ctx, op)
	if err != nil {
		return nil, err
	}
	claims, err := s.conn.Claims(ctx, op)
	if err != nil {
		return nil, err
	}
	a := &Assurance{Current: claims.AAL, Next: claims.AAL, Methods: strings.Fields(claims.Methods)}
	for _, f := range u.Factors {
		if f.Status == "verified" {
			a.Next = AAL2
		}
	}
	return a, nil
}

// parseID refuses what is no id, and could lead to another endpoint.
func parseID(op, field, id string) (uuid.UUID, error) {
	if id == "" {
		return uuid.Nil, sdkerr.Required(op, field)
	}
	parsed, err := uuid.Parse(id)
	if err != nil || len(id) != len(parsed.String()) {
		return uuid.Nil, sdkerr.Invalid(op, field, "is not a UUID")
	}
	return parsed, nil
}
