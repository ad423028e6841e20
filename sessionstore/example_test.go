package sessionstore_test

import (
	"context"
	"errors"
	"log"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/sessionstore"
)

// Several workers of one machine that share the session of a service account.
func ExampleNewFile() {
	ctx := context.Background()
	c, err := workorder.NewFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	store, err := sessionstore.NewFile("/var/lib/worker/session")
	if err != nil {
		log.Fatal(err)
	}
	session := workorder.NewSession(c, "", workorder.WithSessionStore(store))
	defer session.Close()

	line, err := c.WithSession(session).ForTenant(ctx, "7f8a1f5e-3f0a-4a44-9d3e-0c9f1f6a2b11")
	switch {
	case errors.Is(err, sessionstore.ErrDamaged), errors.Is(err, workorder.ErrSessionExpired):
		log.Print("sign in again: ", err)
		return
	case err != nil:
		log.Print(err)
		return
	}
	_, err = line.WorkOrders.List(ctx)
	if err != nil {
		log.Print(err)
	}
}

// Two sessions of one program that go on from one another's refresh token.
func ExampleNewMemory() {
	ctx := context.Background()
	c, err := workorder.NewFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	store := sessionstore.NewMemory()
	first, err := c.Auth.SignInWithPassword(ctx, "worker@example.com", "a password", workorder.WithSessionStore(store))
	if err != nil {
		log.Fatal(err)
	}
	defer first.Close()
	second := workorder.NewSession(c, "", workorder.WithSessionStore(store))
	defer second.Close()
	if _, err := second.Refresh(ctx); err != nil { // first goes on all the same
		log.Print(err)
	}
}
