package postgrest

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/queryspec"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// The conditions in a URL may have so many bytes. Longer ones are split where
// that is possible: proxies in front of a project commonly stop at 8 KB for the
// whole request line, and none takes more than 16 KB.
const (
	softQuery = 6_000
	maxQuery  = 16_000
	longIn    = 1_000 // bytes of an In that is worth splitting
	maxParts  = 1_000
)

// part is one of the lists of conditions that a read comes to.
type part struct {
	where []string
	last  string // the last value of the key, where parts follow the key's order
}

// split makes the parts. There is one, unless nothing can match or an In is too
// long for one URL: then every part has some of its values, and no row meets
// the conditions of two. Of several long Ins, every combination of their pieces
// is a part.
func (r *read) split() error {
	if r.spec.Never {
		return nil
	}
	all := expressions(r.spec.Where)
	size := escapedLen(all...)
	var cut []queryspec.Condition
	rest := all[:0:0]
	for i, c := range r.spec.Where {
		if size > softQuery && len(c.Values) > 0 && escapedLen(c.Expr) > longIn {
			cut = append(cut, c)
		} else {
			rest = append(rest, all[i])
		}
	}
	room := 0
	if len(cut) > 0 {
		room = (softQuery - escapedLen(rest...)) / len(cut)
	}
	if room < longIn/2 { // nothing to split, or no gain in it
		if size > maxQuery {
			return r.tooLong(size)
		}
		r.parts, r.rest = []part{{where: all}}, all
		return nil
	}

	r.rest = rest
	r.parts = []part{{where: rest}}
	for _, c := range cut {
		pieces := split(c.Values, room)
		if len(pieces)*len(r.parts) > maxParts {
			return r.tooLong(size)
		}
		var next []part
		for _, p := range r.parts {
			for _, values := range pieces {
				next = append(next, part{
					where: append(slices.Clone(p.where), in(c.Column, values)),
					last:  values[len(values)-1],
				})
			}
		}
		r.parts = next
	}
	for _, p := range r.parts { // one value alone can be too long
		if n := escapedLen(p.where...); n > maxQuery {
			return r.tooLong(n)
		}
	}
	return nil
}

// expressions are the conditions as they stand in a logic tree.
func expressions(conditions []queryspec.Condition) []string {
	out := make([]string, len(conditions))
	for i, c := range conditions {
		out[i] = c.Expr
	}
	return out
}

// split cuts quoted values into pieces of at most so many bytes. Values that
// may be spellings of one value stay together, or a row would be counted twice.
func split(values []string, room int) [][]string {
	type spelled struct{ value, norm string }
	list := make([]spelled, len(values))
	for i, v := range values {
		list[i] = spelled{v, normal(v)}
	}
	slices.SortStableFunc(list, func(a, b spelled) int {
		if c := strings.Compare(a.norm, b.norm); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	list = slices.CompactFunc(list, func(a, b spelled) bool { return a.value == b.value })

	var pieces [][]string
	var piece []string
	used := 0
	for i := 0; i < len(list); {
		end, size := i, 0
		for ; end < len(list) && list[end].norm == list[i].norm; end++ {
			size += escapedLen(list[end].value) + len("%2C")
		}
		for ; i < end; i++ {
			n := escapedLen(list[i].value) + len("%2C")
			if len(piece) > 0 && (used+size > room && list[i-1].norm != list[i].norm || used+n > room && size > room) {
				pieces = append(pieces, piece)
				piece, used = nil, 0
			}
			piece = append(piece, list[i].value)
			used += n
		}
	}
	return append(pieces, piece)
}

var uuidPattern = regexp.MustCompile(`^"[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"$`)

var hexPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)

// normal gives the same text for all spellings of a value that PostgreSQL takes
// as equal in a column of uuids or numbers. That it also does for some values
// that differ, in a column of text, does no harm. Of uuids it keeps the order.
func normal(quoted string) string {
	bare := strings.Map(func(c rune) rune {
		if strings.ContainsRune(`"-{} `, c) {
			return -1
		}
		return c
	}, strings.ToLower(quoted))
	if !hexPattern.MatchString(bare) {
		if f, err := strconv.ParseFloat(strings.Trim(quoted, `" `), 64); err == nil {
			return strconv.FormatFloat(f+0, 'g', -1, 64)
		}
	}
	return bare
}

func in(column string, quoted []string) string {
	if len(quoted) == 1 {
		return column + ".eq." + quoted[0] // in.("") means the empty list
	}
	return column + ".in.(" + strings.Join(quoted, ",") + ")"
}

// escapedLen is how long the conditions are in a URL.
func escapedLen(conditions ...string) int {
	n := 0
	for _, c := range conditions {
		n += len(url.QueryEscape(c)) + len("%2C")
	}
	return n
}

func (r *read) tooLong(n int) error {
	return sdkerr.New(r.op, sdkerr.ErrInvalidInput,
		"the conditions take %d bytes of the URL, servers accept at most %d: give In fewer values at a time, outside Or and Not, or order by shorter values",
		n, maxQuery)
}

// source gives the rows of the read in order.
func (r *read) source() source {
	switch {
	case len(r.parts) == 0:
		return nothing{}
	case len(r.parts) == 1:
		r.oneByOne = true
		return r.newWalk(r.parts[0].where, r.rowColumns(), r.pageSize)
	case r.partsInOrder():
		r.oneByOne = true
		return &chain{read: r, parts: r.parts}
	}
	return r.newMerge(r.parts, r.rowColumns())
}

// partsInOrder tells whether all rows of a part come before those of the next:
// the rows are sorted by a key of uuids, as the values of the one In over it
// are.
func (r *read) partsInOrder() bool {
	if len(r.columns) != 1 || r.columns[0].Desc || len(r.parts[0].where) != len(r.rest)+1 {
		return false
	}
	prefix := r.columns[0].Column + "."
	for _, p := range r.parts {
		if !strings.HasPrefix(p.where[len(r.rest)], prefix) || !uuidPattern.MatchString(p.last) {
			return false
		}
	}
	for _, c := range r.spec.Where {
		if c.Column == r.columns[0].Column && len(c.Values) > 1 && slices.ContainsFunc(c.Values, func(v string) bool { return !uuidPattern.MatchString(v) }) {
			return false
		}
	}
	return true
}
