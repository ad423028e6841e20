package postgrest

import (
	"net/http"
	"sync"

	postgrestgo "github.com/supabase-community/postgrest-go"

	"github.com/workorder-systems/sdk-go/internal/api"
)

// exchange is one request that postgrest-go makes on our behalf, and its
// answer. It travels in the request's context.
type exchange struct {
	conn *api.Conn
	op   string
	resp *api.Response
	err  error
}

type exchangeKey struct{}

// bridge sends postgrest-go's requests through the pipeline of the exchange.
// The answer's bytes stay in the exchange: postgrest-go would copy them.
type bridge struct{}

// RoundTrip implements http.RoundTripper.
func (bridge) RoundTrip(req *http.Request) (*http.Response, error) {
	x := req.Context().Value(exchangeKey{}).(*exchange)
	header := make(http.Header, 3)
	for _, name := range [...]string{"Accept", "Accept-Profile", "Prefer"} {
		if v, ok := req.Header[name]; ok {
			header[name] = v
		}
	}
	x.resp, x.err = x.conn.Do(req.Context(), &api.Request{
		Op: x.op, Method: req.Method, Path: req.URL.Path, RawQuery: req.URL.RawQuery,
		Header: header, Safe: true,
	})
	if x.err != nil {
		return nil, x.err
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: req,
	}, nil
}

// clients has a postgrest-go client for every schema. It holds nothing of a
// Conn: the host is made up, identity is the pipeline's, so all share them.
var clients sync.Map // schema → *postgrestgo.Client

func client(schema string) *postgrestgo.Client {
	if schema == "" {
		schema = "public"
	}
	if c, ok := clients.Load(schema); ok {
		return c.(*postgrestgo.Client)
	}
	c := postgrestgo.NewClient("http://project"+restPath, schema, nil)
	c.Transport.Parent = bridge{}
	got, _ := clients.LoadOrStore(schema, c)
	return got.(*postgrestgo.Client)
}

const restPath = "/rest/v1"
