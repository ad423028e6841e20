package workorder_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/query"
)

// logged collects what records there are, with their level and the kind of every
// field.
type logged struct {
	mu      sync.Mutex
	records map[string]map[string]slog.Kind
	levels  map[string]slog.Level
}

// Enabled, Handle, WithAttrs and WithGroup make it a slog.Handler.
func (l *logged) Enabled(context.Context, slog.Level) bool { return true }
func (l *logged) WithAttrs([]slog.Attr) slog.Handler       { panic("the SDK adds fields to its logger") }
func (l *logged) WithGroup(string) slog.Handler            { panic("the SDK groups its fields") }
func (l *logged) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.records[r.Message] == nil {
		l.records[r.Message] = map[string]slog.Kind{}
	}
	l.levels[r.Message] = r.Level
	r.Attrs(func(a slog.Attr) bool {
		l.records[r.Message][a.Key] = a.Value.Kind()
		return true
	})
	return nil
}

// The tables of docs/observability.md list the records and fields that are
// logged, and no others.
func TestLogsAreDocumented(t *testing.T) {
	log := &logged{records: map[string]map[string]slog.Kind{}, levels: map[string]slog.Level{}}
	c, srv := apitest.New(t, workorder.WithLogger(slog.New(log)),
		workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 2, BaseDelay: 1, MaxDelay: 1}))
	srv.ReplyError(http.StatusServiceUnavailable, "PGRST000", "no connection")
	_, err := c.Departments.List(t.Context(), query.Limit(1))
	require.NoError(t, err)
	srv.Reply(http.StatusOK, "content")
	d, err := c.Attachments.Download(t.Context(), "t1/asset/a/b.txt")
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, d)
	require.NoError(t, err)
	require.NoError(t, d.Close())

	failed := &workorder.SdkError{
		Op: "Op", Method: "GET", Path: "/x", HTTPStatus: 500, Code: "42501", Message: "no", Details: "d", Hint: "h", RequestID: "r", Attempts: 1,
	}
	group := map[string]slog.Kind{"kind": slog.KindString} // which no error made by hand has
	for _, a := range failed.LogValue().Group() {
		group[a.Key] = a.Value.Kind()
	}
	srv.ReplyError(http.StatusForbidden, "42501", "no")
	_, err = c.Departments.List(t.Context())
	require.ErrorAs(t, err, &failed)
	require.Contains(t, failed.LogValue().String(), "kind=permission denied")

	doc, err := os.ReadFile("docs/observability.md")
	require.NoError(t, err)
	records := tableOf(t, string(doc), "Record")
	fields := tableOf(t, string(doc), "Field")
	kinds := map[string]slog.Kind{}
	for _, byName := range log.records {
		for name, kind := range byName {
			kinds[name] = kind
		}
	}
	require.Empty(t, cmp.Diff(kindsOf(kinds), column(fields, 1)))
	require.Empty(t, cmp.Diff(kindsOf(group), column(tableOf(t, string(doc), "Field of an error"), 1)))
	require.Len(t, records, len(log.records))
	for message, byName := range log.records {
		require.Contains(t, records, message)
		require.Equal(t, log.levels[message].String(), records[message][1])
		var listed []string
		for _, m := range code.FindAllStringSubmatch(records[message][3], -1) {
			listed = append(listed, m[1])
		}
		slices.Sort(listed)
		require.Empty(t, cmp.Diff(names(byName), listed), message)
	}
}

var code = regexp.MustCompile("`([^`]+)`")

// tableOf reads the table whose first column has the given title, by the code in
// its first column.
func tableOf(t *testing.T, doc, title string) map[string][]string {
	t.Helper()
	_, rest, ok := strings.Cut(doc, "\n| "+title+" |")
	require.True(t, ok, title)
	rows := map[string][]string{}
	for _, line := range strings.Split(rest, "\n")[2:] {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		rows[strings.Trim(cells[0], "`")] = cells
	}
	require.NotEmpty(t, rows, title)
	return rows
}

func column(rows map[string][]string, n int) map[string]string {
	out := map[string]string{}
	for name, cells := range rows {
		out[name] = cells[n]
	}
	return out
}

func kindsOf(fields map[string]slog.Kind) map[string]string {
	out := map[string]string{}
	for name, kind := range fields {
		out[name] = kind.String()
	}
	return out
}

func names(fields map[string]slog.Kind) []string {
	var out []string
	for name := range fields {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
