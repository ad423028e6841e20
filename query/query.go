package query

import (
	"errors"
	"fmt"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
	"github.com/workorder-systems/sdk-go/internal/queryspec"
)

// Option is one part of a read: Where, OrderBy, Limit, PageSize, After, Count.
type Option func(*queryspec.Spec)

// Where keeps the rows for which every filter holds. Several Where options add
// up.
func Where(filters ...Filter) Option {
	return func(s *queryspec.Spec) {
		for _, f := range filters {
			switch {
			case f.err != nil:
				s.Fail(f.err)
			case pgjson.Text(f.expr) != nil: // in a name
				s.Fail(fmt.Errorf("filter %w", pgjson.Text(f.expr)))
			case f.kind == none:
				s.Never = true
			case f.kind == some:
				s.Where = append(s.Where, queryspec.Condition{Expr: f.expr, Column: f.column, Values: f.values})
			}
		}
	}
}

// OrderBy sorts the rows, by the first column first. Several OrderBy options
// add up.
//
// Without it a list comes in the view's own order, in most views by key, and is
// walked by key: rows that are added or deleted meanwhile disturb nothing. With
// it the walk counts rows, so a row that moves across a page boundary between
// two requests can be missed or seen twice.
func OrderBy(orders ...Order) Option {
	return func(s *queryspec.Spec) {
		for _, o := range orders {
			if o.column == "" {
				s.Fail(errors.New("order has no column"))
				continue
			}
			if err := pgjson.Text(o.column); err != nil {
				s.Fail(fmt.Errorf("order has a column whose name %w", err))
				continue
			}
			s.Order = append(s.Order, o.spec())
		}
	}
}

// Limit ends the read after n rows, n ≥ 1. In Page it is the number of items of
// one page.
func Limit(n int) Option {
	return func(s *queryspec.Spec) {
		if n < 1 {
			s.Fail(fmt.Errorf("limit is %d, must be at least 1", n))
		}
		s.Limit = n
	}
}

// PageSize sets how many rows one request asks for, n ≥ 1; it does not change
// what a read returns. Deployments answer with at most 1,000 rows at a time,
// which is also the default. Smaller pages need less memory.
func PageSize(n int) Option {
	return func(s *queryspec.Spec) {
		if n < 1 {
			s.Fail(fmt.Errorf("page size is %d, must be at least 1", n))
		}
		s.PageSize = n
	}
}

// After starts behind the page that gave the cursor. The read must use the same
// view and order. An empty cursor starts at the beginning.
func After(c Cursor) Option {
	return func(s *queryspec.Spec) { s.After = string(c) }
}

// Count asks for the number of matching rows along with a page.
func Count(how Counting) Option {
	return func(s *queryspec.Spec) {
		switch how {
		case Exact, Planned, Estimated:
			s.Count = string(how)
		default:
			s.Fail(fmt.Errorf("counting %q is unknown", string(how)))
		}
	}
}

// Counting says how the server counts matching rows.
type Counting string

const (
	// Exact counts every matching row, which takes time on large views.
	Exact Counting = "exact"
	// Planned takes the estimate of PostgreSQL's planner: fast, can be far off.
	Planned Counting = "planned"
	// Estimated counts exactly up to the server's row limit (1,000 by default)
	// and takes the planner's estimate above it.
	Estimated Counting = "estimated"
)

// Page is one page of a longer list.
type Page[T any] struct {
	Items   []T
	Total   int64  // matching rows on all pages; set when Count was asked for
	HasMore bool   // another page follows
	Next    Cursor // where it starts: pass query.After(page.Next)
}

// Cursor marks a place in a list. It is opaque text, safe in a URL.
type Cursor string
