package workordertest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack/workordertest"
	"github.com/workorder-systems/sdk-go/workorders"
)

// t stands for the test that an example is a part of.
var t *testing.T

func Example() {
	kit := workordertest.New(t)
	noise := workorders.CreateWorkOrderParams{Title: "Bearing is loud"}

	_, err := kit.As("requestor").WorkOrders.Create(t.Context(), noise)
	require.ErrorIs(t, err, workorder.ErrPermissionDenied)
	_, err = kit.As("manager").WorkOrders.Create(t.Context(), noise)
	require.NoError(t, err)
}

// A write whose answer is lost has been applied. With a request id it can be
// repeated, and is applied once.
func ExampleKit_DropResponse() {
	kit := workordertest.New(t)
	lost := kit.DropResponse(workordertest.RPC("rpc_create_work_order"), workordertest.Times(1))

	_, err := kit.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "once", ClientRequestID: "k"})
	require.NoError(t, err)

	require.Equal(t, 1, lost.Struck())
	rows, err := kit.WorkOrders.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1)
}

// A fault of the test's own: the server sends a page of HTML in the place of rows.
func ExampleKit_Inject() {
	kit := workordertest.New(t)
	kit.Inject(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		_, _ = w.Write([]byte("<html>down for maintenance</html>"))
	}, workordertest.View("v_work_orders"))

	_, err := kit.WorkOrders.List(t.Context())
	require.ErrorIs(t, err, workorder.ErrDecode)
}

// A server under test gets the kit's address in place of the deployment's.
func ExampleUser_Token() {
	kit := workordertest.New(t)
	t.Setenv("SUPABASE_URL", kit.URL)
	t.Setenv("SUPABASE_ANON_KEY", kit.AnonKey)
	t.Setenv("SUPABASE_JWT_ISSUER", kit.Deployment.URL+"/auth/v1") // for its Verifier

	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8080/work-orders", http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+kit.As("technician").Token())
}

// An access token lives for an hour. The session renews it in time.
func ExampleClock_Advance() {
	kit := workordertest.New(t)
	kit.Clock.Advance(2 * time.Hour)
	_, err := kit.WorkOrders.List(t.Context())
	require.NoError(t, err)
	require.Len(t, kit.Requests(workordertest.Path("/auth/v1/token")), 1)
}

// TestExamples holds the examples to what they say.
func TestExamples(test *testing.T) {
	for name, example := range map[string]func(){
		"package": Example, "drop": ExampleKit_DropResponse, "inject": ExampleKit_Inject,
		"token": ExampleUser_Token, "clock": ExampleClock_Advance,
	} {
		test.Run(name, func(one *testing.T) {
			t = one
			example()
		})
	}
}
