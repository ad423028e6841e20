// Package jsonbtext writes JSON as PostgreSQL shows a jsonb value: what the
// platform signs, in both directions.
package jsonbtext

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
)

// PostgreSQL's limits for the digits of a numeric.
const (
	maxInteger  = 131072
	maxFraction = 16383
)

var errRange = errors.New("holds a number that numeric cannot hold")

// Of gives the text of the jsonb value that the JSON document becomes. It fails for
// what is no JSON, and for what PostgreSQL cannot hold.
func Of(document []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("is no JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("is no JSON: something follows the value")
	}
	if err := pgjson.Raw(document); err != nil {
		return nil, err
	}
	return appendValue(make([]byte, 0, len(document)+len(document)/4), v)
}

func appendValue(b []byte, v any) (_ []byte, err error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case string:
		return appendString(b, v), nil
	case json.Number:
		return appendNumber(b, string(v))
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ", "...)
			}
			if b, err = appendValue(b, e); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case map[string]any:
		b = append(b, '{')
		for i, key := range sortedKeys(v) {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(appendString(b, key), ": "...)
			if b, err = appendValue(b, v[key]); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	}
	return nil, fmt.Errorf("holds a %T", v)
}

// sortedKeys has the short ones first, and those of a length by their bytes.
func sortedKeys(object map[string]any) []string {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return keys
}

func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			if c < ' ' {
				b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
				continue
			}
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// appendNumber writes a JSON number without its exponent. The digits behind the
// point stay as many as were written, zeros included.
func appendNumber(b []byte, text string) ([]byte, error) {
	mantissa, exponent, err := splitExponent(text)
	if err != nil {
		return nil, err
	}
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	integer, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(integer+fraction, "0")
	scale := len(fraction) - exponent // digits behind the point
	if scale > maxFraction || digits != "" && len(digits)-scale > maxInteger {
		return nil, errRange
	}
	if digits == "" {
		negative = false
	}
	if negative {
		b = append(b, '-')
	}
	if scale <= 0 {
		if digits == "" {
			return append(b, '0'), nil
		}
		return append(append(b, digits...), strings.Repeat("0", -scale)...), nil
	}
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - scale
	b = append(append(b, digits[:point]...), '.')
	return append(b, digits[point:]...), nil
}

func splitExponent(text string) (mantissa string, exponent int, err error) {
	i := strings.IndexAny(text, "eE")
	if i < 0 {
		return text, 0, nil
	}
	n, err := strconv.ParseInt(text[i+1:], 10, 32)
	if err != nil || n > math.MaxInt32/2 || n < -math.MaxInt32/2 {
		return "", 0, errRange
	}
	return text[:i], int(n), nil
}
