package parquet_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/workorder-systems/sdk-go/export"
	"github.com/workorder-systems/sdk-go/export/parquet"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
)

func ExampleWrite() {
	rows := func(yield func(org.Department, error) bool) { // as client.Departments.All gives them
		yield(org.Department{ID: "d1", Name: "Line 3"}, nil)
	}
	columns := []query.AnyColumn{org.DepartmentCols.ID, org.DepartmentCols.Name}

	var file bytes.Buffer
	n, err := parquet.Write(context.Background(), &file, rows, export.Columns(columns...))
	fmt.Println(n, err, string(file.Bytes()[:4]))
	// Output: 1 <nil> PAR1
}
