package postgrest

import (
	"context"
	"iter"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest/rowjson"
	"github.com/workorder-systems/sdk-go/internal/queryspec"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// Definition describes one view.
type Definition struct {
	List   string // where clients read it, such as "WorkOrders.Summaries"
	Schema string // "public", which empty means, or "reporting"
	Name   string // such as "v_departments"
	Select string // column list; empty: every column
	// AnyTenant says that the view can have rows for a token without a tenant.
	AnyTenant bool
	// AllTenants says that the view mixes the rows of all tenants of the caller,
	// whatever the token says. Reads ask for those of one tenant, by the column
	// tenant_id.
	AllTenants bool
	// Key holds the columns that identify a row, most significant first.
	Key []string
	// NullKey holds those of Key that may be null: null is one value among others.
	NullKey []string
	// Unproven says that nobody but the caller knows that Key does.
	Unproven bool
	// Order is the order of rows when the caller gives none: by columns that
	// are never null and never change once a row is there. Empty: by key.
	Order []queryspec.Order
	// Err, when set, is what every read fails with.
	Err error
}

// ViewDef is the Definition of a view whose rows are of type T; the generator
// writes these.
type ViewDef[T any] Definition

// View reads one database view. Its methods are the same for every resource:
// rows of other tenants, and rows that the caller may not see, do not exist for
// them.
type View[T any] struct {
	conn *api.Conn
	def  *ViewDef[T]
}

// NewView makes a View.
func NewView[T any](conn *api.Conn, def *ViewDef[T]) View[T] {
	return View[T]{conn: conn, def: def}
}

// At is the definition of the same view where clients read it in another place.
func (d ViewDef[T]) At(list string) *ViewDef[T] {
	d.List = list
	return &d
}

// List returns every matching row, up to query.Limit. The server answers with
// at most 1,000 rows at a time; List asks until it has them all. A row that is
// there from beginning to end and whose order columns stay as they are comes
// exactly once, whatever else is inserted, changed or deleted meanwhile; without
// query.OrderBy, whatever is changed.
func (v View[T]) List(ctx context.Context, opts ...query.Option) ([]T, error) {
	r, err := v.read(".List", opts)
	if err != nil {
		return nil, err
	}
	rows := []T{}
	src, marks := r.source(), r.marks()
	defer r.release()
	for !src.done() && !r.enough() {
		p, err := fetch(ctx, r, src, marks, rows)
		if err != nil {
			return nil, err
		}
		if len(p.bad) > 0 {
			return nil, p.bad[0].err
		}
		rows = p.rows
	}
	return rows, nil
}

// All iterates over every matching row, up to query.Limit, as List gives them,
// and asks for the next page when the loop gets there. Memory stays bounded by
// one page. Ranging again reads again.
//
// A row with a value that its Go type cannot hold comes as an error of the kinds
// ErrDecode and ErrUnreadableRow that names row and column, with a zero row. It
// costs the other rows nothing: a loop that continues gets them. Any other error
// is the last thing that All yields.
func (v View[T]) All(ctx context.Context, opts ...query.Option) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		r, err := v.read(".All", opts)
		if err != nil {
			yield(zero, err)
			return
		}
		var page []T
		src, marks := r.source(), r.marks()
		defer r.release()
		for !src.done() && !r.enough() {
			clear(page) // decoding must not write through pointers handed out
			p, err := fetch(ctx, r, src, marks, page[:0])
			if err != nil {
				yield(zero, err)
				return
			}
			page = p.rows
			for i := range page {
				var err error
				if len(p.bad) > 0 && p.bad[0].index == i {
					err, p.bad = p.bad[0].err, p.bad[1:]
				}
				if !yield(page[i], err) {
					return
				}
			}
		}
	}
}

// defaultPage is the number of items of a page without query.Limit.
const defaultPage = 100

// Page returns one page of query.Limit items (100 without it) and where the
// next one starts: behind the last item, wherever that stands by then. So pages
// keep the promise of List. query.Count fills Total. A page behind the end is
// empty.
func (v View[T]) Page(ctx context.Context, opts ...query.Option) (*query.Page[T], error) {
	r, err := v.read(".Page", opts)
	if err != nil {
		return nil, err
	}
	items := r.spec.Limit
	if items == 0 {
		items = defaultPage
	}
	r.spec.Limit = items + 1 // one more tells whether another page follows
	r.left = r.spec.Limit
	page := &query.Page[T]{Items: []T{}}
	src, marks := r.source(), r.marks()
	defer r.release()
	first, _ := src.(*walk)
	if first != nil {
		first.count = r.spec.Count
	}
	var last place // of the items
	var lastErr error
	for !src.done() && !r.enough() {
		had := len(page.Items)
		p, err := fetch(ctx, r, src, marks, page.Items)
		if err != nil {
			return nil, err
		}
		if len(p.bad) > 0 {
			return nil, p.bad[0].err
		}
		page.Items = p.rows
		if had < items && items <= len(page.Items) {
			last, lastErr = r.place(marks, p.from+items-1-had)
		}
	}
	if r.spec.Count != "" {
		page.Total = -1
		if first != nil {
			page.Total = first.total
		}
		if page.Total < 0 {
			if page.Total, err = r.count(ctx, r.spec.Count); err != nil {
				return nil, err
			}
		}
	}
	if len(page.Items) > items {
		if lastErr != nil {
			return nil, lastErr
		}
		clear(page.Items[items:])
		page.Items = page.Items[:items]
		page.HasMore = true
		page.Next = r.cursor(last)
	}
	return page, nil
}

// Get returns the row with the given key, or ErrNotFound.
func (v View[T]) Get(ctx context.Context, id string) (*T, error) {
	if v.def == nil {
		return nil, api.Unmade("Get")
	}
	op := v.def.List + ".Get"
	if id == "" {
		return nil, sdkerr.Required(op, "the id")
	}
	if len(v.def.Key) != 1 {
		return nil, sdkerr.New(op, sdkerr.ErrInvalidInput, "%s has no single key to get a row by", v.def.Name)
	}
	r, err := v.read(".Get", []query.Option{query.Where(query.NewColumn[string](v.def.Key[0]).Eq(id))})
	if err != nil {
		return nil, err
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
		return nil, err
	}
	rows, err := rowjson.Append(make([]T, 0, 1), resp.Body)
	switch {
	case err != nil:
		return nil, decodeError(r.op, err)
	case len(rows) == 0:
		return nil, sdkerr.New(op, sdkerr.ErrNotFound, "%s has no row with this id, or the caller may not see it", v.def.Name)
	case len(rows) > 1:
		return nil, r.sharedKey()
	}
	return &rows[0], nil
}

// Count returns how many rows match: exactly, unless query.Count says
// otherwise. Limits and order do not change it.
func (v View[T]) Count(ctx context.Context, opts ...query.Option) (int64, error) {
	r, err := v.read(".Count", opts)
	if err != nil {
		return 0, err
	}
	how := r.spec.Count
	if how == "" {
		how = string(query.Exact)
	}
	return r.count(ctx, how)
}

// read starts a read with the given options.
func (v View[T]) read(method string, opts []query.Option) (*read, error) {
	if v.def == nil {
		return nil, api.Unmade(strings.TrimPrefix(method, "."))
	}
	def := (*Definition)(v.def)
	if def.Err != nil {
		return nil, def.Err
	}
	var spec queryspec.Spec
	for _, opt := range opts {
		if opt != nil {
			opt(&spec)
		}
	}
	return newRead(v.conn, def, def.List+method, spec, rowjson.HasColumn[T])
}

// KeyOf gives a view's name and the columns that identify its rows.
func KeyOf[T any](op string, v View[T]) (name string, key []string, err error) {
	switch {
	case v.def == nil:
		return "", nil, api.Unmade(op)
	case v.def.Err != nil:
		return "", nil, v.def.Err
	}
	return v.def.Name, v.def.Key, nil
}
