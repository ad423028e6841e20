package postgrest

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"sync"

	postgrestgo "github.com/supabase-community/postgrest-go"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// exchange is one request that postgrest-go builds, and its answer. It is the
// transport behind a client of postgrest-go and sends the request through the
// pipeline, which knows the project, the identity and the retries.
//
// Three things of postgrest-go are not used, because they lose something. Its
// filters beside And put one condition per column right, so the conditions go
// in as one logic tree. Its results copy the bytes of the answer, tell an
// unknown count from none as little as 0 does, and make an error into text. And
// its Select leaves out spaces, also those in a quoted name.
type exchange struct {
	client *postgrestgo.Client // serves one exchange at a time
	err    error               // why there is none, or why there is no answer

	conn    *api.Conn
	op      string
	schema  string
	columns string // the select list, where Select would change it
	lent    bool   // the caller releases the answer
	resp    *api.Response
}

const restPath = "/rest/v1"

// exchanges are kept for the next request, because making a client of
// postgrest-go costs as much as sending through it.
var exchanges = sync.Pool{New: func() any {
	x := new(exchange)
	x.client, x.err = postgrestgo.NewClientWithError("http://project"+restPath, "", nil) // the pipeline has its own host
	if x.err == nil {
		x.client.Transport.Parent = x
	}
	return x
}}

// newExchange begins a request. finish ends it.
func newExchange(conn *api.Conn, op string) (*exchange, error) {
	x := exchanges.Get().(*exchange)
	if x.err != nil {
		return nil, sdkerr.Wrap(op, nil, x.err)
	}
	x.conn, x.op = conn, op
	return x, nil
}

// finish lets another request have the client, unless it remembers an error.
func (x *exchange) finish() {
	if x.client.ClientError != nil {
		return
	}
	*x = exchange{client: x.client}
	exchanges.Put(x)
}

// builder begins a request for rows of a view.
func (x *exchange) builder(def *Definition, columns, count string) *postgrestgo.FilterBuilder {
	x.schema = def.Schema
	if strings.Contains(columns, " ") {
		x.columns = columns
	}
	return x.client.From(def.Name).Select(columns, count, false)
}

// run sends the request.
func (x *exchange) run(ctx context.Context, b *postgrestgo.FilterBuilder) (*api.Response, error) {
	_, _, err := b.ExecuteWithContext(ctx)
	switch {
	case x.err != nil:
		return nil, x.err
	case x.resp == nil: // nothing was sent
		return nil, sdkerr.Wrap(x.op, sdkerr.ErrInvalidInput, err)
	}
	return x.resp, nil
}

// RoundTrip implements http.RoundTripper. It keeps the answer's bytes and gives
// postgrest-go an empty one.
func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	query := req.URL.RawQuery
	if x.columns != "" {
		q := req.URL.Query()
		q.Set("select", x.columns)
		query = q.Encode()
	}
	header := make(http.Header, 3)
	for _, name := range [...]string{"Accept", "Prefer"} {
		if v := req.Header[name]; v != nil {
			header[name] = v
		}
	}
	header["Accept-Profile"] = []string{cmp.Or(x.schema, "public")}
	x.resp, x.err = x.conn.Do(req.Context(), &api.Request{
		Op: x.op, Method: req.Method, Path: req.URL.Path, RawQuery: query, Header: header, Safe: true, Lend: x.lent,
	})
	if x.err != nil {
		return nil, x.err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
}
