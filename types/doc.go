// Package types holds what the wire needs and Go's standard library lacks:
// calendar dates, times of day, PostgreSQL intervals and vectors.
//
// All of them read and write the text that PostgreSQL uses, in JSON as well as
// in filters of package query.
//
// # Values that Go lacks
//
// One odd value must not cost the rows around it, so every value that
// PostgreSQL can send in a column has a Go value, in rows of views, results of
// functions, the payload of Mobile.Sync and accounts of Auth alike:
//
//   - A time or date that is infinite, BC or after the year 9999 is read as
//     FarFuture or FarPast (FarFutureDate, FarPastDate), which IsInfinite
//     (Date.IsInfinite) tells from all others. encoding/json cannot write a
//     time.Time outside the years 0 to 9999, and an answer of your own should
//     not fail because of one row. Order and Compare stay right.
//   - A time comes in UTC, whatever zone the database shows it in, also one
//     whose offset has seconds.
//   - A numeric that is NaN is read as a zero and an infinite one as ±1e131072,
//     beyond every other; IsFinite tells both from all others.
//   - A double precision that is NaN or infinite is math.NaN or math.Inf, which
//     encoding/json does not write.
//   - A null among the elements of an array is the element type's zero value,
//     "" in a []string; in a slice of pointers, as rows for ViewOf may have, it
//     is nil. An array of several dimensions is read as one list of all its
//     elements, in order.
//   - JSON is kept as it came, however deep; nil is a null of the database as well
//     as JSON's own, which an answer does not tell apart. (encoding/json refuses to write or
//     read again what is nested more than 10,000 deep.)
//
// What is written must come back as it was: times are sent in UTC, rounded to
// microseconds, and times and dates outside the years 1 to 9999 and numbers that
// are not finite are refused with ErrInvalidInput before anything is sent.
package types
