// Command meter-ingest records what machines read from meters: rows of a CSV file,
// or of the standard input, with a tenant's API key.
//
//	SUPABASE_URL=… SUPABASE_ANON_KEY=… WORKORDER_API_KEY=… go run ./meter-ingest readings.csv
//
// The first line names the columns: meter (its id), time (RFC 3339, such as
// 2026-11-27T08:30:00Z), value, and notes if you like. What is malformed or refused
// goes to rejected.csv with the reason, and stops no other row; that file, mended,
// is an input again. A journal remembers what was recorded: stop the program or
// kill it, run it again, and it goes on where it was, nothing twice.
//
// With SUPABASE_ACCESS_TOKEN, or WORKORDER_EMAIL, WORKORDER_PASSWORD and
// INGEST_TENANT, of a member of the tenant, meters can be given by name, and a
// reading whose answer was lost is looked up. Without, it is reported as unknown.
//
// Without SUPABASE_URL it starts a local stack and records a day of three meters.
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

	"github.com/schollz/progressbar/v3"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/ingest"
	"github.com/workorder-systems/sdk-go/types"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdin, os.Stdout, os.Args[1:])
	stop()
	if err != nil {
		log.Fatal("meter-ingest: ", err)
	}
}

type settings struct {
	input    string // "" and "-": the standard input
	journal  string
	rejected string
	in       ingest.Ingester
}

func run(ctx context.Context, stdin io.Reader, out io.Writer, args []string) error {
	var s settings
	flags := flag.NewFlagSet("meter-ingest", flag.ContinueOnError)
	flags.StringVar(&s.journal, "journal", "readings.journal", "file that remembers what was recorded")
	flags.StringVar(&s.rejected, "rejected", "rejected.csv", "file for the rows that were not, with the reason")
	flags.IntVar(&s.in.Concurrency, "meters", 8, "meters whose readings are on their way at a time")
	flags.DurationVar(&s.in.SettleAfter, "settle", 30*time.Second, "how long the server may still be at a reading whose answer was lost")
	flags.BoolVar(&s.in.RetryRejected, "retry-rejected", false, "send again what the server refused before")
	flags.BoolVar(&s.in.RetryUnknown, "retry-unknown", false, "send again what may be recorded")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 1 {
		return fmt.Errorf("there is one input, not %d", flags.NArg())
	}
	s.input = flags.Arg(0)
	if os.Getenv("SUPABASE_URL") == "" {
		return demo(ctx, out, s)
	}
	s.in.Key = types.Secret(os.Getenv("WORKORDER_API_KEY"))
	if s.in.Key == "" {
		return errors.New("WORKORDER_API_KEY is not set: make a key with TenantAPIKeys.Create")
	}
	machine, err := workorder.New(os.Getenv("SUPABASE_URL"), os.Getenv("SUPABASE_ANON_KEY"))
	if err != nil {
		return err
	}
	defer func() { _ = machine.Close() }()
	member, err := asMember(ctx)
	if err != nil {
		return err
	}
	return record(ctx, stdin, out, machine, member, s)
}

// asMember makes a client of a member of the tenant, nil when none is named.
func asMember(ctx context.Context) (*workorder.Client, error) {
	if os.Getenv("SUPABASE_ACCESS_TOKEN") == "" && os.Getenv("WORKORDER_EMAIL") == "" {
		return nil, nil
	}
	member, err := workorder.NewFromEnv()
	if tenant := os.Getenv("INGEST_TENANT"); err == nil && tenant != "" {
		member, err = member.ForTenant(ctx, tenant)
	}
	return member, err
}

// record records the input. member may be nil.
func record(ctx context.Context, stdin io.Reader, out io.Writer, machine, member *workorder.Client, s settings) (err error) {
	input, total, err := open(s, stdin)
	if err != nil {
		return err
	}
	defer func() { _ = input.Close() }()
	rows, err := newRows(input, s.input, member)
	if err != nil {
		return err
	}
	journal, err := ingest.OpenJournal(s.journal, ingest.SyncAlways)
	switch {
	case errors.Is(err, ingest.ErrJournalInUse):
		return fmt.Errorf("%w: is another meter-ingest at work?", err)
	case err != nil:
		return err
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	if err := apart(s, stdin); err != nil { // the journal is there by now
		return err
	}
	if rows.rejects, err = newRejects(s.rejected, rows.header); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.rejects.close()) }()

	bar := newBar(total)
	s.in.Meters, s.in.Journal = &machine.Meters, journal
	if member != nil {
		s.in.Readings = &member.Meters
	}
	s.in.Progress = func(sum ingest.Summary) { _ = bar.Set(sum.Answered() + rows.rejects.malformed()) }
	sum, err := s.in.Run(ctx, rows.readings(ctx), rows.result)
	_ = bar.Finish()
	malformed := rows.rejects.malformed()
	fmt.Fprintf(out, "%d rows: %d recorded, %d rejected, %d unknown, %d pending; %d were known before\n",
		sum.Taken+malformed, sum.Recorded, sum.Rejected+malformed, sum.Unknown, sum.Pending, sum.Earlier)
	if rows.rejects.count() > 0 {
		fmt.Fprintf(out, "the rows that were not recorded are in %s\n", s.rejected)
	}
	if err = explain(err); err == nil {
		err = rows.err()
	}
	return err
}

// explain says what to do about the end of a run.
func explain(err error) error {
	switch {
	case errors.Is(err, workorder.ErrUnauthenticated):
		return fmt.Errorf("the key in WORKORDER_API_KEY is unknown, revoked or expired: %w", err)
	case errors.Is(err, workorder.ErrSchemaMismatch):
		return fmt.Errorf("the deployment has no edge function ingest-meter-reading: %w", err)
	case errors.Is(err, workorder.ErrInvalidInput): // a flag's, since no reading's ends a run
		return err
	case err != nil:
		return fmt.Errorf("run it again to go on: %w", err)
	}
	return nil
}

// newBar is a progress bar on a terminal, and nothing elsewhere. total is -1 when
// nobody knows it.
func newBar(total int) *progressbar.ProgressBar {
	info, err := os.Stderr.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return progressbar.NewOptions(total, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetVisibility(terminal),
		progressbar.OptionSetWidth(30), progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetDescription("readings"), progressbar.OptionThrottle(100*time.Millisecond))
}
