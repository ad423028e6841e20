package parquet

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"reflect"
	"slices"
	"time"

	pq "github.com/parquet-go/parquet-go"

	"github.com/workorder-systems/sdk-go/export"
	"github.com/workorder-systems/sdk-go/internal/tabular"
	"github.com/workorder-systems/sdk-go/types"
)

// groupBytes is how much of the rows one row group holds: what stays in memory.
const groupBytes = 8 << 20

// Write writes the rows as one Parquet file, with Snappy compression and row groups
// of some megabytes, so memory stays the same however many rows there are. It
// returns how many it took.
//
// It fails with ErrInvalidInput before anything is written when an option does not
// fit the rows. When the rows or ctx fail, the rows before are in the file, which is
// whole, and the error is theirs. What failed in w is lost: a Parquet file without
// its end cannot be read.
func Write[T any](ctx context.Context, w io.Writer, rows iter.Seq2[T, error], opts ...export.Option) (int64, error) {
	return tabular.Run(ctx, "parquet.Write", w, rows, opts,
		func(w *tabular.Counter, _ *tabular.Options, columns []tabular.Column) (tabular.Format, error) {
			f := &file{columns: columns}
			schema := f.schema()
			f.w = pq.NewGenericWriter[any](w, schema, pq.Compression(&pq.Snappy), pq.CreatedBy("workorder-systems/sdk-go", "", ""))
			return f, nil
		})
}

// file implements tabular.Format.
type file struct {
	w       *pq.GenericWriter[any]
	columns []tabular.Column
	fields  []field
	row     pq.Row
	text    []byte // of the row
	held    int    // bytes in the row group
}

// field is how a column is stored.
type field struct {
	kind     fieldKind
	optional bool
}

type fieldKind uint8

const (
	asText fieldKind = iota
	asJSON
	asInt
	asBool
	asFloat
	asTimestamp
	asDate
	asTime
	asList
)

// kindOf says how values of a type are stored.
func kindOf(t reflect.Type) fieldKind {
	switch t {
	case reflect.TypeFor[time.Time]():
		return asTimestamp
	case reflect.TypeFor[types.Date]():
		return asDate
	case reflect.TypeFor[types.TimeOfDay]():
		return asTime
	case reflect.TypeFor[json.RawMessage](), reflect.TypeFor[types.Geometry]():
		return asJSON
	}
	switch t.Kind() {
	case reflect.Bool:
		return asBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return asInt
	case reflect.Float32, reflect.Float64:
		return asFloat
	case reflect.Slice:
		if t.Elem().Kind() == reflect.String {
			return asList
		}
	}
	return asText
}

// node is the kind's type in a schema.
func (k fieldKind) node() pq.Node {
	switch k {
	case asJSON:
		return pq.JSON()
	case asInt:
		return pq.Int(64)
	case asBool:
		return pq.Leaf(pq.BooleanType)
	case asFloat:
		return pq.Leaf(pq.DoubleType)
	case asTimestamp:
		return pq.TimestampAdjusted(pq.Microsecond, true)
	case asDate:
		return pq.Date()
	case asTime:
		return pq.TimeAdjusted(pq.Microsecond, false)
	case asList:
		return pq.List(pq.String())
	}
	return pq.String()
}

// canBeNull tells whether values of the type can be null without a pointer.
func canBeNull(c tabular.Column, k fieldKind) bool {
	if c.Nullable || k == asDate { // the zero date is none
		return true
	}
	switch c.Type.Kind() {
	case reflect.Slice, reflect.Map, reflect.Interface, reflect.Pointer:
		return true
	}
	return false
}

// schema makes the schema and the fields of the columns.
func (f *file) schema() *pq.Schema {
	group := pq.Group{}
	for _, c := range f.columns {
		k := kindOf(c.Type)
		fd := field{kind: k, optional: canBeNull(c, k)}
		node := k.node()
		if fd.optional {
			node = pq.Optional(node)
		}
		group[c.Name] = node
		f.fields = append(f.fields, fd)
	}
	return pq.NewSchema("row", inOrder{group, f.columns})
}

// inOrder is a group whose fields come as the columns do, not by name.
type inOrder struct {
	pq.Group
	columns []tabular.Column
}

// Fields implements pq.Node.
func (g inOrder) Fields() []pq.Field {
	fields := g.Group.Fields()
	place := make(map[string]int, len(g.columns))
	for i, c := range g.columns {
		place[c.Name] = i
	}
	slices.SortFunc(fields, func(a, b pq.Field) int { return place[a.Name()] - place[b.Name()] })
	return fields
}

// Row implements tabular.Format.
func (f *file) Row(row reflect.Value) error {
	f.row, f.text = f.row[:0], f.text[:0]
	for i := range f.columns {
		v, ok := f.columns[i].Of(row)
		if err := f.append(i, v, ok); err != nil {
			return fmt.Errorf("column %s: %w", f.columns[i].Name, err)
		}
	}
	if _, err := f.w.WriteRows([]pq.Row{f.row}); err != nil {
		return err
	}
	f.held += len(f.text) + 16*len(f.row)
	if f.held < groupBytes {
		return nil
	}
	f.held = 0
	return f.w.Flush()
}

// append appends a column's value to the row. ok is false for null.
func (f *file) append(column int, v reflect.Value, ok bool) error {
	fd, present := f.fields[column], 0
	if fd.optional {
		present = 1
	}
	if fd.kind == asList {
		f.appendList(column, v, ok, present)
		return nil
	}
	value, err := pq.Value{}, error(nil)
	if ok {
		value, err = f.value(fd.kind, v)
	}
	if err != nil {
		return err
	}
	if value.IsNull() {
		present = 0
	}
	f.row = append(f.row, value.Level(0, present, column))
	return nil
}

// appendList appends the elements of a list: the first begins it, the others go on
// with it.
func (f *file) appendList(column int, v reflect.Value, ok bool, present int) {
	if !ok || v.IsNil() {
		f.row = append(f.row, pq.Value{}.Level(0, 0, column))
		return
	}
	if v.Len() == 0 {
		f.row = append(f.row, pq.Value{}.Level(0, present, column))
		return
	}
	for i := range v.Len() {
		f.row = append(f.row, pq.ByteArrayValue([]byte(v.Index(i).String())).Level(min(i, 1), present+1, column))
	}
}

// value is the value in Parquet; the zero Value is null.
func (f *file) value(k fieldKind, v reflect.Value) (pq.Value, error) {
	switch k {
	case asInt:
		return pq.Int64Value(v.Int()), nil
	case asBool:
		return pq.BooleanValue(v.Bool()), nil
	case asFloat:
		return pq.DoubleValue(v.Float()), nil
	case asTimestamp:
		return pq.Int64Value(v.Interface().(time.Time).UnixMicro()), nil
	case asDate:
		d := v.Interface().(types.Date)
		if d.IsZero() {
			return pq.Value{}, nil
		}
		return pq.Int32Value(int32(d.In(time.UTC).Unix() / (24 * 60 * 60))), nil
	case asTime:
		t := v.Interface().(types.TimeOfDay)
		of := time.Duration(t.Hour)*time.Hour + time.Duration(t.Minute)*time.Minute + time.Duration(t.Second)*time.Second
		return pq.Int64Value((of + time.Duration(t.Nanosecond)).Microseconds()), nil
	}
	start := len(f.text)
	text, kind, err := tabular.Append(f.text, v)
	if err != nil || kind == tabular.Null {
		return pq.Value{}, err
	}
	f.text = text
	return pq.ByteArrayValue(slices.Clone(text[start:])), nil
}

// Flush implements tabular.Format. It writes the end of the file.
func (f *file) Flush() error { return f.w.Close() }
