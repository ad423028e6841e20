package integration

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/ingest"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

// volume is what TestTwoThousandReadings sends, in processes that it kills.
const volume = 2000

// volumeOf gives the readings of some meters in turn.
func volumeOf(meters []string, start time.Time) iter.Seq[ingest.Reading] {
	return func(yield func(ingest.Reading) bool) {
		for i := range volume {
			if !yield(ingest.Reading{
				MeterID: meters[i%len(meters)], Value: dec(fmt.Sprintf("%d.5", i)), Date: start.Add(time.Duration(i) * time.Second),
			}) {
				return
			}
		}
	}
}

// ingestInAProcess is what a process does that a test has started. It says how many
// readings were recorded.
func ingestInAProcess() error {
	ctx := context.Background()
	machine, err := workorder.New(os.Getenv("INGEST_URL"), os.Getenv("INGEST_ANON_KEY"))
	if err != nil {
		return err
	}
	member, err := machine.With(workorder.WithAccessToken(os.Getenv("INGEST_TOKEN")))
	if err != nil {
		return err
	}
	journal, err := ingest.OpenJournal(os.Getenv("INGEST_JOURNAL"), ingest.SyncAlways)
	if err != nil {
		return err
	}
	start, err := strconv.ParseInt(os.Getenv("INGEST_START"), 10, 64)
	if err != nil {
		return err
	}
	in := ingest.Ingester{
		Meters: &machine.Meters, Readings: &member.Meters, Key: types.Secret(os.Getenv("INGEST_KEY")), Journal: journal, SettleAfter: 3 * time.Second,
	}
	meters := strings.Split(os.Getenv("INGEST_METERS"), ",")
	sum, err := in.Run(ctx, volumeOf(meters, time.Unix(start, 0)), nil)
	fmt.Printf("%d recorded of %d\n", sum.Recorded, sum.Taken)
	return err
}

// Processes that record 2,000 readings are killed in the middle. In the end each
// reading is there once, in the order of its meter.
func TestTwoThousandReadingsInProcessesThatAreKilled(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	key, err := tn.TenantAPIKeys.Create(t.Context(), org.CreateTenantAPIKeyParams{Name: "plc"})
	require.NoError(t, err)
	var meters []string
	for range 7 {
		meters = append(meters, makeMeter(t, tn, "", "0"))
	}
	_, err = stack.Client(t).Meters.Ingest(t.Context(), pm.IngestParams{Key: key.Key, MeterID: unknownID})
	require.Error(t, err)
	if strings.Contains(err.Error(), "Requested function was not found") {
		t.Skip("the deployment has no function ingest-meter-reading")
	}
	begin := time.Now().Add(-time.Hour)
	journal := filepath.Join(t.TempDir(), "journal")
	start := func() (*exec.Cmd, *bytes.Buffer) {
		var out bytes.Buffer
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "INGEST_URL="+stack.URL, "INGEST_ANON_KEY="+stack.AnonKey, "INGEST_KEY="+key.Key.Reveal(),
			"INGEST_TOKEN="+tn.Admin.JWT(t, tn.ID), "INGEST_JOURNAL="+journal, "INGEST_METERS="+strings.Join(meters, ","),
			fmt.Sprint("INGEST_START=", begin.Unix()))
		cmd.Stdout, cmd.Stderr = &out, &out
		require.NoError(t, cmd.Start())
		return cmd, &out
	}
	killed := 0
	for range 5 {
		cmd, out := start()
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case err := <-ended:
			require.NoError(t, err, out.String())
		case <-time.After(time.Second + rand.N(2*time.Second)):
			_ = cmd.Process.Kill() // unless it has just ended
			if err := <-ended; err != nil {
				killed++
			}
		}
	}
	require.Positive(t, killed)
	cmd, out := start()
	require.NoError(t, cmd.Wait(), out.String())
	require.Contains(t, out.String(), fmt.Sprintf("%d recorded of %d", volume, volume))

	want := map[string][]string{}
	for r := range volumeOf(meters, begin) {
		want[r.MeterID] = append(want[r.MeterID], r.Value.String())
	}
	for _, id := range meters {
		var got []string
		for r, err := range tn.Meters.Readings.All(t.Context(), query.Where(pm.MeterReadingCols.MeterID.Eq(id)), query.OrderBy(pm.MeterReadingCols.CreatedAt.Asc())) {
			require.NoError(t, err)
			got = append(got, r.ReadingValue.String())
		}
		require.Equal(t, want[id], got)
	}
}
