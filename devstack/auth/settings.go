package auth

import "net/http"

func (s *server) health(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, map[string]string{
		"version":     "devstack",
		"name":        "GoTrue",
		"description": "GoTrue is a user registration and authentication API",
	})
	return nil
}

// jwks answers with the public keys, of which there are none while tokens are
// signed with a shared secret.
func (s *server) jwks(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", "public, max-age=600")
	writeJSON(w, http.StatusOK, s.SigningKeys.Set())
	return nil
}

func (s *server) settings(w http.ResponseWriter, _ *http.Request) error {
	external := map[string]bool{"email": true, "anonymous_users": s.Anonymous, "phone": s.Phone}
	for _, name := range providers {
		external[name] = s.offers(name)
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"external":           external,
		"disable_signup":     s.DisableSignup,
		"mailer_autoconfirm": !s.ConfirmEmail,
		"phone_autoconfirm":  false,
		"sms_provider":       "",
		"saml_enabled":       s.samlEnabled(),
		"passkeys_enabled":   false,
		// What Auth says when no SAML key is set.
		"saml_private_key_next_configured": true,
	})
	return nil
}
