package postgres_test

import (
	"context"
	"log"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/sessionstore/postgres"
)

// A worker of which any number of replicas run.
func ExampleNew() {
	ctx := context.Background()
	c, err := workorder.NewFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := pool.Exec(ctx, postgres.CreateTable); err != nil {
		log.Fatal(err)
	}
	store, err := postgres.New(pool, "nightly-worker")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	session := workorder.NewPasswordSession(c, "worker@example.com", os.Getenv("WORKER_PASSWORD"), workorder.WithSessionStore(store))
	defer session.Close()
	tenants := workorder.NewTenantPool(c.WithSession(session), workorder.TenantPoolOptions{})
	defer tenants.Close()
}
