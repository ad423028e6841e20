package postgrest

import (
	"encoding/base64"
	"encoding/json"
	"hash/fnv"
	"slices"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// cursor is what a query.Cursor holds.
type cursor struct {
	Read  uint32 `json:"r"` // fingerprint of view and order
	Place place  `json:"p"` // of the last row
}

func (r *read) cursor(at place) query.Cursor {
	b, err := json.Marshal(cursor{Read: r.fingerprint(), Place: at})
	if err != nil {
		panic(err) // strings always encode
	}
	return query.Cursor(base64.RawURLEncoding.EncodeToString(b))
}

// parseCursor gives the place that the caller's cursor marks, nil without one.
func (r *read) parseCursor() (place, error) {
	if r.spec.After == "" {
		return nil, nil
	}
	var c cursor
	b, err := base64.RawURLEncoding.DecodeString(r.spec.After)
	if err != nil || json.Unmarshal(b, &c) != nil || c.Read != r.fingerprint() || !r.holds(c.Place) {
		return nil, sdkerr.New(r.op, sdkerr.ErrInvalidInput, "the cursor of query.After is not from this view in this order")
	}
	return c.Place, nil
}

// holds tells whether a row of the read can stand in the place, which users may
// have made up.
func (r *read) holds(at place) bool {
	return slices.EqualFunc(at, r.columns, func(v *string, c column) bool {
		return v == nil && !c.notNull && (!c.key || c.nullKey) || v != nil && pgjson.Text(*v) == nil
	})
}

// fingerprint tells reads apart whose cursors must not be mixed up.
func (r *read) fingerprint() uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(r.def.Schema + "." + r.def.Name + "?" + r.def.Select + "&" + r.orderText()))
	return h.Sum32()
}
