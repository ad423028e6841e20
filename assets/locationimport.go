package assets

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// ImportLocation is one row of a bulk import. The server trims all values; a
// blank one counts as none. An import cannot give positions.
type ImportLocation struct {
	Name             string       `json:"name"` // required
	Description      string       `json:"description,omitempty"`
	ParentLocationID string       `json:"parent_location_id,omitempty"` // a location that is there already
	LocationType     LocationType `json:"location_type,omitempty"`      // empty: Site
	Code             string       `json:"code,omitempty"`
	AddressLine      string       `json:"address_line,omitempty"`
	ExternalID       string       `json:"external_id,omitempty"`

	// Key is the caller's own name for the row and ParentKey that of the row
	// which is its parent, wherever in the import that stands. They are not sent.
	Key       string `json:"-"`
	ParentKey string `json:"-"`
}

// BulkImportLocationsParams holds the rows to import.
type BulkImportLocationsParams struct {
	TenantID string // optional: the client's tenant
	Rows     []ImportLocation
}

// LocationImport says what a bulk import of locations did.
type LocationImport struct {
	types.BulkImportResult
	// IDs are the ids of the stored rows by their position in the rows of the
	// caller; "" for those that were skipped.
	IDs []string
}

// BulkImport adds many locations. Bad rows (no name, unknown type, code taken,
// parent unknown or of the wrong type, text that cannot be sent) are skipped and
// reported in the result by their index, and so are all rows inside them; good
// ones stay. No rows give an empty result.
//
// The server cannot refer to rows of the same call. So parents given by
// ParentKey are sent before the rows inside them, one call per level of the
// tree. When a later call fails, the result comes with the error and tells what
// the calls before it have stored.
//
// Needs permission location.create.
//
// TypeScript: locations.bulkImport.
func (s *LocationService) BulkImport(ctx context.Context, p BulkImportLocationsParams) (*LocationImport, error) {
	const op = "Locations.BulkImport"
	im := newLocationImport(p.Rows)
	for first := true; ; first = false {
		level := im.next()
		if len(level) == 0 && len(p.Rows) > 0 {
			break
		}
		rows := make([]ImportLocation, len(level))
		for i, at := range level {
			rows[i] = im.rows[at]
		}
		done, err := postgrest.BulkImport(ctx, s.rpc, op, rows, func(raw json.RawMessage) postgrest.Args {
			return bulkImportLocationsArgs{TenantID: p.TenantID, Rows: raw}
		})
		if err == nil {
			err = im.stored(op, level, done)
		}
		if err != nil {
			if first {
				return nil, err
			}
			return im.result(), err
		}
		if len(level) == 0 {
			break
		}
	}
	im.skipRest()
	return im.result(), nil
}

// locationImport is an import under way.
type locationImport struct {
	rows   []ImportLocation
	parent []int    // of each row the row with its ParentKey; -1: none
	state  []uint8  // of each row
	ids    []string // of each row
	errors []types.BulkImportError
}

// The states of a row.
const (
	waiting uint8 = iota
	sent
	skipped
)

func newLocationImport(rows []ImportLocation) *locationImport {
	im := &locationImport{
		rows:   slices.Clone(rows),
		parent: make([]int, len(rows)),
		state:  make([]uint8, len(rows)),
		ids:    make([]string, len(rows)),
		errors: []types.BulkImportError{},
	}
	byKey := make(map[string]int, len(rows))
	for i, row := range rows {
		if row.Key == "" {
			continue
		}
		if other, taken := byKey[row.Key]; taken {
			im.skip(i, fmt.Sprintf("row %d has the same Key", other))
			continue
		}
		byKey[row.Key] = i
	}
	for i, row := range rows {
		im.parent[i] = -1
		if row.ParentKey == "" || im.state[i] == skipped {
			continue
		}
		parent, ok := byKey[row.ParentKey]
		switch {
		case row.ParentLocationID != "":
			im.skip(i, "both ParentKey and ParentLocationID are given")
		case !ok:
			im.skip(i, "no row has the Key that ParentKey names")
		default:
			im.parent[i] = parent
		}
	}
	return im
}

// next are the rows that can be sent: all that wait and whose parent is stored
// or is none.
func (im *locationImport) next() []int {
	var level []int
	for i := range im.rows {
		if im.state[i] != waiting {
			continue
		}
		switch parent := im.parent[i]; {
		case parent < 0:
			level = append(level, i)
		case im.ids[parent] != "":
			im.rows[i].ParentLocationID = im.ids[parent]
			level = append(level, i)
		}
	}
	return level
}

// stored takes the result of sending a level.
func (im *locationImport) stored(op string, level []int, done *types.BulkImportResult) error {
	if done == nil {
		done = &types.BulkImportResult{}
	}
	if got := len(done.CreatedIDs) + len(done.Errors); got != len(level) {
		return sdkerr.New(op, sdkerr.ErrDecode, "the answer tells of %d rows, and %d were sent", got, len(level))
	}
	for _, e := range done.Errors {
		if e.Index < 0 || e.Index >= len(level) || im.state[level[e.Index]] == skipped {
			return sdkerr.New(op, sdkerr.ErrDecode, "the answer refuses row %d of %d, or twice", e.Index, len(level))
		}
		im.skip(level[e.Index], e.Message)
	}
	ids := done.CreatedIDs
	for _, i := range level {
		if im.state[i] == waiting {
			im.state[i], im.ids[i], ids = sent, ids[0], ids[1:]
		}
	}
	return nil
}

// skipRest reports the rows that could never be sent.
func (im *locationImport) skipRest() {
	for i := range im.rows {
		if im.state[i] != waiting {
			continue
		}
		// Up to a row that was skipped, or round a cycle.
		top := im.parent[i]
		for steps := 0; im.state[top] == waiting && im.parent[top] >= 0 && steps <= len(im.rows); steps++ {
			top = im.parent[top]
		}
		if im.state[top] == waiting {
			im.errors = append(im.errors, types.BulkImportError{Index: i, Message: "its ParentKey leads back to itself or to rows that do"})
		} else {
			im.errors = append(im.errors, types.BulkImportError{Index: i, Message: fmt.Sprintf("row %d, which it is inside of, was skipped", top)})
		}
	}
}

func (im *locationImport) skip(i int, message string) {
	im.state[i] = skipped
	im.errors = append(im.errors, types.BulkImportError{Index: i, Message: message})
}

func (im *locationImport) result() *LocationImport {
	out := &LocationImport{IDs: im.ids}
	out.CreatedIDs = slices.DeleteFunc(slices.Clone(im.ids), func(id string) bool { return id == "" })
	out.Errors = im.errors
	slices.SortStableFunc(out.Errors, func(a, b types.BulkImportError) int { return a.Index - b.Index })
	return out
}
