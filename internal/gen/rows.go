package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/contract"
)

// rowsFile writes rows_gen.go: row structs, column sets and view definitions,
// then the rows of function results.
func rowsFile(schema *contract.Schema, p pkg) ([]byte, error) {
	var b bytes.Buffer
	for _, v := range p.Views {
		cv, err := findView(schema, v.Name)
		if err != nil {
			return nil, err
		}
		if err := writeView(&b, v, cv); err != nil {
			return nil, fmt.Errorf("%s: %w", v.Name, err)
		}
	}
	for _, r := range p.RPCs {
		if r.Result == nil {
			continue
		}
		f, err := findFunction(schema, r.Name)
		if err != nil {
			return nil, err
		}
		if err := writeResult(&b, r, f); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	return source(p.Dir, b.Bytes())
}

func writeView(b *bytes.Buffer, v view, cv *contract.View) error {
	cols, err := viewColumns(v, cv)
	if err != nil {
		return err
	}
	has := func(name string) bool {
		return slices.ContainsFunc(cols, func(c rowColumn) bool { return c.Name == name })
	}
	if err := known("Types", slices.Sorted(maps.Keys(v.Types)), has); err != nil {
		return err
	}
	if err := known("Docs", slices.Sorted(maps.Keys(v.Docs)), has); err != nil {
		return err
	}
	key := v.Key
	if key == nil {
		key = []string{"id"}
	}
	if err := known("Key", key, has); err != nil {
		return err
	}

	what := cv.Kind + " " + strings.TrimPrefix(cv.ID(), "public.")
	if cv.Kind == "table" {
		what = "table " + cv.ID()
	}
	doc := v.Row + " is " + v.Doc + ": one row of the " + what
	if v.Columns != nil {
		doc += ", without its wide columns"
	}
	writeRow(b, v.Row, doc+"."+nullNote(cols), cols)

	// Column set.
	comment(b, "", v.Row+"Cols are the columns of "+v.Row+", for filters and ordering.")
	fmt.Fprintf(b, "var %sCols = struct {\n", v.Row)
	for _, c := range cols {
		typ, _ := column(c.PG, c.Base)
		fmt.Fprintf(b, "\t%s %s\n", c.Field, typ)
	}
	b.WriteString("}{\n")
	for _, c := range cols {
		_, make := column(c.PG, c.Base)
		fmt.Fprintf(b, "\t%s: %s(%q),\n", c.Field, make, c.Name)
	}
	b.WriteString("}\n\n")

	// View definition.
	fmt.Fprintf(b, "var %sView = postgrest.ViewDef[%s]{\n", unexported(v.Row), v.Row)
	fmt.Fprintf(b, "\tList: %q,\n\tSchema: %q,\n\tName: %q,\n", v.List, cv.Schema, cv.Name)
	if v.Columns != nil {
		fmt.Fprintf(b, "\tSelect: %q,\n", strings.Join(v.Columns, ","))
	}
	if v.AnyTenant {
		b.WriteString("\tAnyTenant: true,\n")
	}
	if v.AllTenants {
		if err := known("AllTenants", []string{"tenant_id"}, has); err != nil {
			return err
		}
		b.WriteString("\tAllTenants: true,\n")
	}
	if v.ServiceKey {
		b.WriteString("\tServiceKey: true,\n")
	}
	fmt.Fprintf(b, "\tKey: %#v,\n", key)
	var nullKey []string
	for _, k := range key {
		if i := slices.IndexFunc(cols, func(c rowColumn) bool { return c.Name == k }); cols[i].Nullable {
			nullKey = append(nullKey, k)
		}
	}
	switch {
	case len(key) == 1 && nullKey != nil:
		return fmt.Errorf("key column %s may be null", key[0])
	case nullKey != nil:
		fmt.Fprintf(b, "\tNullKey: %#v,\n", nullKey)
	}
	if v.Order != nil {
		b.WriteString("\tOrder: []queryspec.Order{\n")
		for _, o := range v.Order {
			name, dir, _ := strings.Cut(o, " ")
			i := slices.IndexFunc(cols, func(c rowColumn) bool { return c.Name == name })
			switch {
			case i < 0:
				return known("Order", []string{name}, has)
			case cols[i].Nullable:
				return fmt.Errorf("order column %s may be null", name)
			case dir == "":
				fmt.Fprintf(b, "\t\t{Column: %q},\n", name)
			case dir == "desc":
				fmt.Fprintf(b, "\t\t{Column: %q, Desc: true, NullsFirst: true},\n", name)
			default:
				return fmt.Errorf("order %q is neither ascending nor desc", o)
			}
		}
		b.WriteString("\t},\n")
	}
	b.WriteString("}\n\n")
	return nil
}

// rowColumn is one field of a row.
type rowColumn struct {
	Name     string // column
	Field    string // Go name
	PG       string // PostgreSQL type
	Base     string // Go type of a value
	Type     string // Go type of the field: Base, or its nullable form
	Nullable bool
	Doc      string
}

func viewColumns(v view, cv *contract.View) ([]rowColumn, error) {
	all := cv.Columns
	if v.Columns != nil {
		all = nil
		for _, name := range v.Columns {
			i := slices.IndexFunc(cv.Columns, func(c contract.Column) bool { return c.Name == name })
			if i < 0 {
				return nil, fmt.Errorf("no column %s", name)
			}
			all = append(all, cv.Columns[i])
		}
	}
	var out []rowColumn
	for _, c := range all {
		rc, err := newRowColumn(c.Name, c.Type, c.Nullable, v.Types, v.Docs)
		if err != nil {
			return nil, err
		}
		out = append(out, rc)
	}
	return out, nil
}

func newRowColumn(name, pgType string, null bool, types, docs map[string]string) (rowColumn, error) {
	base := types[name]
	if base == "" {
		var err error
		if base, err = goType(pgType); err != nil {
			return rowColumn{}, fmt.Errorf("column %s: %w", name, err)
		}
	}
	c := rowColumn{
		Name: name, Field: exported(name), PG: pgType,
		Base: base, Type: base, Nullable: null, Doc: docs[name],
	}
	if null {
		c.Type = nullable(base)
	}
	return c, nil
}

// nullNote says what nil means, for rows that have such a field.
func nullNote(cols []rowColumn) string {
	for _, c := range cols {
		if c.Nullable {
			return " A nil field is null in the database."
		}
	}
	return ""
}

func writeRow(b *bytes.Buffer, name, doc string, cols []rowColumn) {
	comment(b, "", doc)
	fmt.Fprintf(b, "type %s struct {\n", name)
	for _, c := range cols {
		fmt.Fprintf(b, "\t%s %s `json:%q`", c.Field, c.Type, c.Name)
		if c.Doc != "" {
			b.WriteString(" // " + c.Doc)
		}
		b.WriteByte('\n')
	}
	b.WriteString("}\n\n")
}

func writeResult(b *bytes.Buffer, r rpc, f *contract.Function) error {
	var fields []field
	switch {
	case f.Returns.Kind == "table" && r.Result.Columns == nil:
		for _, c := range f.Returns.Columns {
			fields = append(fields, field(c))
		}
	case f.Returns.Kind == "setof" && r.Result.Columns != nil:
		fields = r.Result.Columns
	default:
		return fmt.Errorf("result of kind %s needs no row of its own here", f.Returns.Kind)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(fields, func(c field) bool { return c.Name == name })
	}
	for _, names := range [][]string{r.Result.NotNull, slices.Sorted(maps.Keys(r.Result.Types)), slices.Sorted(maps.Keys(r.Result.Docs))} {
		if err := known("Result", names, has); err != nil {
			return err
		}
	}
	var cols []rowColumn
	for _, c := range fields {
		rc, err := newRowColumn(c.Name, c.Type, !slices.Contains(r.Result.NotNull, c.Name), r.Result.Types, r.Result.Docs)
		if err != nil {
			return err
		}
		cols = append(cols, rc)
	}
	doc := r.Result.Row + " is " + r.Result.Doc + ": one row of the result of " + r.Name + "."
	writeRow(b, r.Result.Row, doc+nullNote(cols), cols)
	return nil
}
