package parquet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"runtime"
	"testing"
	"time"

	pq "github.com/parquet-go/parquet-go"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/export"
	"github.com/workorder-systems/sdk-go/export/parquet"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

type state string

// row has a field of each type that rows have, in no order of the alphabet.
type row struct {
	ID     string           `json:"id"`
	Note   *string          `json:"note"`
	Count  int64            `json:"count"`
	Cost   *decimal.Decimal `json:"cost"`
	At     time.Time        `json:"at"`
	Ended  *time.Time       `json:"ended"`
	Due    *types.Date      `json:"due"`
	Clock  types.TimeOfDay  `json:"clock"`
	Extra  json.RawMessage  `json:"extra"`
	Tags   []string         `json:"tags"`
	State  state            `json:"state"`
	Share  float64          `json:"share"`
	Active *bool            `json:"active"`
	Span   *types.Interval  `json:"span"`
}

// back is how the file is read back.
type back struct {
	ID     string    `parquet:"id"`
	Note   *string   `parquet:"note"`
	Count  int64     `parquet:"count"`
	Cost   *string   `parquet:"cost"`
	At     time.Time `parquet:"at,timestamp(microsecond)"`
	Ended  *int64    `parquet:"ended"`
	Due    *int32    `parquet:"due"`
	Clock  int64     `parquet:"clock"`
	Extra  *string   `parquet:"extra"`
	Tags   []string  `parquet:"tags,optional,list"`
	State  string    `parquet:"state"`
	Share  float64   `parquet:"share"`
	Active *bool     `parquet:"active"`
	Span   *string   `parquet:"span"`
}

func each[T any](rows ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func full() row {
	return row{
		ID: "a", Note: new(""), Count: -5, Cost: new(decimal.RequireFromString("-123456789012345678901.50")),
		At:    time.Date(2026, 3, 1, 8, 0, 0, 250_001_000, time.FixedZone("", 3600)),
		Ended: new(types.FarFuture()), Due: new(types.NewDate(2026, 1, 31)),
		Clock: types.TimeOfDay{Hour: 8, Minute: 30, Second: 1, Nanosecond: 5000},
		Extra: json.RawMessage(`{"a": "<x>", "b": 1}`), Tags: []string{"x", "", `y"`}, State: "open", Share: 0.1, Active: new(false),
	}
}

func TestTypesAreKept(t *testing.T) {
	old := row{ID: "b", At: time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC), Due: new(types.NewDate(1969, 12, 31)), Tags: []string{}, Share: math.Inf(-1), Cost: new(decimal.New(0, 131072))}
	var b bytes.Buffer
	n, err := parquet.Write(t.Context(), &b, each(full(), old, row{ID: "c"}))
	require.NoError(t, err)
	require.EqualValues(t, 3, n)

	got, err := pq.Read[back](bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	require.Len(t, got, 3)
	require.True(t, got[0].At.Equal(full().At), got[0].At)
	require.Equal(t, "2026-03-01 07:00:00.250001", got[0].At.UTC().Format("2006-01-02 15:04:05.000000"))
	got[0].At = time.Time{}
	require.Equal(t, back{
		ID: "a", Note: new(""), Count: -5, Cost: new("-123456789012345678901.50"),
		Ended: new(types.FarFuture().UnixMicro()), Due: new(int32(20484)), Clock: 30601000005,
		Extra: new(`{"a":"<x>","b":1}`), Tags: []string{"x", "", `y"`}, State: "open", Share: 0.1, Active: new(false),
	}, got[0])
	require.Equal(t, int32(-1), *got[1].Due, "days before 1970 count down")
	require.Equal(t, int64(-1), got[1].At.Unix())
	require.Equal(t, "NaN", *got[1].Cost)
	require.True(t, math.IsInf(got[1].Share, -1))
	for _, null := range []bool{got[2].Note == nil, got[2].Cost == nil, got[2].Ended == nil, got[2].Due == nil, got[2].Extra == nil, got[2].Active == nil, got[2].Span == nil} {
		require.True(t, null)
	}

	f, err := pq.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	var names []string
	for _, field := range f.Schema().Fields() {
		names = append(names, field.Name())
	}
	require.Equal(t, []string{"id", "note", "count", "cost", "at", "ended", "due", "clock", "extra", "tags", "state", "share", "active", "span"}, names)
	schema := f.Schema().String()
	for _, line := range []string{
		"required binary id (STRING)", "optional binary cost (STRING)", "required int64 at (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS))",
		"optional int32 due (DATE)", "required int64 clock (TIME(isAdjustedToUTC=false,unit=MICROS))", "optional binary extra (JSON)", "optional group tags (LIST)",
	} {
		require.Contains(t, schema, line)
	}
}

// An empty list is none of the null lists.
func TestNullAndEmptyLists(t *testing.T) {
	type list struct {
		Tags []string `json:"tags"`
	}
	var b bytes.Buffer
	_, err := parquet.Write(t.Context(), &b, each(list{}, list{[]string{}}, list{[]string{"a"}}, list{[]string{"a", "b"}}))
	require.NoError(t, err)
	f, err := pq.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	var levels []string
	rows := f.RowGroups()[0].Rows()
	defer func() { _ = rows.Close() }()
	buf := make([]pq.Row, 8)
	n, err := rows.ReadRows(buf)
	require.True(t, err == nil || errors.Is(err, io.EOF), err)
	for _, r := range buf[:n] {
		for _, v := range r {
			levels = append(levels, fmt.Sprintf("%d/%d", v.RepetitionLevel(), v.DefinitionLevel()))
		}
	}
	require.Equal(t, []string{"0/0", "0/1", "0/2", "0/2", "1/2"}, levels)
}

func TestOptions(t *testing.T) {
	id, note := query.NewTextColumn("id"), query.NewTextColumn("note")
	var b bytes.Buffer
	var last export.Progress
	n, err := parquet.Write(t.Context(), &b, each(full()), export.Columns(note, id), export.Rename(id, "Work order"),
		export.OnProgress(func(p export.Progress) { last = p }))
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	require.EqualValues(t, 1, last.Rows)
	require.Positive(t, last.Bytes)
	f, err := pq.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	require.Equal(t, "note", f.Schema().Fields()[0].Name())
	require.Equal(t, "Work order", f.Schema().Fields()[1].Name())

	b.Reset()
	_, err = parquet.Write(t.Context(), &b, each(full()), export.Columns(query.NewTextColumn("nope")))
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
	require.Zero(t, b.Len())
}

// What came before a failure is a whole file.
func TestFailuresLeaveAFile(t *testing.T) {
	boom := errors.New("boom")
	var b bytes.Buffer
	n, err := parquet.Write(t.Context(), &b, func(yield func(row, error) bool) {
		for _, err := range []error{nil, nil, boom} {
			if !yield(full(), err) {
				return
			}
		}
	})
	require.ErrorIs(t, err, boom)
	require.EqualValues(t, 2, n)
	got, err := pq.Read[back](bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	require.Len(t, got, 2)

	ctx, cancel := context.WithCancel(t.Context())
	b.Reset()
	_, err = parquet.Write(ctx, &b, func(yield func(row, error) bool) {
		for yield(full(), nil) {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	_, err = pq.Read[back](bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)

	_, err = parquet.Write(t.Context(), failing{}, each(full()))
	require.ErrorIs(t, err, io.ErrClosedPipe)
	b.Reset()
	n, err = parquet.Write(t.Context(), &b, each[row]())
	require.NoError(t, err)
	require.Zero(t, n)
	got, err = pq.Read[back](bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestValueThatCannotBeWritten(t *testing.T) {
	var b bytes.Buffer
	n, err := parquet.Write(t.Context(), &b, each(full(), row{Extra: json.RawMessage("{")}))
	require.ErrorContains(t, err, "column extra: ")
	require.EqualValues(t, 1, n)
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// The heap holds one row group, however many rows there are.
func TestManyRowsTakeNoMemory(t *testing.T) {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, peak := m.HeapAlloc, uint64(0)
	r := full()
	n, err := parquet.Write(t.Context(), io.Discard, func(yield func(row, error) bool) {
		for i := range manyRows {
			if i%(manyRows/40) == 0 {
				runtime.GC() // what is left is what the export holds
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
			if !yield(r, nil) {
				return
			}
		}
	}, export.Columns(query.NewTextColumn("id"), query.NewColumn[time.Time]("at"), query.NewTextColumn("cost"), query.NewTextColumn("tags")))
	require.NoError(t, err)
	require.EqualValues(t, manyRows, n)
	require.Less(t, peak, before+32<<20)
	t.Logf("%d rows, heap at most %d KiB more", n, (peak-min(peak, before))>>10)
}
