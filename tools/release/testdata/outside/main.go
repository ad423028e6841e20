// Command outside is a user's program: it gets the modules by their versions.
package main

import (
	"context"
	"fmt"
	"io"
	"log"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/export/parquet"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	stack, err := devstack.Start(ctx)
	if err != nil {
		return err
	}
	defer stack.Close()
	client, err := workorder.New(stack.URL, stack.AnonKey)
	if err != nil {
		return err
	}
	defer client.Close()
	up, err := client.Auth.SignUp(ctx, workorder.SignUpParams{Email: "outside@example.com", Password: "correct horse battery"})
	if err != nil {
		return err
	}
	n, err := parquet.Write(ctx, io.Discard, client.WithSession(up.Session).Tenants.All(ctx))
	if err != nil {
		return err
	}
	fmt.Printf("tenants: %d\n", n)
	return nil
}
