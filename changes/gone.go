package changes

import (
	"context"
	"iter"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// Gone gives those of the keys that the view has no row for any more: deleted,
// or no longer visible to the caller. It reads the key column of the whole view,
// which is one request for every 1,000 rows, and holds the keys in memory; only
// then does it range over keys, in any order. The keys must be of rows that had
// come before the call: one that came in meanwhile may look gone.
//
// Fails with ErrInvalidInput for a view whose key is not a single column of
// text, and with ErrUnauthenticated or ErrNoTenant where all would seem to be
// gone because the client acts for no user or for no tenant. An error is the last
// thing that Gone yields.
func Gone[T any](ctx context.Context, view postgrest.View[T], keys iter.Seq[string]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if keys == nil {
			yield("", sdkerr.Required(opGone, "keys"))
			return
		}
		there, err := keysOf(ctx, view)
		if err != nil {
			yield("", err)
			return
		}
		for key := range keys {
			if !there[key] && !yield(key, nil) {
				return
			}
		}
	}
}

const opGone = "changes.Gone"

func keysOf[T any](ctx context.Context, view postgrest.View[T]) (map[string]bool, error) {
	const op = opGone
	name, columns, err := postgrest.KeyOf(op, view)
	if err != nil {
		return nil, err
	}
	field, ok := textField[T](columns)
	if !ok {
		return nil, sdkerr.New(op, sdkerr.ErrInvalidInput, "%s has no single key of text", name)
	}
	tenant, err := postgrest.TenantOf(ctx, op, view)
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for row, err := range view.All(ctx, query.Columns(query.NewColumn[string](columns[0]))) {
		if err != nil {
			return nil, err
		}
		there[field(row)] = true
	}
	now, err := postgrest.TenantOf(ctx, op, view)
	if err == nil && now != tenant {
		err = sdkerr.New(op, sdkerr.ErrTenantMismatch, "the token changed from tenant %q to %q meanwhile", tenant, now)
	}
	return there, err
}
