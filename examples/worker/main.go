// Command worker gives every tenant of an account one preventive round a day: a
// work order to walk through the plant. It is how work for many tenants is spread
// over processes and machines, with a queue (River) in a PostgreSQL of your own.
//
//	SUPABASE_URL=… SUPABASE_ANON_KEY=… WORKORDER_EMAIL=… WORKORDER_PASSWORD=… WORKER_DATABASE_URL=… go run ./worker
//
// Run as many of it as you like, over one database, and kill them whenever you
// like: every tenant has exactly one round for a day. Three things see to it.
//
//   - The queue holds one job per tenant and day, whoever plans the day how often.
//   - A job that fails is tried again when workorder.SafeToRetry says that this
//     is of use, and one whose worker died is taken up by another worker.
//   - The work order is created with a ClientRequestID that is the same in every
//     try. So a worker that dies between the creation and the note in the queue
//     leaves nothing to be done twice, and neither does a lost database.
//
// A day is planned when a worker starts and at -at, in UTC. The account needs the
// permission workorder.create in its tenants (the roles admin and manager have
// it); a tenant where it lacks that has a cancelled job that says so.
//
// Without SUPABASE_URL it starts a local stack with a few tenants and plans
// today twice.
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
	"github.com/robfig/cron/v3"

	workorder "github.com/workorder-systems/sdk-go"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, os.Args[1:])
	stop()
	if err != nil {
		log.Fatal("worker: ", err)
	}
}

type settings struct {
	at       cron.Schedule
	once     bool
	day      string
	parallel int
	timeout  time.Duration
}

func run(ctx context.Context, out io.Writer, args []string) error {
	s, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if os.Getenv("SUPABASE_URL") == "" {
		return runDemo(ctx, out, s)
	}
	if os.Getenv("WORKER_DATABASE_URL") == "" {
		return errors.New("WORKER_DATABASE_URL is not set")
	}
	db, err := pgxpool.New(ctx, os.Getenv("WORKER_DATABASE_URL"))
	if err != nil {
		return errors.New("WORKER_DATABASE_URL is malformed") // the error itself can hold a password
	}
	defer db.Close()
	client, err := workorder.NewFromEnv()
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	return work(ctx, out, client, db, s)
}

func parse(args []string) (s settings, err error) {
	flags := flag.NewFlagSet("worker", flag.ContinueOnError)
	at := flags.String("at", "0 2 * * *", "when to plan a day: minute, hour, day of month, month, day of week, in UTC")
	flags.BoolVar(&s.once, "once", false, "end when the day's rounds are done")
	flags.StringVar(&s.day, "day", "", "with -once: the day, such as 2026-11-27; else today, in UTC")
	flags.IntVar(&s.parallel, "parallel", 10, "rounds at a time, in this process")
	flags.DurationVar(&s.timeout, "timeout", time.Minute, "how long a round may take; after twice that, another worker takes it up")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	if s.at, err = cron.ParseStandard(*at); err != nil {
		return s, fmt.Errorf("-at: %w", err)
	}
	if s.day != "" && !s.once {
		return s, errors.New("-day goes with -once")
	}
	if s.day == "" {
		s.day = today()
	}
	if _, err := time.Parse(time.DateOnly, s.day); err != nil {
		return s, fmt.Errorf("-day is %q, not a day such as 2026-11-27", s.day)
	}
	if s.parallel < 1 || s.timeout < time.Second {
		return s, errors.New("-parallel is at least 1, -timeout at least 1s")
	}
	return s, nil
}

func today() string { return time.Now().UTC().Format(time.DateOnly) }
