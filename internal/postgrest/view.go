package postgrest

import (
	"context"
	"iter"
	"slices"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/queryspec"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// ViewDef describes one view; the generator writes these.
type ViewDef[T any] struct {
	List   string // where clients read it, such as "WorkOrders.Summaries"
	Schema string // "public" or "reporting"
	Name   string // such as "v_departments"
	Select string // column list; empty: every column
	// Key holds the columns that identify a row, most significant first.
	// Empty: the view has no key; then rows can move between the pages of a walk.
	Key []string
	// KeyOf gives the rendered key of a row, in the order of Key.
	KeyOf func(row *T) []string
	// Order is the order of rows when the caller gives none: by columns that
	// never change once a row is there. Empty: by key.
	Order []queryspec.Order
	// Err, when set, is what every read fails with.
	Err error
}

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
// at most 1,000 rows at a time; List asks until it has them all.
func (v View[T]) List(ctx context.Context, opts ...query.Option) ([]T, error) {
	r, err := v.read(".List", opts)
	if err != nil {
		return nil, err
	}
	rows := []T{}
	for w := range r.walks() {
		for !w.done {
			before := len(rows)
			if rows, err = w.next(ctx, rows); err != nil {
				return nil, err
			}
			r.took(len(rows) - before)
		}
	}
	return rows, nil
}

// All iterates over every matching row, up to query.Limit, and asks for the
// next page when the loop gets there. Memory stays bounded by one page. An
// error is the last thing it yields. Ranging again reads again.
func (v View[T]) All(ctx context.Context, opts ...query.Option) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		r, err := v.read(".All", opts)
		if err != nil {
			yield(zero, err)
			return
		}
		var page []T
		for w := range r.walks() {
			for !w.done {
				clear(page) // decoding must not write through pointers handed out
				if page, err = w.next(ctx, page[:0]); err != nil {
					yield(zero, err)
					return
				}
				r.took(len(page))
				for i := range page {
					if !yield(page[i], nil) {
						return
					}
				}
			}
		}
	}
}

// defaultPage is the number of items of a page without query.Limit.
const defaultPage = 100

// Page returns one page of query.Limit items (100 without it) and where the
// next one starts. query.Count fills Total.
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
	var last *walk[T]
	for w := range r.walks() { // one, or none when nothing can match
		last = w
		for !w.done {
			before := len(page.Items)
			if page.Items, err = w.next(ctx, page.Items); err != nil {
				return nil, err
			}
			r.took(len(page.Items) - before)
		}
	}
	if last == nil {
		return page, nil
	}
	if r.spec.Count != "" {
		if page.Total = last.total; page.Total < 0 {
			if page.Total, err = r.count(ctx, r.spec.Count); err != nil {
				return nil, err
			}
		}
	}
	if len(page.Items) > items {
		clear(page.Items[items:])
		page.Items = page.Items[:items]
		page.HasMore = true
		page.Next = last.cursor(&page.Items[items-1], r.start.Offset+items)
	}
	return page, nil
}

// Get returns the row with the given key, or ErrNotFound.
func (v View[T]) Get(ctx context.Context, id string) (*T, error) {
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
	resp, err := r.get(ctx, r.spec.Where[0].Expr, page{limit: 1})
	if err != nil {
		return nil, err
	}
	rows, err := decodeRows(r.op, resp.Body, make([]T, 0, 1))
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, sdkerr.New(op, sdkerr.ErrNotFound, "%s has no row with this id, or the caller may not see it", v.def.Name)
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
func (v View[T]) read(method string, opts []query.Option) (*read[T], error) {
	if v.def.Err != nil {
		return nil, v.def.Err
	}
	r := &read[T]{View: v, op: v.def.List + method}
	for _, opt := range opts {
		if opt != nil {
			opt(&r.spec)
		}
	}
	if err := r.spec.Err; err != nil {
		return nil, sdkerr.New(r.op, sdkerr.ErrInvalidInput, "%v", err)
	}
	r.order(v.def)
	if err := r.seek(); err != nil {
		return nil, err
	}
	r.left = r.spec.Limit
	if method == ".Page" || method == ".Get" {
		return r, r.fits()
	}
	if err := r.split(); err != nil {
		return nil, err
	}
	return r, nil
}

// order settles the order of rows and how a walk goes on behind a row.
func (r *read[T]) order(def *ViewDef[T]) {
	if len(r.spec.Order) == 0 && len(def.Order) > 0 {
		r.spec.Order = slices.Clone(def.Order)
	}
	r.keyset = len(r.spec.Order) == 0 && len(def.Key) > 0 && def.KeyOf != nil
	for _, k := range def.Key {
		if !ordersBy(r.spec.Order, k) {
			r.spec.Order = append(r.spec.Order, queryspec.Order{Column: k})
		}
	}
}

func ordersBy(order []queryspec.Order, column string) bool {
	for _, o := range order {
		if o.Column == column {
			return true
		}
	}
	return false
}
