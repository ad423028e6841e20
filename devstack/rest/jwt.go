package rest

import (
	"errors"
	"net/http"
	"time"

	"github.com/workorder-systems/sdk-go/devstack/internal/bearer"
)

// clockSkew is how far the clocks of issuer and server may be apart.
const clockSkew = 30 * time.Second

// identify verifies the token of a request.
func (s *Server) identify(h http.Header) (bearer.Caller, error) {
	caller, err := s.verify.Identify(h)
	var refused *bearer.Error
	if errors.As(err, &refused) {
		return bearer.Caller{}, badToken(refused)
	}
	return caller, err
}

func badToken(refused *bearer.Error) *apiError {
	e := &apiError{status: http.StatusUnauthorized, Code: "PGRST301", Message: refused.Message, Details: nullable(refused.Details),
		header: http.Header{"Www-Authenticate": {`Bearer error="invalid_token", error_description="` + refused.Message + `"`}}}
	switch {
	case refused.Reason == bearer.NoRole:
		e.Code = "PGRST302"
		e.header.Set("WWW-Authenticate", "Bearer")
	case refused.Reason >= bearer.Claims:
		e.Code = "PGRST303"
	}
	return e
}
