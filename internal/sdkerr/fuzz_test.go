package sdkerr

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever an answer looks like, the error is bounded valid text without the
// secret of the request.
func FuzzErrorBody(f *testing.F) {
	const secret = "s3cr\"et-Ω"
	for _, body := range []string{
		"", "{}", "null", "[]", `"x"`, "<title>x</title>", `{"code":null,"message":[]}`,
		`{"code":"23505","message":"` + strings.Repeat("ü", 2000) + `"}`,
		`{"message":"s3cr\"et-Ω"}`, `{"message":"s3cr\"et-\u03a9"}`, "s3cr%22et-%CE%A9", secret,
		strings.Repeat("x", 290) + secret, `{"weak_password":{"reasons":["` + strings.Repeat("a", 3000) + `"]}}`,
		"\xff\xfe", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJl",
	} {
		f.Add(400, body, "1")
	}
	f.Fuzz(func(t *testing.T, status int, body, after string) {
		e := FromResponse("X.Do", "GET", "/p", status, http.Header{"Retry-After": {after}}, []byte(body), secret)
		text := e.Error()
		for _, s := range []string{text, e.Code, e.Message, e.Details, e.Hint} {
			if len(s) > 1200 || !utf8.ValidString(s) {
				t.Errorf("unbounded or broken text: %q", s)
			}
			if strings.Contains(s, secret) {
				t.Errorf("the secret shows in %q", s)
			}
		}
		if e.RetryAfter < 0 {
			t.Errorf("negative wait %s", e.RetryAfter)
		}
	})
}
