package postgrest

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	postgrestgo "github.com/supabase-community/postgrest-go"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/queryspec"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// read is one List, All, Page, Get or Count.
type read struct {
	conn    *api.Conn
	def     *Definition
	op      string
	spec    queryspec.Spec
	columns []column // that the rows are sorted by
	start   place    // behind which the caller wants rows; nil: from the start
	left    int      // rows still wanted, when there is a limit
	passed  int      // rows that came
	parts   []part   // what the conditions come to, see split
	rest    []string // the conditions without those that differ between the parts

	// answer is the last one, when none is needed any longer once the next one
	// is asked for.
	answer   *api.Response
	oneByOne bool // so it is
}

// release lets other calls have the memory of the last answer.
func (r *read) release() {
	if r.answer != nil {
		r.answer.Release()
		r.answer = nil
	}
}

// maxRows is what deployments answer with at most, unless configured otherwise.
const maxRows = 1000

// newRead makes a read of the options, for rows that have the given columns.
func newRead(conn *api.Conn, def *Definition, op string, spec queryspec.Spec, has func(string) bool) (*read, error) {
	if spec.Err != nil {
		return nil, sdkerr.New(op, sdkerr.ErrInvalidInput, "%v", spec.Err)
	}
	r := &read{conn: conn, def: def, op: op, spec: spec, left: spec.Limit}
	r.sortBy(func(name string) bool {
		if len(spec.Columns) > 0 {
			return slices.Contains(spec.Columns, name)
		}
		return has(name)
	})
	var err error
	if r.start, err = r.parseCursor(); err != nil {
		return nil, err
	}
	return r, r.split()
}

// limited reports whether the caller wants no more than a number of rows.
func (r *read) limited() bool { return r.spec.Limit > 0 }

// enough reports whether the limit has been reached.
func (r *read) enough() bool { return r.limited() && r.left <= 0 }

// pageSize is how many rows the next request asks for.
func (r *read) pageSize() int {
	n := maxRows
	if r.spec.PageSize > 0 {
		n = r.spec.PageSize
	}
	if r.limited() {
		n = min(n, r.left)
	}
	return n
}

// rowColumns is the select list for whole rows.
func (r *read) rowColumns() string {
	list := []string{"*"}
	switch {
	case len(r.spec.Columns) > 0:
		list = slices.Clone(r.spec.Columns)
	case r.def.Select != "":
		list[0] = r.def.Select
	}
	for _, c := range r.columns {
		if c.ask != "" {
			list = append(list, c.ask)
		}
	}
	return strings.Join(list, ",")
}

// placeColumns is the select list for what a place needs.
func (r *read) placeColumns() string {
	list := make([]string, len(r.columns))
	for i, c := range r.columns {
		if list[i] = c.ask; c.ask == "" {
			list[i] = c.Column
		}
	}
	return strings.Join(list, ",")
}

// request is what one request of a read asks for.
type request struct {
	where   []string
	columns string // the select list
	sorted  bool
	limit   int
	count   string // how to count the matching rows; empty: not at all
	lent    bool   // the answer is given back
}

// get sends one request.
func (r *read) get(ctx context.Context, q request) (*api.Response, error) {
	switch {
	case r.def.ServiceKey:
		if err := r.conn.NeedServiceKey(ctx, r.op); err != nil {
			return nil, err
		}
	case r.def.AllTenants:
		tenant, err := r.conn.ReadTenant(ctx, r.op)
		if err != nil {
			return nil, err
		}
		if tenant != "" {
			q.where = append(slices.Clone(q.where), "tenant_id.eq."+quote(tenant))
		}
	case !r.def.AnyTenant:
		if err := r.conn.NeedTenant(ctx, r.op); err != nil {
			return nil, err
		}
	}
	if n := escapedLen(q.where...); n > maxQuery {
		return nil, r.tooLong(n)
	}
	x, err := newExchange(r.conn, r.op)
	if err != nil {
		return nil, err
	}
	x.lent = q.lent
	b := x.builder(r.def, q.columns, q.count)
	if len(q.where) > 0 {
		b.And(strings.Join(q.where, ","), "")
	}
	if q.sorted {
		for _, c := range r.columns {
			b.Order(c.Column, &postgrestgo.OrderOpts{Ascending: !c.Desc, NullsFirst: c.NullsFirst})
		}
	}
	resp, err := x.run(ctx, b.Limit(q.limit, ""))
	x.finish() // not after a panic
	if err == nil && r.spec.Served != nil {
		if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
			*r.spec.Served = at
		}
	}
	return resp, err
}

// count asks how many rows match the caller's conditions. It takes a row along:
// the answer to HEAD has no body, so it could not say why it failed.
func (r *read) count(ctx context.Context, how string) (int64, error) {
	columns := r.def.Select
	if columns == "" {
		columns = "*"
	}
	var sum int64
	for _, p := range r.parts {
		resp, err := r.get(ctx, request{where: p.where, columns: columns, limit: 1, count: how})
		if err != nil {
			return 0, err
		}
		n := total(resp.Header)
		if n < 0 {
			return 0, sdkerr.New(r.op, sdkerr.ErrDecode, "the answer has no count in Content-Range")
		}
		sum += n
	}
	return sum, nil
}

// total reads the number behind the slash of Content-Range; -1 when unknown.
func total(h http.Header) int64 {
	_, after, ok := strings.Cut(h.Get("Content-Range"), "/")
	n, err := strconv.ParseInt(after, 10, 64)
	if !ok || err != nil || n < 0 {
		return -1
	}
	return n
}

func (r *read) nullKey(c column) error {
	return sdkerr.New(r.op, sdkerr.ErrInvalidInput,
		"the key column %s of %s is null in a row: name columns that identify every row", c.Column, r.def.Name)
}

func (r *read) sharedKey() error {
	return sdkerr.New(r.op, sdkerr.ErrInvalidInput,
		"rows of %s share the key %s: name columns that identify every row", r.def.Name, strings.Join(r.def.Key, ", "))
}
