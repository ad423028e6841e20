package workorder_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

var (
	ctx      = context.Background()
	client   *workorder.Client
	tenantID string
)

// exampleServer stands in for a deployment that refuses every department code.
func exampleServer() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		fmt.Fprint(w, `{"code":"23505","message":"duplicate key value","details":null,"hint":null}`)
	}))
}

func ExampleNew() {
	c, err := workorder.New("https://abc.supabase.co", "the project's anon key",
		workorder.WithUserAgent("nightly-import/2.1"),
		workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 6, MaxDelay: 20 * time.Second}))
	fmt.Println(c, err)
	// Output: <nil> New: invalid input: the API key contains characters that a header cannot carry
}

func ExampleSdkError() {
	srv := exampleServer()
	defer srv.Close()
	c, err := workorder.New(srv.URL, "anon-key")
	if err != nil {
		fmt.Println(err)
		return
	}

	_, err = c.Departments.Create(ctx, org.CreateDepartmentParams{TenantID: "t1", Name: "Line 3", Code: "L3"})
	var e *workorder.SdkError
	switch {
	case errors.Is(err, workorder.ErrConflict) && errors.As(err, &e):
		fmt.Println("the code is taken:", e.SQLState(), e.HTTPStatus, e.Attempts)
	case err != nil:
		fmt.Println("something else")
	}
	fmt.Println(err)
	// Output:
	// the code is taken: 23505 409 1
	// Departments.Create: 23505 conflict: duplicate key value
}

func ExampleClient_AsUser() {
	// In a server: act as the user whose request is being handled.
	http.HandleFunc("/orders", func(w http.ResponseWriter, r *http.Request) {
		user := client.AsUser(r.Header.Get("X-Access-Token"))
		n, err := user.WorkOrders.Count(r.Context())
		if err != nil {
			http.Error(w, "cannot count", http.StatusBadGateway)
			return
		}
		fmt.Fprintln(w, n)
	})
}

func ExampleClient_ForTenant() {
	tenant, err := client.ForTenant(ctx, tenantID)
	if err != nil {
		log.Fatal(err)
	}
	id, err := tenant.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{
		Title:           "Replace the belt",
		Priority:        "high",
		ClientRequestID: "import-2026-0001", // repeating the call makes no second one
	})
	fmt.Println(id, err)
}

func ExampleClient_With() {
	timed, err := client.With(workorder.WithCallMiddleware(
		func(ctx context.Context, call workorder.CallInfo, next func(context.Context) error) error {
			start := time.Now()
			err := next(ctx)
			log.Println(call.Op, time.Since(start), err)
			return err
		}))
	fmt.Println(timed, err)
}

func ExampleViewOf() {
	// A view that this deployment has beyond the platform's own.
	type Backlog struct {
		ID   string `json:"id"`
		Days int    `json:"days"`
	}
	days := query.NewColumn[int]("days")
	for row, err := range workorder.ViewOf[Backlog](client, "v_backlog").All(ctx, query.Where(days.Gt(30))) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(row.ID, row.Days)
	}
}
