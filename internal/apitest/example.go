package apitest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	workorder "github.com/workorder-systems/sdk-go"
)

// Example gives an example function a client of a deployment that has the given
// answers, each for the paths that begin with its key, and nothing else. The
// client is signed in as that of New is. Call done at the end.
func Example(answers map[string]string) (c *workorder.Client, done func()) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for path, answer := range answers {
			if strings.HasPrefix(r.URL.Path, path) {
				w.Header().Set("Content-Range", "*/2")
				_, _ = io.WriteString(w, answer)
				return
			}
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	c, err := workorder.New(srv.URL, AnonKey, workorder.WithAccessToken(JWT(map[string]any{
		"sub": UserID, "tenant_id": TenantID, "role": "authenticated",
	})))
	if err != nil {
		panic(err)
	}
	return c, srv.Close
}
