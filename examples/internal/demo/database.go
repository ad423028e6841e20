// Package demo holds what the examples need to show themselves on a local stack.
package demo

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

// NewDatabase makes a database on the server of another one and gives its address.
func NewDatabase(ctx context.Context, beside, name string) (string, error) {
	db, err := pgx.Connect(ctx, beside)
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close(ctx) }()
	name += "_" + strings.ToLower(rand.Text()[:10])
	if _, err := db.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize()); err != nil {
		return "", err
	}
	u, err := url.Parse(beside)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}
