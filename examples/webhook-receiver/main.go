// Command webhook-receiver is a service that receives what an installation of a
// plugin delivers, checks the signatures and logs every change of a work order
// once.
//
//	WEBHOOK_INSTALLATION=… WEBHOOK_SECRET=… go run ./webhook-receiver
//
// Its settings are in the environment:
//
//	WEBHOOK_INSTALLATION      id of the installation; required
//	WEBHOOK_SECRET            text of the Vault secret that the installation names; required
//	WEBHOOK_SECRET_PREVIOUS   the one before, while it is being replaced
//	WEBHOOK_DATABASE_URL      PostgreSQL in which replicas note what is handled; else in memory
//	LISTEN                    address to listen on; :8080 by default
//
// With -demo it needs none of them: it starts a local stack, installs a plugin,
// changes a work order and shows what arrives, over HTTP, until the first delivery
// has failed and come again.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of the store

	"github.com/workorder-systems/sdk-go/plugins/webhook"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

func main() {
	demo := flag.Bool("demo", false, "start a local stack and show a delivery")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	var err error
	if *demo {
		err = runDemo(ctx, log)
	} else {
		err = runService(ctx, log)
	}
	stop()
	if err != nil {
		log.Error("webhook-receiver", "error", err)
		os.Exit(1)
	}
}

// runService serves until ctx is done.
func runService(ctx context.Context, log *slog.Logger) error {
	installation := os.Getenv("WEBHOOK_INSTALLATION")
	current, previous := types.Secret(os.Getenv("WEBHOOK_SECRET")), types.Secret(os.Getenv("WEBHOOK_SECRET_PREVIOUS"))
	if installation == "" || current == "" {
		return errors.New("WEBHOOK_INSTALLATION or WEBHOOK_SECRET is not set; try -demo")
	}
	opts := []webhook.Option{webhook.WithLogger(log)}
	if url := os.Getenv("WEBHOOK_DATABASE_URL"); url != "" {
		db, err := sql.Open("pgx", url)
		if err != nil {
			return errors.New("WEBHOOK_DATABASE_URL is malformed") // the error itself can hold a password
		}
		defer func() { _ = db.Close() }()
		store, err := webhook.NewSQLStore(db, "webhook_events")
		if err != nil {
			return err
		}
		if err := store.CreateTable(ctx); err != nil {
			return err
		}
		go prune(ctx, log, store)
		opts = append(opts, webhook.WithStore(store))
	}
	address := os.Getenv("LISTEN")
	if address == "" {
		address = ":8080"
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	secrets := webhook.Installation(installation, current, previous)
	return serve(ctx, log, listener, routes(webhook.Handler(secrets, logWorkOrders(log), opts...)))
}

// logWorkOrders is what this service does with events.
func logWorkOrders(log *slog.Logger) func(context.Context, webhook.Event) error {
	return func(ctx context.Context, e webhook.Event) error {
		attrs := []slog.Attr{slog.String("type", e.Type()), slog.String("record", e.RecordID), slog.Any("changed", e.ChangedFields)}
		if e.Is("app", "work_orders") && e.New != nil {
			var wo workorders.WorkOrder
			if err := e.DecodeNew(&wo); err != nil {
				return err
			}
			attrs = append(attrs, slog.String("title", wo.Title), slog.String("status", wo.Status))
		}
		log.LogAttrs(ctx, slog.LevelInfo, "change", attrs...)
		return nil
	}
}

// routes are what the service answers.
func routes(hooks http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/hooks/workorder", hooks)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return mux
}

// serve serves until ctx is done, and lets requests under way finish.
func serve(ctx context.Context, log *slog.Logger, listener net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	log.Info("listening", "address", listener.Addr().String())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return srv.Shutdown(ctx)
}

// prune forgets what was handled days ago, once an hour.
func prune(ctx context.Context, log *slog.Logger, store *webhook.SQLStore) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if _, err := store.Prune(ctx, 3*24*time.Hour); err != nil && ctx.Err() == nil {
			log.Warn("pruning handled events", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
