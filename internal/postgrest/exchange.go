package postgrest

import (
	"context"
	"net/http"
	"strings"

	postgrestgo "github.com/supabase-community/postgrest-go"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// exchange is one request that postgrest-go builds, and its answer. It is the
// transport behind postgrest-go's client and sends the request through the
// pipeline, which knows the project, the identity and the retries.
//
// Three things of postgrest-go are not used, because they lose something. Its
// filters beside And put one condition per column right, so the conditions go
// in as one logic tree. Its results copy the bytes of the answer, tell an
// unknown count from none as little as 0 does, and make an error into text. And
// its Select leaves out spaces, also those in a quoted name.
type exchange struct {
	conn    *api.Conn
	op      string
	columns string // the select list, where Select would change it
	resp    *api.Response
	err     error
}

const restPath = "/rest/v1"

// builder begins a request for rows of a view.
func (x *exchange) builder(def *Definition, columns, count string) (*postgrestgo.FilterBuilder, error) {
	// The host is made up: the pipeline has its own.
	client, err := postgrestgo.NewClientWithError("http://project"+restPath, def.Schema, nil)
	if err != nil {
		return nil, sdkerr.Wrap(x.op, nil, err)
	}
	client.Transport.Parent = x
	if strings.Contains(columns, " ") {
		x.columns = columns
	}
	return client.From(def.Name).Select(columns, count, false), nil
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
	for _, name := range [...]string{"Accept", "Accept-Profile", "Prefer"} {
		if v := req.Header[name]; v != nil {
			header[name] = v
		}
	}
	x.resp, x.err = x.conn.Do(req.Context(), &api.Request{
		Op: x.op, Method: req.Method, Path: req.URL.Path, RawQuery: query, Header: header, Safe: true,
	})
	if x.err != nil {
		return nil, x.err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
}
