package postgrest

import (
	"context"
	"reflect"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest/rowjson"
	"github.com/workorder-systems/sdk-go/internal/queryspec"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// reader does what the methods of View do, with rows of a type that it does not
// know.
type reader struct {
	conn *api.Conn
	def  *Definition
}

// start begins a read with the given options.
func (v reader) start(method string, opts []query.Option, row reflect.Type) (*read, error) {
	if v.def == nil {
		return nil, api.Unmade(strings.TrimPrefix(method, "."))
	}
	if v.def.Err != nil {
		return nil, v.def.Err
	}
	var spec queryspec.Spec
	for _, opt := range opts {
		if opt != nil {
			opt(&spec)
		}
	}
	return newRead(v.conn, v.def, v.def.opOf(method), spec, func(name string) bool { return rowjson.HasColumn(row, name) })
}

// list appends all rows.
func (v reader) list(ctx context.Context, opts []query.Option, rows rowjson.Rows) error {
	r, err := v.start(".List", opts, rows.Type())
	if err != nil {
		return err
	}
	src, marks := r.source(), r.marks()
	defer r.release()
	for !src.done() && !r.enough() {
		p, err := r.fetch(ctx, src, marks, rows)
		if err != nil {
			return err
		}
		if len(p.bad) > 0 {
			return p.bad[0].err
		}
	}
	return nil
}

// all puts page after page into rows and yields the index of each row there, or a
// negative one with what ends the list.
func (v reader) all(ctx context.Context, opts []query.Option, rows rowjson.Rows, yield func(i int, err error) bool) {
	r, err := v.start(".All", opts, rows.Type())
	if err != nil {
		yield(-1, err)
		return
	}
	src, marks := r.source(), r.marks()
	defer r.release()
	for !src.done() && !r.enough() {
		rows.Keep(0, 0, 0) // decoding must not write through pointers handed out
		p, err := r.fetch(ctx, src, marks, rows)
		if err != nil {
			yield(-1, err)
			return
		}
		for i := range rows.Len() {
			var err error
			if len(p.bad) > 0 && p.bad[0].index == i {
				err, p.bad = p.bad[0].err, p.bad[1:]
			}
			if !yield(i, err) {
				return
			}
		}
	}
}

// defaultPage is the number of items of a page without query.Limit.
const defaultPage = 100

// around is what a page says beside its items.
type around struct {
	total int64
	more  bool
	next  query.Cursor
}

// page appends the items of a page.
func (v reader) page(ctx context.Context, opts []query.Option, rows rowjson.Rows) (around, error) {
	var page around
	r, err := v.start(".Page", opts, rows.Type())
	if err != nil {
		return page, err
	}
	items := r.spec.Limit
	if items == 0 {
		items = defaultPage
	}
	r.spec.Limit = items + 1 // one more tells whether another page follows
	r.left = r.spec.Limit
	src, marks := r.source(), r.marks()
	defer r.release()
	first, _ := src.(*walk)
	if first != nil {
		first.count = r.spec.Count
	}
	var last place // of the items
	var lastErr error
	for !src.done() && !r.enough() {
		had := rows.Len()
		p, err := r.fetch(ctx, src, marks, rows)
		if err != nil {
			return page, err
		}
		if len(p.bad) > 0 {
			return page, p.bad[0].err
		}
		if had < items && items <= rows.Len() {
			last, lastErr = r.place(marks, p.from+items-1-had)
		}
	}
	if r.spec.Count != "" {
		page.total = -1
		if first != nil {
			page.total = first.total
		}
		if page.total < 0 {
			if page.total, err = r.count(ctx, r.spec.Count); err != nil {
				return page, err
			}
		}
	}
	if rows.Len() > items {
		if lastErr != nil {
			return page, lastErr
		}
		rows.Keep(items, 0, 0)
		page.more = true
		page.next = r.cursor(last)
	}
	return page, nil
}

// get appends the row with the given key.
func (v reader) get(ctx context.Context, id string, rows rowjson.Rows) error {
	if v.def == nil {
		return api.Unmade("Get")
	}
	op := v.def.opOf(".Get")
	if id == "" {
		return sdkerr.Required(op, "the id")
	}
	if len(v.def.Key) != 1 {
		return sdkerr.New(op, sdkerr.ErrInvalidInput, "%s has no single key to get a row by", v.def.Name)
	}
	r, err := v.start(".Get", []query.Option{query.Where(query.NewColumn[string](v.def.Key[0]).Eq(id))}, rows.Type())
	if err != nil {
		return err
	}
	q := request{where: r.parts[0].where, columns: r.def.Select, limit: 1}
	if q.columns == "" {
		q.columns = "*"
	}
	if v.def.Unproven {
		q.limit = 2
	}
	resp, err := r.get(ctx, q)
	if err != nil {
		return err
	}
	bad, err := rowjson.Decode(rows, resp.Body, nil)
	switch {
	case err != nil:
		return decodeError(r.op, err)
	case len(bad) > 0:
		return decodeError(r.op, bad[0])
	case rows.Len() == 0:
		return sdkerr.New(op, sdkerr.ErrNotFound, "%s has no row with this id, or the caller may not see it", v.def.Name)
	case rows.Len() > 1:
		return r.sharedKey()
	}
	return nil
}

// count counts the rows, which are of the type.
func (v reader) count(ctx context.Context, opts []query.Option, row reflect.Type) (int64, error) {
	r, err := v.start(".Count", opts, row)
	if err != nil {
		return 0, err
	}
	how := r.spec.Count
	if how == "" {
		how = string(query.Exact)
	}
	return r.count(ctx, how)
}

func (v reader) key(op string) (name string, key []string, err error) {
	switch {
	case v.def == nil:
		return "", nil, api.Unmade(op)
	case v.def.Err != nil:
		return "", nil, v.def.Err
	}
	return v.def.Name, v.def.Key, nil
}

func (v reader) tenant(ctx context.Context, op string) (string, error) {
	if v.def.AnyTenant || v.def.ServiceKey {
		return "", nil
	}
	claims, err := v.conn.Claims(ctx, op)
	switch {
	case err != nil:
		return "", err
	case claims.Role == "anon" && claims.Subject == "":
		return "", sdkerr.New(op, sdkerr.ErrUnauthenticated, "the client acts for no signed-in user, so %s would show no rows", v.def.Name)
	case v.def.AllTenants:
		return v.conn.ReadTenant(ctx, op)
	}
	return claims.TenantID, v.conn.NeedTenant(ctx, op)
}
