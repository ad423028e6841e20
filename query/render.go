package query

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
	"github.com/workorder-systems/sdk-go/types"
)

// render gives a value as PostgreSQL reads it from text.
func render(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, pgjson.Text(v)
	case time.Time:
		at, err := pgjson.Time(v)
		return at.Format(time.RFC3339Nano), err
	case types.Date:
		if err := pgjson.Date(v); err != nil {
			return "", err
		}
	case types.TimeOfDay:
		return marshalText(pgjson.TimeOfDay(v))
	case decimal.Decimal:
		return v.String(), pgjson.Number(v)
	}
	rv := reflect.ValueOf(v)
	if rv.Kind() == reflect.Pointer {
		if rv.IsNil() {
			return "", errors.New("is nil: ask for IsNull")
		}
		if _, ok := rv.Elem().Interface().(encoding.TextMarshaler); ok {
			return render(rv.Elem().Interface())
		}
	}
	if v, ok := v.(encoding.TextMarshaler); ok {
		return marshalText(v)
	}
	switch rv.Kind() {
	case reflect.String:
		return rv.String(), pgjson.Text(rv.String())
	case reflect.Bool:
		return strconv.FormatBool(rv.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(rv.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(rv.Uint(), 10), nil
	case reflect.Float32, reflect.Float64:
		f := rv.Float()
		switch {
		case math.IsInf(f, 1):
			return "Infinity", nil
		case math.IsInf(f, -1):
			return "-Infinity", nil
		}
		return strconv.FormatFloat(f, 'g', -1, rv.Type().Bits()), nil
	}
	return "", fmt.Errorf("has type %T, which has no text form", v)
}

func marshalText(v encoding.TextMarshaler) (string, error) {
	b, err := v.MarshalText()
	switch {
	case err != nil:
		return "", fmt.Errorf("does not render: %w", err)
	case len(b) == 0:
		return "", errors.New("is empty: ask for IsNull")
	}
	return string(b), pgjson.Text(string(b))
}

var quoter = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// quote makes text a quoted value of PostgREST's logic tree, which is also how
// PostgreSQL quotes the elements of an array.
func quote(s string) string { return `"` + quoter.Replace(s) + `"` }

// identifier gives a name as PostgREST reads it: quoted unless it is plain.
func identifier(name string) string {
	for i := range len(name) {
		c := name[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return quote(name)
		}
	}
	return name
}

// jsonKey gives a key of a JSON path. Bare digits would be a position of an
// array.
func jsonKey(key string) string {
	if strings.Trim(key, "0123456789") == "" {
		return quote(key)
	}
	return identifier(key)
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// escapeLike makes text that a like pattern matches as it is.
func escapeLike(s string) string { return likeEscaper.Replace(s) }

// escapeRegexp makes text that PostgreSQL's regular expressions match as it is:
// a backslash before punctuation takes away its meaning.
func escapeRegexp(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(`\.+*?()|[]{}^$`, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
