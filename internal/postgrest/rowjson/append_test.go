package rowjson_test

import "github.com/workorder-systems/sdk-go/internal/postgrest/rowjson"

// decodeRows is rowjson.Decode for rows of a type that is known.
func decodeRows[T any](rows []T, body []byte, marks *rowjson.Marks) ([]T, []*rowjson.Error, error) {
	bad, err := rowjson.Decode(rowjson.RowsOf(&rows), body, marks)
	return rows, bad, err
}

// appendRows decodes rows that are all needed: of a bad one it gives the error, and
// those before it.
func appendRows[T any](rows []T, body []byte) ([]T, error) {
	had := len(rows)
	got, bad, err := decodeRows(rows, body, nil)
	switch {
	case err != nil:
		return rows, err
	case len(bad) > 0:
		return got[:had+bad[0].Row], bad[0]
	}
	return got, nil
}
