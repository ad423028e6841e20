package workorder

import (
	"context"

	gotrue "github.com/supabase-community/gotrue-go"
)

// AuthSettings are the ways to sign in that a project offers.
type AuthSettings struct {
	// Providers are the ways by name, such as email, phone, anonymous_users or
	// google, and whether each is offered.
	Providers     map[string]bool `json:"external"`
	DisableSignup bool            `json:"disable_signup"` // only administrators make accounts
	// MailerAutoconfirm says that new accounts need not confirm their address.
	MailerAutoconfirm bool   `json:"mailer_autoconfirm"`
	PhoneAutoconfirm  bool   `json:"phone_autoconfirm"`
	SMSProvider       string `json:"sms_provider"`
	SAMLEnabled       bool   `json:"saml_enabled"`
}

// Settings returns the ways to sign in that the project offers.
func (s *AuthService) Settings(ctx context.Context) (*AuthSettings, error) {
	var a AuthSettings
	err := authWire{s.conn}.gotrue(ctx, "Auth.Settings", true, &a, func(c gotrue.Client) error {
		_, err := c.GetSettings()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &a, nil
}

// AuthHealth is the Auth server that answers.
type AuthHealth struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Description string `json:"description"`
}

// Health tells which Auth server answers. Fails with ErrUnavailable when none does.
func (s *AuthService) Health(ctx context.Context) (*AuthHealth, error) {
	var a AuthHealth
	err := authWire{s.conn}.gotrue(ctx, "Auth.Health", true, &a, func(c gotrue.Client) error {
		_, err := c.HealthCheck()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &a, nil
}
