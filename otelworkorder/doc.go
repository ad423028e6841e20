// Package otelworkorder writes OpenTelemetry spans and metrics of what a client
// of the WorkOrder Systems SDK does.
//
//	client, err := workorder.New(url, key, workorder.WithObserver(otelworkorder.New()))
//
// Clients derived from it are watched too, and so are sessions made with it: give
// the observer to the client that signs in or that NewSession is called with.
//
// # Spans
//
// Every call is a client span named after its operation, such as
// WorkOrders.Create, under the span of the caller's context. Every HTTP request
// of it is a client span below that, such as
// "POST /rest/v1/rpc/rpc_create_work_order". A list of three pages is three calls,
// which are made as the loop gets there. An upload or download is a call until its
// answer begins. The refresh of a session is a call of its own, Session.Refresh,
// under the call that needed the token.
//
// The attributes follow the semantic conventions: rpc.method and rpc.system.name,
// http.request.method, http.response.status_code, http.request.resend_count,
// server.address, server.port, error.type; for views db.collection.name,
// db.operation.name and db.response.returned_rows, for functions
// db.stored_procedure.name, for what the database refuses
// db.response.status_code. A failure's error.type is the SQLSTATE or PostgREST's
// code, else the kind as a word (unavailable, canceled, timeout…).
//
// An attempt's span is the one in the context of its HTTP request. So a transport
// that traces, such as otelhttp's, nests below it and may pass the trace on.
//
// # Metrics
//
//	workorder.client.call.duration      s          histogram of calls
//	workorder.client.attempts           {attempt}  HTTP requests
//	workorder.client.retries            {attempt}  HTTP requests that repeated another
//	workorder.client.rows               {row}      rows that the answers of reads brought
//	workorder.session.refresh.duration  s          histogram of sessions' refreshes
//
// [ObservePool] adds those of a TenantPool.
//
// # What is left out
//
// No attribute and no name holds a token, a key, an id, a tenant, a query, or
// what the server said: only the operation, the view or function, the server and
// the codes. URLs are left out for the same reason, although the conventions know
// url.full: filters and file names are data. docs/observability.md has all of it,
// with what the SDK logs.
package otelworkorder
