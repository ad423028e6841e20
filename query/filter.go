package query

import (
	"slices"
	"strings"
)

// Filter is a condition on the rows of a view. Make one from a generated
// column, from And, Or, Not or Raw. The zero Filter holds for every row.
//
// Conditions follow SQL: a comparison with a null column holds neither as it is
// nor under Not. Ask for IsNull to get those rows.
type Filter struct {
	kind   kind
	expr   string   // kind some: a branch of the logic tree
	column string   // set with values for In
	values []string // quoted
	all    []Filter // of And with In: what must hold
	err    error
}

// kind tells constant filters, which no server needs to see, from the others.
type kind uint8

const (
	every kind = iota // holds for every row
	none              // holds for no row
	some
)

func branch(expr string) Filter { return Filter{kind: some, expr: expr} }

// And holds when every filter holds. And of nothing holds for every row.
func And(filters ...Filter) Filter {
	return combine("and", every, none, filters)
}

// Or holds when at least one filter holds. Or of nothing holds for no row.
func Or(filters ...Filter) Filter {
	return combine("or", none, every, filters)
}

// combine leaves out filters of the neutral kind; one of the decisive kind
// settles the result.
func combine(op string, neutral, decisive kind, filters []Filter) Filter {
	parts := make([]string, 0, len(filters))
	kept := make([]Filter, 0, len(filters))
	decided := false
	for _, f := range filters {
		switch {
		case f.err != nil:
			return Filter{err: f.err}
		case f.kind == decisive:
			decided = true
		case f.kind == some:
			parts = append(parts, f.expr)
			kept = append(kept, f)
		}
	}
	switch {
	case decided:
		return Filter{kind: decisive}
	case len(parts) == 0:
		return Filter{kind: neutral}
	case len(parts) == 1:
		return kept[0]
	}
	f := branch(op + "(" + strings.Join(parts, ",") + ")")
	if op == "and" && slices.ContainsFunc(kept, func(f Filter) bool { return f.values != nil || f.all != nil }) {
		f.all = kept // so that a long In can be found
	}
	return f
}

// Not holds when the filter is false. Rows for which it is neither true nor
// false, because a column is null, are left out as well.
func Not(f Filter) Filter {
	switch {
	case f.err != nil:
		return f
	case f.kind == every:
		return Filter{kind: none}
	case f.kind == none:
		return Filter{kind: every}
	}
	return branch("not.and(" + f.expr + ")")
}
