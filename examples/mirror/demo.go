package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/examples/internal/demo"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/workorders"
)

// runDemo mirrors a tenant of a local stack into a database beside the stack's own.
func runDemo(ctx context.Context, out io.Writer, s settings) error {
	stack, err := devstack.Start(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = stack.Close() }()
	client, _, err := newTenant(ctx, stack)
	if err != nil {
		return err
	}
	address, err := demo.NewDatabase(ctx, stack.DatabaseURL, "mirror")
	if err != nil {
		return err
	}
	db, err := pgxpool.New(ctx, address)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, title := range []string{"Oil leak", "Replace the belt", "Inspect the pump"} {
		asset, err := client.Assets.Create(ctx, assets.CreateAssetParams{Name: title + ": machine"})
		if err != nil {
			return err
		}
		if _, err := client.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: title, Priority: "high", AssetID: asset}); err != nil {
			return err
		}
	}
	s.once = true
	if err := keep(ctx, out, client, db, s); err != nil {
		return err
	}
	var open int
	if err := db.QueryRow(ctx, `select count(*) from work_orders w join assets a on a.id = w.asset_id where w.completed_at is null`).Scan(&open); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d open work orders with an asset in the mirror\n", open)
	return nil
}

// newTenant signs a user up and gives a client that works in a tenant of its own.
func newTenant(ctx context.Context, stack *devstack.Stack) (*workorder.Client, *workorder.Session, error) {
	client, err := workorder.New(stack.URL, stack.AnonKey)
	if err != nil {
		return nil, nil, err
	}
	unique := strings.ToLower(rand.Text()[:10])
	user, err := client.Auth.SignUp(ctx, workorder.SignUpParams{Email: "ada-" + unique + "@example.com", Password: rand.Text()})
	if err != nil {
		return nil, nil, err
	}
	client = client.WithSession(user.Session)
	tenant, err := client.Tenants.Create(ctx, org.CreateTenantParams{Name: "Plant", Slug: "plant-" + unique})
	if err != nil {
		return nil, nil, err
	}
	if _, err := client.SetTenantAndRefresh(ctx, tenant); err != nil {
		return nil, nil, err
	}
	return client, user.Session, nil
}
