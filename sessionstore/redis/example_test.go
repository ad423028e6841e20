package redis_test

import (
	"log"
	"os"

	goredis "github.com/redis/go-redis/v9"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/sessionstore/redis"
)

// A worker of which any number of replicas run.
func ExampleNew() {
	c, err := workorder.NewFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	options, err := goredis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		log.Fatal("REDIS_URL cannot be read") // the error may quote the password
	}
	client := goredis.NewClient(options)
	store, err := redis.New(client, "nightly-worker")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	session := workorder.NewPasswordSession(c, "worker@example.com", os.Getenv("WORKER_PASSWORD"), workorder.WithSessionStore(store))
	defer session.Close()
	pool := workorder.NewTenantPool(c.WithSession(session), workorder.TenantPoolOptions{})
	defer pool.Close()
}
