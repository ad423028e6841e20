//go:build !race

package export_test

const manyRows = 1_000_000
