package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/types"
)

// table holds rows of one type, a column for every field.
type table[T any] struct {
	name, key string
	create    string // the statement that makes it
	upsert    string // the one that writes a row, if it is different
	fields    []int
	keyField  int
}

// tableOf makes the statements for rows of a type.
func tableOf[T any](name, key string) *table[T] {
	t := &table[T]{name: name, key: key}
	rows := reflect.TypeFor[T]()
	var columns, places, defs, sets []string
	for i := range rows.NumField() {
		f := rows.Field(i)
		column, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if column == "" || column == "-" {
			continue
		}
		quoted := pgx.Identifier{column}.Sanitize()
		t.fields = append(t.fields, i)
		columns = append(columns, quoted)
		places = append(places, fmt.Sprintf("$%d", len(columns)))
		def := quoted + " " + sqlType(f.Type)
		if column == key {
			t.keyField = i
			def += " primary key"
		} else {
			sets = append(sets, quoted+" = excluded."+quoted)
		}
		defs = append(defs, def)
	}
	list := strings.Join(columns, ", ")
	t.create = "create table if not exists " + name + " (" + strings.Join(defs, ", ") + ")"
	t.upsert = "insert into " + name + " as t (" + list + ") values (" + strings.Join(places, ", ") + ") on conflict (" + key + ") do update set " +
		strings.Join(sets, ", ") + " where (t." + strings.Join(columns, ", t.") + ") is distinct from (excluded." + strings.Join(columns, ", excluded.") + ")"
	return t
}

// sqlType is the type of a column for values of a type.
func sqlType(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		return "timestamptz"
	case reflect.TypeFor[types.Date]():
		return "date"
	case reflect.TypeFor[decimal.Decimal]():
		return "numeric"
	case reflect.TypeFor[json.RawMessage]():
		return "jsonb"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64:
		return "bigint"
	case reflect.Float64:
		return "double precision"
	case reflect.Slice:
		return "text[]"
	}
	return "text"
}

// write upserts the rows and tells how many were different.
func (t *table[T]) write(ctx context.Context, tx pgx.Tx, rows []T) (written int, err error) {
	var batch pgx.Batch
	for _, row := range rows {
		v := reflect.ValueOf(row)
		args := make([]any, len(t.fields))
		for i, f := range t.fields {
			args[i] = sqlValue(v.Field(f))
		}
		batch.Queue(t.upsert, args...)
	}
	results := tx.SendBatch(ctx, &batch)
	for range rows {
		tag, err := results.Exec()
		if err != nil {
			_ = results.Close()
			return written, err
		}
		written += int(tag.RowsAffected())
	}
	return written, results.Close()
}

// keyOf is the key of a row.
func (t *table[T]) keyOf(row T) string { return reflect.ValueOf(row).Field(t.keyField).String() }

// sqlValue is a value as PostgreSQL takes it.
func sqlValue(v reflect.Value) any {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch x := v.Interface().(type) {
	case time.Time:
		switch {
		case x.Equal(types.FarFuture()):
			return "infinity"
		case x.Equal(types.FarPast()):
			return "-infinity"
		}
		return x
	case types.Date:
		return x.String()
	case decimal.Decimal:
		return x.String()
	case json.RawMessage:
		if x == nil {
			return nil
		}
		return string(x)
	}
	if v.Kind() == reflect.String {
		return v.String() // of a named type too
	}
	return v.Interface()
}
