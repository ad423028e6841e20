// Package queryspec carries what the options of package query add up to, from
// there to the reader, without showing it to users.
package queryspec

import "time"

// Spec is one read.
type Spec struct {
	Where    []Condition // all of them must hold
	Never    bool        // the conditions can hold for no row
	Order    []Order
	Columns  []string   // names of the columns to read; empty: all
	Limit    int        // 0: no limit
	PageSize int        // rows per request; 0: the reader decides
	After    string     // cursor; empty: from the start
	Count    string     // "exact", "planned", "estimated" or empty
	Served   *time.Time // when set: gets what the server's clock showed with an answer
	Err      error      // the first thing that cannot be asked, such as a NUL byte
}

// Condition is one branch of PostgREST's logic tree.
type Condition struct {
	Expr string // such as `status.eq."open"`, ready to stand in and=(…)
	// Column and Values are set when Expr is Column.in.(Values), so that a long
	// list can be asked for in parts. The values are quoted.
	Column string
	Values []string
}

// Order is one column to order by.
type Order struct {
	Column     string // rendered, as in Condition.Expr
	Desc       bool
	NullsFirst bool
	// Composite says that JSON does not show a value as PostgreSQL reads it, as
	// for arrays.
	Composite bool
}

// Fail notes the first error.
func (s *Spec) Fail(err error) {
	if s.Err == nil {
		s.Err = err
	}
}
