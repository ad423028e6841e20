package query

import "github.com/workorder-systems/sdk-go/internal/queryspec"

// Order is one column to sort by: Asc or Desc of a column.
type Order struct {
	column    string
	desc      bool
	nulls     placing
	composite bool
}

type placing uint8

const (
	byDirection placing = iota // as PostgreSQL: last in Asc, first in Desc
	first
	last
)

// NullsFirst puts the rows without a value before all others.
func (o Order) NullsFirst() Order {
	o.nulls = first
	return o
}

// NullsLast puts the rows without a value behind all others.
func (o Order) NullsLast() Order {
	o.nulls = last
	return o
}

func (o Order) spec() queryspec.Order {
	return queryspec.Order{
		Column:     o.column,
		Desc:       o.desc,
		NullsFirst: o.nulls == first || o.nulls == byDirection && o.desc,
		Composite:  o.composite,
	}
}
