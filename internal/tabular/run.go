package tabular

import (
	"context"
	"errors"
	"io"
	"iter"
	"reflect"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Format writes the rows of one export.
type Format interface {
	Row(row reflect.Value) error
	Flush() error // also after a failure, so that what was written is whole
}

// Counter counts the bytes that go to W.
type Counter struct {
	W io.Writer
	N int64
}

// Write implements io.Writer.
func (c *Counter) Write(p []byte) (int, error) {
	n, err := c.W.Write(p)
	c.N += int64(n)
	return n, err
}

// every is how long progress waits at least.
const every = 200 * time.Millisecond

// Run writes the rows in the format that start makes, once all options are
// known to be good.
func Run[T any](ctx context.Context, op string, w io.Writer, rows iter.Seq2[T, error], opts []Option,
	start func(*Counter, *Options, []Column) (Format, error)) (n int64, err error) {
	var o Options
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	columns, err := o.Of(reflect.TypeFor[T]())
	switch {
	case err != nil:
		return 0, sdkerr.New(op, sdkerr.ErrInvalidInput, "%v", err)
	case w == nil:
		return 0, sdkerr.Required(op, "w")
	case rows == nil:
		return 0, sdkerr.Required(op, "rows")
	case ctx.Err() != nil:
		return 0, sdkerr.Wrap(op, nil, sdkerr.ContextError(ctx))
	}
	count := &Counter{W: w}
	f, err := start(count, &o, columns)
	if err != nil {
		return 0, sdkerr.Wrap(op, nil, err)
	}
	last := time.Now()
	for row, bad := range rows {
		if err = ctx.Err(); err != nil {
			err = sdkerr.Wrap(op, nil, sdkerr.ContextError(ctx))
			break
		}
		if bad != nil {
			if o.Skip != nil && errors.Is(bad, sdkerr.ErrUnreadableRow) {
				o.Skip(bad)
				continue
			}
			err = bad // it says which read failed, and where
			break
		}
		if err = f.Row(reflect.ValueOf(&row).Elem()); err != nil {
			err = sdkerr.Wrap(op, nil, err)
			break
		}
		n++
		if o.Progress != nil && time.Since(last) >= every {
			o.Progress(Progress{Rows: n, Bytes: count.N})
			last = time.Now()
		}
	}
	if flushed := f.Flush(); err == nil && flushed != nil {
		err = sdkerr.Wrap(op, nil, flushed)
	}
	if err == nil && o.Progress != nil {
		o.Progress(Progress{Rows: n, Bytes: count.N})
	}
	return n, err
}
