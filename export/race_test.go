//go:build race

package export_test

const manyRows = 100_000
