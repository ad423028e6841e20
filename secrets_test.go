package workorder

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/ingest"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/plugins"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

// secret is a value with something secret in it.
type secret struct {
	v any
	// plain says that the secret is an exported field, or the value itself. Of such
	// a value package fmt asks nothing when it stands in an unexported field, or
	// when the verb is %p, which go vet refuses.
	plain bool
}

// secrets makes a value of every type that holds a secret.
func secrets(t *testing.T, p *platform) (values []secret, texts []string) {
	t.Helper()
	c, s := p.signIn()
	s.providerToken, s.providerRefreshToken = "provider-secret-1", "provider-secret-1"
	tok, err := s.Token(t.Context())
	require.NoError(t, err)
	a, err := c.ForTenant(t.Context(), tenantA)
	require.NoError(t, err)
	bound, err := a.conn.Token(t.Context(), "")
	require.NoError(t, err)
	signing := SelfSigned{Secret: "signing-secret-1", Subject: "u1", Claims: map[string]any{"pin": "signing-secret-1"}}
	signer, err := NewSelfSigned(signing)
	require.NoError(t, err)
	static := StaticToken(tok.Value)
	checked, err := verified(t.Context(), StaticToken(testJWT(map[string]any{"tenant_id": tenantA})), tenantA)
	require.NoError(t, err)
	fixed, err := c.With(WithAccessToken(tok.Value), WithHeader("X-Proxy-Secret", "proxy-secret-1"))
	require.NoError(t, err)
	pool := NewTenantPool(c, TenantPoolOptions{})
	require.NoError(t, pool.Do(t.Context(), tenantA, func(context.Context, *Client) error { return nil }))
	password, nonce := testPassword, "nonce-secret-1"
	checking := VerifierOptions{Secret: "signing-secret-1-of-32-bytes-or-more"}
	verifier, err := NewVerifier(c, checking)
	require.NoError(t, err)

	values = []secret{
		{v: s}, {v: NewSession(c, "refresh-secret-1")}, {v: NewPasswordSession(c, "u1@example.com", testPassword)},
		{v: reflect.ValueOf(s).Elem().Interface()}, {v: reflect.ValueOf(pool).Elem().Interface()}, // as *s does, which go vet refuses
		{v: c}, {v: *c}, {v: a}, {v: *a}, {v: fixed}, {v: c.AsUser(tok.Value)}, {v: &Client{}}, {v: Client{}},
		{v: c.Auth}, {v: c.Auth.Admin}, {v: c.Departments}, {v: c.WorkOrders}, {v: ViewOf[struct{}](c, "v_custom")},
		{v: pool}, {v: TenantPoolOptions{}}, {v: static}, {v: signer}, {v: checked}, {v: a.conn.Config().Auth}, {v: s.User()},
		{v: verifier}, {v: *verifier}, {v: checking, plain: true},
		{v: WithAccessToken(tok.Value)}, {v: WithTokenSource(s)}, {v: WithHeader("X-Proxy-Secret", "proxy-secret-1")},
		{v: tok, plain: true}, {v: bound, plain: true}, {v: a.conn.Config(), plain: true}, {v: signing, plain: true},
		{v: types.Secret("wosk-secret-1"), plain: true}, {v: org.CreatedTenantAPIKey{Key: "wosk-secret-1"}, plain: true},
		{v: pm.IngestParams{Key: "wosk-secret-1"}, plain: true}, {v: ingest.Ingester{Key: "wosk-secret-1"}, plain: true}, {v: plugins.IngestWebhookParams{Secret: "wosk-secret-1"}, plain: true},
		{v: SignUpParams{Email: "a@example.com", Password: testPassword}, plain: true}, {v: SignUpResult{Session: s}},
		{v: VerifyOTPParams{Token: "one-time-secret-1", TokenHash: "one-time-secret-1"}, plain: true},
		{v: SendMagicLinkParams{CodeVerifier: "one-time-secret-1"}, plain: true},
		{v: SendRecoveryParams{CodeVerifier: "one-time-secret-1"}, plain: true},
		{v: ResendParams{CodeVerifier: "one-time-secret-1"}, plain: true},
		{v: OAuthClient{Secret: "one-time-secret-1"}, plain: true},
		{v: BrowserFlow{Verifier: "one-time-secret-1"}, plain: true},
		{v: IDTokenParams{Token: "one-time-secret-1", AccessToken: "one-time-secret-1", Nonce: "one-time-secret-1"}, plain: true},
		{v: VerifyFactorParams{Code: "one-time-secret-1"}, plain: true},
		{v: TOTP{QRCode: "one-time-secret-1", Secret: "one-time-secret-1", URI: "one-time-secret-1"}, plain: true},
		{v: EnrolledFactor{TOTP: TOTP{QRCode: "one-time-secret-1", Secret: "one-time-secret-1", URI: "one-time-secret-1"}}, plain: true},
		{v: GenerateLinkParams{Password: "one-time-secret-1"}, plain: true},
		{v: GeneratedLink{ActionLink: "one-time-secret-1", EmailOTP: "one-time-secret-1", TokenHash: "one-time-secret-1"}, plain: true},
		{v: UpdateUserParams{Password: &password, Nonce: nonce}, plain: true},
		{v: AdminCreateUserParams{Password: testPassword, PasswordHash: "one-time-secret-1"}, plain: true},
		{v: AdminUpdateUserParams{Password: &password, PasswordHash: "one-time-secret-1"}, plain: true},
	}
	id, err := c.Identity(t.Context())
	require.NoError(t, err)
	values = append(values, secret{v: id})
	for _, err := range failures(t, p, tok.Value) {
		values = append(values, secret{v: err})
	}
	return values, []string{
		tok.Value, bound.Value, "eyJ", "refresh-0", "refresh-secret-1", testPassword, nonce, "signing-secret-1", "wosk-secret-1", "one-time-secret-1", "provider-secret-1",
		"anon-key-0123456789", "proxy-secret-1", "query-secret-1",
	}
}

// failures are errors of calls whose every part is quoted by what failed.
func failures(t *testing.T, p *platform, jwt string) []error {
	t.Helper()
	quote := func(r *http.Request) string {
		return fmt.Sprintf("%s refused with %v", r.URL, r.Header)
	}
	network, err := p.client().With(WithAttemptMiddleware(func(r *http.Request, _ func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		return nil, errors.New(quote(r))
	}))
	require.NoError(t, err)
	echo, err := p.client().With(WithHeader("X-Proxy-Secret", "proxy-secret-1"))
	require.NoError(t, err)
	p.set(func() {
		p.hook = func(_ string, w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("X-Proxy-Secret") == "" {
				return false
			}
			text := "http://" + r.Host + quote(r)
			restError(w, 400, "22023", text)
			return true
		}
	})
	source, err := p.client().With(WithTokenSource(sourceFunc(func(context.Context) (Token, error) {
		return Token{}, errors.New("https://idp.example.com/?code=query-secret-1 refused Bearer " + jwt)
	})))
	require.NoError(t, err)

	var out []error
	for _, c := range []*Client{network.AsUser(jwt), echo.AsUser(jwt), source} {
		_, err := ViewOf[struct{}](c, "v_custom").Count(t.Context(), query.Where(query.NewColumn[string]("note").Eq("query-secret-1")))
		require.Error(t, err)
		out = append(out, err, fmt.Errorf("count: %w", err), errors.Unwrap(fmt.Errorf("%w", err)))
	}
	return out
}

type sourceFunc func(context.Context) (Token, error)

func (f sourceFunc) Token(ctx context.Context) (Token, error) { return f(ctx) }

// shapes are the value and what it may stand in.
func (s secret) shapes() []any {
	v := reflect.ValueOf(s.v)
	typ := v.Type()
	pointer := reflect.New(typ)
	pointer.Elem().Set(v)
	slice := reflect.MakeSlice(reflect.SliceOf(typ), 1, 1)
	slice.Index(0).Set(v)
	array := reflect.New(reflect.ArrayOf(1, typ)).Elem()
	array.Index(0).Set(v)
	dict := reflect.MakeMap(reflect.MapOf(reflect.TypeFor[string](), typ))
	dict.SetMapIndex(reflect.ValueOf("k"), v)
	object := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "X", Type: typ}}))
	object.Elem().Field(0).Set(v)

	out := []any{
		s.v, pointer.Interface(), slice.Interface(), array.Interface(), dict.Interface(), object.Interface(), object.Elem().Interface(),
		[]any{s.v}, map[string]any{"k": s.v}, struct{ X any }{s.v}, &struct{ X any }{s.v},
	}
	if !s.plain {
		type hidden struct{ x any }
		out = append(out, hidden{s.v}, &hidden{s.v}, hidden{pointer.Interface()}, []hidden{{s.v}})
	}
	return out
}

// printed is what the standard library makes of a value.
func printed(v any, plain bool) string {
	var out bytes.Buffer
	verbs := []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%t", "%c", "%e", "%T", "%!"}
	if !plain {
		verbs = append(verbs, "%p", "%#p")
	}
	for _, verb := range verbs {
		fmt.Fprintf(&out, verb+"\n", v)
	}
	fmt.Fprintln(&out, v)
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		l := slog.New(h)
		l.Info("x", "v", v)
		l.With("v", v).WithGroup("g").Info("x", slog.Group("h", "v", v))
	}
	// What cannot be encoded says why.
	note := func(err error) {
		if err != nil {
			out.WriteString(err.Error())
		}
	}
	note(json.NewEncoder(&out).Encode(v))
	note(gob.NewEncoder(&out).Encode(v))
	note(gob.NewEncoder(&out).Encode(&v))
	note(xml.NewEncoder(&out).Encode(v))
	note(template.Must(template.New("").Parse("{{.}} {{printf \"%#v\" .}} {{js .}}")).Execute(&out, v))
	return out.String()
}

func TestNothingPrintsASecret(t *testing.T) {
	values, texts := secrets(t, newPlatform(t))
	for _, text := range texts {
		texts = append(texts, fmt.Sprintf("%x", text), fmt.Sprintf("%X", text), fmt.Sprintf("% x", text))
	}
	for _, v := range values {
		for _, shape := range v.shapes() {
			out := printed(shape, v.plain)
			for _, text := range texts {
				if i := strings.Index(out, text); i >= 0 {
					t.Errorf("%T shows %s in %.300q", shape, text, out[max(0, i-100):])
				}
			}
		}
	}
}

// TestPrintedShowsSecrets makes sure that the test above could fail.
func TestPrintedShowsSecrets(t *testing.T) {
	type naked struct{ Password string }
	for _, shape := range (secret{v: naked{"hunter2-hunter2"}, plain: true}).shapes() {
		require.Contains(t, printed(shape, true), "hunter2-hunter2", "%T", shape)
	}
}

var secretName = regexp.MustCompile(`(?i)^(password|secret|nonce|(access|refresh|captcha)?token|api_?key)$`)

// typeName is the name of a type of this package, behind pointers and in slices.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.ArrayType:
		return typeName(e.Elt)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// TestEverySecretFieldIsTried finds the exported types with a field that speaks
// of a secret, and those with a field of such a type.
func TestEverySecretFieldIsTried(t *testing.T) {
	values, _ := secrets(t, newPlatform(t))
	tried := map[string]bool{}
	for _, v := range values {
		typ := reflect.TypeOf(v.v)
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		tried[typ.Name()] = true
	}
	found := 0
	holders, parts := map[string]bool{}, map[string][]string{}
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case "internal", "devstack", "integration", "examples", "testdata", "tools":
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || !spec.Name.IsExported() {
				return true
			}
			object, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			for _, f := range object.Fields.List {
				typ, isSecret := f.Type.(*ast.SelectorExpr)
				isSecret = isSecret && typ.Sel.Name == "Secret"
				if part := typeName(f.Type); ast.IsExported(part) {
					parts[part] = append(parts[part], spec.Name.Name)
				}
				for _, name := range f.Names {
					if name.IsExported() && (isSecret || secretName.MatchString(name.Name)) {
						found++
						holders[spec.Name.Name] = true
						require.True(t, tried[spec.Name.Name], "%s: TestNothingPrintsASecret does not try %s, which has a %s", path, spec.Name.Name, name.Name)
					}
				}
			}
			return true
		})
		return nil
	}))
	require.GreaterOrEqual(t, found, 6)
	for holder := range holders {
		for _, whole := range parts[holder] {
			require.True(t, tried[whole], "TestNothingPrintsASecret does not try %s, which has a %s", whole, holder)
		}
	}
}

// A warning about a repeated call says what failed by its code; what the server
// said may quote a row.
func TestLogsHaveCodesAndNoText(t *testing.T) {
	p := newPlatform(t)
	c, s := p.signIn()
	tok, err := s.Token(t.Context())
	require.NoError(t, err)
	failed := false
	p.set(func() {
		p.hook = func(kind string, w http.ResponseWriter, _ *http.Request) bool {
			if kind != "v_custom" {
				return false
			}
			if failed {
				writeJSON(w, 200, []any{})
				return true
			}
			failed = true
			writeJSON(w, 503, map[string]string{"code": "57P03", "message": "private-text-1", "details": "private-text-2", "hint": "private-text-3"})
			return true
		}
	})
	var out bytes.Buffer
	logged, err := c.With(
		WithLogger(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		WithRetry(RetryPolicy{MaxAttempts: 2, BaseDelay: 1, MaxDelay: 1}),
	)
	require.NoError(t, err)
	_, err = ViewOf[struct{}](logged.AsUser(tok.Value), "v_custom").List(t.Context(), query.Where(query.NewColumn[string]("note").Eq("query-secret-1")))
	require.NoError(t, err)
	require.Contains(t, out.String(), `"level":"WARN"`)
	require.Contains(t, out.String(), `"code":"57P03"`)
	for _, text := range []string{"private-text", "query-secret", "select=", "eyJ", "anon-key"} {
		require.NotContains(t, out.String(), text)
	}
}
