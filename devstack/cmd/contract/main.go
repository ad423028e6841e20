// Command contract keeps contract/schema.json, the snapshot of the platform's
// public API, in step with a deployment.
//
//	contract dump [-database-url URL] [-version TEXT] > contract/schema.json
//	contract diff [-database-url URL] [-against FILE] [-covered]
//
// dump writes the snapshot of a database. diff prints what a database has
// different from a snapshot, one change per line, and exits with status 1 when
// there is any; -covered leaves out what the database lacks altogether. Without
// -database-url both look at a local stack with the reference backend, started
// for the purpose.
//
// After a change of contract/schema.json run go generate.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/devstack/contract"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case err == nil:
	case errors.Is(err, errDiffers):
		os.Exit(1)
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "contract:", err)
		os.Exit(2)
	}
}

// errDiffers says that diff found changes; they are printed already.
var errDiffers = errors.New("the database differs from the snapshot")

const usage = `usage: contract dump [-database-url URL] [-version TEXT]
       contract diff [-database-url URL] [-against FILE] [-covered]
`

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 || args[0] != "dump" && args[0] != "diff" {
		_, _ = io.WriteString(stderr, usage)
		return flag.ErrHelp
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(stderr)
	url := flags.String("database-url", "", "`URL` of the PostgreSQL database; empty: a local stack")
	if args[0] == "dump" {
		version := flags.String("version", time.Now().UTC().Format(time.DateOnly), "version to write into the snapshot")
		if err := parse(flags, args[1:]); err != nil {
			return err
		}
		return dump(ctx, *url, *version, stdout)
	}
	against := flags.String("against", "contract/schema.json", "snapshot `file` to compare with")
	covered := flags.Bool("covered", false, "compare only what the database has")
	if err := parse(flags, args[1:]); err != nil {
		return err
	}
	return diff(ctx, *url, *against, *covered, stdout)
}

func parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		return flag.ErrHelp // the flag package has said why
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return nil
}

func dump(ctx context.Context, url, version string, out io.Writer) error {
	s, err := snapshot(ctx, url)
	if err != nil {
		return err
	}
	s.Version = version
	data, err := s.Format()
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	return err
}

func diff(ctx context.Context, url, against string, covered bool, out io.Writer) error {
	want, err := contract.ReadFile(against)
	if err != nil {
		return err
	}
	have, err := snapshot(ctx, url)
	if err != nil {
		return err
	}
	if covered {
		ids := have.IDs()
		want = want.Filter(func(id string) bool { return slices.Contains(ids, id) })
	}
	changes := contract.Diff(want, have)
	for _, c := range changes {
		if _, err := fmt.Fprintln(out, c); err != nil {
			return err
		}
	}
	if len(changes) > 0 {
		return errDiffers
	}
	return nil
}

// snapshot takes the snapshot of the database, or of a local stack when there
// is no URL.
func snapshot(ctx context.Context, url string) (_ *contract.Schema, err error) {
	if url == "" {
		stack, err := devstack.Start(ctx)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, stack.Close()) }()
		url = stack.DatabaseURL
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return contract.Dump(ctx, conn)
}
