package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/plugins"
	"github.com/workorder-systems/sdk-go/plugins/webhook"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

// runDemo receives real deliveries of a local stack whose clock for deliveries runs
// 600 times as fast. The first one is refused, as by a service that is down; it
// comes again after 0.2 s instead of two minutes. Meanwhile the secret is replaced.
func runDemo(ctx context.Context, log *slog.Logger) error {
	stack, err := devstack.Start(ctx, devstack.WithLogger(log), devstack.WithDeliverySpeed(600))
	if err != nil {
		return err
	}
	defer func() { _ = stack.Close() }()
	d := &demo{stack: stack, log: log, arrived: make(chan webhook.Event, 16)}
	if err := d.setUp(ctx); err != nil {
		return err
	}

	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	stopped := make(chan error, 1)
	go func() {
		stopped <- serve(serving, log, listener, routes(webhook.Handler(d.secrets, d.handle, webhook.WithLogger(log))))
	}()
	err = d.play(ctx, "http://"+listener.Addr().String()+"/hooks/workorder")
	stop()
	return errors.Join(err, <-stopped)
}

// demo is one installation and what it sends.
type demo struct {
	stack   *devstack.Stack
	log     *slog.Logger
	client  *workorder.Client // the tenant's administrator
	plugin  string            // key
	secret  string            // name in the Vault
	arrived chan webhook.Event

	mu           sync.Mutex
	installation string // id
	known        []types.Secret
	failed       bool
}

// setUp makes a tenant and registers a plugin, which takes the service key.
func (d *demo) setUp(ctx context.Context) error {
	base, err := workorder.New(d.stack.URL, d.stack.AnonKey)
	if err != nil {
		return err
	}
	unique := strings.ToLower(rand.Text()[:10])
	user, err := base.Auth.SignUp(ctx, workorder.SignUpParams{Email: "ada-" + unique + "@example.com", Password: rand.Text()})
	if err != nil {
		return err
	}
	signedIn := base.WithSession(user.Session)
	tenant, err := signedIn.Tenants.Create(ctx, org.CreateTenantParams{Name: "Plant", Slug: "plant-" + unique})
	if err != nil {
		return err
	}
	if d.client, err = signedIn.ForTenant(ctx, tenant); err != nil {
		return err
	}
	service, err := workorder.New(d.stack.URL, d.stack.ServiceRoleKey)
	if err != nil {
		return err
	}
	d.plugin, d.secret = "receiver_"+unique, "receiver-"+unique
	_, err = service.Plugins.Register(ctx, plugins.RegisterParams{Key: d.plugin, Name: "Receiver"})
	return err
}

// newSecret puts a new text into the Vault and lets the receiver know both it and
// the one before. Secrets enter the Vault by SQL; no API has them.
func (d *demo) newSecret(ctx context.Context) error {
	db, err := pgx.Connect(ctx, d.stack.DatabaseURL)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close(ctx) }()
	text := types.Secret(rand.Text())
	d.mu.Lock()
	first := len(d.known) == 0
	d.known = append([]types.Secret{text}, d.known...)[:min(2, len(d.known)+1)]
	d.mu.Unlock()
	if first {
		_, err = db.Exec(ctx, `select vault.create_secret($1, $2)`, text.Reveal(), d.secret)
	} else {
		_, err = db.Exec(ctx, `select vault.update_secret(id, $1) from vault.secrets where name = $2`, text.Reveal(), d.secret)
	}
	return err
}

// secrets is the SecretFunc of the receiver, which runs before there is anything to
// receive for.
func (d *demo) secrets(ctx context.Context, from webhook.Source) ([]types.Secret, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return webhook.Installation(d.installation, d.known...)(ctx, from)
}

// handle fails once, then logs what comes.
func (d *demo) handle(ctx context.Context, e webhook.Event) error {
	d.mu.Lock()
	first := !d.failed
	d.failed = true
	d.mu.Unlock()
	if first {
		return errors.New("not this time: the delivery will come again")
	}
	if err := logWorkOrders(d.log)(ctx, e); err != nil {
		return err
	}
	d.arrived <- e
	return nil
}

// play installs the plugin, changes a work order and waits for the events.
func (d *demo) play(ctx context.Context, url string) error {
	if err := d.newSecret(ctx); err != nil {
		return err
	}
	installation, err := d.client.Plugins.Install(ctx, plugins.InstallParams{
		PluginKey: d.plugin, SecretRef: d.secret, Config: plugins.WebhookConfig{WebhookURL: url}.JSON(),
	})
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.installation = installation
	d.mu.Unlock()
	_, err = d.client.Plugins.UpsertWebhookSubscription(ctx, plugins.UpsertWebhookSubscriptionParams{
		InstallationID: installation, TableSchema: "app", TableName: "work_orders",
		Operations: []plugins.Operation{plugins.Insert}, IncludePayload: true,
	})
	if err != nil {
		return err
	}
	for i, title := range []string{"Oil leak", "Replace the belt"} {
		if i == 1 {
			if err := d.newSecret(ctx); err != nil {
				return err
			}
			d.log.Info("the secret has been replaced")
		}
		if _, err := d.client.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: title, Priority: "high"}); err != nil {
			return err
		}
		select {
		case e := <-d.arrived:
			d.log.Info("handled", "event", e.ID(), "delivery", e.DeliveryID)
		case <-ctx.Done():
			return fmt.Errorf("waiting for %q: %w", title, ctx.Err())
		}
	}
	return nil
}
