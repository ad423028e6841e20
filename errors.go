package workorder

import "github.com/workorder-systems/sdk-go/internal/sdkerr"

// SdkError is every error the SDK returns for a call: the operation, where it
// was sent and what the server answered. Get it with errors.As, or ask for its
// kind with errors.Is:
//
//	var e *workorder.SdkError
//	switch {
//	case errors.Is(err, workorder.ErrConflict):
//		// the code is taken
//	case errors.As(err, &e):
//		log.Println(e.Code, e.RequestID)
//	}
//
// It never holds a token, a key, a password or a query string. As a slog value
// it is a group of fields; its method SQLState gives Code when that is
// PostgreSQL's, else "".
//
//	type SdkError struct {
//		Op         string        // the SDK method, such as "WorkOrders.Create"
//		Method     string        // HTTP method; empty when nothing was sent
//		Path       string        // URL path without the query
//		HTTPStatus int           // 0 when no answer arrived
//		Code       string        // SQLSTATE, PGRST code or Auth error code
//		Message    string        // what the server (or the SDK's own check) says
//		Details    string        // the server's details
//		Hint       string        // the server's hint
//		RequestID  string        // id of the request, for the platform's logs
//		RetryAfter time.Duration // how long to wait before trying again; 0 when unknown
//		Attempts   int           // how many times the request was sent
//	}
type SdkError = sdkerr.Error

// The kinds of errors. They follow the error code of the platform, not the HTTP
// status. One error can be of more than one kind.
var (
	// ErrNotFound means that the thing asked for does not exist, or that the
	// caller may not see it.
	ErrNotFound = sdkerr.ErrNotFound
	// ErrPermissionDenied means that the caller is no member of the tenant or
	// lacks a permission or a scope.
	ErrPermissionDenied = sdkerr.ErrPermissionDenied
	// ErrUnauthenticated means that there is no valid access token, or that the
	// credentials are wrong.
	ErrUnauthenticated = sdkerr.ErrUnauthenticated
	// ErrConflict means that something unique, such as a code, is taken.
	ErrConflict = sdkerr.ErrConflict
	// ErrInvalidReference means that a reference leads nowhere: an unknown
	// catalog key, something of another tenant, a status change that the
	// workflow does not allow.
	ErrInvalidReference = sdkerr.ErrInvalidReference
	// ErrInvalidInput means that a value is missing, malformed or out of range.
	// The SDK's own checks give it before anything is sent.
	ErrInvalidInput = sdkerr.ErrInvalidInput
	// ErrRuleViolation means that a business rule refused the call. The
	// platform also uses it when a thing named by the call does not exist.
	ErrRuleViolation = sdkerr.ErrRuleViolation
	// ErrRateLimited means that a limit per minute is used up.
	ErrRateLimited = sdkerr.ErrRateLimited
	// ErrInProgress means that another call with the same idempotency key is
	// not finished yet.
	ErrInProgress = sdkerr.ErrInProgress
	// ErrUnavailable means that the platform could not be reached or could not
	// answer.
	ErrUnavailable = sdkerr.ErrUnavailable
	// ErrSchemaMismatch means that the deployment lacks a view, a column or a
	// function that the SDK expects.
	ErrSchemaMismatch = sdkerr.ErrSchemaMismatch
	// ErrNoTenant means that no tenant was named and none is known. Nothing was
	// sent.
	ErrNoTenant = sdkerr.ErrNoTenant
	// ErrTenantMismatch means that a token is for another tenant than the one
	// the client is bound to. It is [SafeToRetry] when other programs moved the
	// user on, however often the session went back for a token.
	ErrTenantMismatch = sdkerr.ErrTenantMismatch
	// ErrSessionExpired means that the session is over: sign in again.
	ErrSessionExpired = sdkerr.ErrSessionExpired
	// ErrAssuranceRequired means that the session does not know the user surely
	// enough: a second factor has to be verified, or the nonce of a
	// re-authentication mail given. Such an error is an ErrPermissionDenied too.
	ErrAssuranceRequired = sdkerr.ErrAssurance
	// ErrDecode means that an answer does not fit the Go type.
	ErrDecode = sdkerr.ErrDecode
	// ErrUnreadableRow means that one row of a list has a value that its Go type
	// cannot hold; such an error is an ErrDecode too and names row and column.
	// The method All of a list yields it in the row's place and goes on with the
	// other rows when the loop does:
	//
	//	for row, err := range client.WorkOrders.All(ctx) {
	//		if errors.Is(err, workorder.ErrUnreadableRow) {
	//			log.Print(err)
	//			continue
	//		}
	//		if err != nil {
	//			return err
	//		}
	//		…
	//	}
	//
	// List, Page and Get fail with it.
	ErrUnreadableRow = sdkerr.ErrUnreadableRow
)

// SafeToRetry reports whether the caller may repeat the call that failed with
// err just as it was: another try can succeed, and the failed one either
// changed nothing or is harmless to repeat. The SDK has retried what it may by
// itself, so wait before trying again.
func SafeToRetry(err error) bool { return sdkerr.SafeToRetry(err) }
