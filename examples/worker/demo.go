package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/examples/internal/demo"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// runDemo plans a day twice for the tenants of a local stack, and counts.
func runDemo(ctx context.Context, out io.Writer, s settings) error {
	stack, err := devstack.Start(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = stack.Close() }()
	a, err := newAccount(ctx, stack)
	if err != nil {
		return err
	}
	if err := a.join(ctx, 3, "manager"); err != nil {
		return err
	}
	address, err := demo.NewDatabase(ctx, stack.DatabaseURL, "worker")
	if err != nil {
		return err
	}
	db, err := pgxpool.New(ctx, address)
	if err != nil {
		return err
	}
	defer db.Close()
	s.once = true
	for range 2 {
		if err := work(ctx, out, a.client, db, s); err != nil {
			return err
		}
		orders, err := a.rounds(ctx, s.day)
		if err != nil {
			return err
		}
		for _, tenant := range a.tenants {
			fmt.Fprintf(out, "tenant %s has %d\n", tenant, orders[tenant])
		}
	}
	return nil
}

// account is the service account of a worker.
type account struct {
	email, password string
	client          *workorder.Client
	tenants         []string
	admin           *workorder.Client // of the newest tenant
}

// newAccount signs an account up.
func newAccount(ctx context.Context, stack *devstack.Stack) (*account, error) {
	client, err := workorder.New(stack.URL, stack.AnonKey)
	if err != nil {
		return nil, err
	}
	a := &account{email: mailAddress("worker"), password: rand.Text()}
	if _, err := client.Auth.SignUp(ctx, workorder.SignUpParams{Email: a.email, Password: a.password}); err != nil {
		return nil, err
	}
	a.client = client.WithSession(workorder.NewPasswordSession(client, a.email, a.password))
	return a, nil
}

// join gives the account a role in n new tenants of others.
func (a *account) join(ctx context.Context, n int, role string) error {
	const each = 5 // a user may create so many tenants a minute
	for i := range n {
		if i%each == 0 {
			user, err := a.client.Auth.SignUp(ctx, workorder.SignUpParams{Email: mailAddress("ada"), Password: rand.Text()})
			if err != nil {
				return err
			}
			a.admin = a.client.WithSession(user.Session)
		}
		tenant, err := a.admin.Tenants.Create(ctx, org.CreateTenantParams{Name: "Plant", Slug: "plant-" + unique()})
		if err != nil {
			return err
		}
		if err := a.admin.Tenants.InviteUser(ctx, org.InviteUserParams{TenantID: tenant, InviteeEmail: a.email, RoleKey: role}); err != nil {
			return err
		}
		a.tenants = append(a.tenants, tenant)
	}
	return nil
}

// rounds counts the work orders of a day's rounds in each tenant.
func (a *account) rounds(ctx context.Context, day string) (map[string]int, error) {
	found := map[string]int{}
	for _, tenant := range a.tenants {
		client, err := a.client.ForTenant(ctx, tenant)
		if err != nil {
			return nil, err
		}
		rows, err := client.WorkOrders.List(ctx, query.Where(workorders.WorkOrderCols.Title.Eq("Preventive round "+day)))
		if err != nil {
			return nil, err
		}
		found[tenant] = len(rows)
	}
	return found, nil
}

func mailAddress(name string) string { return name + "-" + unique() + "@example.com" }

func unique() string { return strings.ToLower(rand.Text()[:10]) }
