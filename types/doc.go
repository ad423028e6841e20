// Package types holds what the wire needs and Go's standard library lacks:
// calendar dates, times of day, PostgreSQL intervals and vectors.
//
// All of them read and write the text that PostgreSQL uses, in JSON as well as
// in filters of package query.
package types
