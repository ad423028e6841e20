// Command report runs the benchmarks of integration/bench and writes what they
// say to docs/performance.md. Start it in the integration directory, or let
// make bench do so.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	out := flag.String("o", "../docs/performance.md", "file to write")
	count := flag.Int("count", 3, "runs of each benchmark; the table shows the median")
	flag.Parse()
	if err := run(*out, *count); err != nil {
		log.Fatal("report: ", err)
	}
}

func run(out string, count int) error {
	args := []string{"test", "-run", "^$", "-bench", ".", "-benchmem", "-count", fmt.Sprint(count), "-timeout", "30m", "./bench"}
	cmd := exec.Command("go", args...) //nolint:noctx // ends with the program
	var text bytes.Buffer
	cmd.Stdout = io.MultiWriter(os.Stderr, &text)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	results, cpu, err := parse(&text)
	if err != nil {
		return err
	}
	machine := fmt.Sprintf("%s, %d CPUs, %s/%s", cpu, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	doc := render(results, machine, runtime.Version(), time.Now(), count)
	return os.WriteFile(out, []byte(doc), 0o644)
}
