package search

import (
	"encoding/json"
	"fmt"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// Dimensions is how many numbers every vector has.
const Dimensions = 1536

// checkVector refuses what the server does not take, and the vector of zeros,
// which it takes: that is like nothing and yet passes every threshold.
func checkVector(op, field string, v types.Vector) error {
	if v == nil {
		return sdkerr.Required(op, field)
	}
	if len(v) != Dimensions {
		return sdkerr.Invalid(op, field, fmt.Sprintf("must have %d numbers, not %d", Dimensions, len(v)))
	}
	if err := v.Check(); err != nil {
		return sdkerr.Invalid(op, field, err.Error())
	}
	for _, f := range v {
		if f != 0 {
			return nil
		}
	}
	return sdkerr.Invalid(op, field, "is all zeros, which has no direction")
}

// threshold is the least score of a search, null for none.
type threshold struct{ value *float64 }

func (t threshold) MarshalJSON() ([]byte, error) { return json.Marshal(t.value) }
