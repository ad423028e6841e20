package workordertest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack/workordertest"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

var quick = workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 4, BaseDelay: time.Millisecond})

// fill makes n work orders.
func fill(t testing.TB, kit *workordertest.Kit, n int) {
	t.Helper()
	rows := make([]workorders.ImportWorkOrder, n)
	for i := range rows {
		rows[i].Title = fmt.Sprint(i)
	}
	_, err := kit.WorkOrders.BulkImport(t.Context(), workorders.BulkImportWorkOrdersParams{Rows: rows})
	require.NoError(t, err)
	kit.Reset()
}

// send makes a request by hand and gives status and body.
func send(t testing.TB, kit *workordertest.Kit, method, path string, h map[string]string) (status int, header http.Header, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, kit.URL+path, strings.NewReader(`{"query_text":"x","domain":"assets"}`))
	require.NoError(t, err)
	r.Header.Set("Apikey", kit.AnonKey)
	r.Header.Set("Content-Type", "application/json")
	for k, v := range h {
		r.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header, string(body)
}

func TestRaiseSQLState(t *testing.T) {
	t.Parallel()
	kit := workordertest.New(t, quick)
	for code, want := range map[string]struct {
		kind   error
		status int
		sent   int // how often
	}{
		"23505": {workorder.ErrConflict, 409, 1},
		"23503": {workorder.ErrInvalidReference, 409, 1},
		"23514": {workorder.ErrInvalidInput, 400, 1},
		"42501": {workorder.ErrPermissionDenied, 403, 1},
		"28000": {workorder.ErrUnauthenticated, 403, 1},
		"P0001": {workorder.ErrRuleViolation, 400, 1},
		"P0002": {workorder.ErrNotFound, 500, 1},
		"54000": {workorder.ErrRateLimited, 500, 1},
		"57014": {workorder.ErrUnavailable, 500, 1},
		"40P01": {workorder.ErrUnavailable, 500, 4}, // a deadlock: nothing was applied
	} {
		t.Run(code, func(t *testing.T) {
			kit.Reset()
			fault := kit.RaiseSQLState(code, workordertest.RPC("rpc_create_work_order"))
			_, err := create(t, kit.Client, code)
			requireKind(t, err, want.kind, code)
			var e *workorder.SdkError
			require.ErrorAs(t, err, &e)
			require.Equal(t, want.status, e.HTTPStatus)
			require.Equal(t, want.sent, fault.Struck())
			require.Len(t, kit.Requests(), want.sent)
			fault.Stop()
			n, err := kit.WorkOrders.Count(t.Context(), query.Where(workorders.WorkOrderCols.Title.Eq(code)))
			require.NoError(t, err)
			require.Zero(t, n, "it does not reach the database")
			require.NoError(t, second(create(t, kit.As("manager").Client, "another")))
		})
	}
	kit.RaiseSQLState("53300")
	status, header, body := send(t, kit, "GET", "/rest/v1/v_tenants", nil)
	require.Equal(t, 503, status)
	require.Equal(t, "0", header.Get("Retry-After"))
	require.JSONEq(t, `{"code":"53300","details":null,"hint":null,"message":"raised by workordertest"}`, body)
	_, err := kit.As("manager").Session.Refresh(t.Context())
	require.NoError(t, err, "Auth answers no SQLSTATE")
}

// tenants makes one request that reads.
func tenants(t testing.TB, c *workorder.Client) error {
	return second(c.Tenants.Count(t.Context()))
}

func second(_ any, err error) error { return err }

func TestClampCutsAnswersAndNotCounts(t *testing.T) {
	t.Parallel()
	kit := workordertest.New(t)
	fill(t, kit, 25)
	kit.Clamp(10)

	rows, err := kit.WorkOrders.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 25, "the SDK goes on until it has everything")
	require.GreaterOrEqual(t, len(kit.Requests()), 3)
	page, err := kit.WorkOrders.Page(t.Context(), query.Limit(3), query.Count(query.Exact))
	require.NoError(t, err)
	require.Len(t, page.Items, 3)
	require.EqualValues(t, 25, page.Total)
	require.Equal(t, 25, count(t, kit.Client))

	auth := map[string]string{"Authorization": "Bearer " + kit.As("admin").Token()}
	n := func(path string, h map[string]string) int {
		h2 := map[string]string{"Authorization": auth["Authorization"]}
		for k, v := range h {
			h2[k] = v
		}
		_, _, body := send(t, kit, "GET", "/rest/v1/"+path, h2)
		return strings.Count(body, `"title"`)
	}
	for path, want := range map[string]int{
		"v_work_orders?select=title":                                        10,
		"v_work_orders?select=title&limit=20":                               10,
		"v_work_orders?select=title&limit=7":                                7,
		"v_work_orders?select=title&limit=7&offset=20":                      5,
		"v_work_orders?select=title&offset=20":                              5,
		"v_work_orders?select=title&title=in.(%22limit%3D30%22,%221%22)":    1,
		"v_work_orders?limit=20&select=title&order=title&and=(title.neq.x)": 10,
	} {
		require.Equal(t, want, n(path, nil), path)
	}
	for r, want := range map[string]int{"0-19": 10, "0-4": 5, "20-40": 5, "3-": 10} {
		require.Equal(t, want, n("v_work_orders?select=title", map[string]string{"Range": r, "Range-Unit": "items"}), r)
	}
}

// TestExpiredTokensAreRefusedAsTheServicesDo compares with a token that really is
// past its expiry.
func TestExpiredTokensAreRefusedAsTheServicesDo(t *testing.T) {
	t.Parallel()
	kit := workordertest.New(t)
	u := kit.As("manager")
	good := u.Token()
	claims := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(good, claims)
	require.NoError(t, err)
	claims["iat"], claims["exp"] = time.Now().Add(-2*time.Hour).Unix(), time.Now().Add(-time.Hour).Unix()
	expired, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(kit.Deployment.JWTSecret))
	require.NoError(t, err)

	type answer struct {
		Status int
		Header http.Header
		Body   string
	}
	ask := func(method, path, token string) answer {
		status, header, body := send(t, kit, method, path, map[string]string{"Authorization": "Bearer " + token})
		h := http.Header{}
		for _, name := range []string{"Content-Type", "Www-Authenticate"} {
			h[name] = header[name]
		}
		return answer{status, h, strings.TrimSpace(body)}
	}
	paths := []struct{ method, path string }{
		{"GET", "/rest/v1/v_tenants"},
		{"HEAD", "/rest/v1/v_tenants"},
		{"POST", "/rest/v1/rpc/rpc_get_user_permissions"},
		{"GET", "/auth/v1/user"},
		{"GET", "/storage/v1/object/attachments/x"},
		{"POST", "/functions/v1/embed-search"},
	}
	var want []answer
	for _, p := range paths {
		a := ask(p.method, p.path, expired)
		require.GreaterOrEqual(t, a.Status, 400)
		require.NotEqual(t, a, ask(p.method, p.path, good), "%s is not refused for its token", p.path)
		want = append(want, a)
	}
	kit.ExpireTokens()
	for i, p := range paths {
		require.Empty(t, cmp.Diff(want[i], ask(p.method, p.path, good)), p.path)
	}
	require.Equal(t, 200, ask("GET", "/rest/v1/", kit.Deployment.ServiceRoleKey).Status, "a key has no expiry")
}

func TestExpiredTokensAreRenewed(t *testing.T) {
	t.Parallel()
	kit := workordertest.New(t)
	refresh := workordertest.Path("/auth/v1/token")
	manager, stranger := kit.As("manager"), kit.Stranger()
	for range 3 {
		kit.Reset()
		kit.Clock.Advance(10 * time.Second)
		kit.ExpireTokens()
		for _, c := range []*workorder.Client{kit.Client, manager.Client, stranger.Client} {
			require.NoError(t, tenants(t, c))
			require.NoError(t, tenants(t, c))
		}
		require.Len(t, kit.Requests(refresh), 3)
	}
	fixed := manager.AsUser(manager.Token())
	require.NoError(t, tenants(t, fixed))
	kit.ExpireTokens()
	requireKind(t, tenants(t, fixed), workorder.ErrUnauthenticated, "PGRST303")

	elsewhere, err := workorder.New(kit.Deployment.URL, kit.AnonKey)
	require.NoError(t, err)
	s, err := elsewhere.Auth.SignInWithPassword(t.Context(), manager.Email, manager.Password)
	require.NoError(t, err)
	tok, err := s.Token(t.Context())
	require.NoError(t, err)
	require.NoError(t, tenants(t, manager.AsUser(tok.Value)), "it was issued afterwards")
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
	kit.ExpireTokens()
	requireKind(t, tenants(t, manager.AsUser(tok.Value)), workorder.ErrUnauthenticated, "PGRST303")
}

func TestDropResponseLosesTheAnswerOfWorkThatIsDone(t *testing.T) {
	t.Parallel()
	kit := workordertest.New(t, quick)
	fault := kit.DropResponse(workordertest.Method("POST"))
	_, err := create(t, kit.Client, "x")
	require.ErrorIs(t, err, workorder.ErrUnavailable)
	require.False(t, workorder.SafeToRetry(err))
	require.Equal(t, 1, count(t, kit.Client))
	require.Equal(t, 1, fault.Struck())
	fault.Stop()

	fault = kit.DropResponse(workordertest.RPC("rpc_create_work_order"), workordertest.Skip(1), workordertest.Times(2))
	require.NoError(t, second(create(t, kit.Client, "y")))
	id, err := kit.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "z", ClientRequestID: "z"})
	require.NoError(t, err)
	require.NotEmpty(t, id)
	require.Equal(t, 2, fault.Struck())
	require.Equal(t, 3, count(t, kit.Client))
}

func TestDelay(t *testing.T) {
	t.Parallel()
	kit := workordertest.New(t, quick)
	fault := kit.Delay(300*time.Millisecond, workordertest.Times(1))
	began := time.Now()
	require.NoError(t, second(create(t, kit.Client, "late")))
	require.GreaterOrEqual(t, time.Since(began), 300*time.Millisecond)
	require.Equal(t, 1, fault.Struck())

	kit.Delay(time.Hour, workordertest.RPC("rpc_create_work_order"))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := kit.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: "never"})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, 1, count(t, kit.Client), "whose caller gave up does not reach the deployment")
}

func TestFlipTenant(t *testing.T) {
	t.Parallel()
	kit := workordertest.New(t)
	manager := kit.As("manager")
	require.NoError(t, second(create(t, kit.Client, "x")))

	fault := kit.FlipTenant(workordertest.Times(2))
	kit.ExpireTokens()
	require.Equal(t, 1, count(t, manager.Client), "the session chooses its tenant again")
	who, err := manager.Identity(t.Context())
	require.NoError(t, err)
	require.Equal(t, kit.TenantID, who.TenantID)
	require.Equal(t, 2, fault.Struck())

	fault = kit.FlipTenant()
	kit.Clock.Advance(10 * time.Second)
	kit.ExpireTokens()
	_, err = manager.WorkOrders.List(t.Context())
	require.ErrorIs(t, err, workorder.ErrTenantMismatch)
	require.Positive(t, fault.Struck())
	fault.Stop()

	kit.Clock.Advance(10 * time.Second)
	kit.ExpireTokens()
	require.Equal(t, 1, count(t, manager.Client))
	kit.FlipTenant()
	tok, err := kit.Stranger().Session.Refresh(t.Context())
	require.NoError(t, err)
	claims := jwt.MapClaims{}
	_, _, err = jwt.NewParser().ParseUnverified(tok.Value, claims)
	require.NoError(t, err)
	require.NotEmpty(t, claims["tenant_id"])
	require.NotEqual(t, kit.TenantID, claims["tenant_id"])
}

func TestClock(t *testing.T) {
	t.Parallel()
	kit := workordertest.New(t)
	manager := kit.As("manager")
	refresh := workordertest.Path("/auth/v1/token")
	old := manager.Token()
	kit.Clock.Advance(30 * time.Minute)
	require.NoError(t, tenants(t, manager.Client))
	require.NoError(t, tenants(t, manager.AsUser(old)))
	require.Empty(t, kit.Requests(refresh))

	kit.Clock.Advance(time.Hour)
	require.WithinDuration(t, time.Now().Add(90*time.Minute), kit.Clock.Now(), time.Minute)
	require.NoError(t, tenants(t, manager.Client))
	require.Len(t, kit.Requests(refresh), 1, "before its first use")
	require.Len(t, kit.Requests(), 4, "none was refused")
	requireKind(t, tenants(t, manager.AsUser(old)), workorder.ErrUnauthenticated, "PGRST303")
	require.NoError(t, tenants(t, manager.Client))
	require.Len(t, kit.Requests(refresh), 1)
}

func TestFaultsWorkTogether(t *testing.T) {
	t.Parallel()
	kit := workordertest.New(t, workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 1}))
	fill(t, kit, 3)
	raise := kit.RaiseSQLState("23505", workordertest.View("v_work_orders"), workordertest.Skip(1), workordertest.Times(1))
	hold := kit.Delay(50*time.Millisecond, workordertest.Path("/rest/v1/"))
	var seen []string
	tap := kit.Inject(func(w http.ResponseWriter, r *http.Request, backend http.Handler) {
		seen = append(seen, r.Method+" "+r.URL.Path)
		backend.ServeHTTP(w, r)
	}, workordertest.When(func(r *http.Request) bool { return r.URL.Query().Get("limit") != "" }))

	for i, want := range []bool{true, false, true} {
		_, err := kit.WorkOrders.Page(t.Context(), query.Limit(2))
		require.Equal(t, want, err == nil, "%d: %v", i, err)
	}
	require.Equal(t, 1, raise.Struck())
	require.Equal(t, 3, hold.Struck())
	require.Equal(t, 3, tap.Struck())
	require.Len(t, seen, 3)
	kit.Reset()
	require.NoError(t, second(kit.WorkOrders.Page(t.Context(), query.Limit(2))))
	require.Equal(t, 3, tap.Struck())
}
