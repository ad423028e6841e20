package ingest

import (
	"errors"
	"net/http"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// verdict is what an answer, or that there was none, means for a reading.
type verdict int

const (
	recorded verdict = iota
	refused          // the server does not want this reading
	again            // it is not recorded, and another try may succeed
	fatal            // it is not recorded, and no other one would be
	lost             // it may be recorded
)

// codes are those with which the function itself refuses a reading. Whatever else
// answers with one of these statuses does not mean the reading.
var codes = map[string]bool{"BAD_REQUEST": true, "RPC_FAIL": true, "NOT_FOUND": true, "FORBIDDEN": true}

// judge says what the answer of Meters.Ingest means.
func judge(err error) verdict {
	var e *sdkerr.Error
	switch {
	case err == nil:
		return recorded
	case !errors.As(err, &e), errors.Is(err, sdkerr.ErrDecode):
		return lost
	case e.Method == "": // not sent, and not because of the reading, which was checked before
		return fatal
	case sdkerr.SafeToRetry(err):
		return again
	case sdkerr.NotApplied(e):
		return fatal
	case errors.Is(err, sdkerr.ErrUnavailable) && e.HTTPStatus != http.StatusPaymentRequired:
		return lost
	case errors.Is(err, sdkerr.ErrUnauthenticated), errors.Is(err, sdkerr.ErrSchemaMismatch) && e.HTTPStatus >= 300:
		return fatal
	case codes[e.Code]:
		return refused
	case e.SQLState() != "" && e.HTTPStatus != 0 && len(e.Unwrap()) > 0: // of the database, which took it back
		return refused
	}
	switch e.HTTPStatus {
	case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return refused
	}
	if e.HTTPStatus >= 300 && e.HTTPStatus <= 499 {
		return fatal
	}
	return lost
}
