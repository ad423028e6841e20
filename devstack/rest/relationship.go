package rest

import (
	"net/http"
	"slices"
	"strings"
)

type cardinality int

const (
	manyToOne cardinality = iota
	oneToMany
	oneToOne
	manyToMany
)

func (c cardinality) String() string {
	return [...]string{"many-to-one", "one-to-many", "one-to-one", "many-to-many"}[c]
}

// A relationship leads from the rows of one relation to those of another: by a
// foreign key in either direction, over a junction, or by a function.
type relationship struct {
	from, to   *relation
	kind       cardinality
	constraint string
	pairs      []columnPair // of from and to, except for a junction

	junction      *relation
	farConstraint string       // from the junction to the other side
	near, far     []columnPair // of from and the junction; of the junction and to

	function *name // computes the rows
}

type columnPair struct{ from, to string }

func (r *relationship) toOne() bool { return r.kind == manyToOne || r.kind == oneToOne }

// matches says whether a resource of that name and hint means this relationship.
func (r *relationship) matches(target, hint string) bool {
	if r.function != nil {
		return target == r.function.name
	}
	if r.junction != nil {
		return target == r.to.name.name && (hint == "" || hint == r.junction.name.name)
	}
	single := func(side func(columnPair) string, want string) bool {
		return len(r.pairs) == 1 && side(r.pairs[0]) == want
	}
	from := func(p columnPair) string { return p.from }
	to := func(p columnPair) string { return p.to }
	if hint != "" {
		return target == r.to.name.name && (hint == r.constraint || single(from, hint) || single(to, hint))
	}
	if r.from == r.to && target == r.to.name.name {
		return r.kind == oneToMany // the children; the parent goes by its column
	}
	return target == r.to.name.name || target == r.constraint || r.kind == manyToOne && single(from, target)
}

// relate finds the one relationship that an embedded resource means.
func (c *schemaCache) relate(schema string, origin string, rel *relation, e *embed) (*relationship, error) {
	var found []*relationship
	if rel != nil {
		for _, r := range c.related[rel.name] {
			if r.to.schema == schema && r.matches(e.name, e.hint) {
				found = append(found, r)
			}
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, c.unrelated(schema, origin, rel, e)
	}
	return nil, ambiguous(origin, e.name, found)
}

func (c *schemaCache) unrelated(schema, origin string, rel *relation, e *embed) *apiError {
	using := ""
	if e.hint != "" {
		using = " using the hint '" + e.hint + "'"
	}
	err := &apiError{status: http.StatusBadRequest, Code: "PGRST200",
		Message: "Could not find a relationship between '" + origin + "' and '" + e.name + "' in the schema cache",
		Details: "Searched for a foreign key relationship between '" + origin + "' and '" + e.name + "'" + using +
			" in the schema '" + schema + "', but no matches were found."}
	if rel == nil {
		return err
	}
	var targets []string
	for _, r := range c.related[rel.name] {
		if r.to.schema == schema && r.function == nil {
			targets = append(targets, r.to.name.name)
		}
	}
	if like := closest(e.name, targets); like != "" && like != e.name {
		err.Hint = "Perhaps you meant '" + like + "' instead of '" + e.name + "'."
	}
	return err
}

// ambiguous names every candidate, and what to write for each.
func ambiguous(origin, target string, found []*relationship) *apiError {
	type candidate struct {
		Cardinality  string `json:"cardinality"`
		Embedding    string `json:"embedding"`
		Relationship string `json:"relationship"`
	}
	var details []candidate
	var names []string
	for _, r := range found {
		hint, how := r.constraint, ""
		if r.junction != nil {
			hint = r.junction.name.name
			how = hint + " using " + r.constraint + columnsOf(r.near, false) + " and " + r.farConstraint + columnsOf(r.far, true)
		} else {
			how = r.constraint + " using " + r.from.name.name + columnsOf(r.pairs, true) + " and " + r.to.name.name + columnsOf(r.pairs, false)
		}
		details = append(details, candidate{r.kind.String(), origin + " with " + r.to.name.name, how})
		names = append(names, "'"+r.to.name.name+"!"+hint+"'")
	}
	return &apiError{status: http.StatusMultipleChoices, Code: "PGRST201",
		Message: "Could not embed because more than one relationship was found for '" + origin + "' and '" + target + "'",
		Details: details,
		Hint: "Try changing '" + target + "' to one of the following: " + strings.Join(names, ", ") +
			". Find the desired relationship in the 'details' key."}
}

func columnsOf(pairs []columnPair, from bool) string {
	cols := make([]string, len(pairs))
	for i, p := range pairs {
		if cols[i] = p.to; from {
			cols[i] = p.from
		}
	}
	return "(" + strings.Join(cols, ", ") + ")"
}

// foreignKey is a constraint between two tables, exposed or not.
type foreignKey struct {
	name       string
	from, to   uint32
	fromColumn []int16
	toColumn   []int16
	unique     bool
}

// A face is a relation that shows columns of a table: the table itself, or a
// view of it.
type face struct {
	rel     *relation
	columns map[int16]string // of the table by number, as the relation names them
}

// names gives the columns under which the face shows those of the table, or
// nothing when it lacks one.
func (f face) names(columns []int16) []string {
	names := make([]string, len(columns))
	for i, n := range columns {
		name, ok := f.columns[n]
		if !ok {
			return nil
		}
		names[i] = name
	}
	return names
}

// connect makes relationships of foreign keys, between all faces of the tables.
func (c *schemaCache) connect(keys []foreignKey, faces map[uint32][]face) {
	add := func(r *relationship) { c.related[r.from.name] = append(c.related[r.from.name], r) }
	outgoing := map[*relation][]*relationship{}
	var junctions []*relation
	for _, k := range keys {
		for _, a := range faces[k.from] {
			from := a.names(k.fromColumn)
			if from == nil {
				continue
			}
			for _, b := range faces[k.to] {
				to := b.names(k.toColumn)
				if to == nil {
					continue
				}
				there := &relationship{from: a.rel, to: b.rel, kind: manyToOne, constraint: k.name}
				back := &relationship{from: b.rel, to: a.rel, kind: oneToMany, constraint: k.name}
				if k.unique {
					there.kind, back.kind = oneToOne, oneToOne
				}
				for i := range from {
					there.pairs = append(there.pairs, columnPair{from[i], to[i]})
					back.pairs = append(back.pairs, columnPair{to[i], from[i]})
				}
				add(there)
				add(back)
				if outgoing[a.rel] == nil {
					junctions = append(junctions, a.rel)
				}
				outgoing[a.rel] = append(outgoing[a.rel], there)
			}
		}
	}
	for _, j := range junctions {
		for _, near := range outgoing[j] {
			for _, far := range outgoing[j] {
				if near.kind == manyToOne && far.kind == manyToOne && near.constraint != far.constraint && j.keyHolds(near.pairs, far.pairs) {
					r := &relationship{from: near.to, to: far.to, kind: manyToMany, junction: j,
						constraint: near.constraint, farConstraint: far.constraint, far: far.pairs}
					for _, p := range near.pairs {
						r.near = append(r.near, columnPair{p.to, p.from})
					}
					add(r)
				}
			}
		}
	}
}

// keyHolds says whether the columns that both foreign keys start from belong
// to the primary key: that is what makes a relation a junction.
func (r *relation) keyHolds(pairs ...[]columnPair) bool {
	for _, side := range pairs {
		for _, p := range side {
			if !slices.Contains(r.key, p.from) {
				return false
			}
		}
	}
	return true
}
