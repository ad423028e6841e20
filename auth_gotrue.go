package workorder

import (
	"context"
	"io"
	"net/http"

	gotrue "github.com/supabase-community/gotrue-go"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// gotrueCall is one request that gotrue-go builds, and its answer. It is the
// transport behind gotrue-go's client and sends the request through the
// pipeline, with the context that gotrue-go takes none of. What gotrue-go makes
// of the answer is not used: its errors quote it and have no code, its user lacks
// fields.
//
// Only calls that gotrue-go can express without loss go through it. [authWire]
// has the others: every grant and sign-up of gotrue-go carries an empty captcha
// token, its sign-out has no scope, its list of users no pages, its updates of users
// no challenge and no hash of a password, and a ban that begins with the account is
// sent as a number, which Auth refuses.
type gotrueCall struct {
	conn *api.Conn
	ctx  context.Context
	op   string
	safe bool // the call changes nothing
	resp *api.Response
	err  error
}

// gotrue lets send make one request with gotrue-go and decodes the answer into
// out, unless that is nil.
func (w authWire) gotrue(ctx context.Context, op string, safe bool, out any, send func(gotrue.Client) error) error {
	x := &gotrueCall{conn: w.conn, ctx: ctx, op: op, safe: safe}
	// The host is made up: the pipeline has its own.
	err := send(gotrue.New("", "").WithCustomGoTrueURL("http://project/auth/v1").WithClient(http.Client{Transport: x}))
	switch {
	case x.err != nil:
		return x.err
	case x.resp == nil: // nothing was sent
		return sdkerr.Wrap(op, ErrInvalidInput, err)
	}
	return decodeAuth(op, x.resp, out)
}

// RoundTrip implements http.RoundTripper. It keeps the answer's bytes and gives
// gotrue-go an empty one.
func (x *gotrueCall) RoundTrip(req *http.Request) (*http.Response, error) {
	r := api.Request{Op: x.op, Method: req.Method, Path: req.URL.Path, RawQuery: req.URL.RawQuery, Safe: x.safe}
	if req.Body != nil {
		if r.Body, x.err = io.ReadAll(req.Body); x.err != nil {
			return nil, x.err
		}
	}
	if x.resp, x.err = x.conn.Do(x.ctx, &r); x.err != nil {
		return nil, x.err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
}

// checkBody refuses a request of gotrue-go with text that the database could
// not hold: gotrue-go would send other text in its place.
func checkBody(op string, req any) error {
	_, err := postgrest.Body(op, req)
	return err
}
