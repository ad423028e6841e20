package sdkerr

import (
	"errors"
	"net/http"
	"strings"
)

// The kinds an Error can be. One error can be of more than one kind.
var (
	ErrNotFound         = errors.New("not found")
	ErrPermissionDenied = errors.New("permission denied")
	ErrUnauthenticated  = errors.New("unauthenticated")
	ErrConflict         = errors.New("conflict")
	ErrInvalidReference = errors.New("invalid reference")
	ErrInvalidInput     = errors.New("invalid input")
	ErrRuleViolation    = errors.New("rule violation")
	ErrRateLimited      = errors.New("rate limited")
	ErrInProgress       = errors.New("in progress")
	ErrUnavailable      = errors.New("unavailable")
	ErrSchemaMismatch   = errors.New("schema mismatch")
	ErrNoTenant         = errors.New("no tenant")
	ErrTenantMismatch   = errors.New("tenant mismatch")
	ErrSessionExpired   = errors.New("session expired")
	ErrAssurance        = errors.New("assurance required")
	ErrDecode           = errors.New("cannot decode")
	ErrUnreadableRow    = errors.New("unreadable row")
)

// retry says which failed calls the SDK repeats by itself.
type retry int

const (
	never   retry = iota // another try fails the same way, or not before long
	told                 // any call, when the server says how long to wait
	guarded              // reads, and writes with an idempotency key
	always               // any call
)

// class is what a code means: its kinds, what is repeated, whether a later try
// may succeed and whether the server is known to have changed nothing.
// docs/errors.md shows all of them, and a test holds it to this.
type class struct {
	kinds      []error
	retry      retry
	transient  bool
	notApplied bool
}

// is marks a class whose failures do not pass.
func is(kinds ...error) class { return class{kinds: kinds} }

// later marks a class whose failures pass by themselves; the transaction of a
// failed statement is always rolled back, so nothing was applied.
func later(r retry, kinds ...error) class {
	return class{kinds: kinds, retry: r, transient: true, notApplied: true}
}

// unsure marks a class whose failures pass, but may come after the commit.
func unsure(kinds ...error) class {
	return class{kinds: kinds, retry: guarded, transient: true}
}

// byCode classifies every code the platform is known to send. The HTTP status
// says little: rate limits and not-found arrive as 500, bad references as 409.
var byCode = map[string]class{
	// SQLSTATE
	"P0001": is(ErrInvalidInput, ErrRuleViolation),
	"P0002": is(ErrNotFound),
	"28000": is(ErrUnauthenticated),
	"42501": is(ErrPermissionDenied),
	"23505": is(ErrConflict),
	"23P01": is(ErrConflict),
	"23503": is(ErrInvalidReference),
	"23001": is(ErrInvalidReference),
	"23502": is(ErrInvalidInput),
	"23514": is(ErrInvalidInput),
	"54000": later(never, ErrRateLimited),
	"40001": later(guarded, ErrInProgress),
	"40P01": later(always, ErrUnavailable),  // deadlock
	"55P03": later(guarded, ErrUnavailable), // lock not available
	"57014": later(guarded, ErrUnavailable), // statement timeout
	"57P01": unsure(ErrUnavailable),
	"57P02": unsure(ErrUnavailable),
	"57P03": later(always, ErrUnavailable), // cannot connect now
	"42703": is(ErrSchemaMismatch),
	"42P01": is(ErrSchemaMismatch),
	"42704": is(ErrSchemaMismatch),
	"42883": is(ErrSchemaMismatch),
	"25006": later(always, ErrUnavailable),  // a read-only database; see OfRead
	"25P03": later(guarded, ErrUnavailable), // idle in transaction
	"25P04": later(guarded, ErrUnavailable), // transaction timeout
	"26000": later(always, ErrUnavailable),  // the pooler lost a prepared statement
	"42P05": later(always, ErrUnavailable),  // the pooler kept one of another client
	"55006": later(guarded, ErrUnavailable), // object in use
	"57P04": unsure(ErrUnavailable),
	"57P05": unsure(ErrUnavailable),
	"08001": later(always, ErrUnavailable), // no connection could be made
	"08004": later(always, ErrUnavailable),

	// PostgREST. PGRST001 means that the connection broke while the statement
	// ran, so whether it was applied is unknown.
	"PGRST000": later(always, ErrUnavailable),
	"PGRST001": unsure(ErrUnavailable),
	"PGRST002": later(always, ErrUnavailable),
	"PGRST003": later(always, ErrUnavailable),
	"PGRST106": is(ErrSchemaMismatch),
	"PGRST116": is(ErrNotFound),
	"PGRST200": is(ErrSchemaMismatch),
	"PGRST201": is(ErrSchemaMismatch),
	"PGRST202": is(ErrSchemaMismatch),
	"PGRST203": is(ErrSchemaMismatch),
	"PGRST204": is(ErrSchemaMismatch),
	"PGRST205": is(ErrSchemaMismatch),
	"PGRST301": is(ErrUnauthenticated),
	"PGRST302": is(ErrUnauthenticated),
	"PGRST303": is(ErrUnauthenticated),

	// Supabase Auth
	"invalid_credentials":                   is(ErrUnauthenticated),
	"invalid_grant":                         is(ErrUnauthenticated),
	"no_authorization":                      is(ErrUnauthenticated),
	"bad_jwt":                               is(ErrUnauthenticated),
	"email_not_confirmed":                   is(ErrUnauthenticated),
	"phone_not_confirmed":                   is(ErrUnauthenticated),
	"user_banned":                           is(ErrPermissionDenied),
	"not_admin":                             is(ErrPermissionDenied),
	"insufficient_aal":                      is(ErrAssurance, ErrPermissionDenied),
	"reauthentication_needed":               is(ErrAssurance, ErrPermissionDenied),
	"reauthentication_not_valid":            is(ErrUnauthenticated),
	"otp_expired":                           is(ErrUnauthenticated),
	"mfa_verification_failed":               is(ErrUnauthenticated),
	"mfa_challenge_expired":                 is(ErrUnauthenticated),
	"bad_code_verifier":                     is(ErrUnauthenticated),
	"flow_state_not_found":                  is(ErrUnauthenticated),
	"flow_state_expired":                    is(ErrUnauthenticated),
	"bad_oauth_state":                       is(ErrUnauthenticated),
	"bad_oauth_callback":                    is(ErrUnauthenticated),
	"unexpected_audience":                   is(ErrUnauthenticated),
	"provider_email_needs_verification":     is(ErrUnauthenticated),
	"mfa_ip_address_mismatch":               is(ErrUnauthenticated),
	"mfa_verification_rejected":             is(ErrPermissionDenied),
	"mfa_totp_verify_not_enabled":           is(ErrPermissionDenied),
	"mfa_phone_verify_not_enabled":          is(ErrPermissionDenied),
	"email_address_not_authorized":          is(ErrPermissionDenied),
	"user_sso_managed":                      is(ErrInvalidInput, ErrRuleViolation),
	"too_many_enrolled_mfa_factors":         is(ErrInvalidInput, ErrRuleViolation),
	"single_identity_not_deletable":         is(ErrInvalidInput, ErrRuleViolation),
	"email_conflict_identity_not_deletable": is(ErrInvalidInput, ErrRuleViolation),
	"otp_disabled":                          is(ErrPermissionDenied),
	"provider_disabled":                     is(ErrPermissionDenied),
	"captcha_failed":                        is(ErrPermissionDenied),
	"phone_provider_disabled":               is(ErrPermissionDenied),
	"manual_linking_disabled":               is(ErrPermissionDenied),
	"saml_provider_disabled":                is(ErrPermissionDenied),
	"mfa_factor_name_conflict":              is(ErrConflict),
	"mfa_verified_factor_exists":            is(ErrConflict),
	"signup_disabled":                       is(ErrPermissionDenied),
	"email_provider_disabled":               is(ErrPermissionDenied),
	"mfa_totp_enroll_not_enabled":           is(ErrPermissionDenied),
	"mfa_phone_enroll_not_enabled":          is(ErrPermissionDenied),
	"anonymous_provider_disabled":           is(ErrPermissionDenied),
	"access_denied":                         is(ErrPermissionDenied),
	"user_not_found":                        is(ErrNotFound),
	"identity_not_found":                    is(ErrNotFound),
	"sso_provider_not_found":                is(ErrNotFound),
	"oauth_client_not_found":                is(ErrNotFound),
	"invite_not_found":                      is(ErrNotFound),
	"mfa_factor_not_found":                  is(ErrNotFound),
	"user_already_exists":                   is(ErrConflict),
	"email_exists":                          is(ErrConflict),
	"phone_exists":                          is(ErrConflict),
	"identity_already_exists":               is(ErrConflict),
	"conflict":                              is(ErrConflict),
	"weak_password":                         is(ErrInvalidInput),
	"same_password":                         is(ErrInvalidInput),
	"validation_failed":                     is(ErrInvalidInput),
	"bad_json":                              is(ErrInvalidInput),
	"email_address_invalid":                 is(ErrInvalidInput),
	"over_request_rate_limit":               later(told, ErrRateLimited),
	"over_email_send_rate_limit":            later(told, ErrRateLimited),
	"over_sms_send_rate_limit":              later(told, ErrRateLimited),
	"request_timeout":                       unsure(ErrUnavailable),
	"hook_timeout":                          unsure(ErrUnavailable),
	"hook_timeout_after_retry":              unsure(ErrUnavailable),
	"session_expired":                       is(ErrSessionExpired, ErrUnauthenticated),
	"session_not_found":                     is(ErrSessionExpired, ErrUnauthenticated),
	"refresh_token_not_found":               is(ErrSessionExpired, ErrUnauthenticated),
	"refresh_token_already_used":            is(ErrSessionExpired, ErrUnauthenticated),
}

// classify finds the class of a failure, by its code when it has one that
// means something, else by the HTTP status.
func classify(code string, status int) class {
	if code == "user_not_found" && status == http.StatusForbidden {
		return is(ErrUnauthenticated) // the caller's own account is gone
	}
	if c, ok := byCode[code]; ok {
		return c
	}
	switch {
	case strings.HasPrefix(code, "refresh_token_"), strings.HasPrefix(code, "session_"):
		return is(ErrSessionExpired, ErrUnauthenticated)
	case strings.HasPrefix(code, "PGRST1"):
		return is(ErrInvalidInput)
	case strings.HasPrefix(code, "PGRST"):
		return class{}
	case isSQLState(code):
		return classifySQLState(code)
	}
	return classifyStatus(status)
}

// classifySQLState covers whole classes of PostgreSQL errors.
func classifySQLState(code string) class {
	switch code[:2] {
	case "22":
		return is(ErrInvalidInput)
	case "08": // the connection broke, perhaps after the commit
		return unsure(ErrUnavailable)
	case "53": // out of connections, memory, disk
		return later(always, ErrUnavailable)
	}
	return class{}
}

func classifyStatus(status int) class {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge,
		http.StatusRequestedRangeNotSatisfiable:
		return is(ErrInvalidInput)
	case http.StatusUnauthorized:
		return is(ErrUnauthenticated)
	case http.StatusForbidden:
		return is(ErrPermissionDenied)
	case http.StatusNotFound, http.StatusGone:
		return is(ErrNotFound)
	case http.StatusConflict:
		return is(ErrConflict)
	case http.StatusTooManyRequests:
		return later(told, ErrRateLimited)
	case http.StatusLocked: // a file that another call holds
		return later(guarded, ErrUnavailable)
	case http.StatusTooEarly:
		return later(always, ErrUnavailable)
	case http.StatusPaymentRequired: // a project over its quota
		return is(ErrUnavailable)
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
		530, 540, 544, 546: // the edge finds no origin, a paused project, a timeout, a function out of resources
		return unsure(ErrUnavailable)
	}
	if status >= 520 && status <= 529 { // the edge cannot reach the project
		return unsure(ErrUnavailable)
	}
	return class{}
}

// cachedPlan is the one error of code 0A000 that passes: the schema changed
// under a prepared statement, which nothing has run of.
const cachedPlan = "cached plan must not change result type"

// isSQLState reports whether code has the form of a SQLSTATE: five digits or
// capital letters. No PGRST or Auth code has it.
func isSQLState(code string) bool {
	if len(code) != 5 {
		return false
	}
	for _, r := range code {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return true
}
