package auth

import "net/http"

// The endpoints of what this service has not got answer as Auth does where it is
// switched off.

// authorize would begin the sign-in at an OAuth provider; none is enabled.
func (s *server) authorize(http.ResponseWriter, *http.Request) error {
	return badRequest("validation_failed", "Unsupported provider: provider is not enabled")
}

// linkIdentity would add an OAuth provider to the caller's account.
func (s *server) linkIdentity(_ http.ResponseWriter, r *http.Request) error {
	if _, err := s.caller(r); err != nil {
		return err
	}
	return failf(http.StatusNotFound, "manual_linking_disabled", "Manual linking is disabled")
}

func (s *server) sso(http.ResponseWriter, *http.Request) error {
	return failf(http.StatusNotFound, "saml_provider_disabled", "SAML 2.0 is disabled")
}
