package tabular

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// Column is a column of an export.
type Column struct {
	Name     string // in the export
	Type     reflect.Type
	Nullable bool // pointers, and what is nil or zero where the database has null
	index    []int
}

// Of gives the columns of rows of type t that the options choose: all in the
// order of the row's fields, unless there is a choice.
func (o *Options) Of(t reflect.Type) ([]Column, error) {
	if o.err != nil {
		return nil, o.err
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("rows are %s: only structs have columns", t)
	}
	var all []Column
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported() || name == "-" || f.Anonymous && name == "":
			continue
		case name == "":
			name = f.Name
		}
		c := Column{Name: name, Type: f.Type, index: f.Index, Nullable: len(f.Index) > 1}
		if f.Type.Kind() == reflect.Pointer {
			c.Type, c.Nullable = f.Type.Elem(), true
		}
		all = append(all, c)
	}
	chosen := all
	if o.columns != nil {
		chosen = nil
		for _, name := range o.columns {
			i := slices.IndexFunc(all, func(c Column) bool { return c.Name == name })
			if i < 0 {
				return nil, fmt.Errorf("%s has no column %s", t, name)
			}
			chosen = append(chosen, all[i])
		}
	}
	return o.renamed(t, chosen)
}

func (o *Options) renamed(t reflect.Type, columns []Column) ([]Column, error) {
	if len(columns) == 0 {
		return nil, errNoColumns
	}
	for old, name := range o.names {
		i := slices.IndexFunc(columns, func(c Column) bool { return c.Name == old })
		switch {
		case i < 0:
			return nil, fmt.Errorf("%s has no column %s to rename among those of the export", t, old)
		case name == "":
			return nil, errors.New("column " + old + " is renamed to nothing")
		case !utf8.ValidString(name):
			return nil, errors.New("column " + old + " is renamed to what is no UTF-8")
		}
	}
	out, seen := slices.Clone(columns), map[string]bool{}
	for i := range out {
		if name, ok := o.names[out[i].Name]; ok {
			out[i].Name = name
		}
		if seen[out[i].Name] {
			return nil, fmt.Errorf("two columns are called %s", out[i].Name)
		}
		seen[out[i].Name] = true
	}
	return out, nil
}

// Of gives the column's value in a row, without its pointer; false is null.
func (c *Column) Of(row reflect.Value) (reflect.Value, bool) {
	v, err := row.FieldByIndexErr(c.index)
	if err != nil { // behind a nil pointer
		return reflect.Value{}, false
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return reflect.Value{}, false
		}
		v = v.Elem()
	}
	return v, true
}
