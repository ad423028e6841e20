// Package pgjson writes what goes to PostgreSQL: JSON whose text the database
// can hold and whose times can be read back as they were sent. Arguments of
// functions, changes of rows, rows of imports, documents in filters and the
// bodies of Auth calls all pass it, so a bad value is refused before anything
// is sent, whatever way it takes.
package pgjson

// Error says which field cannot be sent and why.
type Error struct {
	Field  string // such as "Rows[3].title"; "the text" of a value without fields
	Reason string // such as "contains a NUL byte"
}

// Error implements error.
func (e *Error) Error() string { return e.Field + " " + e.Reason }
