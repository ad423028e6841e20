package otelworkorder

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	workorder "github.com/workorder-systems/sdk-go"
)

// scope names the instrumentation in what is exported.
const scope = "github.com/workorder-systems/sdk-go/otelworkorder"

// Option changes where telemetry goes.
type Option func(*config)

type config struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
}

// WithTracerProvider makes spans with p in place of the global provider.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *config) {
		if p != nil {
			c.tracers = p
		}
	}
}

// WithMeterProvider makes metrics with p in place of the global provider.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *config) {
		if p != nil {
			c.meters = p
		}
	}
}

func newConfig(opts []Option) config {
	c := config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, o := range opts {
		if o != nil {
			o(&c)
		}
	}
	return c
}

func (c config) meter() metric.Meter {
	return c.meters.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL))
}

// New makes an observer, for workorder.WithObserver, that writes spans and
// metrics as the package describes them. One serves any number of clients. What
// the meter provider says against an instrument goes to otel.Handle.
func New(opts ...Option) workorder.Observer {
	c := newConfig(opts)
	t := &telemetry{tracer: c.tracers.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL))}
	t.makeInstruments(c.meter())
	return workorder.Observer{Call: t.call, Attempt: t.attempt, Refresh: t.refresh}
}

// telemetry is what an observer writes with.
type telemetry struct {
	tracer trace.Tracer

	calls     metric.Float64Histogram
	attempts  metric.Int64Counter
	retries   metric.Int64Counter
	rows      metric.Int64Counter
	refreshes metric.Float64Histogram
}

// seconds are the bounds that the conventions give for the durations of requests.
var seconds = metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

func (t *telemetry) makeInstruments(m metric.Meter) {
	var err [5]error
	t.calls, err[0] = m.Float64Histogram("workorder.client.call.duration", seconds, metric.WithUnit("s"),
		metric.WithDescription("Duration of calls to the platform, with all attempts and the waits between them."))
	t.attempts, err[1] = m.Int64Counter("workorder.client.attempts", metric.WithUnit("{attempt}"),
		metric.WithDescription("HTTP requests that calls made."))
	t.retries, err[2] = m.Int64Counter("workorder.client.retries", metric.WithUnit("{attempt}"),
		metric.WithDescription("HTTP requests that repeated one of the same call."))
	t.rows, err[3] = m.Int64Counter("workorder.client.rows", metric.WithUnit("{row}"),
		metric.WithDescription("Rows that the answers of reads brought."))
	t.refreshes, err[4] = m.Float64Histogram("workorder.session.refresh.duration", seconds, metric.WithUnit("s"),
		metric.WithDescription("Duration of the refreshes of sessions."))
	for _, err := range err {
		if err != nil {
			otel.Handle(err)
		}
	}
}

// call is Observer.Call.
func (t *telemetry) call(ctx context.Context, start workorder.CallStart) (context.Context, func(workorder.CallDone)) {
	ctx, span := t.tracer.Start(ctx, operation(start.Op),
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(callAttributes(start)...))
	return ctx, func(done workorder.CallDone) {
		common := operationAttributes(start)
		span.SetAttributes(statusAttributes(done.Status)...)
		if done.Attempts > 1 {
			span.SetAttributes(semconv.HTTPRequestResendCount(done.Attempts - 1))
			t.retries.Add(ctx, int64(done.Attempts-1), metric.WithAttributes(common...))
		}
		if done.Rows >= 0 {
			span.SetAttributes(semconv.DBResponseReturnedRows(int(done.Rows)))
			t.rows.Add(ctx, done.Rows, metric.WithAttributes(common...))
		}
		failed := end(span, done.Err)
		t.calls.Record(ctx, done.Duration.Seconds(), metric.WithAttributes(append(common, failed...)...))
	}
}

// attempt is Observer.Attempt.
func (t *telemetry) attempt(ctx context.Context, start workorder.AttemptStart) (context.Context, func(workorder.AttemptDone)) {
	name, attrs := httpAttributes(start)
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attrs...))
	return ctx, func(done workorder.AttemptDone) {
		status := statusAttributes(done.Status)
		span.SetAttributes(status...)
		failed := end(span, done.Err)
		all := append(operationAttributes(start.CallStart), status...)
		t.attempts.Add(ctx, 1, metric.WithAttributes(append(all, failed...)...))
	}
}

// refresh is Observer.Refresh.
func (t *telemetry) refresh(ctx context.Context, done workorder.RefreshDone) {
	t.refreshes.Record(ctx, done.Duration.Seconds(), metric.WithAttributes(errorAttributes(done.Err)...))
}

// end ends a span, and gives the attributes of its failure. What the server said
// is left out: it may quote the data of a row.
func end(span trace.Span, err error) []attribute.KeyValue {
	failed := errorAttributes(err)
	if err != nil {
		span.SetAttributes(failed...)
		if state := sqlState(err); state != "" {
			span.SetAttributes(semconv.DBResponseStatusCode(state))
		}
		span.SetStatus(codes.Error, errorType(err))
	}
	span.End()
	return failed
}
