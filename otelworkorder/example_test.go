package otelworkorder_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/otelworkorder"
)

func Example() {
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `42`)
	}))
	defer platform.Close()
	// A program exports its spans with OTLP; the recorder keeps them here.
	recorder := tracetest.NewSpanRecorder()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))

	client, err := workorder.New(platform.URL, "the-anon-key",
		workorder.WithObserver(otelworkorder.New(otelworkorder.WithTracerProvider(tracers))))
	if err != nil {
		panic(err)
	}
	var n int
	if err := client.RPC(context.Background(), "rpc_answer", nil, &n); err != nil {
		panic(err)
	}

	for _, span := range recorder.Ended() {
		fmt.Println(span.SpanKind(), span.Name())
	}
	// Output:
	// client POST /rest/v1/rpc/rpc_answer
	// client RPC rpc_answer
}
