package changes

import (
	"encoding/json"
	"hash/fnv"
	"reflect"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// fields finds the key and updated_at in rows of one type.
type fields struct {
	key     []int
	updated int
}

func fieldsOf[T any](op, view string, key []string) (*fields, error) {
	t := reflect.TypeFor[T]()
	index := map[string]int{}
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			index[name] = i
		}
	}
	i, ok := index["updated_at"]
	if !ok || t.Field(i).Type != reflect.TypeFor[time.Time]() {
		return nil, sdkerr.New(op, sdkerr.ErrInvalidInput, "%s has no updated_at that is always there: compare whole rows instead", view)
	}
	f := &fields{updated: i}
	for _, name := range key {
		i, ok := index[name]
		if !ok {
			return nil, sdkerr.New(op, sdkerr.ErrInvalidInput, "rows of %s have no field for the key column %s", view, name)
		}
		f.key = append(f.key, i)
	}
	if len(key) == 0 {
		return nil, sdkerr.New(op, sdkerr.ErrInvalidInput, "%s has no key", view)
	}
	return f, nil
}

// of gives the key of a row as JSON and its state.
func (f *fields) of(op string, row any) (string, seen, error) {
	v := reflect.ValueOf(row)
	values := make([]any, len(f.key))
	for i, n := range f.key {
		values[i] = v.Field(n).Interface()
	}
	key, err := json.Marshal(values)
	if err != nil {
		return "", seen{}, sdkerr.New(op, sdkerr.ErrDecode, "key of a row: %v", err)
	}
	whole, err := pgjson.Marshal(row)
	if err != nil {
		return "", seen{}, sdkerr.New(op, sdkerr.ErrDecode, "row with the key %s: %v", key, err)
	}
	sum := fnv.New64a()
	_, _ = sum.Write(whole)
	return string(key), seen{At: v.Field(f.updated).Interface().(time.Time), Sum: sum.Sum64()}, nil
}

// textField gives the value of the only key column, where that is text.
func textField[T any](key []string) (func(T) string, bool) {
	t := reflect.TypeFor[T]()
	if len(key) != 1 || t.Kind() != reflect.Struct {
		return nil, false
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == key[0] && t.Field(i).Type.Kind() == reflect.String {
			return func(row T) string { return reflect.ValueOf(row).Field(i).String() }, true
		}
	}
	return nil, false
}
