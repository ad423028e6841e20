package sdkerr

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// storageBody is what Storage says about a failed request: the real status and
// the name of the error. The HTTP status is mostly 400.
type storageBody struct {
	StatusCode json.RawMessage `json:"statusCode"` // text or a number
	Error      string          `json:"error"`
	Message    string          `json:"message"`
}

// readStorage gives the status that an error of Storage means, and the code
// "bad_jwt" where it refuses the token, for which it has no code of its own.
// Anything else keeps the HTTP status.
func readStorage(path string, status int, body []byte) (meant int, code string) {
	if !strings.HasPrefix(path, "/storage/") {
		return status, ""
	}
	var b storageBody
	if json.Unmarshal(body, &b) != nil {
		return status, ""
	}
	meant = status
	if n, err := strconv.Atoi(strings.Trim(string(b.StatusCode), `"`)); err == nil && n >= 400 && n <= 599 {
		meant = n
	}
	switch meant {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		said := strings.ToLower(b.Error + " " + b.Message)
		for _, sign := range []string{"jwt", "jws", `"exp" claim`, "signature"} {
			if strings.Contains(said, sign) {
				return http.StatusUnauthorized, "bad_jwt"
			}
		}
	}
	return meant, ""
}

// BadBody reports that the body of a request could not be read. The server got
// a part of it at most and cannot have applied it.
func BadBody(op, method, path string, err error, secrets ...string) *Error {
	e := FromNetwork(op, method, path, err, secrets...)
	e.Message = "reading the body: " + e.Message
	e.set(class{notApplied: true})
	return e
}
