package otelworkorder

import (
	"context"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
)

// The tables of docs/observability.md list the attributes and metrics that are
// exported, and no others.
func TestTelemetryIsDocumented(t *testing.T) {
	r := newRecord(t)
	c, srv := apitest.New(t, patient, r.observe())
	srv.Handle(refuse(503, "57P03"))
	srv.Handle(rows("a"))
	_, err := c.Departments.List(t.Context(), query.Limit(1))
	require.NoError(t, err)
	srv.Handle(refuse(409, "23505"))
	_, err = c.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "Line 3"})
	require.ErrorIs(t, err, workorder.ErrConflict)
	srv.Handle(refuse(400, "session_expired"))
	_, err = workorder.NewSession(c, "refresh-token").Token(t.Context())
	require.ErrorIs(t, err, workorder.ErrSessionExpired)
	pool := workorder.NewTenantPool(c, workorder.TenantPoolOptions{})
	defer pool.Close()
	_, err = ObservePool(pool, "nightly", r.options()...)
	require.NoError(t, err)
	srv.Reply(http.StatusOK, "null")
	require.NoError(t, pool.Do(t.Context(), apitest.TenantID, func(context.Context, *workorder.Client) error { return nil }))

	attributes, metrics := map[string]bool{}, map[string]string{}
	note := func(list []attribute.KeyValue) {
		for _, a := range list {
			attributes[string(a.Key)] = true
		}
	}
	for _, s := range r.spans.GetSpans() {
		note(s.Attributes)
	}
	for _, m := range r.collect() {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			kind := "counter"
			if !data.IsMonotonic {
				kind = "updowncounter"
			}
			metrics[m.Name] = m.Unit + " " + kind
			for _, p := range data.DataPoints {
				note(p.Attributes.ToSlice())
			}
		case metricdata.Histogram[float64]:
			metrics[m.Name] = m.Unit + " histogram"
			for _, p := range data.DataPoints {
				note(p.Attributes.ToSlice())
			}
		}
	}

	doc, err := os.ReadFile("../docs/observability.md")
	require.NoError(t, err)
	_, text, ok := strings.Cut(string(doc), "\n| Attribute |")
	require.True(t, ok)
	list, text, ok := strings.Cut(text, "\n| Metric |")
	require.True(t, ok)
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(list, -1) {
		listed = append(listed, m[1])
	}
	slices.Sort(listed)
	require.Empty(t, cmp.Diff(slices.Sorted(maps.Keys(attributes)), listed))
	measured := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| `([^`]+)` \\| (\\w+) \\|").FindAllStringSubmatch(text, -1) {
		measured[m[1]] = m[2] + " " + m[3]
	}
	require.Empty(t, cmp.Diff(metrics, measured))
}
