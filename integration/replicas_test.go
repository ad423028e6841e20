package integration

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/redistest"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/sessionstore"
	"github.com/workorder-systems/sdk-go/sessionstore/postgres"
	"github.com/workorder-systems/sdk-go/sessionstore/redis"
)

const (
	// replicaVariable makes this program a replica of a worker.
	replicaVariable = "WORKORDER_TEST_REPLICA"
	// replicasForVariable is how long the replicas work, such as 2m. With it there
	// are as many as the test is about, without it fewer for a short while.
	replicasForVariable = "WORKORDER_TEST_REPLICAS_FOR"
)

// sharedStore says where replicas find the session.
type sharedStore struct {
	Kind  string
	Where string
}

func (s sharedStore) open(ctx context.Context) (workorder.SessionLocker, error) {
	switch s.Kind {
	case "redis":
		return redis.New(goredis.NewClient(&goredis.Options{Network: "unix", Addr: s.Where}), "worker")
	case "postgres":
		cfg, err := pgxpool.ParseConfig(s.Where)
		if err != nil {
			return nil, err
		}
		cfg.MaxConns = 2
		pool, err := pgxpool.NewWithConfig(ctx, cfg)
		if err != nil {
			return nil, err
		}
		return postgres.New(pool, "worker")
	}
	return sessionstore.NewFile(s.Where)
}

// replica is one process of a worker that serves all tenants of an account.
type replica struct {
	URL, Key     string
	RefreshToken string // the first
	Store        sharedStore
	Tenants      []string
}

// run works until the test says that it is enough. It prints what happens: the
// kind of a failure and its text, the tenants served, and how many calls went well.
func (r replica) run() error {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until the test closes it or dies
		stop()
	}()
	store, err := r.Store.open(ctx)
	if err != nil {
		return err
	}
	c, err := workorder.New(r.URL, r.Key)
	if err != nil {
		return err
	}
	session := workorder.NewSession(c, r.RefreshToken, workorder.WithSessionStore(store))
	c = c.WithSession(session)

	var out sync.Mutex
	say := func(kind, text string) {
		out.Lock()
		defer out.Unlock()
		fmt.Println(kind, strings.ReplaceAll(text, "\n", " "))
	}
	var work sync.WaitGroup
	for _, id := range r.Tenants {
		work.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				err := serve(ctx, c, id, n)
				switch {
				case ctx.Err() != nil:
				case err == nil:
					say("served", id)
				case errors.Is(err, workorder.ErrSessionExpired):
					say("lost", err.Error())
				case errors.Is(err, workorder.ErrTenantMismatch):
					say("mismatch", err.Error())
				case errors.Is(err, workorder.ErrUnavailable):
					say("unavailable", err.Error())
				default:
					say("failed", err.Error())
				}
				pause := time.NewTimer(200*time.Millisecond + rand.N(time.Second))
				select {
				case <-pause.C:
				case <-ctx.Done():
				}
			}
		})
	}
	work.Wait()
	return session.Close()
}

// serve does a tenant's work: it reads what only this tenant has, and makes a call
// after which Auth stores the tenant for the user.
func serve(ctx context.Context, c *workorder.Client, tenantID string, n int) error {
	c, err := c.ForTenant(ctx, tenantID)
	if err != nil {
		return err
	}
	if n%4 == 0 {
		if _, err := c.Catalogs.WorkflowGraph(ctx, org.WorkflowGraphParams{EntityType: "asset"}); err != nil {
			return err
		}
	}
	return onlyOf(ctx, c, tenantID)
}

// isReplica runs what a test started as a replica.
func isReplica() bool {
	raw := os.Getenv(replicaVariable)
	if raw == "" {
		return false
	}
	var r replica
	err := json.Unmarshal([]byte(raw), &r)
	if err == nil {
		err = r.run()
	}
	if err != nil {
		fmt.Println("failed", err)
	}
	return true
}

// witness stands before the stack and remembers how often each refresh token was
// used and how Auth answered.
type witness struct {
	*httptest.Server
	mu      sync.Mutex
	uses    map[string]int
	refused []string
}

func newWitness(t *testing.T, d deployment) *witness {
	t.Helper()
	target, err := url.Parse(d.URL)
	require.NoError(t, err)
	w := &witness{uses: map[string]int{}}
	upstream := &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorLog: log.New(io.Discard, "", 0), // of replicas that were killed
		ModifyResponse: func(resp *http.Response) error {
			if isRefresh(resp.Request) && resp.StatusCode != http.StatusOK {
				body, _ := io.ReadAll(resp.Body)
				resp.Body = io.NopCloser(bytes.NewReader(body))
				w.mu.Lock()
				defer w.mu.Unlock()
				w.refused = append(w.refused, fmt.Sprint(resp.StatusCode, " ", string(body)))
			}
			return nil
		},
	}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if isRefresh(r) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			var grant struct {
				RefreshToken string `json:"refresh_token"`
			}
			if json.Unmarshal(body, &grant) == nil {
				w.mu.Lock()
				w.uses[grant.RefreshToken]++
				w.mu.Unlock()
			}
		}
		upstream.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.Close)
	return w
}

func isRefresh(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/token") && r.URL.Query().Get("grant_type") == "refresh_token"
}

// fleet is all replicas, and what they said.
type fleet struct {
	t    *testing.T
	spec []byte

	mu     sync.Mutex
	said   map[string]int
	text   map[string][]string
	served map[string]int // by tenant
	output sync.WaitGroup
}

type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
}

func (f *fleet) start() process {
	cmd := exec.CommandContext(f.t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), replicaVariable+"="+string(f.spec))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(f.t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(f.t, err)
	require.NoError(f.t, cmd.Start())
	f.output.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			f.hear(lines.Text())
		}
	})
	return process{cmd, stdin}
}

func (f *fleet) hear(line string) {
	kind, text, _ := strings.Cut(line, " ")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.said[kind]++
	if kind == "served" {
		f.served[text]++
	} else if len(f.text[kind]) < 5 {
		f.text[kind] = append(f.text[kind], text)
	}
}

// Many processes share the session of one account and work in many tenants with
// tokens that live for seconds, while one after the other is killed and started
// again. No refresh token is used twice, but for the one that a killed process
// may have used without saving the next; the session lives; and no call sees
// another tenant.
func TestReplicasShareASession(t *testing.T) {
	const killEvery = 3 * time.Second
	processes, tenants, life := 4, 6, 12*time.Second
	if long := os.Getenv(replicasForVariable); long != "" {
		var err error
		life, err = time.ParseDuration(long)
		require.NoError(t, err)
		processes, tenants = 8, 20
	}
	for _, kind := range []string{"file", "postgres", "redis"} {
		t.Run(kind, func(t *testing.T) {
			if os.Getenv(replicasForVariable) == "" {
				t.Parallel()
			}
			short := stack.ShortLived(t, 5*time.Second)
			store := short.sharedStore(t, kind)
			w := newWitness(t, short)
			u := short.User(t)
			r := replica{URL: w.URL, Key: short.AnonKey, Store: store}
			for range tenants {
				tn := u.NewTenant(t)
				makeDepartment(t, tn.Client, tn.ID)
				r.Tenants = append(r.Tenants, tn.ID)
			}
			require.NoError(t, u.Session.Close())
			r.RefreshToken = u.Session.RefreshToken()
			spec, err := json.Marshal(r)
			require.NoError(t, err)

			f := &fleet{t: t, spec: spec, said: map[string]int{}, text: map[string][]string{}, served: map[string]int{}}
			running := make([]process, processes)
			for i := range running {
				running[i] = f.start()
			}
			kills := 0
			for end := time.Now().Add(life); time.Now().Before(end); {
				time.Sleep(killEvery)
				victim := &running[kills%processes]
				require.NoError(t, victim.cmd.Process.Kill())
				_ = victim.cmd.Wait()
				*victim = f.start()
				kills++
			}
			time.Sleep(killEvery)
			for _, p := range running {
				require.NoError(t, p.stdin.Close())
			}
			f.output.Wait()
			for _, p := range running {
				require.NoError(t, p.cmd.Wait())
			}

			w.mu.Lock()
			defer w.mu.Unlock()
			repeated := 0
			for _, n := range w.uses {
				repeated += n - 1
			}
			t.Logf("%d kills; calls %v; %d refresh tokens used, %d of them twice; %v", kills, f.said, len(w.uses), repeated, f.text)
			require.Empty(t, w.refused, "Auth refused a refresh token")
			require.LessOrEqual(t, repeated, kills, "only a killed process leaves a token that is used again")
			for _, kind := range []string{"lost", "mismatch", "failed"} {
				require.Zero(t, f.said[kind], f.text[kind])
			}
			require.Len(t, f.served, tenants, "every tenant was served")

			opened, err := store.open(t.Context())
			require.NoError(t, err)
			c := short.Client(t)
			after := workorder.NewSession(c, "", workorder.WithSessionStore(opened))
			for _, id := range r.Tenants {
				require.NoError(t, serve(t.Context(), c.WithSession(after), id, 0))
			}
			require.NoError(t, after.Close())
		})
	}
}

// sharedStore makes a store for a session of the deployment's.
func (d deployment) sharedStore(t *testing.T, kind string) sharedStore {
	t.Helper()
	switch kind {
	case "redis":
		return sharedStore{kind, redistest.Start(t).Socket}
	case "postgres":
		_, err := d.SQL(t).Exec(t.Context(), postgres.CreateTable)
		require.NoError(t, err)
		return sharedStore{kind, d.DatabaseURL}
	}
	return sharedStore{kind, filepath.Join(t.TempDir(), "session")}
}

func TestSessionWhoseStoreGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	store, err := sharedStore{"redis", server.Socket}.open(t.Context())
	require.NoError(t, err)
	u := stack.User(t)
	s, err := u.Auth.SignInWithPassword(t.Context(), u.Email, u.Password, workorder.WithSessionStore(store))
	require.NoError(t, err)
	c := stack.Client(t)
	another := workorder.NewSession(c, "", workorder.WithSessionStore(store))
	_, err = another.Token(t.Context())
	require.NoError(t, err)

	server.Stop()
	before := []string{s.RefreshToken(), another.RefreshToken()}
	for _, s := range []*workorder.Session{s, another} {
		_, err = s.Refresh(t.Context())
		require.ErrorIs(t, err, workorder.ErrUnavailable)
		require.NotErrorIs(t, err, workorder.ErrSessionExpired)
		require.True(t, workorder.SafeToRetry(err), "the store will be back")
		_, err = c.WithSession(s).Tenants.List(t.Context())
		require.NoError(t, err, "the token at hand serves")
	}
	after := []string{s.RefreshToken(), another.RefreshToken()}
	require.Equal(t, before, after, "nothing was refreshed")

	server.Start(t)
	require.Eventually(t, func() bool { // go-redis may look for a server that was away once a second
		_, err := store.Load(t.Context())
		return err == nil
	}, 10*time.Second, 50*time.Millisecond)
	for range 2 {
		for _, s := range []*workorder.Session{s, another} {
			_, err = s.Refresh(t.Context())
			require.NoError(t, err)
		}
	}
	stored, err := store.Load(t.Context())
	require.NoError(t, err)
	require.True(t, slices.Contains([]string{s.RefreshToken(), another.RefreshToken()}, stored))
}
