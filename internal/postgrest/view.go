package postgrest

import (
	"context"
	"iter"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/query"
)

// ViewDef describes one view; the generator writes these.
type ViewDef[T any] struct {
	Schema string // "public" or "reporting"
	Name   string // such as "v_departments"
	Select string // column list; empty: every column
	// Key holds the columns that identify a row, most significant first.
	// Empty: the view has no key and cannot be walked past one page safely.
	Key []string
	// KeyOf gives the rendered key of a row, in the order of Key.
	KeyOf func(row *T) []string
	// Order is the order of rows when the caller gives none, such as
	// "display_order.asc". Empty: by key.
	Order []query.Order
}

// View reads one database view. Its methods are the same for every resource.
type View[T any] struct {
	conn *api.Conn
	name string // such as "Departments", for errors
	def  *ViewDef[T]
}

// NewView makes a View. The name goes before the method in errors.
func NewView[T any](conn *api.Conn, name string, def *ViewDef[T]) View[T] {
	return View[T]{conn: conn, name: name, def: def}
}

// List returns every matching row, up to query.Limit.
func (v View[T]) List(ctx context.Context, opts ...query.Option) ([]T, error) { return nil, nil }

// All iterates over every matching row in bounded memory.
func (v View[T]) All(ctx context.Context, opts ...query.Option) iter.Seq2[*T, error] { return nil }

// Page returns one page and where the next one starts.
func (v View[T]) Page(ctx context.Context, opts ...query.Option) (*query.Page[T], error) {
	return nil, nil
}

// Get returns the row with the given key, or ErrNotFound.
func (v View[T]) Get(ctx context.Context, id string) (*T, error) { return nil, nil }

// Count returns how many rows match.
func (v View[T]) Count(ctx context.Context, opts ...query.Option) (int64, error) { return 0, nil }
