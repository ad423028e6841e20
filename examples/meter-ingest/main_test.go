package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/ingest"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/query"
)

// TestMain runs the program itself in the processes that the tests start.
func TestMain(m *testing.M) {
	if os.Getenv("INGEST_CHILD") != "" {
		if err := run(context.Background(), os.Stdin, os.Stdout, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestDemo(t *testing.T) {
	t.Setenv("SUPABASE_URL", "")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), nil, &out, nil))
	require.Contains(t, out.String(), "290 rows: 288 recorded, 2 rejected, 0 unknown, 0 pending; 0 were known before")
	require.Contains(t, out.String(), "290 rows: 288 recorded, 2 rejected, 0 unknown, 0 pending; 288 were known before")
	require.Contains(t, out.String(), `Press hours,noon,12,malformed,"time ""noon"" is none such as 2026-11-27T08:30:00Z"`)
	require.Contains(t, out.String(), `Press hours,2026-01-01T00:00:00Z,-1,rejected,Ingest.Run: invalid input: Value is negative`)
}

// bench is a stack with a plant, and where the files of a test are.
type bench struct {
	*plant
	stack *devstack.Stack
	dir   string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	stack, err := devstack.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	p, err := newPlant(t.Context(), stack)
	require.NoError(t, err)
	t.Setenv("SUPABASE_URL", stack.URL)
	t.Setenv("SUPABASE_ANON_KEY", stack.AnonKey)
	t.Setenv("WORKORDER_API_KEY", p.key.Reveal())
	return &bench{plant: p, stack: stack, dir: t.TempDir()}
}

func (b *bench) file(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) args(more ...string) []string {
	return append([]string{"-journal", b.file("journal"), "-rejected", b.file("rejected.csv"), "-settle", "2s"}, more...)
}

// asMember lets the program look things up.
func (b *bench) asMember(t *testing.T) {
	t.Helper()
	token, err := b.session.Token(t.Context())
	require.NoError(t, err)
	t.Setenv("SUPABASE_ACCESS_TOKEN", token.Value)
}

// run gives the standard input to the program.
func (b *bench) run(t *testing.T, input string, more ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), strings.NewReader(input), &out, b.args(more...))
	return out.String(), err
}

func (b *bench) rejected(t *testing.T) [][]string {
	t.Helper()
	f, err := os.Open(b.file("rejected.csv"))
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	require.NoError(t, err)
	return rows
}

// The program is killed again and again. In the end each row is recorded once, in
// the order of its meter.
func TestKilledIngestLosesNothingAndRecordsNothingTwice(t *testing.T) {
	b := newBench(t)
	b.asMember(t)
	const n = 150
	require.NoError(t, os.WriteFile(b.file("readings.csv"), []byte(day(b.ids, n, time.Now().Add(-48*time.Hour).Truncate(time.Second))), 0o600))
	start := func() (*exec.Cmd, *bytes.Buffer) {
		var out bytes.Buffer
		cmd := exec.CommandContext(t.Context(), os.Args[0], b.args(b.file("readings.csv"))...)
		cmd.Env = append(os.Environ(), "INGEST_CHILD=1")
		cmd.Stdout, cmd.Stderr = &out, &out
		require.NoError(t, cmd.Start())
		return cmd, &out
	}
	killed := 0
	for range 6 {
		cmd, out := start()
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case err := <-ended:
			require.NoError(t, err, out.String())
		case <-time.After(time.Duration(200+rand.IntN(600)) * time.Millisecond):
			_ = cmd.Process.Kill() // unless it has just ended
			if err := <-ended; err != nil {
				killed++
			}
		}
	}
	require.Positive(t, killed)
	cmd, out := start()
	require.NoError(t, cmd.Wait(), out.String())
	require.Contains(t, out.String(), fmt.Sprintf("%d rows: %d recorded, 0 rejected, 0 unknown, 0 pending", 3*n, 3*n))
	for _, id := range b.ids {
		readings, err := b.member.Meters.Readings.List(t.Context(), query.Where(pm.MeterReadingCols.MeterID.Eq(id)), query.OrderBy(pm.MeterReadingCols.CreatedAt.Asc()))
		require.NoError(t, err)
		require.Len(t, readings, n)
		for i, r := range readings {
			require.Equal(t, fmt.Sprintf("%d.25", 100+i), r.ReadingValue.String())
		}
	}
}

func TestWhatIsSaidOfBadInput(t *testing.T) {
	b := newBench(t)
	now := time.Now().UTC().Format(time.RFC3339)
	good := "meter,time,value\n" + b.ids[0] + "," + now + ",5\n"

	for name, tc := range map[string]struct{ input, want string }{
		"empty":         {"", "the standard input is empty: its first line should name the columns meter, time and value"},
		"another table": {"id;time;value\n1;2;3\n", `has no column "meter"`},
		"no value":      {"meter,time\n", `has no column "value"`},
		"a broken head": {"meter,\"time\n", "quote"},
		"an open quote": {good + b.ids[0] + "," + now + ",\"6\n", "mend it and run again"},
	} {
		_, err := b.run(t, tc.input)
		require.ErrorContains(t, err, tc.want, name)
	}
	require.NoError(t, run(t.Context(), nil, io.Discard, []string{"-h"}))
	_, err := b.run(t, good, "-meters", "-1")
	require.ErrorContains(t, err, "Concurrency is negative")
	require.NotContains(t, err.Error(), "run it again", "which would say the same")
	_, err = b.run(t, "", b.file("none.csv"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(b.file("rejected.csv"), []byte(good), 0o600))
	_, err = b.run(t, "", b.file("rejected.csv"))
	require.ErrorContains(t, err, "cannot be the input and get the rejected rows")
	input, err := os.Open(b.file("rejected.csv"))
	require.NoError(t, err)
	require.ErrorContains(t, run(t.Context(), input, io.Discard, b.args()), "cannot be the input and get the rejected rows")
	require.NoError(t, input.Close())
	require.ErrorContains(t, run(t.Context(), strings.NewReader(good), io.Discard, b.args("-rejected", b.file("journal"))),
		"cannot be the journal and get the rejected rows")
	kept, err := os.ReadFile(b.file("rejected.csv"))
	require.NoError(t, err)
	require.Equal(t, good, string(kept))

	out, err := b.run(t, "\ufeffValue, METER ,time,notes,x\n"+
		"7,"+b.ids[0]+","+now+",\"a, b\",\n"+
		"eight,"+b.ids[0]+","+now+",,\n"+
		"8,"+b.ids[0]+",yesterday,,\n"+
		"8,"+b.ids[0]+"\n"+
		"8,Lathe hours,"+now+",,\n"+ // names need a member
		"8,00000000-0000-4000-8000-000000000000,"+now+",,\n"+
		"0.5,"+b.ids[0]+","+now+",,\n")
	require.NoError(t, err)
	require.Contains(t, out, "7 rows: 1 recorded, 6 rejected, 0 unknown, 0 pending")
	reasons := map[string]int{}
	for _, row := range b.rejected(t)[1:] {
		reasons[row[len(row)-1]]++
	}
	for _, want := range []string{`value "eight" is not a number`, `time "yesterday" is none such`, "the row has 2 fields, the header 5", "MeterID is not a UUID", "not found", "fell by more than a tenth"} {
		require.Contains(t, fmt.Sprint(reasons), want)
	}

	t.Run("names", func(t *testing.T) {
		b.asMember(t)
		out, err := b.run(t, "meter,time,value\nLathe hours,"+now+",9\nMill hours,"+now+",9\n")
		require.NoError(t, err)
		require.Contains(t, out, "2 rows: 1 recorded, 1 rejected")
		require.Contains(t, b.rejected(t)[1], `there is no meter "Mill hours"`)

		t.Setenv("SUPABASE_ACCESS_TOKEN", os.Getenv("SUPABASE_ACCESS_TOKEN")+"AAAA") // refused
		out, err = b.run(t, "meter,time,value\nLathe hours,"+now+",10\n")
		require.ErrorContains(t, err, "the names of the meters cannot be read; run it again to go on")
		require.Contains(t, out, "0 rows", "it is no row's fault")
	})

	journal, err := ingest.OpenJournal(b.file("journal"), ingest.SyncAlways)
	require.NoError(t, err)
	_, err = b.run(t, good)
	require.ErrorIs(t, err, ingest.ErrJournalInUse)
	require.NoError(t, journal.Close())

	require.NoError(t, b.member.TenantAPIKeys.Revoke(t.Context(), org.RevokeTenantAPIKeyParams{KeyID: b.keyID}))
	out, err = b.run(t, "meter,time,value\n"+b.ids[0]+","+now+",11\n")
	require.ErrorContains(t, err, "the key in WORKORDER_API_KEY is unknown, revoked or expired")
	require.NotContains(t, err.Error(), b.key.Reveal())
	require.Contains(t, out, "1 pending")
	t.Setenv("WORKORDER_API_KEY", "")
	_, err = b.run(t, good)
	require.ErrorContains(t, err, "WORKORDER_API_KEY is not set")
}

// A standard input that has nothing more to say does not keep the program from its
// end.
func TestEndsWhileTheInputWaits(t *testing.T) {
	b := newBench(t)
	input, writer := io.Pipe()
	defer func() { _ = writer.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = fmt.Fprintf(writer, "meter,time,value\n%s,%s,5\n", b.ids[0], time.Now().UTC().Format(time.RFC3339))
		time.Sleep(time.Second)
		cancel()
	}()
	var out bytes.Buffer
	require.ErrorIs(t, run(ctx, input, &out, b.args()), context.Canceled)
	require.Contains(t, out.String(), "1 rows: 1 recorded")
}
