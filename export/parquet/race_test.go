//go:build race

package parquet_test

// The race detector takes ten times as long.
const manyRows = 200_000
