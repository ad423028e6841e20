package devstack_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack"
)

// What SQL queues goes out over HTTP, and the answer comes back.
func TestRequestsOfTheDatabaseAreSent(t *testing.T) {
	t.Parallel()
	stack, err := devstack.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	conn, err := pgxpool.New(t.Context(), stack.DatabaseURL)
	require.NoError(t, err)
	t.Cleanup(conn.Close)

	release := make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/echo":
			body, _ := io.ReadAll(r.Body)
			var lines []string
			for _, name := range []string{"X-Case", "X-Number", "X-Null", "Content-Type"} {
				lines = append(lines, name+"="+strings.Join(r.Header[name], ","))
			}
			w.WriteHeader(http.StatusAccepted)
			_, _ = w.Write([]byte(r.Method + " " + strings.Join(lines, " ") + " " + string(body)))
		case "/redirect":
			http.Redirect(w, r, "/echo", http.StatusFound)
		case "/binary":
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte("a\x00b\xff"))
		case "/slow":
			<-release
		}
	}))
	t.Cleanup(receiver.Close)
	t.Cleanup(func() { close(release) })

	for name, c := range map[string]struct {
		url, headers string
		timeout      int
		want         string // status, content, whether it timed out
		err          string
	}{
		"delivered": {receiver.URL + "/echo", `{"X-Case": "a", "x-case": "b", "X-Number": 5, "X-Null": null, "Content-Type": "application/json"}`, 5000,
			`202|POST X-Case=a,b X-Number=5 X-Null= Content-Type=application/json {"ä": "<&>"}|false`, ""},
		"redirect":      {receiver.URL + "/redirect", `{}`, 5000, "302||false", ""},
		"bytes":         {receiver.URL + "/binary", `{}`, 5000, "500|ab\uFFFD|false", ""},
		"timeout":       {receiver.URL + "/slow", `{}`, 300, "||true", "timeout of 300 ms reached"},
		"no server":     {"http://127.0.0.1:1/", `{}`, 5000, "||false", "refused"},
		"no url":        {"5", `{}`, 5000, "||false", "unsupported protocol scheme"},
		"a header name": {receiver.URL + "/echo", `{"a b": "c"}`, 5000, "||false", "header"},
	} {
		t.Run(name, func(t *testing.T) {
			var id int64
			require.NoError(t, conn.QueryRow(t.Context(),
				`select net.http_post(url => $1, body => '{"ä": "<&>"}', headers => $2, timeout_milliseconds => $3)`, c.url, c.headers, c.timeout).Scan(&id))
			var got, reason string
			require.Eventually(t, func() bool {
				return conn.QueryRow(t.Context(), `
					select concat(status_code, '|', case when status_code <> 302 then content end, '|', timed_out::text), coalesce(error_msg, '')
					from net._http_response where id = $1`, id).Scan(&got, &reason) == nil
			}, 20*time.Second, 10*time.Millisecond)
			require.Equal(t, c.want, got)
			require.Contains(t, reason, c.err)
		})
	}

	var waiting int
	_, err = conn.Exec(t.Context(), `select net.http_post(url => 'http://192.0.2.1/h')`)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return conn.QueryRow(t.Context(), `select count(*) from net.http_request_queue`).Scan(&waiting) == nil && waiting == 0
	}, 20*time.Second, 10*time.Millisecond)
	time.Sleep(300 * time.Millisecond)
	var answers int
	require.NoError(t, conn.QueryRow(t.Context(), `select count(*) from net._http_response`).Scan(&answers))
	require.Equal(t, 7, answers, "documentation addresses never answer")
}

func TestDeliverySpeedIsPositive(t *testing.T) {
	t.Parallel()
	_, err := devstack.Start(t.Context(), devstack.WithDeliverySpeed(0))
	require.ErrorContains(t, err, "delivery speed")
}
