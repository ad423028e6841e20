package postgrest

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/postgrest/rowjson"
)

// merge is the source of the rows of several parts, in order.
//
// Only the server knows the order: text follows the collation of its database.
// So the parts are read one by one, but of their rows only the places, and the
// server is asked to sort the next few rows of all of them, by their keys. Of
// that answer, all rows are taken up to the last known one of a part that has
// more. Memory is bounded by some thousand places.
type merge struct {
	*read
	columns string // the select list of the sorted rows
	queues  []*queue
	take    int // how many rows of the last answer belong to the list
}

// queue holds the places of rows that are still to come.
type queue struct {
	heads []place
	open  bool // more can follow
	more  func(ctx context.Context, heads []place) ([]place, bool, error)
}

const (
	maxMerged = 12     // queues merged at a time; with more, merges are merged
	maxPlaces = 20_000 // held by all walks of a merge together
	wantHeads = 12     // of a queue, if it has so many
)

func (r *read) newMerge(parts []part, columns string) *merge {
	m := &merge{read: r, columns: columns}
	if len(parts) <= maxMerged {
		for _, p := range parts {
			m.queues = append(m.queues, r.walkQueue(p))
		}
		return m
	}
	group := (len(parts) + maxMerged - 1) / maxMerged
	for some := range slices.Chunk(parts, group) {
		m.queues = append(m.queues, r.queueOf(r.newMerge(some, r.placeColumns())))
	}
	return m
}

// walkQueue gives the places of the rows of a part.
func (r *read) walkQueue(p part) *queue {
	most := max(maxPlaces/len(r.parts), wantHeads)
	return r.queueOf(r.newWalk(p.where, r.placeColumns(), func() int { return min(r.pageSize(), most) }))
}

// queueOf gives the places of the rows of a source.
func (r *read) queueOf(src source) *queue {
	marks := r.marks()
	return &queue{open: true, more: func(ctx context.Context, heads []place) ([]place, bool, error) {
		_, heads, err := r.fetchPlaces(ctx, src, marks, heads)
		return heads, !src.done(), err
	}}
}

// fetchPlaces fetches the next page of a source and appends the places of its rows.
func (r *read) fetchPlaces(ctx context.Context, src source, marks *rowjson.Marks, places []place) (page []byte, _ []place, err error) {
	if page, err = src.fetch(ctx); err != nil {
		return nil, places, err
	}
	if err := rowjson.Scan(page, marks); err != nil {
		return nil, places, decodeError(r.op, err)
	}
	from, to, err := src.advance(marks)
	if err != nil {
		return nil, places, err
	}
	for row := from; row < to; row++ {
		at, err := r.place(marks, row)
		if err != nil {
			return nil, places, err
		}
		places = append(places, at)
	}
	return page, places, nil
}

func (m *merge) done() bool { return len(m.queues) == 0 }

// advance implements source.
func (m *merge) advance(*rowjson.Marks) (from, to int, err error) { return 0, m.take, nil }

// fetch implements source.
func (m *merge) fetch(ctx context.Context) ([]byte, error) {
	for {
		if err := m.fill(ctx); err != nil {
			return nil, err
		}
		m.take = 0
		if m.done() {
			return []byte("[]"), nil
		}
		offered, err := m.offer()
		if err != nil {
			return nil, err
		}
		body, sorted, err := m.sort(ctx, offered)
		if err != nil {
			return nil, err
		}
		if m.take, err = m.settle(offered, sorted); err != nil {
			return nil, err
		}
		m.queues = slices.DeleteFunc(m.queues, func(q *queue) bool { return !q.open && len(q.heads) == 0 })
		if m.take > 0 {
			return body, nil
		}
	}
}

// fill reads on where a queue has few rows and drops the queues without any.
func (m *merge) fill(ctx context.Context) error {
	for _, q := range m.queues {
		for q.open && len(q.heads) < min(wantHeads, m.pageSize()) {
			var err error
			if q.heads, q.open, err = q.more(ctx, q.heads); err != nil {
				return err
			}
		}
	}
	m.queues = slices.DeleteFunc(m.queues, func(q *queue) bool { return len(q.heads) == 0 })
	return nil
}

// offer picks how many rows of each queue to sort next: as many as fit into one
// URL, and one of every queue at least.
func (m *merge) offer() ([]int, error) {
	offered := make([]int, len(m.queues))
	used := escapedLen(m.rest...)
	for depth := 0; ; depth++ {
		any := false
		for i, q := range m.queues {
			if offered[i] < depth || depth >= len(q.heads) {
				continue
			}
			n := escapedLen(m.isRow(q.heads[depth]))
			if used+n > softQuery && depth > 0 {
				return offered, nil
			}
			if used += n; used > maxQuery {
				return nil, m.tooLong(used)
			}
			offered[i]++
			any = true
		}
		if !any {
			return offered, nil
		}
	}
}

// sort asks the server for the offered rows, in order. What it does not answer
// is not there any more.
func (m *merge) sort(ctx context.Context, offered []int) (body []byte, sorted []place, err error) {
	var rows []place
	seen := map[string]bool{}
	for i, q := range m.queues {
		for _, at := range q.heads[:offered[i]] {
			if id := m.id(at); !seen[id] { // two parts can have the same row
				seen[id] = true
				rows = append(rows, at)
			}
		}
	}
	most := len(rows) + 1 // one more would show that keys are shared
	w := m.newWalk(append(slices.Clone(m.rest), m.anyRow(rows)), m.columns, func() int { return most - len(sorted) })
	w.at, w.alone = nil, true
	marks := m.marks()
	for !w.done() && len(sorted) < most-1 {
		var page []byte
		if page, sorted, err = m.fetchPlaces(ctx, w, marks, sorted); err != nil {
			return nil, nil, err
		}
		body = join(body, page)
	}
	return body, sorted, nil
}

// join puts the rows of one JSON array behind those of another.
func join(a, b []byte) []byte {
	a, b = bytes.TrimSpace(a), bytes.TrimSpace(b)
	switch {
	case len(a) <= len("[]"):
		return b
	case len(b) <= len("[]"):
		return a
	}
	return append(append(slices.Clone(a[:len(a)-1]), ','), b[1:]...)
}

// settle tells how many of the sorted rows come before everything that was not
// offered, and takes them and the rows that are gone out of the queues. A row
// that stands in another place now than when it was read counts as gone: it has
// been changed, and where its queue goes on says nothing about it.
func (m *merge) settle(offered []int, sorted []place) (take int, err error) {
	index := make(map[string]int, len(sorted))
	for i, at := range sorted {
		id := m.id(at)
		if _, twice := index[id]; twice {
			return 0, m.sharedKey()
		}
		index[id] = i
	}
	// find is where a row stands in the answer, -1 when it is gone.
	find := func(at place) int {
		if i, ok := index[m.id(at)]; ok && sorted[i].equal(at) {
			return i
		}
		return -1
	}
	take = len(sorted)
	for i, q := range m.queues {
		if !q.open && offered[i] == len(q.heads) {
			continue
		}
		bound := -1 // the last offered row that is there
		for h := offered[i] - 1; h >= 0 && bound < 0; h-- {
			bound = find(q.heads[h])
		}
		take = min(take, bound+1)
	}
	for i, q := range m.queues {
		heads := slices.DeleteFunc(q.heads[:offered[i]:offered[i]], func(at place) bool { return find(at) < take })
		q.heads = append(slices.Clone(heads), q.heads[offered[i]:]...)
	}
	return take, nil
}

// id tells rows apart.
func (r *read) id(at place) string {
	var b strings.Builder
	for i, c := range r.columns {
		switch {
		case c.key && at[i] == nil:
			b.WriteString("null")
		case c.key:
			b.WriteString(quote(*at[i]))
		}
	}
	return b.String()
}

// isRow is the condition that only the row at the place meets.
func (r *read) isRow(at place) string {
	var terms []string
	for i, c := range r.columns {
		if c.key {
			terms = append(terms, c.equals(at[i]))
		}
	}
	if len(terms) == 1 {
		return terms[0]
	}
	return "and(" + strings.Join(terms, ",") + ")"
}

// anyRow is the condition that the rows at the places meet.
func (r *read) anyRow(places []place) string {
	if len(r.def.Key) > 1 {
		terms := make([]string, len(places))
		for i, at := range places {
			terms[i] = r.isRow(at)
		}
		return anyOf(terms)
	}
	k := slices.IndexFunc(r.columns, func(c column) bool { return c.key })
	values := make([]string, len(places))
	for i, at := range places {
		values[i] = quote(*at[k])
	}
	return in(r.columns[k].Column, values)
}
