package changes

import (
	"context"
	"iter"
	"maps"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/queryspec"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// Page is some rows that changed, and the watermark of who has handled them.
type Page[T any] struct {
	Rows []T
	Next Watermark
}

// Option changes how Since looks.
type Option func(*options)

type options struct {
	overlap time.Duration
	size    int
}

// Overlap sets how far each look goes back behind the last one: for how long a
// transaction may run without its rows being missed. It is 5 minutes by default.
func Overlap(d time.Duration) Option { return func(o *options) { o.overlap = d } }

// PageSize sets how many rows a page has at most, 500 by default.
func PageSize(n int) Option { return func(o *options) { o.size = n } }

var updatedAt = query.NewColumn[time.Time]("updated_at")

// Since iterates over the rows of a view that changed since the watermark, the
// least recent change first, in pages. It ends with what had changed when it
// began, however much changes meanwhile; the next call gives that. Ranging again
// starts at the same watermark again.
//
// A look asks once where it ends and then once for every page; when nothing has
// changed for as long as the overlap, only once. The last page may be without rows:
// then the next look has less to read again with its watermark.
//
// An error is the last thing that Since yields: ErrInvalidInput for a view without
// a key or whose updated_at is missing or may be null, and for a watermark of
// another view; ErrTenantMismatch for one of another tenant; ErrUnauthenticated or
// ErrNoTenant where the view would show no rows, since the client acts for no user
// or for no tenant; and otherwise that of the read.
func Since[T any](ctx context.Context, view postgrest.View[T], since Watermark, opts ...Option) iter.Seq2[Page[T], error] {
	return func(yield func(Page[T], error) bool) {
		l, err := newLook(ctx, view, since, opts)
		if err == nil && l.mark.Upto.IsZero() {
			err = l.begin(ctx)
		} else if err == nil { // first the rest of a look that was cut off
			var more bool
			if more, err = l.walk(ctx, yield); !more {
				return
			}
			if err == nil {
				err = l.begin(ctx)
			}
		}
		if err == nil && !l.mark.Upto.IsZero() {
			var more bool
			if more, err = l.walk(ctx, yield); !more {
				return
			}
		}
		if err != nil {
			yield(Page[T]{}, err)
		}
	}
}

// look is one way through what changed.
type look[T any] struct {
	options
	op     string
	view   postgrest.View[T]
	fields *fields
	mark   state
}

func newLook[T any](ctx context.Context, view postgrest.View[T], since Watermark, opts []Option) (*look[T], error) {
	const op = "changes.Since"
	l := &look[T]{options: options{overlap: 5 * time.Minute, size: 500}, op: op, view: view, mark: since.s}
	for _, opt := range opts {
		if opt != nil {
			opt(&l.options)
		}
	}
	if l.overlap < 0 {
		return nil, sdkerr.Invalid(op, "Overlap", "is negative")
	}
	if l.size < 1 {
		return nil, sdkerr.Invalid(op, "PageSize", "must be at least 1")
	}
	name, key, err := postgrest.KeyOf(op, view)
	if err != nil {
		return nil, err
	}
	if l.fields, err = fieldsOf[T](op, name, key); err != nil {
		return nil, err
	}
	if l.mark.View != "" && l.mark.View != name {
		return nil, sdkerr.New(op, sdkerr.ErrInvalidInput, "the watermark is of %s, not of %s", l.mark.View, name)
	}
	l.mark.View = name
	l.mark.Seen = maps.Clone(since.s.Seen)
	if l.mark.Seen == nil {
		l.mark.Seen = map[string]seen{}
	}
	return l, l.sameTenant(ctx)
}

// sameTenant makes sure that the view shows the rows of the watermark's tenant.
func (l *look[T]) sameTenant(ctx context.Context) error {
	tenant, err := postgrest.TenantOf(ctx, l.op, l.view)
	if err != nil {
		return err
	}
	if l.mark.Tenant != "" && !strings.EqualFold(l.mark.Tenant, tenant) {
		return sdkerr.New(l.op, sdkerr.ErrTenantMismatch, "the watermark is of tenant %s, the view shows %q", l.mark.Tenant, tenant)
	}
	l.mark.Tenant = tenant
	return nil
}

// doubt is how much the clocks of the database and of what is in front of it may
// differ.
const doubt = time.Minute

// begin asks where the look ends: at the latest change there is. There is nothing
// to look for when that was before what the last look has seen through, and in a
// view without rows.
func (l *look[T]) begin(ctx context.Context) error {
	var served time.Time
	asked := time.Now()
	last, err := l.view.List(ctx, query.OrderBy(updatedAt.Desc()), query.Limit(1), func(s *queryspec.Spec) { s.Served = &served })
	if err != nil || len(last) == 0 {
		return err
	}
	took := time.Since(asked)
	_, latest, err := l.fields.of(l.op, last[0])
	if err != nil {
		return err
	}
	at := latest.At
	if !l.mark.Done.IsZero() && at.Before(l.mark.Done.Add(-l.overlap)) {
		return nil
	}
	if at.Before(l.mark.Done) {
		at = l.mark.Done
	}
	l.mark.Upto = at
	if !served.IsZero() {
		l.mark.Now = served.Add(-took - doubt).Truncate(time.Second)
	}
	return nil
}

// walk gives the pages up to the end of the look, and whether the caller wants
// to go on.
func (l *look[T]) walk(ctx context.Context, yield func(Page[T], error) bool) (bool, error) {
	where := []query.Filter{updatedAt.Lte(l.mark.Upto)}
	if !l.mark.Done.IsZero() {
		where = append(where, updatedAt.Gte(l.mark.Done.Add(-l.overlap)))
	}
	from := l.mark.ahead().Add(-l.overlap) // of the next look
	for {
		if err := l.sameTenant(ctx); err != nil {
			return true, err
		}
		p, err := l.view.Page(ctx, query.Where(where...), query.OrderBy(updatedAt.Asc()), query.Limit(l.size), query.After(l.mark.Cursor))
		if err != nil {
			return true, err
		}
		rows := p.Items[:0]
		for _, row := range p.Items {
			key, now, err := l.fields.of(l.op, row)
			if err != nil {
				return true, err
			}
			if last, ok := l.mark.Seen[key]; ok && last.Sum == now.Sum && last.At.Equal(now.At) {
				continue
			}
			rows = append(rows, row)
			if !now.At.Before(from) {
				l.mark.see(key, now)
			} else {
				delete(l.mark.Seen, key)
			}
		}
		l.mark.Cursor = p.Next
		less := false
		if !p.HasMore {
			less = l.mark.finish(l.overlap)
		}
		if len(rows) > 0 || less {
			next := l.mark
			next.Seen = maps.Clone(l.mark.Seen)
			if !yield(Page[T]{Rows: rows, Next: Watermark{next}}, nil) {
				return false, nil
			}
		}
		if !p.HasMore {
			return true, nil
		}
	}
}
