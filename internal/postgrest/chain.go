package postgrest

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/postgrest/rowjson"
)

// nothing is the source of a read that no row can match.
type nothing struct{}

func (nothing) fetch(context.Context) ([]byte, error)            { return []byte("[]"), nil }
func (nothing) advance(*rowjson.Marks) (from, to int, err error) { return 0, 0, nil }
func (nothing) done() bool                                       { return true }

// chain is the source of one part after another, for parts whose rows follow
// each other.
type chain struct {
	*read
	parts []part // the current one and those to come
	walk  *walk
}

func (c *chain) done() bool { return len(c.parts) == 0 }

// fetch implements source. Parts that the caller has behind them are left out.
func (c *chain) fetch(ctx context.Context) ([]byte, error) {
	if c.walk == nil && c.start != nil {
		for len(c.parts) > 1 && normal(c.parts[0].last) <= normal(quote(*c.start[0])) {
			c.parts = c.parts[1:]
		}
	}
	if c.walk == nil {
		c.walk = c.newWalk(c.parts[0].where, c.rowColumns(), c.pageSize)
	}
	return c.walk.fetch(ctx)
}

// advance implements source.
func (c *chain) advance(m *rowjson.Marks) (from, to int, err error) {
	from, to, err = c.walk.advance(m)
	if c.walk.done() {
		c.parts, c.walk = c.parts[1:], nil
	}
	return from, to, err
}
