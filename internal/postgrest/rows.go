package postgrest

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/queryspec"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// ShortestCut is the number of rows from which on the answer of a function may be
// cut off. Servers cut at 1,000 unless told otherwise.
const ShortestCut = 100

// Rows calls a function that gives a set of rows and changes nothing. The server
// cuts such an answer off as it does that of a view, so Rows asks until it has
// them all, which come in the order of key: columns that are never null and
// identify a row, whose values the function values gives.
func Rows[R any](ctx context.Context, c Caller, op string, args Args, key []string, values func(R) []string) ([]R, error) {
	args, err := c.inTenant(ctx, op, args)
	if err != nil {
		return nil, err
	}
	columns, order := make([]column, len(key)), make([]string, len(key))
	for i, k := range key {
		columns[i] = column{Order: queryspec.Order{Column: k}, name: k, key: true, notNull: true}
		order[i] = k + ".asc"
	}
	rows := []R{}
	var at place
	for {
		query := url.Values{"order": {strings.Join(order, ",")}, "limit": {strconv.Itoa(maxRows)}}
		if at != nil {
			query.Set("and", "("+behind(columns, at, false)+")")
		}
		resp, err := c.send(ctx, op, args.RPC(), args, sending{query: query.Encode(), safe: true})
		if err != nil {
			return nil, err
		}
		page, err := decodeValue[[]R](op, resp.Body)
		if err != nil {
			return nil, err
		}
		n, longest := len(page), c.conn.LongestAnswer()
		c.conn.SawAnswer(n)
		rows = append(rows, page...)
		if n < ShortestCut || n < maxRows && n < longest {
			return rows, nil
		}
		next := make(place, len(key))
		for i, v := range values(page[n-1]) {
			next[i] = &v
		}
		if at != nil && next.equal(at) {
			return nil, sdkerr.New(op, sdkerr.ErrDecode, "the server answers with the same rows twice")
		}
		at = next
	}
}
