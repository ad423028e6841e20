package postgrest

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	postgrestgo "github.com/supabase-community/postgrest-go"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/queryspec"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// read is one List, All, Page, Get or Count.
type read[T any] struct {
	View[T]
	op     string
	spec   queryspec.Spec
	keyset bool       // walk by key; else by offset
	start  cursor     // where the caller's query.After points
	left   int        // rows still wanted; 0 together with no Limit: all
	parts  [][]string // of the values of Where[cut], when they need several requests
	cut    int
}

// The query of a URL may have so many bytes. A longer one is split where that
// is possible: proxies in front of a project commonly stop at 8 KB for the
// whole request line, and none takes more than 16 KB.
const (
	softQuery = 6_000
	maxQuery  = 16_000
)

// fits refuses a filter that no server would take.
func (r *read[T]) fits() error {
	if n := escapedLen(conjunction(r.where())); n > maxQuery {
		return sdkerr.New(r.op, sdkerr.ErrInvalidInput,
			"the filter takes %d bytes of the URL, servers accept at most %d: give In fewer values at a time", n, maxQuery)
	}
	return nil
}

// split cuts the longest In into parts when the filter is too long for one
// URL. Parts are disjoint, so no row comes twice; rows come part by part, so
// there must be no order to keep.
func (r *read[T]) split() error {
	size := escapedLen(conjunction(r.where()))
	if size <= softQuery {
		return nil
	}
	r.cut = -1
	for i, c := range r.spec.Where {
		if len(c.Values) > 0 && (r.cut < 0 || len(c.Values) > len(r.spec.Where[r.cut].Values)) {
			r.cut = i
		}
	}
	if r.cut < 0 || r.spec.After != "" || !r.keyset && !strings.HasSuffix(r.op, ".Count") {
		return r.fits()
	}
	in := r.spec.Where[r.cut]
	room := softQuery - (size - escapedLen(strings.Join(in.Values, ",")))
	seen := make(map[string]bool, len(in.Values))
	var part []string
	used := 0
	for _, v := range in.Values {
		if seen[v] {
			continue
		}
		seen[v] = true
		n := escapedLen(v) + len("%2C")
		if used+n > room && len(part) > 0 {
			r.parts = append(r.parts, part)
			part, used = nil, 0
		}
		part = append(part, v)
		used += n
		if used > room && used-room+softQuery > maxQuery {
			return r.fits() // one value, or the rest of the filter, is too long
		}
	}
	r.parts = append(r.parts, part)
	return nil
}

func escapedLen(s string) int { return len(url.QueryEscape(s)) }

// where gives the conditions of the caller.
func (r *read[T]) where() []string {
	out := make([]string, len(r.spec.Where), len(r.spec.Where)+1)
	for i, c := range r.spec.Where {
		out[i] = c.Expr
	}
	return out
}

// wheres gives the conditions of every request series that the read needs.
func (r *read[T]) wheres() iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		if r.spec.Never {
			return
		}
		if len(r.parts) == 0 {
			yield(r.where())
			return
		}
		for _, part := range r.parts {
			w := r.where()
			w[r.cut] = in(r.spec.Where[r.cut].Column, part)
			if !yield(w) {
				return
			}
		}
	}
}

func in(column string, quoted []string) string {
	if len(quoted) == 1 {
		return column + ".eq." + quoted[0] // in.("") means the empty list
	}
	return column + ".in.(" + strings.Join(quoted, ",") + ")"
}

// conjunction gives what stands inside and=(…).
func conjunction(conditions []string) string { return strings.Join(conditions, ",") }

// seek takes the caller's cursor.
func (r *read[T]) seek() error {
	if r.spec.After == "" {
		return nil
	}
	c, err := parseCursor(r.spec.After, r.fingerprint())
	if err != nil || r.keyset && len(c.Key) != len(r.def.Key) || !r.keyset && c.Offset == 0 {
		return sdkerr.New(r.op, sdkerr.ErrInvalidInput, "the cursor of query.After is not from this view in this order")
	}
	r.start = c
	return nil
}

// took notes that n rows have been read.
func (r *read[T]) took(n int) { r.left -= n }

// enough reports whether the limit has been reached.
func (r *read[T]) enough() bool { return r.spec.Limit > 0 && r.left <= 0 }

// count asks how many rows match the caller's conditions. It takes a row along:
// the answer to HEAD has no body, so it could not say why it failed.
func (r *read[T]) count(ctx context.Context, how string) (int64, error) {
	var sum int64
	for where := range r.wheres() {
		resp, err := r.get(ctx, conjunction(where), page{count: how, limit: 1})
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

// page is what one request asks for besides its conditions.
type page struct {
	count  string
	order  []queryspec.Order
	offset int
	limit  int
}

// get sends one request through postgrest-go. Its result and its errors are
// ignored: the pipeline has the bytes and typed errors.
func (r *read[T]) get(ctx context.Context, where string, p page) (*api.Response, error) {
	x := &exchange{conn: r.conn, op: r.op}
	b := client(r.def.Schema).From(r.def.Name).Select(r.def.Select, p.count, false)
	if where != "" {
		b.And(where, "")
	}
	for _, o := range p.order {
		b.Order(o.Column, &postgrestgo.OrderOpts{Ascending: !o.Desc, NullsFirst: o.NullsFirst})
	}
	switch {
	case p.offset > 0:
		b.Range(p.offset, p.offset+p.limit-1, "")
	case p.limit > 0:
		b.Limit(p.limit, "")
	}
	_, _, err := b.ExecuteWithContext(context.WithValue(ctx, exchangeKey{}, x))
	switch {
	case x.err != nil:
		return nil, x.err
	case x.resp == nil: // nothing was sent
		return nil, sdkerr.Wrap(r.op, sdkerr.ErrInvalidInput, err)
	}
	return x.resp, nil
}

// walks gives a walk for each part of the read, until the limit is reached.
func (r *read[T]) walks() iter.Seq[*walk[T]] {
	return func(yield func(*walk[T]) bool) {
		for where := range r.wheres() {
			if r.enough() {
				return
			}
			if !yield(&walk[T]{read: r, where: slices.Clip(where), after: r.start.Key, offset: r.start.Offset, total: -1}) {
				return
			}
		}
	}
}
