package rowjson

import "reflect"

// Rows is a slice that rows are appended to. The type of its elements is known at
// run time only, so that the code around it is compiled once and not for every type
// of row.
type Rows struct{ slice reflect.Value }

// RowsOf is for the slice that pointer, a *[]T, points at.
func RowsOf(pointer any) Rows { return Rows{reflect.ValueOf(pointer).Elem()} }

// Type is that of a row.
func (r Rows) Type() reflect.Type { return r.slice.Type().Elem() }

// Len is how many rows there are.
func (r Rows) Len() int { return r.slice.Len() }

// Keep leaves the first had rows, and of those behind them the ones from from to to.
// What is left out is zeroed, so that nothing it points at is held.
func (r Rows) Keep(had, from, to int) {
	if from > 0 {
		reflect.Copy(r.slice.Slice(had, r.Len()), r.slice.Slice(had+from, had+to))
	}
	left := had + to - from
	r.slice.Slice(left, r.Len()).Clear()
	r.slice.SetLen(left)
}

// add appends a zero row. n rows were added of body, which is read up to pos.
func (r Rows) add(body []byte, pos, n int) reflect.Value {
	i := r.Len()
	if i == r.slice.Cap() {
		r.grow(body, pos, n)
	}
	r.slice.SetLen(i + 1)
	row := r.slice.Index(i)
	row.SetZero()
	return row
}

// grow makes room for the rows that are left. How many that are is a guess by
// the size of the n rows read so far.
func (r Rows) grow(body []byte, pos, n int) {
	const (
		fewBytes = 512 // of a row, before the first one is known
		fewRows  = 16  // too few to judge by
	)
	left := len(body) - pos
	want := min(left/fewBytes+1, fewRows)
	if n > 0 {
		want = left/(pos/n+1) + 1
	}
	if 0 < n && n < fewRows {
		want = min(want, 4*fewRows)
	}
	out := reflect.MakeSlice(r.slice.Type(), r.Len(), max(r.Len()+want, r.Len()*5/4))
	reflect.Copy(out, r.slice)
	r.slice.Set(out)
}
