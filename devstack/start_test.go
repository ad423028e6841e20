package devstack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/internal/postgres"
)

// sandbox is a directory for run directories that belongs to one test, and a
// cache. Its name is short, because a socket lives below.
type sandbox struct {
	temp, cache string
}

// sharedCache serves the tests that do not care how full the cache is.
var sharedCache string

func newSandbox(t *testing.T) sandbox {
	t.Helper()
	dir, err := os.MkdirTemp(postgres.TempDir(), "ds")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	s := sandbox{temp: filepath.Join(dir, "t"), cache: sharedCache}
	require.NoError(t, os.Mkdir(s.temp, 0o755))
	t.Cleanup(func() {
		require.NoError(t, os.RemoveAll(dir))
		require.Empty(t, processesIn(t, dir), "left running")
	})
	return s
}

// newColdSandbox is one with an empty cache of its own.
func newColdSandbox(t *testing.T) sandbox {
	t.Helper()
	s := newSandbox(t)
	s.cache = filepath.Join(filepath.Dir(s.temp), "c")
	return s
}

// options start a small server of the test's own inside the sandbox.
func (s sandbox) options(more ...Option) []Option {
	return append([]Option{
		WithDatabaseURL(""), // whatever the environment says
		WithSchema(fstest.MapFS{"1.sql": {Data: []byte("create table public.notes (id int);")}}),
		WithCacheDir(s.cache),
		func(c *config) error { c.tempDir = s.temp; return nil },
	}, more...)
}

func (s sandbox) start(t *testing.T, more ...Option) *Stack {
	t.Helper()
	stack, err := Start(t.Context(), s.options(more...)...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	return stack
}

func (s sandbox) requireClean(t *testing.T) {
	t.Helper()
	require.Empty(t, s.runDirs(t), "left behind")
	require.Empty(t, processesIn(t, s.temp), "left running")
}

func (s sandbox) runDirs(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(s.temp, "*"))
	require.NoError(t, err)
	return dirs
}

// processesIn lists the processes whose command line names dir.
func processesIn(t *testing.T, dir string) []string {
	t.Helper()
	out, err := exec.CommandContext(context.Background(), "ps", "-eww", "-o", "pid=,command=").Output()
	require.NoError(t, err)
	var found []string
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, dir) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

func query(t *testing.T, url, sql string) (value string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&value))
	return value
}

func TestStartServesAndCloseLeavesNothing(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	stack, err := Start(t.Context(), box.options()...)
	require.NoError(t, err)
	require.Len(t, box.runDirs(t), 1)
	require.Equal(t, "postgres", query(t, stack.DatabaseURL, "select current_user"))

	status, body := get(t, stack.URL+"/health", nil)
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"message":"ok"}`, body)
	status, body = get(t, stack.URL+"/auth/v1/health", http.Header{"Apikey": {stack.AnonKey}})
	require.Equal(t, http.StatusOK, status, body)
	status, body = get(t, stack.URL+"/rest/v1/notes", http.Header{"Apikey": {stack.ServiceRoleKey}})
	require.Equal(t, http.StatusOK, status, body)

	require.NoError(t, stack.Close())
	require.NoError(t, stack.Close(), "closing twice")
	box.requireClean(t)
	_, err = net.DialTimeout("tcp", strings.TrimPrefix(stack.URL, "http://"), time.Second) //nolint:noctx // a port that must be closed
	require.Error(t, err)
}

func get(t *testing.T, url string, header http.Header) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	if header != nil {
		req.Header = header
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(res.Body)
	require.NoError(t, err)
	return res.StatusCode, body.String()
}

func TestEveryStackHasAFreshDatabase(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	a, b := box.start(t), box.start(t)
	query(t, a.DatabaseURL, "with x as (insert into notes values (1) returning id) select count(*)::text from x")
	require.Equal(t, "1", query(t, a.DatabaseURL, "select count(*)::text from notes"))
	require.Equal(t, "0", query(t, b.DatabaseURL, "select count(*)::text from notes"))
}

func TestServerAsksForAPasswordOverTCP(t *testing.T) {
	t.Parallel()
	stack := newSandbox(t).start(t)
	cfg, err := pgx.ParseConfig(stack.DatabaseURL)
	require.NoError(t, err)
	cfg.Password = "postgres"
	_, err = pgx.ConnectConfig(t.Context(), cfg)
	require.ErrorContains(t, err, "28P01")
}

func TestWarmStart(t *testing.T) {
	box := newColdSandbox(t)
	opts := box.options(func(c *config) error { c.schema = nil; return nil }) // the reference backend
	for _, name := range []string{"cold", "warm", "warm"} {
		began := time.Now()
		stack, err := Start(t.Context(), opts...)
		require.NoError(t, err)
		took := time.Since(began)
		require.NoError(t, stack.Close())
		t.Logf("%s start %s, close %s", name, took.Round(time.Millisecond), (time.Since(began) - took).Round(time.Millisecond))
		if name == "warm" {
			require.Less(t, took, 10*time.Second)
		}
	}
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	for _, after := range []time.Duration{0, 30 * time.Millisecond, 150 * time.Millisecond, 400 * time.Millisecond, 700 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			box := newColdSandbox(t)
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			stack, err := Start(ctx, box.options()...)
			if err == nil { // a fast machine
				require.NoError(t, stack.Close())
			} else {
				require.ErrorIs(t, err, context.DeadlineExceeded)
			}
			box.requireClean(t)
			unfinished, err := filepath.Glob(filepath.Join(box.cache, "clusters", unfinishedPrefix+"*"))
			require.NoError(t, err)
			require.Empty(t, unfinished)
			if after == 400*time.Millisecond {
				box.start(t) // and the next one works
			}
		})
	}
}

func TestCloseCutsRunningRequestsOff(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	stack, err := Start(t.Context(), box.options(WithSchema(fstest.MapFS{"1.sql": {Data: []byte(
		"create function public.wait() returns void language sql return pg_sleep(60);")}}))...)
	require.NoError(t, err)
	cut := make(chan error)
	go func() {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, stack.URL+"/rest/v1/rpc/wait", strings.NewReader("{}"))
		if err == nil {
			req.Header.Set("apikey", stack.ServiceRoleKey)
			req.Header.Set("Content-Type", "application/json")
			var res *http.Response
			if res, err = http.DefaultClient.Do(req); err == nil {
				err = errors.Join(fmt.Errorf("answered with %s", res.Status), res.Body.Close())
			}
		}
		cut <- err
	}()
	require.Eventually(t, func() bool {
		return query(t, stack.DatabaseURL, "select count(*)::text from pg_stat_activity where query like '%wait%' and wait_event = 'PgSleep'") == "1"
	}, 10*time.Second, 20*time.Millisecond)

	began := time.Now()
	require.NoError(t, stack.Close())
	require.Less(t, time.Since(began), 10*time.Second)
	require.ErrorContains(t, <-cut, "EOF")
	box.requireClean(t)
}

func TestContextEndsWithStart(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	ctx, cancel := context.WithCancel(t.Context())
	stack, err := Start(ctx, box.options()...)
	require.NoError(t, err)
	defer stack.Close()
	cancel()
	time.Sleep(100 * time.Millisecond)
	require.Equal(t, "postgres", query(t, stack.DatabaseURL, "select current_user"))
}

func TestConcurrentStartsOnAnEmptyCache(t *testing.T) {
	t.Parallel()
	box := newColdSandbox(t)
	var (
		wg    sync.WaitGroup
		log   lockedBuffer
		errs  = make([]error, 4)
		stack = make([]*Stack, 4)
	)
	for i := range stack {
		wg.Go(func() {
			stack[i], errs[i] = Start(t.Context(), box.options(WithLogger(slog.New(slog.NewTextHandler(&log, nil))))...)
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	for _, s := range stack {
		require.Equal(t, "0", query(t, s.DatabaseURL, "select count(*)::text from notes"))
		require.NoError(t, s.Close())
	}
	require.Equal(t, 1, strings.Count(log.String(), "building the database, once"), "one builds, the others wait")
	box.requireClean(t)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestBrokenTemplateIsBuiltAgain(t *testing.T) {
	t.Parallel()
	box := newColdSandbox(t)
	require.NoError(t, box.start(t).Close())
	templates, err := filepath.Glob(filepath.Join(box.cache, "clusters", "*"+templateExt))
	require.NoError(t, err)
	require.Len(t, templates, 1)
	for _, size := range []int64{0, 1 << 20} {
		require.NoError(t, os.Truncate(templates[0], size))
		stack := box.start(t)
		require.Equal(t, "0", query(t, stack.DatabaseURL, "select count(*)::text from notes"))
		require.NoError(t, stack.Close())
	}
}

func TestChangedSQLMakesANewTemplate(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	box.start(t)
	other := box.start(t, WithSchema(fstest.MapFS{"1.sql": {Data: []byte("create table public.others ();")}}))
	require.Equal(t, "0", query(t, other.DatabaseURL, "select count(*)::text from others"))
}

func TestOldTemplatesArePruned(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, age time.Duration) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Chtimes(path, time.Now().Add(-age), time.Now().Add(-age)))
	}
	for i := range keptTemplates + 2 {
		write(fmt.Sprintf("%d.tar", i), time.Duration(i)*time.Minute)
	}
	write(unfinishedPrefix+"1", time.Minute)
	write("build.lock", 1000*time.Hour)

	pruneTemplates(dir)

	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.Equal(t, []string{"0.tar", "1.tar", "2.tar", "3.tar", "4.tar", "build.lock"}, names)
}

func TestRequestedPortTaken(t *testing.T) {
	t.Parallel()
	l, err := listen(t.Context(), 0)
	require.NoError(t, err)
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	box := newSandbox(t)
	_, err = Start(t.Context(), box.options(WithPort(port))...)
	require.ErrorIs(t, err, ErrPortTaken)
	require.ErrorContains(t, err, fmt.Sprintf("127.0.0.1:%d", port))
	box.requireClean(t)
}

func TestRequestedPortIsUsed(t *testing.T) {
	t.Parallel()
	port, err := postgres.FreePort(t.Context())
	require.NoError(t, err)
	stack := newSandbox(t).start(t, WithPort(port))
	require.Equal(t, fmt.Sprintf("http://127.0.0.1:%d", port), stack.URL)
}

func TestMissingPostgresSaysWhatToInstall(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	empty := t.TempDir()
	_, err := Start(t.Context(), box.options(func(c *config) error {
		c.find = func() (*postgres.Installation, error) { return postgres.FindIn(empty, []string{empty + "/*"}) }
		c.download = func(string) (string, error) { return "", errors.New("no such host") }
		return nil
	})...)
	require.ErrorIs(t, err, ErrNoPostgres)
	for _, part := range []string{"no such host", "apt-get install postgresql", "brew install", DatabaseURLEnv} {
		require.ErrorContains(t, err, part)
	}
	box.requireClean(t)
}

func TestMissingPostgresIsDownloaded(t *testing.T) {
	t.Parallel()
	here, err := postgres.Find()
	require.NoError(t, err)
	var asked string
	box := newColdSandbox(t)
	box.start(t, func(c *config) error {
		c.find = func() (*postgres.Installation, error) { return nil, ErrNoPostgres }
		c.download = func(dir string) (string, error) { asked = dir; return here.Bin, nil }
		return nil
	})
	require.Equal(t, filepath.Join(box.cache, "postgres"), asked)
}

func TestOptionsAreChecked(t *testing.T) {
	for name, opt := range map[string]Option{
		"port 65536":    WithPort(65536),
		"port -1":       WithPort(-1),
		"32 bytes":      WithJWTSecret("short"),
		"not positive":  WithMaxRows(0),
		"JWT expiry":    WithJWTExpiry(-time.Second),
		"nil logger":    WithLogger(nil),
		"nil file":      WithSchema(nil),
		"empty dir":     WithMigrations(""),
		"no such file":  WithMigrations("/nowhere"),
		"holds no .sql": WithMigrations(t.TempDir()),
		"invalid port":  WithDatabaseURL("postgres://localhost:x/"),
	} {
		_, err := Start(t.Context(), WithDatabaseURL(""), opt)
		require.ErrorContains(t, err, name)
	}
	_, err := Start(t.Context(), WithSchema(fstest.MapFS{}), WithMigrations("x"))
	require.ErrorContains(t, err, "exclude each other")
}

// childEnv makes the test binary start a stack, with the run and the cache
// directory that it names, and wait.
const childEnv = "DEVSTACK_TEST_CHILD"

func TestTokenHookMustExist(t *testing.T) {
	s := newSandbox(t)
	schema := WithSchema(fstest.MapFS{"1.sql": {Data: []byte(
		`create function public."Hook"(event jsonb) returns jsonb language sql return event;`)}})
	for name, want := range map[string]string{
		"public.hook":  "devstack: token hook: there is no function public.hook(jsonb)",
		"nowhere.Hook": "devstack: token hook: there is no function nowhere.Hook(jsonb)",
		"Hook":         "devstack: token hook: there is no function Hook(jsonb)",
	} {
		_, err := Start(t.Context(), s.options(schema, WithTokenHook(name))...)
		require.ErrorContains(t, err, want)
		s.requireClean(t)
	}
	s.start(t, schema, WithTokenHook("public.Hook"))
}

func TestAuthHasTheRightsOfADeployment(t *testing.T) {
	s := newSandbox(t)
	hook := `create function public.hook(event jsonb) returns jsonb language sql return event;
		revoke execute on function public.hook from public, anon, authenticated;`
	for _, tc := range []struct {
		name, grant string
		status      int
	}{
		{"without a grant", "", http.StatusInternalServerError},
		{"with a grant", "grant execute on function public.hook to supabase_auth_admin;", http.StatusOK},
	} {
		t.Run(tc.name, func(t *testing.T) {
			stack := s.start(t, WithSchema(fstest.MapFS{"1.sql": {Data: []byte(hook + tc.grant)}}), WithTokenHook("public.hook"))
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, stack.URL+"/auth/v1/signup",
				strings.NewReader(`{"email": "a@example.com", "password": "secret-1234"}`))
			require.NoError(t, err)
			req.Header.Set("Apikey", stack.AnonKey)
			res, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, tc.status, res.StatusCode)
		})
	}
}

func TestFunctionsThatThePlatformRefuses(t *testing.T) {
	s := newSandbox(t)
	schema := WithSchema(fstest.MapFS{"1.sql": {Data: []byte(`create function public.setting() returns text language sql stable
		return concat_ws(' ', 'costs', current_setting('app.cost_functions', true), 'search', current_setting('app.search_functions', true));`)}})
	for want, opts := range map[string][]Option{
		`"costs search"`:        {schema},
		`"costs answer search"`: {schema, WithCostFunctions()},
		`"costs search answer"`: {schema, WithSearchFunctions()},
	} {
		stack := s.start(t, opts...)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, stack.URL+"/rest/v1/rpc/setting", nil)
		require.NoError(t, err)
		req.Header.Set("Apikey", stack.AnonKey)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, want, string(body))
	}
}

func TestMain(m *testing.M) {
	if dirs := filepath.SplitList(os.Getenv(childEnv)); len(dirs) == 2 {
		stack, err := Start(context.Background(), sandbox{temp: dirs[0], cache: dirs[1]}.options()...)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(stack.URL)
		select {}
	}
	dir, err := os.MkdirTemp("", "devstack-cache-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	sharedCache = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func TestKilledParent(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	self, err := os.Executable()
	require.NoError(t, err)
	child := exec.CommandContext(t.Context(), self)
	child.Env = append(os.Environ(), childEnv+"="+box.temp+string(filepath.ListSeparator)+box.cache)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	var url string
	_, err = fmt.Fscanln(out, &url)
	require.NoError(t, err)
	stale := box.runDirs(t)
	require.Len(t, stale, 1)
	require.NotEmpty(t, processesIn(t, box.temp))

	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait())

	if runtime.GOOS == "linux" {
		require.Eventually(t, func() bool { return len(processesIn(t, box.temp)) == 0 }, 10*time.Second, 50*time.Millisecond,
			"PostgreSQL outlives its parent")
	}
	stack := box.start(t)
	require.NoDirExists(t, stale[0])
	require.Len(t, box.runDirs(t), 1)
	require.NoError(t, stack.Close())
	box.requireClean(t)
}

func TestServerThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	here, err := postgres.Find()
	require.NoError(t, err)
	fake := filepath.Join(box.temp, "..", "bin")
	require.NoError(t, os.Mkdir(fake, 0o755))
	for name, script := range map[string]string{
		"initdb":   fmt.Sprintf("#!/bin/sh\nexec %s \"$@\"\n", here.Program("initdb")),
		"postgres": "#!/bin/sh\necho 'FATAL: no more disk' >&2\nexit 1\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(fake, name), []byte(script), 0o755))
	}
	_, err = Start(t.Context(), box.options(func(c *config) error {
		c.find = func() (*postgres.Installation, error) {
			return &postgres.Installation{Bin: fake, Version: "15", Major: 15}, nil
		}
		return nil
	})...)
	require.ErrorContains(t, err, "no more disk")
	box.requireClean(t)
}
