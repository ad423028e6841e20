// Command report writes what a maintenance manager looks at for a tenant: one HTML
// page with charts (backlog, time to repair and between failures, preventive
// maintenance, downtime by location, cost by asset) that needs neither script nor
// network, and the numbers behind each chart as CSV.
//
//	SUPABASE_URL=… SUPABASE_ANON_KEY=… SUPABASE_ACCESS_TOKEN=… go run ./report -o out
//
// The token decides the tenant; its user needs workorder.view and downtime.view.
// Without SUPABASE_URL it starts a local stack and fills a tenant with a year of
// work that is the same for the same -seed and -today. Only a local stack can be
// given a past: no call of the platform dates work back, so that is done by SQL.
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
	"path/filepath"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, os.Args[1:])
	stop()
	if err != nil {
		log.Fatal("report: ", err)
	}
}

func run(ctx context.Context, out io.Writer, args []string) (err error) {
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	dir := flags.String("o", "report-out", "directory to write to")
	months := flags.Int("months", 12, "months that the page shows, with the current one")
	seed := flags.Uint64("seed", 1, "of the year that a local stack is filled with")
	today := flags.String("today", "", "last day of the page, in full, as 2026-11-26; now by default, in UTC")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	now := time.Now().UTC()
	if *today != "" {
		day, err := time.Parse(time.DateOnly, *today)
		if err != nil {
			return fmt.Errorf("-today: %w", err)
		}
		now = day.Add(24*time.Hour - time.Second)
	}
	if *months < 1 || *months > 60 {
		return fmt.Errorf("-months is %d, not 1 to 60", *months)
	}

	bar := newBar(os.Stderr)
	var client *workorder.Client
	if os.Getenv("SUPABASE_URL") == "" {
		bar.Describe("starting a local stack")
		stack, err := devstack.Start(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = stack.Close() }()
		bar.Describe("filling a tenant with a year")
		if client, err = seedYear(ctx, stack, *seed, now); err != nil {
			return err
		}
	} else if client, err = workorder.NewFromEnv(); err != nil {
		return err
	}
	defer func() { _ = client.Close() }()

	data, err := read(ctx, client, now, *months, func(what string) { bar.Describe(what); _ = bar.Add(1) })
	if err != nil {
		return err
	}
	bar.Describe("writing")
	page, err := write(*dir, data)
	_ = bar.Finish()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d work orders, %d charts: %s\n", data.orders, len(page.Charts), filepath.Join(*dir, "report.html"))
	return nil
}

// newBar is a progress bar on a terminal, of 40 columns at least, and nothing
// elsewhere.
func newBar(f *os.File) *progressbar.ProgressBar {
	return progressbar.NewOptions(steps, progressbar.OptionSetWriter(f), progressbar.OptionSetVisibility(term.IsTerminal(int(f.Fd()))),
		progressbar.OptionSetWidth(barWidth), progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
		progressbar.OptionClearOnFinish())
}

// barWidth is how wide the bar is; in a narrow terminal it takes what the words leave.
const barWidth = 30
