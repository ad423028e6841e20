package rest

import (
	"maps"
	"net/http"
	"slices"
)

// onlyKey checks that a PUT names exactly one row: by all columns of the primary
// key and nothing else.
func (r *request) onlyKey(rel *relation) error {
	for p, least := range map[string]int64{"limit": 0, "offset": 1} {
		v, _ := r.lookup(p)
		if n, ok := whole(v); ok && n >= least {
			return &apiError{status: http.StatusBadRequest, Code: "PGRST114",
				Message: "limit/offset querystring parameters are not allowed for PUT"}
		}
	}
	named := map[string]bool{}
	plain := true
	for _, c := range r.where {
		plain = plain && c.op == "eq" && !c.negate && c.quant == "" && len(c.field.path) == 0
		named[c.field.name] = true
	}
	key := slices.Sorted(slices.Values(rel.key))
	if !plain || len(key) == 0 || !slices.Equal(key, slices.Sorted(maps.Keys(named))) {
		return &apiError{status: http.StatusMethodNotAllowed, Code: "PGRST105",
			Message: "Filters must include all and only primary key columns with 'eq' operators"}
	}
	return nil
}
