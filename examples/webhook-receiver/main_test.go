package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/plugins/webhook"
)

// lines is a log that can be read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// The local stack delivers over HTTP: a delivery that fails comes again, one signed
// with a new secret is taken.
func TestDemo(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var log lines
	require.NoError(t, runDemo(ctx, slog.New(slog.NewTextHandler(&log, nil))), log.String())

	out := log.String()
	require.Equal(t, 1, strings.Count(out, "the delivery will come again"), out)
	require.Equal(t, 1, strings.Count(out, `title="Oil leak"`), out)
	require.Equal(t, 1, strings.Count(out, `title="Replace the belt"`), out)
	require.Equal(t, 2, strings.Count(out, "msg=handled"), out)
	require.Less(t, strings.Index(out, "Oil leak"), strings.Index(out, "the secret has been replaced"))
}

func TestServiceNeedsAnInstallationAndItsSecret(t *testing.T) {
	for _, set := range [][2]string{{"", ""}, {"i", ""}, {"", "s"}} {
		t.Setenv("WEBHOOK_INSTALLATION", set[0])
		t.Setenv("WEBHOOK_SECRET", set[1])
		require.ErrorContains(t, runService(t.Context(), slog.New(slog.DiscardHandler)), "is not set")
	}
	t.Setenv("WEBHOOK_INSTALLATION", "i")
	t.Setenv("WEBHOOK_DATABASE_URL", "postgres://user:hunter2@127.0.0.1:1/x")
	err := runService(t.Context(), slog.New(slog.DiscardHandler))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}

// A request that is under way when the service is told to stop is answered.
func TestServiceStopsGracefully(t *testing.T) {
	begun, leave := make(chan struct{}), make(chan struct{})
	h := webhook.Handler(webhook.Installation("i", "s"), func(context.Context, webhook.Event) error {
		close(begun)
		<-leave
		return nil
	})
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	base := "http://" + listener.Addr().String()
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- serve(ctx, slog.New(slog.DiscardHandler), listener, routes(h)) }()

	health, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/healthz", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(health)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusNoContent, resp.StatusCode)

	body := `{"v":1,"installation_id":"i","audit":{"id":1,"table_name":"x"}}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/hooks/workorder", strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(webhook.SignatureHeader, webhook.Sign([]byte(body), "s"))
	status := make(chan int, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			status <- 0
			return
		}
		_ = resp.Body.Close()
		status <- resp.StatusCode
	}()
	<-begun
	stop()
	close(leave)
	require.Equal(t, http.StatusOK, <-status)
	require.NoError(t, <-stopped)
}
