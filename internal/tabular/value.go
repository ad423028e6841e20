package tabular

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/types"
)

// Kind tells how a value is shown.
type Kind uint8

// The kinds of values.
const (
	Null   Kind = iota
	Text        // could be anything, so it can also be a formula
	Plain       // a time, a date, an exact number: text that is no formula
	Number      // also a number of JSON
	Bool
	JSON
)

// Append appends the text of a value and tells its kind. Decimals are exact,
// times keep their zone, and what stands for infinity says so.
func Append(b []byte, v reflect.Value) ([]byte, Kind, error) {
	switch x := v.Interface().(type) {
	case time.Time:
		return appendTime(b, x), Plain, nil
	case decimal.Decimal:
		return append(b, DecimalText(x)...), Plain, nil
	case json.RawMessage:
		return appendJSON(b, x)
	case types.Geometry:
		return appendJSON(b, json.RawMessage(x))
	case types.Date:
		if x.IsZero() {
			return b, Null, nil
		}
		text, err := x.MarshalText()
		return append(b, text...), Plain, err
	case types.TimeOfDay:
		text, err := x.MarshalText()
		return append(b, text...), Plain, err
	case encoding.TextMarshaler:
		if v.Kind() == reflect.Slice && v.IsNil() {
			return b, Null, nil
		}
		text, err := x.MarshalText()
		return append(b, text...), Text, err
	}
	switch v.Kind() {
	case reflect.String:
		return append(b, v.String()...), Text, nil
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), Bool, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10), Number, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.AppendUint(b, v.Uint(), 10), Number, nil
	case reflect.Float32, reflect.Float64:
		return appendFloat(b, v)
	case reflect.Slice, reflect.Map, reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return b, Null, nil
		}
	}
	b, err := appendEncoded(b, v.Interface())
	return b, JSON, err
}

func appendTime(b []byte, t time.Time) []byte {
	switch {
	case t.Equal(types.FarFuture()):
		return append(b, "infinity"...)
	case t.Equal(types.FarPast()):
		return append(b, "-infinity"...)
	}
	return t.AppendFormat(b, time.RFC3339Nano)
}

// DecimalText is the number as PostgreSQL writes it, NaN and infinity included.
func DecimalText(d decimal.Decimal) string {
	switch {
	case types.IsFinite(d):
		if e := d.Exponent(); e < 0 {
			return d.StringFixed(-e) // with the zeros at the end
		}
		return d.String()
	case d.IsZero():
		return "NaN"
	case d.IsNegative():
		return "-Infinity"
	}
	return "Infinity"
}

// appendFloat also writes what JSON has no number for.
func appendFloat(b []byte, v reflect.Value) ([]byte, Kind, error) {
	f := v.Float()
	switch {
	case f != f:
		return append(b, "NaN"...), Plain, nil
	case f > maxFloat:
		return append(b, "Infinity"...), Plain, nil
	case f < -maxFloat:
		return append(b, "-Infinity"...), Plain, nil
	}
	return strconv.AppendFloat(b, f, 'g', -1, v.Type().Bits()), Number, nil
}

const maxFloat = 0x1p1023 * (1 + (1 - 0x1p-52))

// appendJSON appends the document on one line.
func appendJSON(b []byte, raw json.RawMessage) ([]byte, Kind, error) {
	if len(raw) == 0 {
		return b, Null, nil
	}
	buf := bytes.NewBuffer(b)
	err := json.Compact(buf, raw)
	return buf.Bytes(), JSON, err
}

func appendEncoded(b []byte, v any) ([]byte, error) {
	buf := bytes.NewBuffer(b)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return b, fmt.Errorf("a value cannot be written: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// AppendString appends s as a string of JSON.
func AppendString(b []byte, s string) ([]byte, error) { return appendEncoded(b, s) }
