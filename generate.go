package workorder

//go:generate go run ./internal/gen
