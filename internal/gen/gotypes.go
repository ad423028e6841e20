package main

import (
	"fmt"
	"strings"
)

const modulePath = "github.com/workorder-systems/sdk-go"

// goTypes maps PostgreSQL types to Go types. numeric(18,4) counts as numeric.
var goTypes = map[string]string{
	"bigint":                   "int64",
	"boolean":                  "bool",
	"date":                     "types.Date",
	"double precision":         "float64",
	"integer":                  "int",
	"interval":                 "types.Interval",
	"jsonb":                    "json.RawMessage",
	"numeric":                  "decimal.Decimal",
	"smallint":                 "int",
	"text":                     "string",
	"text[]":                   "[]string",
	"time without time zone":   "types.TimeOfDay",
	"timestamp with time zone": "time.Time",
	"uuid":                     "string",
	"uuid[]":                   "[]string",
	"vector":                   "types.Vector",
}

// imports maps the package names that generated code may mention to import
// paths.
var imports = map[string]string{
	"decimal":   "github.com/shopspring/decimal",
	"json":      "encoding/json",
	"postgrest": modulePath + "/internal/postgrest",
	"query":     modulePath + "/query",
	"queryspec": modulePath + "/internal/queryspec",
	"strconv":   "strconv",
	"strings":   "strings",
	"time":      "time",
	"types":     modulePath + "/types",
}

// goType is the Go type of a value that is never null.
func goType(pgType string) (string, error) {
	base, _, _ := strings.Cut(pgType, "(")
	t, ok := goTypes[base]
	if !ok {
		return "", fmt.Errorf("no Go type for PostgreSQL type %q", pgType)
	}
	return t, nil
}

// nullable is the Go type of a value that may be null. Types whose nil already
// says so stay as they are.
func nullable(goType string) string {
	if strings.HasPrefix(goType, "[]") || goType == "json.RawMessage" || goType == "types.Vector" || goType == "any" {
		return goType
	}
	return "*" + goType
}

// column is the type of a column in a column set and the function that makes
// it.
func column(pgType, goType string) (typ, constructor string) {
	switch element, array := strings.CutPrefix(goType, "[]"); {
	case pgType == "jsonb":
		return "query.JSONColumn", "query.NewJSONColumn"
	case array:
		return "query.ArrayColumn[" + element + "]", "query.NewArrayColumn[" + element + "]"
	case pgType == "text" && goType == "string":
		return "query.TextColumn", "query.NewTextColumn"
	default:
		return "query.Column[" + goType + "]", "query.NewColumn[" + goType + "]"
	}
}
