package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/examples/internal/demo"
	"github.com/workorder-systems/sdk-go/workorders"
)

// TestMain runs the program itself in the processes that the tests start.
func TestMain(m *testing.M) {
	if os.Getenv("MIRROR_CHILD") != "" {
		if err := run(context.Background(), io.Discard, os.Args[1:]); err != nil {
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
	require.NoError(t, run(t.Context(), &out, nil))
	require.Contains(t, out.String(), "3 work orders, 3 assets and 3 costs written, 0 rows gone")
	require.Contains(t, out.String(), "3 open work orders with an asset in the mirror")
}

func TestSettingsThatCannotBe(t *testing.T) {
	t.Setenv("SUPABASE_URL", "http://127.0.0.1:9")
	t.Setenv("SUPABASE_ANON_KEY", "key")
	t.Setenv("MIRROR_DATABASE_URL", "")
	require.ErrorContains(t, run(t.Context(), io.Discard, nil), "MIRROR_DATABASE_URL is not set")
	for _, args := range [][]string{{"-sweep", "0"}, {"-page", "0"}, {"-every", "-1s"}} {
		require.ErrorContains(t, run(t.Context(), io.Discard, args), "start at", args)
	}
	require.ErrorContains(t, run(t.Context(), io.Discard, []string{"once"}), `"once" is no flag`)
	require.NoError(t, run(t.Context(), io.Discard, []string{"-h"}))
	t.Setenv("MIRROR_TENANT", "not a tenant")
	require.ErrorContains(t, run(t.Context(), io.Discard, nil), "ForTenant")
}

// The program is killed again and again while the tenant changes. In the end its
// tables equal the views.
func TestKilledMirrorLosesNothing(t *testing.T) {
	ctx := t.Context()
	stack, err := devstack.Start(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	client, session, err := newTenant(ctx, stack)
	require.NoError(t, err)
	token, err := session.Token(ctx)
	require.NoError(t, err)
	address, err := demo.NewDatabase(ctx, stack.DatabaseURL, "mirror")
	require.NoError(t, err)
	db, err := pgxpool.New(ctx, address)
	require.NoError(t, err)
	defer db.Close()

	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for n := range uint64(2) {
		writers.Go(func() { write(t, client, rand.New(rand.NewPCG(seed, n)), stop) })
	}

	rnd := rand.New(rand.NewPCG(seed, 9))
	start := func() (*exec.Cmd, *bytes.Buffer) {
		var stderr bytes.Buffer
		cmd := exec.CommandContext(ctx, os.Args[0], "-once", "-page", fmt.Sprint(1+rnd.IntN(6)), "-sweep", "1")
		cmd.Env = append(os.Environ(), "MIRROR_CHILD=1", "SUPABASE_URL="+stack.URL, "SUPABASE_ANON_KEY="+stack.AnonKey,
			"SUPABASE_ACCESS_TOKEN="+token.Value, "MIRROR_DATABASE_URL="+address)
		cmd.Stderr = &stderr
		require.NoError(t, cmd.Start())
		return cmd, &stderr
	}
	killed := 0
	for range 15 {
		cmd, stderr := start()
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case err := <-ended:
			require.NoError(t, err, stderr.String())
		case <-time.After(time.Duration(50+rnd.IntN(400)) * time.Millisecond):
			_ = cmd.Process.Kill() // unless it has just ended
			if err := <-ended; err != nil {
				killed++
			}
		}
	}
	close(stop)
	writers.Wait()
	require.Positive(t, killed)
	cmd, stderr := start()
	require.NoError(t, cmd.Wait(), stderr.String())

	equal(t, db, "work_orders", workOrderTable, client.WorkOrders.View)
	wantRefused(t, stack, db)
	equal(t, db, "assets", assetTable, client.Assets.View)
	equal(t, db, "work_order_costs", costTable, client.Costs.WorkOrderCosts)
}

// write changes the tenant until it is told to stop.
func write(t *testing.T, client *workorder.Client, rnd *rand.Rand, stop <-chan struct{}) {
	ctx := t.Context()
	var own []string
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		switch n := rnd.IntN(10); {
		case n < 4 || len(own) == 0:
			id, err := client.Assets.Create(ctx, assets.CreateAssetParams{Name: fmt.Sprint("asset ", i)})
			if assert.NoError(t, err) {
				own = append(own, id)
			}
		case n < 7:
			_, err := client.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: fmt.Sprint("order ", i), Priority: "low"})
			assert.NoError(t, err)
		case n < 9:
			assert.NoError(t, client.Assets.Update(ctx, assets.UpdateAssetParams{AssetID: own[rnd.IntN(len(own))], Name: new(fmt.Sprint("renamed ", i))}))
		default:
			at := rnd.IntN(len(own))
			if err := client.Assets.Delete(ctx, assets.DeleteAssetParams{AssetID: own[at]}); err != nil {
				t.Error(err)
			}
			own = slices.Delete(own, at, at+1)
		}
		time.Sleep(time.Millisecond)
	}
}

// equal compares a table with its view, value by value.
func equal[T any](t *testing.T, db *pgxpool.Pool, name string, table *table[T], view workorder.View[T]) {
	t.Helper()
	rows, err := view.List(t.Context())
	require.NoError(t, err)
	var n int
	require.NoError(t, db.QueryRow(t.Context(), "select count(*) from "+name).Scan(&n))
	require.Equal(t, len(rows), n, name)
	for _, row := range rows {
		v := reflect.ValueOf(row)
		var args []any
		for _, f := range table.fields {
			args = append(args, sqlValue(v.Field(f)))
		}
		where := table.upsert[strings.Index(table.upsert, "values (")+len("values (") : strings.Index(table.upsert, ") on conflict")]
		columns := table.upsert[strings.Index(table.upsert, "as t (")+len("as t (") : strings.Index(table.upsert, ") values")]
		var same bool
		require.NoError(t, db.QueryRow(t.Context(), "select exists (select from "+name+" where ("+columns+") is not distinct from ("+where+"))", args...).Scan(&same))
		require.True(t, same, "%s has another row than %+v", name, row)
	}
}

// wantRefused checks that the copy is not taken for that of another tenant, and not
// emptied for a caller who sees nothing.
func wantRefused(t *testing.T, stack *devstack.Stack, db *pgxpool.Pool) {
	t.Helper()
	other, _, err := newTenant(t.Context(), stack)
	require.NoError(t, err)
	nobody, err := workorder.New(stack.URL, stack.AnonKey)
	require.NoError(t, err)
	for want, client := range map[error]*workorder.Client{workorder.ErrTenantMismatch: other, workorder.ErrUnauthenticated: nobody} {
		err := keep(t.Context(), io.Discard, client, db, settings{once: true, sweep: 1, page: 100})
		require.ErrorIs(t, err, want)
	}
}
