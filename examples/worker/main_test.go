package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/examples/internal/demo"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/workorders"
)

// TestMain runs the program itself in the processes that the tests start.
func TestMain(m *testing.M) {
	if os.Getenv("WORKER_CHILD") != "" {
		if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil {
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
	require.Equal(t, 2, strings.Count(out.String(), ": 3 rounds done"), out.String())
	require.Equal(t, 6, strings.Count(out.String(), " has 1\n"), out.String())
}

func TestBadSettings(t *testing.T) {
	t.Setenv("SUPABASE_URL", "http://127.0.0.1:1")
	t.Setenv("SUPABASE_ANON_KEY", "k")
	for _, tt := range []struct{ args, database, want string }{
		{"-at nightly", "x", "-at"},
		{"-day 2026-11-27", "x", "-day goes with -once"},
		{"-once -day tomorrow", "x", "not a day"},
		{"-parallel 0", "x", "-parallel"},
		{"once", "x", `"once" is no flag`},
		{"-timeout 1ms", "x", "-timeout"},
		{"", "", "WORKER_DATABASE_URL is not set"},
		{"", "postgres://user:hunter2@[", "WORKER_DATABASE_URL is malformed"},
	} {
		t.Setenv("WORKER_DATABASE_URL", tt.database)
		err := run(t.Context(), t.Output(), strings.Fields(tt.args))
		require.ErrorContains(t, err, tt.want)
		require.NotContains(t, err.Error(), "hunter2")
	}
	require.NoError(t, run(t.Context(), t.Output(), []string{"-h"}))
}

// door is the address at which one worker sees the stack. It counts the work
// orders that come into being through it.
type door struct {
	*httptest.Server
	asked chan struct{} // a creation is on its way in
	made  chan struct{} // a creation is on its way out
}

// newDoor makes a door. It lets a creation in for every value of in, and its
// answer out for every value of out.
func newDoor(t *testing.T, stack *devstack.Stack, in, out <-chan struct{}) *door {
	t.Helper()
	target, err := url.Parse(stack.URL)
	require.NoError(t, err)
	d := &door{asked: make(chan struct{}, 1000), made: make(chan struct{}, 1000)}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error {
			if creates(r.Request) && r.StatusCode == http.StatusOK {
				d.made <- struct{}{}
				pass(r.Request.Context(), out)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if creates(r) {
			d.asked <- struct{}{}
			pass(r.Context(), in)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(d.Close)
	return d
}

// pass waits for a value, or for the request to be given up.
func pass(ctx context.Context, c <-chan struct{}) {
	select {
	case <-c:
	case <-ctx.Done():
	}
}

func creates(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/rpc/rpc_create_work_order")
}

// start runs the program in a process of its own.
func (d *door) start(t *testing.T, stack *devstack.Stack, a *account, database, day string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	var output bytes.Buffer
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-once", "-day", day, "-parallel", "2", "-timeout", "5s")
	cmd.Env = append(os.Environ(), "WORKER_CHILD=1", "SUPABASE_URL="+d.URL, "SUPABASE_ANON_KEY="+stack.AnonKey, "SUPABASE_ACCESS_TOKEN=",
		"WORKORDER_EMAIL="+a.email, "WORKORDER_PASSWORD="+a.password, "WORKER_DATABASE_URL="+database)
	cmd.Stdout, cmd.Stderr = &output, &output
	require.NoError(t, cmd.Start())
	return cmd, &output
}

func wait(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		require.FailNow(t, what)
	}
}

// Two workers share the tenants. One is killed after work orders of its have come
// into being of which it never hears. The other one takes its jobs over.
func TestKilledWorkerLeavesOneRoundPerTenant(t *testing.T) {
	ctx := t.Context()
	stack, err := devstack.Start(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	a, err := newAccount(ctx, stack)
	require.NoError(t, err)
	require.NoError(t, a.join(ctx, 10, "manager"))
	database, err := demo.NewDatabase(ctx, stack.DatabaseURL, "worker")
	require.NoError(t, err)
	day := today()

	open := make(chan struct{})
	close(open)
	killed, one := make(chan struct{}), make(chan struct{}, 1)
	one <- struct{}{}
	first, second := newDoor(t, stack, open, one), newDoor(t, stack, killed, open)
	victim, victimSays := first.start(t, stack, a, database, day)
	survivor, survivorSays := second.start(t, stack, a, database, day)
	wait(t, first.made, "the first worker makes no round")
	wait(t, first.made, "the first worker makes no second round")
	wait(t, second.asked, "the second worker does not share the work")
	db, err := pgx.Connect(ctx, database)
	require.NoError(t, err)
	defer func() { _ = db.Close(context.WithoutCancel(ctx)) }()
	require.Eventually(t, func() bool {
		var done bool
		err := db.QueryRow(ctx, `select exists (select from river_job where kind = $1 and state = 'completed')`, roundArgs{}.Kind()).Scan(&done)
		return err == nil && done
	}, time.Minute, 50*time.Millisecond, "the first worker does not take the answer in")
	require.NoError(t, victim.Process.Kill())
	require.Error(t, victim.Wait(), victimSays.String())
	close(killed)
	require.NoError(t, survivor.Wait(), survivorSays.String())
	require.Contains(t, survivorSays.String(), day+": 10 rounds done")

	oneEach := map[string]int{}
	for _, tenant := range a.tenants {
		oneEach[tenant] = 1
	}
	orders, err := a.rounds(ctx, day)
	require.NoError(t, err)
	require.Equal(t, oneEach, orders)
	alone, shared := attempts(t, db)
	require.Len(t, alone, 2, "either worker has done rounds by itself")
	require.Positive(t, shared, "the survivor took over what the killed one had begun")

	third := newDoor(t, stack, open, open)
	again, says := third.start(t, stack, a, database, day)
	require.NoError(t, again.Wait(), says.String())
	require.Contains(t, says.String(), day+": 10 rounds done")
	require.Empty(t, third.asked, "the queue knows that the day is done")

	// Not even a lost queue makes a second round.
	database, err = demo.NewDatabase(ctx, stack.DatabaseURL, "worker")
	require.NoError(t, err)
	again, says = third.start(t, stack, a, database, day)
	require.NoError(t, again.Wait(), says.String())
	require.Contains(t, says.String(), day+": 10 rounds done")
	require.GreaterOrEqual(t, len(third.made), 10)
	orders, err = a.rounds(ctx, day)
	require.NoError(t, err)
	require.Equal(t, oneEach, orders)
}

// attempts tells how many rounds each worker did alone, and how many took two.
func attempts(t *testing.T, db *pgx.Conn) (alone map[string]int, shared int) {
	t.Helper()
	rows, err := db.Query(t.Context(), `select array(select distinct unnest(attempted_by)) from river_job where kind = $1 and state = 'completed'`, roundArgs{}.Kind())
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[[]string])
	require.NoError(t, err)
	require.Len(t, all, 10)
	alone = map[string]int{}
	for _, by := range all {
		if len(by) == 1 {
			alone[by[0]]++
		} else {
			shared++
		}
	}
	return alone, shared
}

// setUp starts a stack with an account that has a tenant for each of the roles, a
// database for the queue, and the settings of a worker that was given none.
func setUp(t *testing.T, roles ...string) (*devstack.Stack, *account, *pgxpool.Pool, settings) {
	t.Helper()
	stack, err := devstack.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	a, err := newAccount(t.Context(), stack)
	require.NoError(t, err)
	for _, role := range roles {
		require.NoError(t, a.join(t.Context(), 1, role))
	}
	database, err := demo.NewDatabase(t.Context(), stack.DatabaseURL, "worker")
	require.NoError(t, err)
	db, err := pgxpool.New(t.Context(), database)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	s, err := parse(nil)
	require.NoError(t, err)
	return stack, a, db, s
}

// A worker that nobody told to end plans the day when it starts, and ends when it
// is told. A tenant where the account may not create work orders is given up.
func TestWorkerPlansWhenItStarts(t *testing.T) {
	_, a, db, s := setUp(t, "manager", "technician")

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- work(ctx, t.Output(), a.client, db, s) }()
	var states []string
	require.Eventually(t, func() bool {
		rows, err := db.Query(ctx, `select state::text from river_job where kind = $1 and finalized_at is not null order by state`, roundArgs{}.Kind())
		if err != nil { // the tables are not there yet
			return false
		}
		states, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err == nil && len(states) == 2
	}, time.Minute, 100*time.Millisecond)
	stop()
	require.NoError(t, <-ended)
	require.Equal(t, []string{"cancelled", "completed"}, states)
	orders, err := a.rounds(t.Context(), s.day)
	require.NoError(t, err)
	require.Equal(t, map[string]int{a.tenants[0]: 1, a.tenants[1]: 0}, orders)

	s.once = true
	require.EqualError(t, work(t.Context(), t.Output(), a.client, db, s), "1 rounds of "+s.day+" were given up; river_job says why")
	user, err := a.client.Auth.User(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.admin.Tenants.AssignRole(t.Context(), org.AssignRoleParams{TenantID: a.tenants[1], UserID: user.ID, RoleKey: "manager"}))
	require.NoError(t, work(t.Context(), t.Output(), a.client, db, s), "with the role, the next plan takes up what was given up")
	orders, err = a.rounds(t.Context(), s.day)
	require.NoError(t, err)
	require.Equal(t, map[string]int{a.tenants[0]: 1, a.tenants[1]: 1}, orders)
}

// A worker that is told to end while it makes a round finishes that.
func TestStoppedWorkerFinishesItsRound(t *testing.T) {
	stack, a, db, s := setUp(t, "manager")

	open, leave := make(chan struct{}), make(chan struct{})
	close(open)
	d := newDoor(t, stack, open, leave)
	base, err := workorder.New(d.URL, stack.AnonKey)
	require.NoError(t, err)
	client := base.WithSession(workorder.NewPasswordSession(base, a.email, a.password))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- work(ctx, t.Output(), client, db, s) }()
	wait(t, d.made, "the worker makes no round")
	stop()
	time.AfterFunc(500*time.Millisecond, func() { close(leave) })
	require.NoError(t, <-ended)
	var state string
	var attempt int
	require.NoError(t, db.QueryRow(t.Context(), `select state, attempt from river_job where kind = $1`, roundArgs{}.Kind()).Scan(&state, &attempt))
	require.Equal(t, "completed", state)
	require.Equal(t, 1, attempt)
}

// What the platform answers decides whether a job is tried again.
func TestVerdict(t *testing.T) {
	answer := func(status int, header, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	cancel, snooze := new(river.JobCancelError), new(river.JobSnoozeError)
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		want    any // nil: done; an error type; "again"
	}{
		"created":          {answer(200, "", `"w1"`), nil},
		"no permission":    {answer(403, "", `{"code":"42501","message":"no"}`), cancel},
		"bad reference":    {answer(409, "", `{"code":"23503","message":"no"}`), cancel},
		"out of the limit": {answer(500, "", `{"code":"54000","message":"no"}`), snooze}, // until the minute is over
		"at work":          {answer(500, "", `{"code":"40001","message":"no"}`), "again"},
		"down":             {answer(503, "", ``), "again"},
		"down for a time":  {answer(503, "40", ``), snooze},
		"cut off":          {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "again"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tt.handler)
			defer server.Close()
			c, err := workorder.New(server.URL, "sb_publishable_x", workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 1}))
			require.NoError(t, err)
			_, err = c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{TenantID: "t", Title: "x", ClientRequestID: "r"})
			got := verdict(t.Context(), err)
			switch want := tt.want.(type) {
			case nil:
				require.NoError(t, got)
			case *river.JobCancelError:
				require.ErrorAs(t, got, &want)
			case *river.JobSnoozeError:
				require.ErrorAs(t, got, &want)
			default:
				require.Same(t, err, got)
			}
			stopped, stop := context.WithCancel(t.Context())
			stop()
			require.Equal(t, err, verdict(stopped, err), "a worker that stops leaves the job to others")
		})
	}
}
