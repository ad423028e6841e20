package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/otelworkorder"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// A program sees its calls as spans below its own, each request and the refreshes
// of its session below them, counts them and the rows that they brought, and
// exports nobody's data.
func TestTelemetryOfARealStack(t *testing.T) {
	t.Parallel()
	spans, reader := tracetest.NewInMemoryExporter(), sdkmetric.NewManualReader()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	telemetry := []otelworkorder.Option{
		otelworkorder.WithTracerProvider(tracers),
		otelworkorder.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))),
	}
	a := stack.Tenant(t, workorder.WithObserver(otelworkorder.New(telemetry...)))
	inSpan := func(name string, do func(context.Context)) []string {
		spans.Reset()
		ctx, span := tracers.Tracer("program").Start(t.Context(), name)
		do(ctx)
		span.End()
		return spanTree(spans.GetSpans())
	}
	secret := "Line of Ada Lovelace"

	var ids []string
	got := inSpan("create", func(ctx context.Context) {
		for i := range 5 {
			id, err := a.Departments.Create(ctx, org.CreateDepartmentParams{Name: fmt.Sprint(secret, i), Code: fmt.Sprint("AL", i)})
			require.NoError(t, err)
			ids = append(ids, id)
		}
		_, err := a.Departments.Create(ctx, org.CreateDepartmentParams{Name: secret, Code: "AL0"})
		require.ErrorIs(t, err, workorder.ErrConflict)
	})
	require.Len(t, got, 13)
	require.Equal(t, []string{"create", "  Departments.Create", "    POST /rest/v1/rpc/rpc_create_department"}, got[:3])
	require.Equal(t, []string{"  Departments.Create 23505", "    POST /rest/v1/rpc/rpc_create_department 23505"}, got[11:])
	everything := exportedText(spans.GetSpans(), nil)

	got = inSpan("read", func(ctx context.Context) {
		n := 0
		for _, err := range a.Departments.All(ctx, query.PageSize(2), query.Limit(5), query.Where(org.DepartmentCols.Name.Like(secret+"%"))) {
			require.NoError(t, err)
			n++
		}
		require.Equal(t, 5, n)
	})
	page := []string{"  Departments.All", "    GET /rest/v1/v_departments"}
	require.Empty(t, cmp.Diff(slices.Concat([]string{"read"}, page, page, page), got))
	everything += exportedText(spans.GetSpans(), nil)

	got = inSpan("refresh", func(ctx context.Context) {
		_, err := a.RefreshTenantSession(ctx)
		require.NoError(t, err)
	})
	require.Contains(t, got, "  Session.Refresh")
	require.Contains(t, got, "  Session.SetTenant")
	everything += exportedText(spans.GetSpans(), nil)

	inSpan("file", func(ctx context.Context) {
		asset, err := a.Assets.Create(ctx, assets.CreateAssetParams{Name: secret})
		require.NoError(t, err)
		_, err = a.Attachments.Upload(ctx, workorders.UploadParams{
			EntityType: workorders.EntityAsset, EntityID: asset, Filename: "lovelace.txt", Body: strings.NewReader(secret),
		})
		require.NoError(t, err)
	})
	everything += exportedText(spans.GetSpans(), nil)

	pool := workorder.NewTenantPool(a.Admin.Client, workorder.TenantPoolOptions{MaxTenants: 3})
	defer pool.Close()
	_, err := otelworkorder.ObservePool(pool, "test", telemetry...)
	require.NoError(t, err)
	require.NoError(t, pool.Do(t.Context(), a.ID, func(context.Context, *workorder.Client) error { return nil }))

	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	sums, times := measured(all)
	require.EqualValues(t, 5, sums["workorder.client.rows Departments.All"])
	require.GreaterOrEqual(t, sums["workorder.client.attempts Departments.Create"], int64(6))
	require.EqualValues(t, 6, times["workorder.client.call.duration Departments.Create"])
	require.EqualValues(t, 1, sums["workorder.tenant_pool.made "])
	require.EqualValues(t, 3, sums["workorder.tenant_pool.max "])
	require.GreaterOrEqual(t, times["workorder.session.refresh.duration "], uint64(2), "of the user and of the tenant")

	everything += exportedText(nil, &all)
	token, err := a.Admin.Session.Token(t.Context())
	require.NoError(t, err)
	for _, text := range slices.Concat(ids, []string{
		a.ID, a.Slug, a.Admin.ID, a.Admin.Email, a.Admin.Password, token.Value, a.Admin.Session.RefreshToken(), stack.AnonKey, "eyJ",
		secret, "ovelace", "grant_type", "select=",
	}) {
		require.NotContains(t, everything, text)
	}
}

// spanTree shows the spans below each other, in the order of their beginning.
func spanTree(spans tracetest.SpanStubs) []string {
	slices.SortStableFunc(spans, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	var lines []string
	var walk func(parent trace.SpanID, depth int)
	walk = func(parent trace.SpanID, depth int) {
		for _, s := range spans {
			if s.Parent.SpanID() == parent {
				lines = append(lines, strings.Repeat("  ", depth)+strings.TrimSpace(s.Name+" "+s.Status.Description))
				walk(s.SpanContext.SpanID(), depth+1)
			}
		}
	}
	walk(trace.SpanID{}, 0)
	return lines
}

// exportedText is what is exported, as text.
func exportedText(spans tracetest.SpanStubs, metrics *metricdata.ResourceMetrics) string {
	var out strings.Builder
	for _, s := range spans {
		fmt.Fprintf(&out, "%+v\n", s)
		for _, a := range s.Attributes {
			fmt.Fprintf(&out, "%s=%s\n", a.Key, a.Value.String())
		}
	}
	if metrics != nil {
		fmt.Fprintf(&out, "%+v\n", *metrics)
		sums, times := measured(*metrics)
		fmt.Fprintln(&out, sums, times)
	}
	return out.String()
}

// measured gives the sums and the numbers of measurements by metric and operation.
func measured(all metricdata.ResourceMetrics) (sums map[string]int64, times map[string]uint64) {
	sums, times = map[string]int64{}, map[string]uint64{}
	for _, s := range all.ScopeMetrics {
		for _, m := range s.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					op, _ := p.Attributes.Value("rpc.method")
					sums[m.Name+" "+op.AsString()] += p.Value
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					op, _ := p.Attributes.Value("rpc.method")
					times[m.Name+" "+op.AsString()] += p.Count
				}
			}
		}
	}
	return sums, times
}
