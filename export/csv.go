package export

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"reflect"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/tabular"
)

// CSV writes the rows as comma-separated values (RFC 4180): a header with the
// names of the columns, lines that end with CRLF, UTF-8 without a byte order
// mark. It returns how many rows it took.
//
// Nothing is null and "" is empty text, as PostgreSQL's COPY has it (an export
// of one column writes "" for both, since readers skip empty lines; see
// NullText). Decimals are exact, timestamps are RFC 3339 with their zone, dates
// 2026-01-31, times of day 08:30:00; infinity, -infinity and NaN are written as
// such. Documents and arrays are JSON.
//
// It fails with ErrInvalidInput before anything is written when an option does
// not fit the rows. When the rows, ctx or w fail, what came before has been
// written as whole lines, as far as w took it, and the error is theirs.
func CSV[T any](ctx context.Context, w io.Writer, rows iter.Seq2[T, error], opts ...Option) (int64, error) {
	return tabular.Run(ctx, "export.CSV", w, rows, opts,
		func(w *tabular.Counter, o *tabular.Options, columns []tabular.Column) (tabular.Format, error) {
			if o.HasNull && strings.ContainsAny(o.Null, "\",\r\n") {
				return nil, invalid("export.CSV", "the text for null cannot hold quotes, commas or line ends")
			}
			f := &csvFormat{w: bufio.NewWriterSize(w, bufferSize), options: o, columns: columns}
			for _, c := range columns {
				f.cell = append(f.cell[:0], c.Name...)
				f.field(tabular.Text)
			}
			return f, f.end()
		})
}

const bufferSize = 64 << 10

type csvFormat struct {
	w       *bufio.Writer
	options *tabular.Options
	columns []tabular.Column
	line    []byte
	cell    []byte
}

// Row implements tabular.Format.
func (f *csvFormat) Row(row reflect.Value) error {
	for i := range f.columns {
		kind := tabular.Null
		f.cell = f.cell[:0]
		if v, ok := f.columns[i].Of(row); ok {
			var err error
			if f.cell, kind, err = tabular.Append(f.cell, v); err != nil {
				f.line = f.line[:0]
				return fmt.Errorf("column %s: %w", f.columns[i].Name, err)
			}
		}
		f.field(kind)
	}
	return f.end()
}

// field appends the cell to the line.
func (f *csvFormat) field(kind tabular.Kind) {
	if kind == tabular.Null {
		f.line = append(f.line, f.options.Null...)
		if f.options.Null == "" && len(f.columns) == 1 {
			f.line = append(f.line, `""`...)
		}
		f.line = append(f.line, ',')
		return
	}
	guard := f.options.Guard && (kind == tabular.Text || kind == tabular.JSON) && formula(f.cell)
	if !guard && !f.quotes() {
		f.line = append(append(f.line, f.cell...), ',')
		return
	}
	f.line = append(f.line, '"')
	if guard {
		f.line = append(f.line, '\'')
	}
	for _, c := range f.cell {
		if c == '"' {
			f.line = append(f.line, '"')
		}
		f.line = append(f.line, c)
	}
	f.line = append(f.line, '"', ',')
}

// quotes tells whether the cell needs quotes: also where some readers trim
// spaces, where it would look like null, and where PostgreSQL would take a line for
// the end of the data.
func (f *csvFormat) quotes() bool {
	c := f.cell
	return string(c) == `\.` || len(c) == 0 || c[0] == ' ' || c[len(c)-1] == ' ' || bytes.ContainsAny(c, "\",\r\n\t") ||
		f.options.Null != "" && string(c) == f.options.Null
}

// formula tells whether a spreadsheet may take the text as a formula.
func formula(text []byte) bool {
	for _, start := range [...]string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} {
		if bytes.HasPrefix(text, []byte(start)) {
			return true
		}
	}
	return false
}

func (f *csvFormat) end() error {
	f.line = append(f.line[:len(f.line)-1], '\r', '\n')
	_, err := f.w.Write(f.line)
	f.line = f.line[:0]
	return err
}

// Flush implements tabular.Format.
func (f *csvFormat) Flush() error { return f.w.Flush() }
