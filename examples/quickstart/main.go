// Command quickstart walks through the SDK once: it signs a user up, creates a
// tenant, takes it, creates work orders, moves one through its life cycle, logs
// time and prints the list.
//
// It uses the deployment that SUPABASE_URL and SUPABASE_ANON_KEY name; without
// them it starts a local stack and stops it at the end.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		log.Fatal("quickstart: ", err)
	}
}

func run(ctx context.Context, out io.Writer) (err error) {
	url, key := os.Getenv("SUPABASE_URL"), os.Getenv("SUPABASE_ANON_KEY")
	if url == "" || key == "" {
		// The first start takes a while and says so.
		progress := slog.New(slog.NewTextHandler(os.Stderr, nil))
		stack, err := devstack.Start(ctx, devstack.WithLogger(progress))
		if err != nil {
			return err
		}
		defer func() { _ = stack.Close() }()
		fmt.Fprintln(out, "Started a local stack.")
		url, key = stack.URL, stack.AnonKey
	}
	client, err := workorder.New(url, key)
	if err != nil {
		return err
	}
	defer client.Close()

	tenant, err := takeNewTenant(ctx, out, client)
	if err != nil {
		return err
	}
	if err := work(ctx, out, tenant); err != nil {
		return err
	}
	return printWorkOrders(ctx, out, tenant)
}

// takeNewTenant signs a new user up, creates a tenant and returns a client
// whose token is verified to carry that tenant.
func takeNewTenant(ctx context.Context, out io.Writer, client *workorder.Client) (*workorder.Client, error) {
	unique := strings.ToLower(rand.Text()[:10])
	signUp, err := client.Auth.SignUp(ctx, workorder.SignUpParams{
		Email:    "ada-" + unique + "@example.com",
		Password: rand.Text(),
		Data:     map[string]any{"first_name": "Ada", "last_name": "Byron"},
	})
	if err != nil {
		return nil, err
	}
	if signUp.Session == nil {
		return nil, errors.New("this deployment wants the e-mail address confirmed first")
	}
	fmt.Fprintln(out, "Signed up Ada Byron.")

	user := client.WithSession(signUp.Session)
	id, err := user.Tenants.Create(ctx, org.CreateTenantParams{Name: "Quickstart Works", Slug: "quickstart-" + unique})
	if err != nil {
		return nil, err
	}
	tenant, err := user.ForTenant(ctx, id)
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(out, "Created the tenant Quickstart Works and took it.")
	return tenant, nil
}

// work creates work orders and moves the first one through its life cycle.
func work(ctx context.Context, out io.Writer, client *workorder.Client) error {
	var first string
	for _, p := range []workorders.CreateWorkOrderParams{
		{Title: "Replace the bearing of pump 7", Priority: "high", DueDate: time.Now().Add(48 * time.Hour)},
		{Title: "Inspect the fire doors", DueDate: time.Now().Add(7 * 24 * time.Hour)},
		{Title: "Paint the stairwell", Priority: "low"},
	} {
		id, err := client.WorkOrders.Create(ctx, p)
		if err != nil {
			return err
		}
		if first == "" {
			first = id
		}
	}
	fmt.Fprintln(out, "Created 3 work orders.")

	_, err := client.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: "Stop the leak", Priority: "yesterday"})
	if !errors.Is(err, workorder.ErrInvalidReference) {
		return fmt.Errorf("a wrong priority should be an invalid reference: %w", err)
	}
	fmt.Fprintf(out, "A work order with a wrong priority is refused:\n  %v\n", err)
	priorities, err := client.Catalogs.Priorities.List(ctx, query.Where(org.PriorityCols.EntityType.Eq("work_order")))
	if err != nil {
		return err
	}
	keys := make([]string, len(priorities))
	for i, p := range priorities {
		keys[i] = p.Key
	}
	fmt.Fprintf(out, "  The tenant knows: %s.\n", strings.Join(keys, ", "))

	for _, status := range []string{"assigned", "in_progress"} {
		err := client.WorkOrders.TransitionStatus(ctx, workorders.TransitionStatusParams{WorkOrderID: first, ToStatusKey: status})
		if err != nil {
			return err
		}
	}
	if _, err := client.WorkOrders.LogTime(ctx, workorders.LogTimeParams{
		WorkOrderID: first, Minutes: 45, Description: "Pulled the old bearing, pressed the new one in",
	}); err != nil {
		return err
	}
	if err := client.WorkOrders.Complete(ctx, workorders.CompleteWorkOrderParams{
		WorkOrderID: first, Cause: new("worn out"), Resolution: new("bearing replaced"),
	}); err != nil {
		return err
	}
	fmt.Fprintln(out, "Assigned, started, logged 45 minutes on and completed the first one.")
	return nil
}

// printWorkOrders prints the urgent and the ordinary ones, most urgent first.
func printWorkOrders(ctx context.Context, out io.Writer, client *workorder.Client) error {
	cols := workorders.WorkOrderCols
	fmt.Fprint(out, "\nWork orders of high or medium priority, by due date:\n\n")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TITLE\tPRIORITY\tSTATUS\tDUE IN\tMINUTES")
	for wo, err := range client.WorkOrders.All(ctx,
		query.Where(cols.Priority.In("high", "medium")),
		query.OrderBy(cols.DueDate.Asc().NullsLast())) {
		if err != nil {
			return err
		}
		due := "–"
		if wo.DueDate != nil {
			due = fmt.Sprintf("%.0f h", time.Until(*wo.DueDate).Hours())
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\n", wo.Title, wo.Priority, wo.Status, due, wo.TotalLaborMinutes)
	}
	return table.Flush()
}
