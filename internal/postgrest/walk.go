package postgrest

import (
	"context"
	"slices"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/queryspec"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// maxRows is what deployments answer with at most, unless configured otherwise.
const maxRows = 1000

// walk goes through the rows of one series of requests, page by page.
//
// The server shortens answers without a word, possibly below maxRows, so a
// short page is not the end: an empty one is. To spare short lists the second
// request, the first one asks for the estimated count as well, which is exact
// as long as everything fits into one answer.
type walk[T any] struct {
	*read[T]
	where  []string
	after  []string // keyset: key of the last row
	offset int      // else: rows passed
	pages  int
	seen   []string // keys of the last page's first and last row
	total  int64    // rows matching; -1 when not asked for
	done   bool
}

// next appends the next page to rows. It sets done when no page can follow.
func (w *walk[T]) next(ctx context.Context, rows []T) ([]T, error) {
	if err := ctx.Err(); err != nil {
		return rows, sdkerr.Canceled(w.op, "", "", err, nil)
	}
	p := page{order: w.spec.Order, offset: w.offset, limit: maxRows}
	if w.spec.PageSize > 0 {
		p.limit = w.spec.PageSize
	}
	if w.spec.Limit > 0 {
		p.limit = min(p.limit, w.left)
	}
	fromStart := w.after == nil && w.offset == 0
	switch {
	case w.pages == 0 && w.spec.Count != "" && (fromStart || !w.keyset):
		p.count = w.spec.Count
	case fromStart:
		p.count = string(query.Estimated)
	}
	where := w.where
	if w.after != nil {
		where = append(where[:len(where):len(where)], behind(w.def.Key, w.after))
	}

	resp, err := w.get(ctx, conjunction(where), p)
	if err != nil {
		return rows, err
	}
	had := len(rows)
	rows, err = decodeRows(w.op, resp.Body, rows)
	if err != nil {
		return rows[:had], err
	}
	got := rows[had:]
	w.pages++
	counted := total(resp.Header)
	if w.pages == 1 && w.spec.Count != "" && p.count != "" {
		w.total = counted
	}

	exact := p.count == string(query.Exact) || p.count == string(query.Estimated) && fromStart
	switch n := len(got); {
	case n == 0,
		w.spec.Limit > 0 && n >= w.left,
		exact && fromStart && counted == int64(n):
		w.done = true
		return rows, nil
	}
	if err := w.moved(got); err != nil {
		return rows[:had], err
	}
	if w.keyset {
		w.after = w.def.KeyOf(&got[len(got)-1])
	} else {
		w.offset += len(got)
	}
	return rows, nil
}

// moved makes sure that the walk gets on: a server that ignores the condition
// or the offset would send the same page for ever.
func (w *walk[T]) moved(page []T) error {
	if w.def.KeyOf == nil {
		return nil
	}
	seen := slices.Concat(w.def.KeyOf(&page[0]), w.def.KeyOf(&page[len(page)-1]))
	if slices.Equal(seen, w.seen) {
		return sdkerr.New(w.op, sdkerr.ErrDecode, "the server sent the same page of %d rows twice", len(page))
	}
	w.seen = seen
	return nil
}

// behind is the condition of the rows whose key is greater than the given:
// or(a.gt.1,and(a.eq.1,b.gt.2)).
func behind(columns, key []string) string {
	terms := make([]string, len(columns))
	equal := ""
	for i, c := range columns {
		v := quote(key[i])
		terms[i] = c + ".gt." + v
		if i > 0 {
			terms[i] = "and(" + equal + terms[i] + ")"
		}
		equal += c + ".eq." + v + ","
	}
	if len(terms) == 1 {
		return terms[0]
	}
	return "or(" + strings.Join(terms, ",") + ")"
}

var quoter = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func quote(s string) string { return `"` + quoter.Replace(s) + `"` }

// cursor marks the place behind row, which is the offset-th.
func (w *walk[T]) cursor(row *T, offset int) query.Cursor {
	c := cursor{Read: w.fingerprint()}
	if w.keyset {
		c.Key = w.def.KeyOf(row)
	} else {
		c.Offset = offset
	}
	return c.encode()
}

// fingerprint tells reads apart whose cursors must not be mixed up.
func (r *read[T]) fingerprint() uint32 {
	var b strings.Builder
	b.WriteString(r.def.Schema + "." + r.def.Name + "?" + r.def.Select)
	for _, o := range r.spec.Order {
		b.WriteString("," + orderText(o))
	}
	return hash(b.String())
}

func orderText(o queryspec.Order) string {
	s := o.Column
	if o.Desc {
		s += ".desc"
	}
	if o.NullsFirst {
		s += ".nullsfirst"
	}
	return s
}
