package postgrest

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/postgrest/rowjson"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// A source gives the rows of a read in order, page by page: fetch asks for the
// JSON of the next page, and advance, given where the columns of the order
// stand in it, says which of its rows belong to the list.
type source interface {
	fetch(ctx context.Context) ([]byte, error)
	advance(m *rowjson.Marks) (from, to int, err error)
	done() bool
}

// marks makes the marks that advance needs.
func (r *read) marks() *rowjson.Marks {
	m := &rowjson.Marks{Columns: make([]string, len(r.columns))}
	for i, c := range r.columns {
		m.Columns[i] = c.name
	}
	return m
}

// walk is the source of the rows that meet one list of conditions. Every
// request asks for the rows behind the last one that came.
//
// The server shortens answers without a word, so a short page is the end only
// when the deployment is known to give longer ones; else an empty page is.
type walk struct {
	*read
	where   []string
	columns string     // the select list
	size    func() int // of the next page
	count   string     // of the first request
	at      place      // the row that the list goes on behind; nil: from the start
	first   place      // the row that the last page began with
	limit   int        // of the last request
	alone   bool       // never ask for the row at the place as well
	overlap bool       // the last request asked for the row at the place as well
	strict  bool       // the next one must not
	lost    error      // why the list cannot go on behind the last answer
	counted int64      // rows matching, when the last answer says so, else -1
	total   int64      // what the first answer counted, -1: nothing
	ended   bool
}

func (r *read) newWalk(where []string, columns string, size func() int) *walk {
	return &walk{read: r, where: where, columns: columns, size: size, at: r.start, total: -1}
}

func (w *walk) done() bool { return w.ended }

// fetch implements source. Behind a row whose key is not known to be its own it
// asks for that row again: a twin would come with it.
func (w *walk) fetch(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, sdkerr.NotSent(w.op, err, nil)
	}
	if w.lost != nil {
		return nil, w.lost
	}
	q := request{where: w.where, columns: w.columns, sorted: true, limit: w.size()}
	w.overlap = w.at != nil && w.def.Unproven && !w.strict && !w.alone
	if w.overlap {
		q.limit++
	}
	if w.at != nil {
		q.where = append(q.where[:len(q.where):len(q.where)], behind(w.read.columns, w.at, w.overlap))
	} else if w.first == nil {
		q.count = w.count
	}
	w.release()
	q.lent = w.oneByOne
	resp, err := w.get(ctx, q)
	if err != nil {
		return nil, err
	}
	if q.lent {
		w.answer = resp
	}
	w.limit, w.counted = q.limit, -1
	if w.at == nil && w.count != planned {
		w.counted = total(resp.Header)
	}
	if q.count != "" {
		w.total = total(resp.Header)
	}
	return resp.Body, nil
}

const planned = "planned"

// advance implements source.
func (w *walk) advance(m *rowjson.Marks) (from, to int, err error) {
	n := m.Rows()
	w.ended = w.complete(n)
	if n == 0 {
		return 0, 0, nil
	}
	if w.def.Unproven {
		if err := w.checkKeys(m); err != nil {
			return 0, 0, err
		}
	}
	if w.at != nil {
		if from, err = w.checkStart(m); err != nil {
			return 0, 0, err
		}
	}
	if w.ended {
		return from, n, nil
	}
	w.strict = from == n // nothing new: the place itself is all there was
	if w.strict {
		return from, n, nil
	}
	if w.first, w.lost = w.place(m, from); w.lost == nil {
		w.at, w.lost = w.place(m, n-1)
	}
	return from, n, nil
}

// complete notes an answer of n rows and tells whether no more can follow.
func (w *walk) complete(n int) bool {
	longest := w.conn.LongestAnswer()
	w.conn.SawAnswer(n)
	return n == 0 || n < w.limit && n < longest || w.counted == int64(n)
}

// checkKeys looks for keys that are null or shared.
func (w *walk) checkKeys(m *rowjson.Marks) error {
	for row := range m.Rows() {
		for i, c := range w.read.columns {
			if c.key && string(m.Raw(row, i)) == "null" {
				return w.nullKey(c)
			}
		}
		if row > 0 && m.Equal(row-1, row) {
			return w.sharedKey()
		}
	}
	return nil
}

// checkStart gives the index of the first row that is new, and makes sure that
// the walk gets on: a server that ignores the condition would send the same
// rows for ever.
func (w *walk) checkStart(m *rowjson.Marks) (from int, err error) {
	n := m.Rows()
	first, err := w.place(m, 0)
	if err != nil {
		return 0, err
	}
	if w.overlap && first.equal(w.at) {
		from = 1
	}
	last, err := w.place(m, n-1)
	if err != nil {
		return 0, err
	}
	if from == 0 && (first.equal(w.at) || first.equal(w.first)) || n > 1 && last.equal(w.at) {
		return 0, sdkerr.New(w.op, sdkerr.ErrDecode,
			"the server answers with rows that are not behind the place asked for, such as the same page twice")
	}
	return from, nil
}
