package postgrest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash/fnv"

	"github.com/workorder-systems/sdk-go/query"
)

// cursor is what a query.Cursor holds.
type cursor struct {
	Read   uint32   `json:"r"`           // fingerprint of view and order
	Key    []string `json:"k,omitempty"` // keyset: key of the last row
	Offset int      `json:"o,omitempty"` // else: rows passed
}

func (c cursor) encode() query.Cursor {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	return query.Cursor(base64.RawURLEncoding.EncodeToString(b))
}

var errCursor = errors.New("bad cursor")

func parseCursor(s string, read uint32) (cursor, error) {
	var c cursor
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || json.Unmarshal(b, &c) != nil {
		return cursor{}, errCursor
	}
	if c.Read != read || c.Offset < 0 || (c.Offset == 0) == (len(c.Key) == 0) {
		return cursor{}, errCursor
	}
	return c, nil
}

func hash(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return h.Sum32()
}
