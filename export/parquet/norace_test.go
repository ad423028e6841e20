//go:build !race

package parquet_test

const manyRows = 1_000_000
