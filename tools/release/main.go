// Command release makes the commit and the tags of a version of all modules that
// users get, in the repository of the working directory:
//
//	go run ./tools/release v0.3.0
//	go run ./tools/release -proxy DIR v0.3.0
//
// The first makes a commit beside the branch, in which the modules name each other
// by that version instead of by a replace line, and one tag for each; nothing is
// pushed. The second writes the tagged modules as a module proxy of files, to try
// them before they are pushed: GOPROXY=file://DIR. See docs/releasing.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, ".", os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.SetOutput(out)
	proxy := flags.String("proxy", "", "write the tagged modules of the version into this directory")
	flags.Usage = func() {
		_, _ = fmt.Fprintln(out, "usage: release [-proxy DIR] VERSION")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		flags.Usage()
		return fmt.Errorf("one version is needed, not %d", flags.NArg())
	}
	version := flags.Arg(0)
	repo := repository{dir: dir}
	if *proxy != "" {
		return writeProxy(ctx, repo, version, *proxy)
	}
	tags, err := makeRelease(ctx, repo, version)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Made %s. To publish it:\n\n\tgit push origin %s\n", version, strings.Join(tags, " "))
	return err
}
