package query

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
	"github.com/workorder-systems/sdk-go/internal/queryspec"
)

// Option is one part of a read: Where, OrderBy, Columns, Limit, PageSize, After, Count.
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
			case f.all != nil:
				Where(f.all...)(s)
			case f.kind == some:
				s.Where = append(s.Where, queryspec.Condition{Expr: f.expr, Column: f.column, Values: f.values})
			}
		}
	}
}

// OrderBy sorts the rows, by the first column first. Several OrderBy options
// add up.
//
// Without it a list comes in the view's own order, in most views by key. Either
// way the next request of a list asks for the rows behind the last one that
// came, by the values of its order columns and its key, so what happens between
// two requests does no harm. The promise: a row that is there from beginning to
// end and whose order columns stay as they are comes exactly once, whatever else
// is inserted, changed or deleted; without OrderBy, whatever is changed.
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

// Columns reads only the given columns; the other fields of the rows stay zero.
// The server then sends less: of work orders, less than half. Several Columns
// options add up; without any column the rows are whole. Lists add the columns
// that they go on by, by themselves. Get gives whole rows; to Count the option makes
// no difference. A path into a document is no column.
func Columns(columns ...AnyColumn) Option {
	return func(s *queryspec.Spec) {
		for _, c := range columns {
			if c == nil || c.selected() == "" {
				s.Fail(errors.New("columns: a column has no name: make columns with NewColumn"))
				return
			}
			name := c.selected()
			if isPath(name) {
				s.Fail(fmt.Errorf("columns: %s is a part of a column: ask for the whole", name))
				return
			}
			if !slices.Contains(s.Columns, name) {
				s.Columns = append(s.Columns, name)
			}
		}
	}
}

// isPath tells the rendered path into a document from a column's name, which is
// quoted when it holds an arrow.
func isPath(rendered string) bool {
	if strings.HasPrefix(rendered, `"`) {
		return !strings.HasSuffix(rendered, `"`) || strings.Contains(rendered, `"->`)
	}
	return strings.Contains(rendered, "->")
}

// AnyColumn is a column of whatever kind: Column, TextColumn, ArrayColumn or
// JSONColumn.
type AnyColumn interface {
	selected() string // the name, rendered
}

func (c Column[V]) selected() string      { return c.name }
func (c ArrayColumn[V]) selected() string { return c.name }
func (c JSONColumn) selected() string     { return c.json() }

// After starts behind the page that gave the cursor. The read must use the same
// view and order; one of another read, or of an older version of this package,
// fails with ErrInvalidInput. The row that the page ended with need not be there
// any more. An empty cursor starts at the beginning.
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
