// Package protocol_test compares the stack with what PostgREST was recorded to
// answer to single requests; see ../README.md.
package protocol_test

import (
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack"
)

//go:embed fixture
var fixture embed.FS

// exchange is a request and what PostgREST answered. A status of -1 says that
// no answer came.
type exchange struct {
	Name    string
	Method  string
	Path    string
	Role    string
	Headers map[string]string
	Body    *string
	Status  int
	Want    map[string]string // those of the compared headers that came
	Answer  any
}

// compared are the headers that must be the same.
var compared = []string{"Content-Range", "Preference-Applied", "Content-Type", "WWW-Authenticate", "Location",
	"Content-Profile", "Allow", "Retry-After", "Content-Encoding"}

// The requests of a recording follow each other: what they write counts up the
// identities that later ones answer.
func TestTheStackAnswersAsPostgREST(t *testing.T) {
	schema, err := fs.Sub(fixture, "fixture")
	require.NoError(t, err)
	stack, err := devstack.Start(t.Context(), devstack.WithSchema(schema))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })

	file, err := os.ReadFile("postgrest.json")
	require.NoError(t, err)
	var exchanges []exchange
	require.NoError(t, json.Unmarshal(file, &exchanges))
	reasons := allowed(t)
	c := client{t: t, stack: stack, bearers: bearers(t, stack)}
	agree := 0
	for _, x := range exchanges {
		t.Run(x.Name, func(t *testing.T) {
			got := c.send(x)
			diff := cmp.Diff(comparable(x), comparable(got))
			reason, intended := reasons[x.Name]
			switch {
			case diff == "":
				agree++
				require.False(t, intended, "is allowed to differ (%s) and does not", reason)
			case !intended:
				t.Errorf("%s %s as %s (-PostgREST +here):\n%s", x.Method, x.Path, x.Role, diff)
			}
		})
	}
	t.Logf("%d of %d requests answered as by PostgREST, %d may differ", agree, len(exchanges), len(reasons))
	require.GreaterOrEqual(t, agree*100, len(exchanges)*97)
}

// allowed reads the reasons for which requests may differ, by name.
func allowed(t *testing.T) map[string]string {
	file, err := os.ReadFile("allow.txt")
	require.NoError(t, err)
	reasons := map[string]string{}
	for line := range strings.Lines(string(file)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, reason, _ := strings.Cut(line, " | ")
		require.NotEmpty(t, reason, line)
		reasons[name] = reason
	}
	return reasons
}

type client struct {
	t       *testing.T
	stack   *devstack.Stack
	bearers map[string]string // Authorization by role
}

// send returns the exchange with the answer of the stack.
func (c client) send(x exchange) exchange {
	base, err := url.Parse(c.stack.URL)
	require.NoError(c.t, err)
	var body io.Reader
	if x.Body != nil {
		body = strings.NewReader(*x.Body)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), x.Method, c.stack.URL, body)
	require.NoError(c.t, err)
	req.URL = &url.URL{Scheme: "http", Host: base.Host, Opaque: "/rest/v1" + x.Path} // as it is, however it is escaped
	req.Header.Set("Apikey", c.stack.AnonKey)
	req.Header.Set("Accept", "application/json")
	for k, v := range x.Headers {
		req.Header.Set(k, v)
	}
	bearer, known := c.bearers[x.Role]
	require.True(c.t, known, x.Role)
	if bearer != "" {
		req.Header.Set("Authorization", bearer)
	}
	resp, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(req)
	require.NoError(c.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)

	x.Status, x.Want, x.Answer = resp.StatusCode, map[string]string{}, nil
	for _, name := range compared {
		if v, ok := resp.Header[http.CanonicalHeaderKey(name)]; ok {
			x.Want[strings.ToLower(name)] = v[0]
		}
	}
	if json.Unmarshal(answer, &x.Answer) != nil {
		x.Answer = string(answer)
	}
	return x
}

// comparable leaves out what may differ: the words of errors about parameters
// and names, which PostgREST changes from version to version, and the whole of
// its description of the schema.
func comparable(x exchange) exchange {
	if x.Path == "/" && x.Method == http.MethodGet {
		x.Answer = nil
	}
	if e, ok := x.Answer.(map[string]any); ok && slices.Contains([]any{"PGRST100", "PGRST202"}, e["code"]) {
		x.Answer = map[string]any{"code": e["code"]}
	}
	return x
}

// bearers are the Authorization headers of the callers that a recording names.
func bearers(t *testing.T, stack *devstack.Stack) map[string]string {
	const subject = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
	now := time.Now()
	user := func(changes map[string]any) jwt.MapClaims {
		claims := jwt.MapClaims{"sub": subject, "role": "authenticated", "aud": "authenticated", "exp": now.Add(10 * time.Hour).Unix()}
		for k, v := range changes {
			claims[k] = v
		}
		return claims
	}
	sign := func(claims jwt.MapClaims, secret string) string {
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
		require.NoError(t, err)
		return "Bearer " + token
	}
	with := func(changes map[string]any) string { return sign(user(changes), stack.JWTSecret) }
	plain := func(v any) string {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	return map[string]string{
		"none":         "",
		"anon":         "Bearer " + stack.AnonKey,
		"service":      "Bearer " + stack.ServiceRoleKey,
		"user":         with(nil),
		"lowerbearer":  "b" + with(nil)[1:],
		"emptybearer":  "Bearer ",
		"basic":        "Basic Zm9vOmJhcg==",
		"garbage":      "Bearer garbage",
		"twoparts":     "Bearer a.b",
		"alg_none":     fmt.Sprintf("Bearer %s.%s.", plain(map[string]string{"alg": "none", "typ": "JWT"}), plain(user(nil))),
		"badsig":       sign(user(nil), strings.Repeat("x", 40)),
		"expired":      with(map[string]any{"exp": now.Add(-time.Hour).Unix()}),
		"expstr":       with(map[string]any{"exp": "soon"}),
		"noexp":        sign(jwt.MapClaims{"sub": subject, "role": "authenticated"}, stack.JWTSecret),
		"nbf":          with(map[string]any{"nbf": now.Add(time.Hour).Unix()}),
		"iatfuture":    with(map[string]any{"iat": now.Add(time.Hour).Unix()}),
		"audnone":      with(map[string]any{"aud": nil}),
		"norole":       sign(jwt.MapClaims{"sub": subject, "exp": now.Add(10 * time.Hour).Unix()}, stack.JWTSecret),
		"badrole":      with(map[string]any{"role": "nosuchrole"}),
		"rolenum":      with(map[string]any{"role": 5}),
		"postgresrole": with(map[string]any{"role": "postgres"}),
	}
}
