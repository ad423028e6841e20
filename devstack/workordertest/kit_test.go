package workordertest_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack/workordertest"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

func TestMain(m *testing.M) { os.Exit(workordertest.Run(m)) }

var roles = []string{"admin", "manager", "technician", "member", "requestor"}

func create(t testing.TB, c *workorder.Client, title string) (string, error) {
	return c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: title})
}

func count(t testing.TB, c *workorder.Client) int {
	t.Helper()
	n, err := c.WorkOrders.Count(t.Context())
	require.NoError(t, err)
	return int(n)
}

// requireKind asserts that a call failed in a certain way.
func requireKind(t testing.TB, err, kind error, code string) {
	t.Helper()
	require.ErrorIs(t, err, kind)
	var e *workorder.SdkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code)
}

func TestEveryRoleIsAUserOfItsOwnInTheTenant(t *testing.T) {
	t.Parallel()
	kit := workordertest.New(t)
	seen := map[string]bool{kit.Stranger().ID: true}
	for _, role := range roles {
		u := kit.As(role)
		require.False(t, seen[u.ID], "two roles are one user")
		seen[u.ID] = true
		require.Same(t, u, kit.As(role))

		who, err := u.Identity(t.Context())
		require.NoError(t, err)
		require.Equal(t, u.ID, who.UserID)
		require.Equal(t, kit.TenantID, who.TenantID)
		held, err := u.Authorization.UserTenantRoles.List(t.Context())
		require.NoError(t, err)
		require.Len(t, held, 1)
		require.Equal(t, role, held[0].RoleKey)
	}
	_, err := create(t, kit.Client, "x")
	require.NoError(t, err)
	_, err = create(t, kit.As("requestor").Client, "x")
	require.ErrorIs(t, err, workorder.ErrPermissionDenied)
}

func TestStrangerSeesNothingOfTheTenant(t *testing.T) {
	t.Parallel()
	kit := workordertest.New(t)
	rows, err := kit.Stranger().Tenants.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, rows)
	_, err = kit.Stranger().ForTenant(t.Context(), kit.TenantID)
	require.ErrorIs(t, err, workorder.ErrPermissionDenied)
	first := kit.Stranger()
	require.Same(t, first, kit.Stranger())
}

// TestFiftyTestsShareOneStack runs fifty tests at the same time, each with a fault
// that none of the others may feel.
func TestFiftyTestsShareOneStack(t *testing.T) {
	t.Parallel()
	began := time.Now()
	stack := workordertest.Shared(t)
	t.Logf("the stack was there after %s", time.Since(began))
	var tenants sync.Map
	t.Run("all", func(t *testing.T) {
		for i := range 50 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				kit := workordertest.New(t, workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 1}))
				require.Same(t, stack, workordertest.Shared(t))
				_, taken := tenants.LoadOrStore(kit.TenantID, i)
				require.False(t, taken)

				technician := kit.As("technician")
				fault := kit.RaiseSQLState(fmt.Sprintf("P1%03d", i), workordertest.RPC("rpc_create_work_order"), workordertest.Times(1))
				_, err := create(t, kit.Client, "refused")
				var e *workorder.SdkError
				require.ErrorAs(t, err, &e)
				require.Equal(t, fmt.Sprintf("P1%03d", i), e.Code, "a fault of another test")
				_, err = create(t, kit.Client, fmt.Sprint(i))
				require.NoError(t, err)
				require.Equal(t, 1, fault.Struck())

				rows, err := kit.As("manager").WorkOrders.List(t.Context())
				require.NoError(t, err)
				require.Len(t, rows, 1)
				require.Equal(t, fmt.Sprint(i), rows[0].Title)
				_, err = create(t, technician.Client, "x")
				require.ErrorIs(t, err, workorder.ErrPermissionDenied)
			})
		}
	})
	n := 0
	tenants.Range(func(any, any) bool { n++; return true })
	require.Equal(t, 50, n)
	t.Logf("fifty tests took %s", time.Since(began))
}

func TestSubHasTheSameUsersAndItsOwnFaults(t *testing.T) {
	t.Parallel()
	kit := workordertest.New(t)
	manager := kit.As("manager")
	kit.RaiseSQLState("P0001")
	sub := kit.Sub(t)
	require.NotEqual(t, kit.URL, sub.URL)
	require.Equal(t, kit.TenantID, sub.TenantID)

	_, err := create(t, sub.Client, "x")
	require.NoError(t, err)
	require.Equal(t, manager.ID, sub.As("manager").ID)
	require.Equal(t, sub.As("member").ID, kit.As("member").ID)
	require.Equal(t, kit.Stranger().ID, sub.Stranger().ID)
	sub.ExpireTokens()
	_, err = kit.Tenants.List(t.Context())
	requireKind(t, err, workorder.ErrRuleViolation, "P0001")
	kit.Reset()
	rows, err := kit.WorkOrders.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1)
}

func TestRequestsAreCounted(t *testing.T) {
	t.Parallel()
	kit := workordertest.New(t)
	require.Empty(t, kit.Requests(), "what the kit does itself does not count")
	_ = kit.As("manager")
	require.Empty(t, kit.Requests())

	_, err := create(t, kit.Client, "x")
	require.NoError(t, err)
	_, err = kit.As("manager").WorkOrders.Count(t.Context(), query.Where(workorders.WorkOrderCols.Title.Eq("x")))
	require.NoError(t, err)

	require.Len(t, kit.Requests(), 2)
	require.Len(t, kit.Requests(workordertest.Method("POST")), 1)
	require.Len(t, kit.Requests(workordertest.RPC("rpc_create_work_order")), 1)
	require.Len(t, kit.Requests(workordertest.Path("/rest/v1/")), 2)
	require.Empty(t, kit.Requests(workordertest.Path("/rest/v1")))
	require.Len(t, kit.Requests(workordertest.Skip(1)), 1)
	require.Len(t, kit.Requests(workordertest.Times(1)), 1)
	require.Empty(t, kit.Requests(workordertest.View("v_work_orders"), workordertest.Method("POST")))
	require.Contains(t, kit.Requests(workordertest.View("v_work_orders"))[0].URL.RawQuery, "title")
	kit.Reset()
	require.Empty(t, kit.Requests())
}

func TestAnyProgramMayUseTheAddress(t *testing.T) {
	t.Parallel()
	kit := workordertest.New(t)
	t.Log(kit.URL)
	c, err := workorder.New(kit.URL, kit.AnonKey)
	require.NoError(t, err)
	defer c.Close()
	u := kit.As("manager")
	s, err := c.Auth.SignInWithPassword(t.Context(), u.Email, u.Password)
	require.NoError(t, err)
	rows, err := c.WithSession(s).Tenants.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Len(t, kit.Requests(workordertest.Path("/auth/v1/token")), 1)
}

// A server under test that checks tokens by itself gets the issuer beside the address.
func TestServersCanVerifyTokens(t *testing.T) {
	t.Parallel()
	kit := workordertest.New(t)
	c, err := workorder.New(kit.URL, kit.AnonKey)
	require.NoError(t, err)
	defer c.Close()
	v, err := workorder.NewVerifier(c, workorder.VerifierOptions{
		Secret: types.Secret(kit.Deployment.JWTSecret), Issuer: kit.Deployment.URL + "/auth/v1",
	})
	require.NoError(t, err)
	u := kit.As("manager")
	who, err := v.Verify(t.Context(), u.Token())
	require.NoError(t, err)
	require.Equal(t, u.ID, who.UserID)
	require.Equal(t, kit.TenantID, who.TenantID)
}

func TestDeploymentFromTheEnvironment(t *testing.T) {
	for _, name := range []string{"SUPABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_JWT_SECRET"} {
		t.Setenv(name, "")
	}
	_, ok := workordertest.FromEnv()
	require.False(t, ok)
	stack := workordertest.Shared(t)
	t.Setenv("SUPABASE_URL", stack.URL)
	_, ok = workordertest.FromEnv()
	require.False(t, ok)
	t.Setenv("SUPABASE_ANON_KEY", stack.AnonKey)
	d, ok := workordertest.FromEnv()
	require.True(t, ok)
	require.Equal(t, workordertest.Deployment{URL: stack.URL, AnonKey: stack.AnonKey}, d)

	kit := d.New(t)
	_, err := create(t, kit.As("manager").Client, "x")
	require.NoError(t, err)
	require.Equal(t, d, kit.Deployment)
}

// recorder is a test that notes how it failed.
type recorder struct {
	testing.TB
	mu   sync.Mutex
	said string
}

func (r *recorder) Fatal(args ...any)                 { r.fail(fmt.Sprint(args...)) }
func (r *recorder) Fatalf(format string, args ...any) { r.fail(fmt.Sprintf(format, args...)) }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = fmt.Sprintf(format, args...)
}

func (r *recorder) fail(text string) {
	r.mu.Lock()
	r.said = text
	r.mu.Unlock()
	runtime.Goexit()
}

// fatal runs f with a test that it may end, and gives what the test said.
func fatal(t *testing.T, f func(t testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t}
	var wg sync.WaitGroup
	wg.Go(func() { f(r) })
	wg.Wait()
	r.mu.Lock() // what a fault said came over a connection, which the race detector does not see
	defer r.mu.Unlock()
	return r.said
}

func TestMistakesEndTheTest(t *testing.T) {
	t.Parallel()
	on := func(use func(*workordertest.Kit)) func(testing.TB) {
		return func(t testing.TB) { use(workordertest.Of(workordertest.Shared(t)).New(t)) }
	}
	for want, f := range map[string]func(testing.TB){
		"the deployment has no URL": func(t testing.TB) { workordertest.Deployment{AnonKey: "x"}.New(t) },
		"make a client":             func(t testing.TB) { workordertest.Deployment{URL: "https://example.invalid"}.New(t) },
		"sign a user up": func(t testing.TB) {
			workordertest.Deployment{URL: workordertest.Shared(t).URL, AnonKey: "wrong"}.New(t)
		},
		"role foreman not found": on(func(k *workordertest.Kit) { k.As("foreman") }),
		"the role is empty":      on(func(k *workordertest.Kit) { k.As("") }),
		`RaiseSQLState("1234")`:  on(func(k *workordertest.Kit) { k.RaiseSQLState("1234") }),
		`RaiseSQLState("pgrst")`: on(func(k *workordertest.Kit) { k.RaiseSQLState("pgrst") }),
		"Clamp(0)":               on(func(k *workordertest.Kit) { k.Clamp(0) }),
		"Times(0)":               on(func(k *workordertest.Kit) { k.DropResponse(workordertest.Times(0)) }),
		"Skip(-1)":               on(func(k *workordertest.Kit) { k.Delay(time.Second, workordertest.Skip(-1)) }),
		"Inject":                 on(func(k *workordertest.Kit) { k.Inject(nil) }),
		"a fault panicked: oops": on(func(k *workordertest.Kit) {
			k.Inject(func(http.ResponseWriter, *http.Request, http.Handler) { panic("oops") }, workordertest.Times(1))
			_, _ = k.Tenants.Count(context.Background())
		}),
	} {
		t.Run(want, func(t *testing.T) {
			said := fatal(t, f)
			require.Contains(t, said, want)
			require.True(t, strings.HasPrefix(said, "workordertest: "), said)
		})
	}
}
