package otelworkorder

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	workorder "github.com/workorder-systems/sdk-go"
)

// record keeps what is exported.
type record struct {
	t       testing.TB
	spans   *tracetest.InMemoryExporter
	tracers *sdktrace.TracerProvider
	meters  *sdkmetric.MeterProvider
	reader  *sdkmetric.ManualReader
}

func newRecord(t testing.TB) *record {
	r := &record{t: t, spans: tracetest.NewInMemoryExporter(), reader: sdkmetric.NewManualReader()}
	r.tracers = sdktrace.NewTracerProvider(sdktrace.WithSyncer(r.spans))
	r.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.reader))
	return r
}

func (r *record) options() []Option {
	return []Option{WithTracerProvider(r.tracers), WithMeterProvider(r.meters)}
}

func (r *record) observe() workorder.Option { return workorder.WithObserver(New(r.options()...)) }

// start begins a span of the caller's.
func (r *record) start(ctx context.Context, name string) (context.Context, trace.Span) {
	return r.tracers.Tracer("the caller").Start(ctx, name)
}

// tree shows the spans, each below its parent and in the order of their
// beginning: kind, name, attributes without the server's, and how it failed.
func (r *record) tree() []string {
	spans := r.spans.GetSpans()
	slices.SortStableFunc(spans, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	var lines []string
	var walk func(parent trace.SpanID, depth int)
	walk = func(parent trace.SpanID, depth int) {
		for _, s := range spans {
			if s.Parent.SpanID() == parent {
				lines = append(lines, strings.Repeat("  ", depth)+r.line(s))
				walk(s.SpanContext.SpanID(), depth+1)
			}
		}
	}
	walk(trace.SpanID{}, 0)
	require.Len(r.t, lines, len(spans), "every span has its place")
	return lines
}

func (r *record) line(s tracetest.SpanStub) string {
	line := s.Name
	if s.InstrumentationScope.Name == scope {
		require.Equal(r.t, trace.SpanKindClient, s.SpanKind)
		require.Equal(r.t, "https://opentelemetry.io/schemas/1.43.0", s.InstrumentationScope.SchemaURL)
		require.Empty(r.t, s.Events, "an event would quote the error")
		line += texts(s.Attributes)
	}
	if s.Status.Code != codes.Unset {
		line += " " + s.Status.Code.String() + " " + s.Status.Description
	}
	return line
}

// texts shows attributes. The server's and the system are the same everywhere.
func texts(attrs []attribute.KeyValue) string {
	slices.SortFunc(attrs, func(a, b attribute.KeyValue) int { return cmp.Compare(a.Key, b.Key) })
	var out strings.Builder
	for _, a := range attrs {
		switch a.Key {
		case "server.address", "server.port", "rpc.system.name":
		default:
			fmt.Fprintf(&out, " %s=%v", a.Key, a.Value.String())
		}
	}
	return out.String()
}

// metrics shows what is collected: sums with their value, histograms with their
// number of measurements.
func (r *record) metrics() []string {
	var lines []string
	for _, m := range r.collect() {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				lines = append(lines, fmt.Sprintf("%s%s: %d", m.Name, texts(p.Attributes.ToSlice()), p.Value))
			}
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				require.GreaterOrEqual(r.t, p.Sum, 0.0)
				lines = append(lines, fmt.Sprintf("%s%s: %d times", m.Name, texts(p.Attributes.ToSlice()), p.Count))
			}
		default:
			r.t.Errorf("%s is a %T", m.Name, m.Data)
		}
	}
	slices.Sort(lines)
	return lines
}

func (r *record) collect() []metricdata.Metrics {
	var all metricdata.ResourceMetrics
	require.NoError(r.t, r.reader.Collect(context.Background(), &all))
	var out []metricdata.Metrics
	for _, s := range all.ScopeMetrics {
		require.Equal(r.t, scope, s.Scope.Name)
		out = append(out, s.Metrics...)
	}
	return out
}

// everything is all that is exported, as text.
func (r *record) everything() string {
	var out strings.Builder
	for _, s := range r.spans.GetSpans() {
		fmt.Fprintf(&out, "%+v\n", s)
		for _, a := range slices.Concat(s.Attributes, s.Resource.Attributes()) {
			fmt.Fprintf(&out, "%s=%s\n", a.Key, a.Value.String())
		}
	}
	for _, m := range r.collect() {
		fmt.Fprintf(&out, "%+v\n", m)
	}
	for _, line := range r.metrics() {
		fmt.Fprintln(&out, line)
	}
	return out.String()
}
