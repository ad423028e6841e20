// Command mirror keeps a copy of a tenant's work orders, assets and costs in a
// PostgreSQL database of your own, for reports and joins that the platform has no
// view for.
//
//	SUPABASE_URL=… SUPABASE_ANON_KEY=… SUPABASE_ACCESS_TOKEN=… MIRROR_DATABASE_URL=… go run ./mirror
//
// It makes its tables from the row types of the SDK, reads what changed since the
// last time (package changes), and saves each page together with its watermark in
// one transaction: stop it or kill it whenever you like, and it goes on where it
// was. Costs have no updated_at, so they are read whole and written where they
// differ. Rows that are gone are looked for every -sweep rounds, which takes one
// request for every 1,000 rows. What a work order shows of other tables, such as
// total_labor_minutes, is as of the last change of the work order itself; the costs
// are those of now.
//
// A database is for one tenant. When a version of the SDK has new columns, drop the
// tables and start again.
//
// The token decides the tenant; WORKORDER_EMAIL, WORKORDER_PASSWORD and
// MIRROR_TENANT take its place for a program that runs for long. Without
// SUPABASE_URL it starts a local stack, fills a tenant and mirrors that once, into
// a database beside it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	workorder "github.com/workorder-systems/sdk-go"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, os.Args[1:])
	stop()
	if err != nil {
		log.Fatal("mirror: ", err)
	}
}

type settings struct {
	once  bool
	every time.Duration
	sweep int
	page  int
}

func run(ctx context.Context, out io.Writer, args []string) error {
	var s settings
	flags := flag.NewFlagSet("mirror", flag.ContinueOnError)
	flags.BoolVar(&s.once, "once", false, "end after one round")
	flags.DurationVar(&s.every, "every", time.Minute, "time between rounds")
	flags.IntVar(&s.sweep, "sweep", 60, "look for rows that are gone every so many rounds, and in the first")
	flags.IntVar(&s.page, "page", 500, "rows in a transaction")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	if s.sweep < 1 || s.page < 1 || s.every < 0 {
		return errors.New("-sweep and -page start at 1, -every at 0s")
	}
	if os.Getenv("SUPABASE_URL") == "" {
		return runDemo(ctx, out, s)
	}
	base, err := workorder.NewFromEnv()
	if err != nil {
		return err
	}
	defer func() { _ = base.Close() }()
	client := base
	if tenant := os.Getenv("MIRROR_TENANT"); tenant != "" {
		if client, err = base.ForTenant(ctx, tenant); err != nil {
			return err
		}
	}
	address := os.Getenv("MIRROR_DATABASE_URL")
	if address == "" {
		return errors.New("MIRROR_DATABASE_URL is not set")
	}
	db, err := pgxpool.New(ctx, address)
	if err != nil {
		return fmt.Errorf("MIRROR_DATABASE_URL cannot be used: %w", err)
	}
	defer db.Close()
	return keep(ctx, out, client, db, s)
}

// keep mirrors until ctx is done.
func keep(ctx context.Context, out io.Writer, client *workorder.Client, db *pgxpool.Pool, s settings) error {
	m := &mirror{client: client, db: db, page: s.page}
	if err := m.createTables(ctx); err != nil {
		return err
	}
	for n := 0; ctx.Err() == nil; n++ {
		start := time.Now()
		counts, err := m.round(ctx, n%s.sweep == 0)
		switch {
		case err == nil:
			fmt.Fprintf(out, "round %d: %s in %v\n", n+1, counts, time.Since(start).Round(time.Millisecond))
		case ctx.Err() == nil: // else it was told to stop
			return err
		}
		if s.once {
			return nil
		}
		select {
		case <-time.After(s.every):
		case <-ctx.Done():
		}
	}
	return nil
}
