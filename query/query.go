// Package query is the vocabulary of reads: filters, ordering and paging.
package query

// Option is one part of a read: Where, OrderBy, Limit, After, Count…
type Option interface{ apply(*Spec) }

// Filter is a condition on columns. Make one from a generated column, from
// And, Or, Not or Raw.
type Filter struct{ expr string }

// Order is one column to order by.
type Order struct{ expr string }

// Spec is what a list of options adds up to. It is for the SDK's own packages.
type Spec struct{}

// Page is one page of a longer list.
type Page[T any] struct {
	Items   []T
	Total   int64  // set when Count was asked for
	HasMore bool   // another page follows
	Next    Cursor // where it starts: pass query.After(page.Next)
}

// Cursor marks a place in a list. It is opaque text, safe in a URL.
type Cursor string

// Column is a column of a view whose values are of type V.
type Column[V any] struct{ name string }

// NewColumn names a column. Generated code uses it; so can you, with ViewOf.
func NewColumn[V any](name string) Column[V] { return Column[V]{name: name} }
