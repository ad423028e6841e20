package workorder

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/jwtclaims"
)

// wire records requests and answers each with the same reply.
type wire struct {
	*httptest.Server
	mu   sync.Mutex
	got  []*http.Request
	body []string
}

func newWire(t *testing.T, status int, reply string) *wire {
	t.Helper()
	w := &wire{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		w.got, w.body = append(w.got, r), append(w.body, string(body))
		w.mu.Unlock()
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, reply)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *wire) client(t *testing.T) *Client {
	t.Helper()
	c, err := New(w.URL, "anon-key-0123456789", WithRetry(RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	return c
}

const userID1 = "11111111-2222-4333-8444-555555555555"

const userJSON = `{"id":"` + userID1 + `","aud":"authenticated","role":"authenticated","email":"ada@example.com","phone":"",
	"email_confirmed_at":"2026-01-02T03:04:05.678Z","app_metadata":{"provider":"email"},"user_metadata":{"first_name":"Ada"},
	"identities":[{"identity_id":"i1","id":"` + userID1 + `","user_id":"` + userID1 + `","provider":"email","identity_data":{"email":"ada@example.com"}}],
	"is_anonymous":false,"created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:06Z"}`

func TestAuthRequests(t *testing.T) {
	jwt := testJWT(map[string]any{"sub": userID1, "exp": time.Now().Add(time.Hour).Unix()})
	tokens := `{"access_token":"` + jwt + `","token_type":"bearer","expires_in":3600,"refresh_token":"r1","user":` + userJSON + `}`
	ptr := func(s string) *string { return &s }
	day := 24 * time.Hour
	none := time.Duration(0)
	ctx := t.Context()
	for _, tc := range []struct {
		name   string
		reply  string
		call   func(c *Client) error
		method string
		target string
		body   string
		key    bool // identity is the API key, not the user's token
	}{
		{"SignUp", tokens, func(c *Client) error {
			r, err := c.Auth.SignUp(ctx, SignUpParams{Email: "ada@example.com", Password: "secret-1", Data: map[string]any{"first_name": "Ada"}})
			if err == nil && (r.Session == nil || r.User.ID != userID1 || r.Session.RefreshToken() != "r1") {
				return fmt.Errorf("got %v", r)
			}
			return err
		}, "POST", "/auth/v1/signup", `{"email":"ada@example.com","password":"secret-1","data":{"first_name":"Ada"}}`, true},
		{"SignUp to be confirmed", userJSON, func(c *Client) error {
			r, err := c.Auth.SignUp(ctx, SignUpParams{Email: "ada@example.com", Password: "secret-1"})
			if err == nil && (r.Session != nil || r.User.Email != "ada@example.com") {
				return fmt.Errorf("got %v", r)
			}
			return err
		}, "POST", "/auth/v1/signup", `{"email":"ada@example.com","password":"secret-1"}`, true},
		{"SignInWithPassword", tokens, func(c *Client) error {
			s, err := c.Auth.SignInWithPassword(ctx, "ada@example.com", "secret-1")
			if err == nil && s.User().UserMetadata["first_name"] != "Ada" {
				return fmt.Errorf("got %v", s.User())
			}
			return err
		}, "POST", "/auth/v1/token?grant_type=password", `{"email":"ada@example.com","password":"secret-1"}`, true},
		{"Refresh", tokens, func(c *Client) error { return second(c.Auth.Refresh(ctx, "r0")) },
			"POST", "/auth/v1/token?grant_type=refresh_token", `{"refresh_token":"r0"}`, true},
		{"User", userJSON, func(c *Client) error {
			u, err := c.Auth.User(ctx)
			if err == nil && (u.ID != userID1 || u.EmailConfirmedAt == nil || u.Identities[0].ID != "i1") {
				return fmt.Errorf("got %v", u)
			}
			return err
		}, "GET", "/auth/v1/user", "", false},
		{"UpdateUser", userJSON, func(c *Client) error {
			return second(c.Auth.UpdateUser(ctx, UpdateUserParams{Email: ptr("new@example.com"), Password: ptr("secret-2"), Data: map[string]any{"a": 1, "b": nil}}))
		}, "PUT", "/auth/v1/user", `{"email":"new@example.com","password":"secret-2","data":{"a":1,"b":null}}`, false},
		{"UpdateUser with metadata", userJSON, func(c *Client) error {
			return second(c.Auth.UpdateUser(ctx, UpdateUserParams{Nonce: "123456", Phone: ptr("49123"), Data: map[string]any{
				"at": []any{time.Date(2026, 1, 2, 3, 4, 5, 678_999_600, time.FixedZone("", 3600))}, "n": json.Number("12345678901234567890"), "s": "<é>",
			}}))
		}, "PUT", "/auth/v1/user", `{"phone":"49123","nonce":"123456","data":{"at":["2026-01-02T02:04:05.679Z"],"n":12345678901234567890,"s":"<é>"}}`, false},
		{"SignOut", ``, func(c *Client) error { return c.Auth.SignOut(ctx, "") }, "POST", "/auth/v1/logout?scope=global", "", false},
		{"SignOut local", ``, func(c *Client) error { return c.Auth.SignOut(ctx, SignOutLocal) }, "POST", "/auth/v1/logout?scope=local", "", false},
		{"SignOut others", ``, func(c *Client) error { return c.Auth.SignOut(ctx, SignOutOthers) }, "POST", "/auth/v1/logout?scope=others", "", false},
		{"Admin.CreateUser", userJSON, func(c *Client) error {
			u, err := c.Auth.Admin.CreateUser(ctx, AdminCreateUserParams{Email: "ada@example.com", Password: "secret-1", EmailConfirm: true, AppMetadata: map[string]any{"x": true}})
			if err == nil && u.ID != userID1 {
				return fmt.Errorf("got %v", u)
			}
			return err
		}, "POST", "/auth/v1/admin/users", `{"email":"ada@example.com","password":"secret-1","email_confirm":true,"app_metadata":{"x":true}}`, false},
		{"Admin.CreateUser banned", userJSON, func(c *Client) error {
			return second(c.Auth.Admin.CreateUser(ctx, AdminCreateUserParams{Email: "ada@example.com", BanFor: day}))
		}, "POST", "/auth/v1/admin/users", `{"email":"ada@example.com","ban_duration":"24h0m0s"}`, false},
		{"Admin.GetUser", userJSON, func(c *Client) error { return second(c.Auth.Admin.GetUser(ctx, userID1)) },
			"GET", "/auth/v1/admin/users/" + userID1, "", false},
		{"Admin.UpdateUser", userJSON, func(c *Client) error {
			return second(c.Auth.Admin.UpdateUser(ctx, userID1, AdminUpdateUserParams{Password: ptr("secret-2"), BanFor: &day}))
		}, "PUT", "/auth/v1/admin/users/" + userID1, `{"password":"secret-2","ban_duration":"24h0m0s"}`, false},
		{"Admin.UpdateUser metadata", userJSON, func(c *Client) error {
			return second(c.Auth.Admin.UpdateUser(ctx, strings.ToUpper(userID1), AdminUpdateUserParams{
				Email: ptr("new@example.com"), Phone: ptr("49123"), PhoneConfirm: true,
				UserMetadata: map[string]any{"a": nil}, AppMetadata: map[string]any{"at": time.Unix(0, 0)},
			}))
		}, "PUT", "/auth/v1/admin/users/" + userID1, `{"email":"new@example.com","phone":"49123","phone_confirm":true,"user_metadata":{"a":null},"app_metadata":{"at":"1970-01-01T00:00:00Z"}}`, false},
		{"Admin.UpdateUser unban", userJSON, func(c *Client) error {
			return second(c.Auth.Admin.UpdateUser(ctx, userID1, AdminUpdateUserParams{EmailConfirm: true, BanFor: &none}))
		}, "PUT", "/auth/v1/admin/users/" + userID1, `{"email_confirm":true,"ban_duration":"none"}`, false},
		{"Admin.DeleteUser", `{}`, func(c *Client) error { return c.Auth.Admin.DeleteUser(ctx, userID1) },
			"DELETE", "/auth/v1/admin/users/" + userID1, "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWire(t, 200, tc.reply)
			require.NoError(t, tc.call(w.client(t).AsUser(jwt)))
			require.Len(t, w.got, 1)
			r := w.got[0]
			require.Equal(t, tc.method+" "+tc.target, r.Method+" "+r.RequestURI)
			require.Equal(t, "anon-key-0123456789", r.Header.Get("Apikey"))
			if tc.key {
				require.NotContains(t, r.Header.Get("Authorization"), jwt)
			} else {
				require.Equal(t, "Bearer "+jwt, r.Header.Get("Authorization"))
			}
			if tc.body == "" {
				require.Empty(t, w.body[0])
			} else {
				require.JSONEq(t, tc.body, w.body[0])
				require.Equal(t, "application/json", r.Header.Get("Content-Type"))
			}
		})
	}
}

func TestAuthChecksBeforeSending(t *testing.T) {
	w := newWire(t, 500, "")
	c := w.client(t).AsUser(testJWT(map[string]any{"sub": "u1"}))
	ctx, empty, minus := t.Context(), "", -time.Second
	odd := map[string]any{"f": func() {}}
	blank := " a@example.com"
	latin1 := map[string]any{"city": "M\xfcnchen"}
	long := strings.Repeat("ü", 101)
	nul := "geheim\x00123"
	for name, err := range map[string]error{
		"Email":      second(c.Auth.SignUp(ctx, SignUpParams{Password: "secret-1"})),
		"Password":   second(c.Auth.SignUp(ctx, SignUpParams{Email: "a@example.com"})),
		"Email ":     second(c.Auth.SignInWithPassword(ctx, "", "secret-1")),
		"Password ":  second(c.Auth.SignInWithPassword(ctx, "a@example.com", "")),
		"token":      second(c.Auth.Refresh(ctx, "")),
		"scope":      c.Auth.SignOut(ctx, "galaxy"),
		"nothing":    second(c.Auth.UpdateUser(ctx, UpdateUserParams{})),
		"Password  ": second(c.Auth.UpdateUser(ctx, UpdateUserParams{Password: &empty})),
		"Email  ":    second(c.Auth.Admin.CreateUser(ctx, AdminCreateUserParams{})),
		"Phone":      second(c.Auth.Admin.CreateUser(ctx, AdminCreateUserParams{Phone: "0151"})),
		"BanFor":     second(c.Auth.Admin.CreateUser(ctx, AdminCreateUserParams{Email: "a@example.com", BanFor: minus})),
		"user id":    second(c.Auth.Admin.GetUser(ctx, "")),
		"UUID":       second(c.Auth.Admin.GetUser(ctx, "../../token")),
		"UUID ":      second(c.Auth.Admin.UpdateUser(ctx, "x", AdminUpdateUserParams{})),
		"BanFor ":    second(c.Auth.Admin.UpdateUser(ctx, userID1, AdminUpdateUserParams{BanFor: &minus})),
		"UUID  ":     c.Auth.Admin.DeleteUser(ctx, "x"),
		"Secret":     second(NewSelfSigned(SelfSigned{Subject: "u1"})),
		"Subject":    second(NewSelfSigned(SelfSigned{Secret: "s"})),
		"TTL":        second(NewSelfSigned(SelfSigned{Secret: "s", Subject: "u1", TTL: 48 * time.Hour})),
		"JSON":       second(NewSelfSigned(SelfSigned{Secret: "s", Subject: "u1", Claims: odd})),
		"json":       second(c.Auth.SignUp(ctx, SignUpParams{Email: "a@example.com", Password: "secret-1", Data: odd})),
		"json ":      second(c.Auth.UpdateUser(ctx, UpdateUserParams{Data: odd})),
		"json  ":     second(c.Auth.Admin.CreateUser(ctx, AdminCreateUserParams{Email: "a@example.com", UserMetadata: odd})),
		"blanks":     second(c.Auth.SignUp(ctx, SignUpParams{Email: blank, Password: "secret-1"})),
		"blanks ":    second(c.Auth.UpdateUser(ctx, UpdateUserParams{Email: &blank})),
		"blanks  ":   second(c.Auth.Admin.CreateUser(ctx, AdminCreateUserParams{Email: blank})),
		"blanks   ":  second(c.Auth.Admin.UpdateUser(ctx, userID1, AdminUpdateUserParams{Email: &blank})),
		"[last_name] is longer than 100": second(c.Auth.SignUp(ctx,
			SignUpParams{Email: "a@example.com", Password: "secret-1", Data: map[string]any{"last_name": long}})),
		"[firstName] is": second(c.Auth.UpdateUser(ctx, UpdateUserParams{Data: map[string]any{"firstName": &long}})),
		"[first_name] is": second(c.Auth.Admin.CreateUser(ctx,
			AdminCreateUserParams{Email: "a@example.com", UserMetadata: map[string]any{"first_name": json.RawMessage(`"` + long + `"`)}})),
		"[lastName] is": second(c.Auth.Admin.UpdateUser(ctx, userID1, AdminUpdateUserParams{UserMetadata: map[string]any{"lastName": []string{long}}})),
		"UTF-8":         second(c.Auth.SignUp(ctx, SignUpParams{Email: "a@example.com", Password: "secret-1", Data: latin1})),
		"UTF-8 ":        second(c.Auth.UpdateUser(ctx, UpdateUserParams{Data: latin1})),
		"UTF-8  ":       second(c.Auth.Admin.CreateUser(ctx, AdminCreateUserParams{Email: "a@example.com", UserMetadata: latin1})),
		"UTF-8   ":      second(c.Auth.Admin.UpdateUser(ctx, userID1, AdminUpdateUserParams{AppMetadata: map[string]any{"a": latin1}})),
		"UTF-8    ":     second(c.Auth.SignInWithPassword(ctx, "a@example.com", "geheim\xff123")),
		"UTF-8     ":    second(c.Auth.Refresh(ctx, "r\xff")),
		"NUL":           second(c.Auth.SignInWithPassword(ctx, "a@example.com", nul)),
		"NUL ":          second(c.Auth.SignUp(ctx, SignUpParams{Email: "a@example.com", Password: nul})),
		"NUL  ":         second(c.Auth.UpdateUser(ctx, UpdateUserParams{Password: &nul})),
		"NUL   ":        second(c.Auth.Admin.UpdateUser(ctx, userID1, AdminUpdateUserParams{Password: &nul})),
		"json   ":       second(c.Auth.Admin.UpdateUser(ctx, userID1, AdminUpdateUserParams{AppMetadata: odd})),
	} {
		require.ErrorIs(t, err, ErrInvalidInput, name)
		require.Contains(t, err.Error(), strings.TrimSpace(name))
	}
	anon := w.client(t)
	for _, err := range []error{second(anon.Auth.User(ctx)), anon.Auth.SignOut(ctx, ""), second(anon.Auth.UpdateUser(ctx, UpdateUserParams{Data: map[string]any{"a": 1}}))} {
		require.ErrorIs(t, err, ErrUnauthenticated)
	}
	require.Empty(t, w.got)
}

func TestUserShowsWhatAuthKnows(t *testing.T) {
	w := newWire(t, 200, `{"id":"`+userID1+`","email":"ada@example.com","new_email":"byron@example.com","identities":null,
		"confirmed_at":"2026-01-02T03:04:05Z","factors":[{"id":"f1","factor_type":"totp","status":"unverified",
		"friendly_name":"phone","phone":"","last_challenged_at":null,"created_at":"2026-01-02T03:04:06Z","updated_at":"2026-01-02T03:04:07Z"}]}`)
	got, err := w.client(t).AsUser(testJWT(map[string]any{"sub": userID1})).Auth.User(t.Context())
	require.NoError(t, err)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	require.Empty(t, cmp.Diff(&User{
		ID: userID1, Email: "ada@example.com", NewEmail: "byron@example.com", ConfirmedAt: &at,
		Factors: []Factor{{
			ID: "f1", Type: "totp", Status: "unverified", FriendlyName: "phone",
			CreatedAt: at.Add(time.Second), UpdatedAt: at.Add(2 * time.Second),
		}},
	}, got))
}

func TestAddressThatIsTakenIsAConflict(t *testing.T) {
	w := newWire(t, 500, `{"code":"23505","message":"duplicate key value violates unique constraint \"users_email_partial_key\"",
		"detail":"Key (email)=(b@example.com) already exists."}`)
	_, err := w.client(t).Auth.Admin.UpdateUser(t.Context(), userID1, AdminUpdateUserParams{Email: new("b@example.com")})
	require.ErrorIs(t, err, ErrConflict)
	var e *SdkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, "23505", e.SQLState())
	require.Equal(t, "Key (email)=(b@example.com) already exists.", e.Details)
}

func TestAuthErrorsAreTyped(t *testing.T) {
	for _, tc := range []struct {
		status     int
		body, code string
		kind       error
	}{
		{400, `{"code":400,"error_code":"invalid_credentials","msg":"Invalid login credentials"}`, "invalid_credentials", ErrUnauthenticated},
		{400, `{"code":"email_not_confirmed","message":"Email not confirmed"}`, "email_not_confirmed", ErrUnauthenticated},
		{400, `{"error":"invalid_grant","error_description":"no"}`, "invalid_grant", ErrUnauthenticated},
		{422, `{"code":422,"error_code":"weak_password","msg":"too weak","weak_password":{"reasons":["length"]}}`, "weak_password", ErrInvalidInput},
		{403, `{"code":403,"error_code":"user_not_found","msg":"User from sub claim in JWT does not exist"}`, "user_not_found", ErrUnauthenticated},
		{429, `{"code":429,"error_code":"over_request_rate_limit","msg":"slow down"}`, "over_request_rate_limit", ErrRateLimited},
		{200, `not json`, "", ErrDecode},
		{200, `{"user":{}}`, "", ErrDecode},
		{200, `{"access_token":"garbage","refresh_token":"r1"}`, "", ErrDecode},
	} {
		w := newWire(t, tc.status, tc.body)
		_, err := w.client(t).Auth.SignInWithPassword(t.Context(), "ada@example.com", "hunter2-hunter2")
		require.ErrorIs(t, err, tc.kind, tc.body)
		var e *SdkError
		require.ErrorAs(t, err, &e)
		require.Equal(t, tc.code, e.Code)
		require.Equal(t, "Auth.SignInWithPassword", e.Op)
		require.NotContains(t, err.Error(), "grant_type")
		require.NotContains(t, err.Error(), "response status code", "the library's own text")
	}
}

func TestAuthErrorsHideEchoedSecrets(t *testing.T) {
	w := newWire(t, 400, `{"code":400,"error_code":"validation_failed","msg":"cannot use hunter2-hunter2"}`)
	_, err := w.client(t).Auth.SignUp(t.Context(), SignUpParams{Email: "ada@example.com", Password: "hunter2-hunter2"})
	require.ErrorIs(t, err, ErrInvalidInput)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "hunter2")
}

func TestAuthFollowsTheCallersContext(t *testing.T) {
	w := newWire(t, 200, userJSON)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.client(t).Auth.SignInWithPassword(ctx, "ada@example.com", "secret-1")
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, w.got)
}

func TestSignOutEndsTheSession(t *testing.T) {
	p := newPlatform(t)
	store := &memoryStore{}
	c, s := p.signIn(WithSessionStore(store))
	a, err := c.ForTenant(t.Context(), tenantA)
	require.NoError(t, err)

	require.NoError(t, c.Auth.SignOut(t.Context(), SignOutOthers))
	wantTenant(t, tenantA, a)
	p.set(func() {
		for _, c := range p.sessions {
			c.revoked = false
		}
	})

	require.NoError(t, a.Auth.SignOut(t.Context(), SignOutLocal))
	require.Empty(t, store.stored())
	require.Empty(t, s.RefreshToken())
	before := p.steps()
	for _, c := range []*Client{a, c} {
		_, err := tenantOf(t, c)
		require.ErrorIs(t, err, ErrSessionExpired)
		require.NoError(t, c.Auth.SignOut(t.Context(), ""), "signing out twice is no error")
	}
	require.Equal(t, before, p.steps(), "nothing is sent for a session that has ended")
}

func TestAllUsersWalksEveryPage(t *testing.T) {
	pages := map[string]int{"1": 200, "2": 200, "3": 7, "4": 0}
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := r.URL.Query().Get("page")
		asked = append(asked, page)
		users := []map[string]any{}
		for i := range pages[page] {
			id := page + "-" + strconv.Itoa(i)
			if id == "2-0" {
				id = "1-199" // a new account has moved it to the next page
			}
			users = append(users, map[string]any{"id": id})
		}
		writeJSON(w, 200, map[string]any{"users": users, "aud": "authenticated"})
	}))
	defer srv.Close()
	c, err := New(srv.URL, "service-key-0123456789")
	require.NoError(t, err)

	users, err := c.Auth.Admin.ListUsers(t.Context())
	require.NoError(t, err)
	require.Len(t, users, 406)
	require.Equal(t, []string{"1", "2", "3", "4"}, asked)

	asked = nil
	for _, err := range c.Auth.Admin.AllUsers(t.Context()) {
		require.NoError(t, err)
		break
	}
	require.Equal(t, []string{"1"}, asked)

	srv.Close()
	for _, err := range c.Auth.Admin.AllUsers(t.Context()) {
		require.ErrorIs(t, err, ErrUnavailable)
		break
	}
}

func TestSelfSignedTokens(t *testing.T) {
	const secret = "super-secret-jwt-token-with-at-least-32-characters"
	src, err := NewSelfSigned(SelfSigned{
		Secret: secret, Subject: "u1", Tenant: tenantA, TTL: time.Minute,
		Claims: map[string]any{"email": "ada@example.com", "role": "service_role", "sub": "root", "tenant_id": "other", "exp": 1},
	})
	require.NoError(t, err)
	s := src.(*selfSigned)
	now := time.Unix(1_800_000_000, 0)
	s.now = func() time.Time { return now }
	s.tok = &Token{}

	tok, err := src.Token(t.Context())
	require.NoError(t, err)
	claims, err := jwtclaims.Parse(tok.Value)
	require.NoError(t, err)
	require.Equal(t, jwtclaims.Claims{Subject: "u1", TenantID: tenantA, Role: "authenticated", Email: "ada@example.com", IssuedAt: now, Expiry: now.Add(time.Minute)}, claims)
	signed := tok.Value[:strings.LastIndex(tok.Value, ".")]
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	require.Equal(t, signed+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), tok.Value)

	again, err := src.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, tok.Value, again.Value)
	now = now.Add(46 * time.Second)
	again, err = src.Token(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, tok.Value, again.Value)
	s.Invalidate(tok)
	require.Equal(t, again.Value, s.tok.Value)
	s.Invalidate(again)
	require.Empty(t, s.tok.Value)
}

func TestNewFromEnvWithPassword(t *testing.T) {
	p := newPlatform(t)
	for name, v := range map[string]string{
		"SUPABASE_URL": p.URL, "SUPABASE_ANON_KEY": "anon-key-0123456789", "SUPABASE_ACCESS_TOKEN": "",
		"WORKORDER_EMAIL": "u5@example.com", "WORKORDER_PASSWORD": testPassword,
	} {
		t.Setenv(name, v)
	}
	c, err := NewFromEnv()
	require.NoError(t, err)
	require.Empty(t, p.steps())
	u, err := c.Auth.User(t.Context())
	require.NoError(t, err)
	require.Equal(t, "u5", u.ID)

	c, err = NewFromEnv(WithAccessToken(testJWT(map[string]any{"sub": "u6", "exp": p.now.Add(time.Hour).Unix()})))
	require.NoError(t, err)
	u, err = c.Auth.User(t.Context())
	require.NoError(t, err)
	require.Equal(t, "u6", u.ID, "options win")

	t.Setenv("WORKORDER_PASSWORD", "")
	_, err = NewFromEnv()
	require.ErrorIs(t, err, ErrInvalidInput)
}
