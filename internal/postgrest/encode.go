package postgrest

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// encodeArgs encodes the arguments of a call. Text that PostgreSQL cannot hold
// is refused: encoding/json would quietly replace invalid UTF-8.
func encodeArgs(op string, args any) ([]byte, error) {
	body, err := json.Marshal(args)
	if err != nil {
		return nil, sdkerr.New(op, sdkerr.ErrInvalidInput, "the arguments cannot be encoded: %v", err)
	}
	if suspicious(body) {
		if field, reason := badText(reflect.ValueOf(args)); reason != "" {
			return nil, sdkerr.Invalid(op, field, reason)
		}
	}
	return body, nil
}

// suspicious reports whether encoded JSON may hold text that PostgreSQL cannot:
// both defects show as escapes, which honest text hardly ever contains.
func suspicious(body []byte) bool {
	return bytes.Contains(body, []byte(`\u0000`)) || bytes.Contains(body, []byte(`\ufffd`))
}

// badText finds the first field whose text PostgreSQL cannot hold.
func badText(v reflect.Value) (field, reason string) {
	switch v.Kind() {
	case reflect.String:
		switch s := v.String(); {
		case strings.IndexByte(s, 0) >= 0:
			return "the text", "contains a NUL byte"
		case !utf8.ValidString(s):
			return "the text", "is not valid UTF-8"
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return badText(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return "", "" // raw JSON
		}
		for i := range v.Len() {
			if f, r := badText(v.Index(i)); r != "" {
				return f, r
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if _, r := badText(it.Key()); r != "" {
				return "a key", r
			}
			if _, r := badText(it.Value()); r != "" {
				return it.Key().String(), r
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() {
				continue
			}
			if _, r := badText(v.Field(i)); r != "" {
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				if name == "" {
					name = f.Name
				}
				return name, r
			}
		}
	}
	return "", ""
}
