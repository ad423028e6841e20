package query

// Order is one column to sort by: Asc or Desc of a column.
type Order struct {
	column string
	desc   bool
	nulls  string
}

// NullsFirst puts the rows without a value before all others.
func (o Order) NullsFirst() Order {
	o.nulls = ".nullsfirst"
	return o
}

// NullsLast puts the rows without a value behind all others.
func (o Order) NullsLast() Order {
	o.nulls = ".nullslast"
	return o
}

// String gives the order in PostgREST's words, such as "due_date.desc.nullslast".
func (o Order) String() string {
	dir := ".asc"
	if o.desc {
		dir = ".desc"
	}
	return o.column + dir + o.nulls
}
