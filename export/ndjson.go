package export

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"reflect"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/internal/tabular"
)

// NDJSON writes each row as an object of JSON on a line of its own, with the
// columns in order. It returns how many rows it took.
//
// Null is null. Decimals are strings, because most readers of JSON would round
// their numbers; timestamps, dates and times of day are the strings that CSV
// writes, infinity among them; documents and arrays stand as they are. It fails
// as CSV does.
func NDJSON[T any](ctx context.Context, w io.Writer, rows iter.Seq2[T, error], opts ...Option) (int64, error) {
	return tabular.Run(ctx, "export.NDJSON", w, rows, opts,
		func(w *tabular.Counter, _ *tabular.Options, columns []tabular.Column) (tabular.Format, error) {
			f := &jsonFormat{w: bufio.NewWriterSize(w, bufferSize), columns: columns}
			for i, c := range columns {
				key := []byte{'{'}
				if i > 0 {
					key[0] = ','
				}
				key, err := tabular.AppendString(key, c.Name)
				if err != nil {
					return nil, err
				}
				f.keys = append(f.keys, append(key, ':'))
			}
			return f, nil
		})
}

type jsonFormat struct {
	w       *bufio.Writer
	columns []tabular.Column
	keys    [][]byte // with what stands around them
	line    []byte
	cell    []byte
}

// Row implements tabular.Format.
func (f *jsonFormat) Row(row reflect.Value) error {
	f.line = f.line[:0]
	for i := range f.columns {
		kind := tabular.Null
		f.cell = f.cell[:0]
		var err error
		if v, ok := f.columns[i].Of(row); ok {
			if f.cell, kind, err = tabular.Append(f.cell, v); err != nil {
				return fmt.Errorf("column %s: %w", f.columns[i].Name, err)
			}
		}
		f.line = append(f.line, f.keys[i]...)
		switch kind {
		case tabular.Null:
			f.line = append(f.line, "null"...)
		case tabular.Text, tabular.Plain:
			if f.line, err = tabular.AppendString(f.line, string(f.cell)); err != nil {
				return err
			}
		default:
			f.line = append(f.line, f.cell...)
		}
	}
	_, err := f.w.Write(append(f.line, '}', '\n'))
	return err
}

// Flush implements tabular.Format.
func (f *jsonFormat) Flush() error { return f.w.Flush() }

func invalid(op, reason string) error { return sdkerr.New(op, sdkerr.ErrInvalidInput, "%s", reason) }
