// Command httpserver is a service in front of the platform that acts for whoever
// calls it: it checks the caller's access token by itself, derives a client from it
// and answers with problem details (RFC 9457) when something goes wrong.
//
//	SUPABASE_URL=… SUPABASE_ANON_KEY=… go run ./httpserver
//
// Its settings are in the environment:
//
//	SUPABASE_URL          the project; required
//	SUPABASE_ANON_KEY     its anon or publishable key; required
//	SUPABASE_JWT_SECRET   its JWT secret, if it still signs with that instead of with keys
//	SUPABASE_JWT_ISSUER   who issues its tokens, if not SUPABASE_URL with /auth/v1
//	LISTEN                address to listen on; :8080 by default
//
// With -demo it needs none of them: it starts a local stack whose tokens are signed
// with ES256, signs a user up and says how to call the service.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/types"
)

func main() {
	demo := flag.Bool("demo", false, "start a local stack and a user to call with")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	var err error
	if *demo {
		err = runDemo(ctx, log, os.Stdout)
	} else {
		err = runService(ctx, log)
	}
	stop()
	if err != nil {
		log.Error("httpserver", "error", err)
		os.Exit(1)
	}
}

// runService serves the project of the environment until ctx is done.
func runService(ctx context.Context, log *slog.Logger) error {
	url, key := os.Getenv("SUPABASE_URL"), os.Getenv("SUPABASE_ANON_KEY")
	if url == "" || key == "" {
		return errors.New("SUPABASE_URL and SUPABASE_ANON_KEY are not set; try -demo")
	}
	client, err := workorder.New(url, key, workorder.WithUserAgent("httpserver-example"))
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	verifier, err := workorder.NewVerifier(client, workorder.VerifierOptions{
		Secret: types.Secret(os.Getenv("SUPABASE_JWT_SECRET")), Issuer: os.Getenv("SUPABASE_JWT_ISSUER"),
	})
	if err != nil {
		return err
	}
	address := os.Getenv("LISTEN")
	if address == "" {
		address = ":8080"
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return serve(ctx, log, listener, newServer(client, verifier, log).routes())
}

// serve serves until ctx is done, and lets requests under way finish.
func serve(ctx context.Context, log *slog.Logger, listener net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      requestTimeout + 5*time.Second,
		IdleTimeout:       time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	log.Info("listening", "address", listener.Addr().String())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout+5*time.Second)
	defer cancel()
	return srv.Shutdown(ctx)
}
