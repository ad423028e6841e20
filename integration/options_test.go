package integration

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
)

// lockedBuffer takes the lines of a log from many goroutines.
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

func TestNothingSecretIsLogged(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	u := stack.User(t, workorder.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	a := u.NewTenant(t)
	secrets := []string{stack.AnonKey, u.Password, u.Token(t).Value, u.Session.RefreshToken()}

	key, err := a.TenantAPIKeys.Create(t.Context(), org.CreateTenantAPIKeyParams{Name: "Gateway"})
	require.NoError(t, err)
	_, denied := u.AsUser(u.Token(t).Value).Departments.Create(t.Context(), org.CreateDepartmentParams{TenantID: unknownID, Name: "Line"})
	require.Error(t, denied)
	_, refused := u.Auth.SignInWithPassword(t.Context(), u.Email, "wrong-"+u.Password)
	require.Error(t, refused)
	_, err = u.Session.Refresh(t.Context())
	require.NoError(t, err)
	secrets = append(secrets, key.Key.Reveal(), u.Token(t).Value, u.Session.RefreshToken())

	require.Contains(t, log.String(), "Tenants.Create")
	require.Contains(t, log.String(), "23503")
	shown := log.String() + fmt.Sprintf("%v %+v %#v %s", u.Client, u.Session, u.Token(t), key) + denied.Error() + refused.Error()
	for i, secret := range secrets {
		require.NotEmpty(t, secret)
		require.NotContains(t, shown, secret, "secret %d shows", i)
	}
}

func TestOptionsReachTheWire(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var ops []string
	var last http.Header
	base := http.DefaultTransport.(*http.Transport).Clone()
	defer base.CloseIdleConnections()
	c := stack.Client(t,
		workorder.WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			last = r.Header.Clone()
			mu.Unlock()
			return base.RoundTrip(r)
		})),
		workorder.WithHeader("X-Plant", "7"),
		workorder.WithUserAgent("nightly-import/2.1"),
		workorder.WithAttemptTimeout(20*time.Second),
		workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 2}),
		workorder.WithCallMiddleware(func(ctx context.Context, call workorder.CallInfo, next func(context.Context) error) error {
			mu.Lock()
			ops = append(ops, call.Op)
			mu.Unlock()
			return next(ctx)
		}))

	rows, err := c.AsUser(stack.User(t).Token(t).Value).Tenants.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, rows)
	require.Equal(t, []string{"Tenants.List"}, ops)
	require.Equal(t, "7", last.Get("X-Plant"))
	require.Contains(t, last.Get("User-Agent"), "nightly-import/2.1")
	require.Equal(t, stack.AnonKey, last.Get("Apikey"))
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
