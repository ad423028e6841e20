package postgrest

import (
	"context"
	"iter"
	"reflect"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest/rowjson"
	"github.com/workorder-systems/sdk-go/internal/queryspec"
	"github.com/workorder-systems/sdk-go/query"
)

// Definition describes one view.
type Definition struct {
	List   string // where clients read it, such as "WorkOrders.Summaries"
	Op     string // the method that reads it, where that is none of View
	Schema string // "public", which empty means, or "reporting"
	Name   string // such as "v_departments"
	Select string // column list; empty: every column
	// AnyTenant says that the view can have rows for a token without a tenant.
	AnyTenant bool
	// AllTenants says that the view mixes the rows of all tenants of the caller,
	// whatever the token says. Reads ask for those of one tenant, by the column
	// tenant_id.
	AllTenants bool
	// ServiceKey says that the view has the rows of all tenants, for clients with
	// the service-role key. Others send nothing.
	ServiceKey bool
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

// opOf is what errors and observers call a read by a method of View, such as ".List".
func (d *Definition) opOf(method string) string {
	if d.Op != "" {
		return d.Op
	}
	return d.List + method
}

// ViewDef is the Definition of a view whose rows are of type T; the generator
// writes these.
type ViewDef[T any] Definition

// View reads one database view. Its methods are the same for every resource:
// rows of other tenants, and rows that the caller may not see, do not exist for
// them.
type View[T any] struct {
	// r does what the methods do: so that is compiled once, and not again for every
	// type of row in every package that a client comes to.
	r reader
}

// NewView makes a View.
func NewView[T any](conn *api.Conn, def *ViewDef[T]) View[T] {
	return View[T]{reader{conn, (*Definition)(def)}}
}

// As is the definition of the same view as a method reads it that is none of View,
// such as "Locations.Tree": errors and observers know the read by this name.
func As[T any](def ViewDef[T], op string) *ViewDef[T] {
	def.Op = op
	return &def
}

// At is the definition of the same view where clients read it in another place.
func At[T any](def ViewDef[T], list string) *ViewDef[T] {
	def.List = list
	return &def
}

// List returns every matching row, up to query.Limit. The server answers with
// at most 1,000 rows at a time; List asks until it has them all. A row that is
// there from beginning to end and whose order columns stay as they are comes
// exactly once, whatever else is inserted, changed or deleted meanwhile; without
// query.OrderBy, whatever is changed.
func (v View[T]) List(ctx context.Context, opts ...query.Option) ([]T, error) {
	rows := []T{}
	if err := v.r.list(ctx, opts, rowjson.RowsOf(&rows)); err != nil {
		return nil, err
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
		var page []T
		v.r.all(ctx, opts, rowjson.RowsOf(&page), func(i int, err error) bool {
			if i < 0 {
				var zero T
				return yield(zero, err)
			}
			return yield(page[i], err)
		})
	}
}

// Page returns one page of query.Limit items (100 without it) and where the
// next one starts: behind the last item, wherever that stands by then. So pages
// keep the promise of List. query.Count fills Total. A page behind the end is
// empty.
func (v View[T]) Page(ctx context.Context, opts ...query.Option) (*query.Page[T], error) {
	items := []T{}
	page, err := v.r.page(ctx, opts, rowjson.RowsOf(&items))
	if err != nil {
		return nil, err
	}
	return &query.Page[T]{Items: items, Total: page.total, HasMore: page.more, Next: page.next}, nil
}

// Get returns the row with the given key, or ErrNotFound.
func (v View[T]) Get(ctx context.Context, id string) (*T, error) {
	rows := make([]T, 0, 1)
	if err := v.r.get(ctx, id, rowjson.RowsOf(&rows)); err != nil {
		return nil, err
	}
	return &rows[0], nil
}

// Count returns how many rows match: exactly, unless query.Count says
// otherwise. Limits and order do not change it.
func (v View[T]) Count(ctx context.Context, opts ...query.Option) (int64, error) {
	return v.r.count(ctx, opts, reflect.TypeOf((*T)(nil)).Elem())
}

// TenantOf gives the tenant whose rows a view shows to the client, "" where any may
// come or that cannot be told. It fails where the view would show no rows because the
// client acts for nobody, or for nobody's tenant.
func TenantOf[T any](ctx context.Context, op string, v View[T]) (string, error) {
	return v.r.tenant(ctx, op)
}

// KeyOf gives a view's name and the columns that identify its rows.
func KeyOf[T any](op string, v View[T]) (name string, key []string, err error) {
	return v.r.key(op)
}
