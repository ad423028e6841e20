package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/org"
)

// runDemo serves a local stack until ctx is done, and says how to call the service.
func runDemo(ctx context.Context, log *slog.Logger, out io.Writer) error {
	stack, err := devstack.Start(ctx, devstack.WithLogger(log), devstack.WithSigningKey(devstack.ES256))
	if err != nil {
		return err
	}
	defer func() { _ = stack.Close() }()
	client, err := workorder.New(stack.URL, stack.AnonKey)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	verifier, err := workorder.NewVerifier(client, workorder.VerifierOptions{})
	if err != nil {
		return err
	}
	ada, err := newUser(ctx, client)
	if err != nil {
		return err
	}
	if err := ada.found(ctx); err != nil {
		return err
	}
	token, err := ada.session.Token(ctx)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "TOKEN=%s\ncurl -H \"Authorization: Bearer $TOKEN\" -d '{\"title\":\"Oil leak\"}' http://%[2]s/work-orders\n"+
		"curl -H \"Authorization: Bearer $TOKEN\" http://%[2]s/work-orders\n", token.Value, listener.Addr())
	return serve(ctx, log, listener, newServer(client, verifier, log).routes())
}

// person is a user who has signed up, as they would elsewhere: this service never
// sees passwords.
type person struct {
	id, email, tenant string
	session           *workorder.Session
	client            *workorder.Client
}

func newUser(ctx context.Context, client *workorder.Client) (*person, error) {
	email := "user-" + strings.ToLower(rand.Text()[:10]) + "@example.com"
	up, err := client.Auth.SignUp(ctx, workorder.SignUpParams{Email: email, Password: rand.Text()})
	if err != nil {
		return nil, err
	}
	return &person{id: up.User.ID, email: email, session: up.Session, client: client.WithSession(up.Session)}, nil
}

// found makes a tenant whose administrator the person is, and works in it.
func (p *person) found(ctx context.Context) error {
	slug := "plant-" + strings.ToLower(rand.Text()[:10])
	id, err := p.client.Tenants.Create(ctx, org.CreateTenantParams{Name: "Plant", Slug: slug})
	if err != nil {
		return err
	}
	return p.enter(ctx, id)
}

// enter makes the next tokens of the person name the tenant.
func (p *person) enter(ctx context.Context, tenant string) error {
	p.tenant = tenant
	_, err := p.client.SetTenantAndRefresh(ctx, tenant)
	return err
}
