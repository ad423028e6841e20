package rest

import "net/http"

// embed is a related resource inside a select, with what the query string says
// about it.
type embed struct {
	name   string
	hint   string
	alias  string
	spread bool
	inner  bool
	items  []selectItem

	where  []condition
	order  []orderTerm
	window window

	rel *relationship // found by resolve
	sql string        // name of the lateral join
}

// key is the name of the resource in the answer and in the query string.
func (e *embed) key() string {
	if e.alias != "" {
		return e.alias
	}
	return e.name
}

// find follows a path of names into the related resources of items.
func find(items []selectItem, path []string) (*embed, error) {
	var at *embed
	for _, name := range path {
		at = nil
		for _, it := range items {
			if it.embed != nil && it.embed.key() == name {
				at = it.embed
				break
			}
		}
		if at == nil {
			return nil, notEmbedded(name)
		}
		items = at.items
	}
	return at, nil
}

func notEmbedded(name string) *apiError {
	return &apiError{status: http.StatusBadRequest, Code: "PGRST108",
		Message: "'" + name + "' is not an embedded resource in this request",
		Hint:    "Verify that '" + name + "' is included in the 'select' query parameter."}
}

// embedOf is the resource among items that a condition on f is about, if any.
func embedOf(items []selectItem, f field) *embed {
	if len(f.path) > 0 {
		return nil
	}
	e, err := find(items, []string{f.name})
	if err != nil {
		return nil
	}
	return e
}

// onlyNull checks that conditions ask of related resources only whether there
// are any, for a resource with all that are embedded in it.
func onlyNull(items []selectItem, where []condition) error {
	for _, c := range where {
		if err := c.onlyNull(items); err != nil {
			return err
		}
	}
	for _, it := range items {
		if it.embed == nil {
			continue
		}
		if err := onlyNull(it.embed.items, it.embed.where); err != nil {
			return err
		}
	}
	return nil
}

func (c condition) onlyNull(items []selectItem) error {
	for _, child := range c.children {
		if err := child.onlyNull(items); err != nil {
			return err
		}
	}
	if e := embedOf(items, c.field); c.join == "" && e != nil && (c.op != "is" || c.value != "null") {
		return &apiError{status: http.StatusBadRequest, Code: "PGRST120",
			Message: "Bad operator on the '" + e.name + "' embedded resource",
			Details: "Only is null or not is null filters are allowed on embedded resources"}
	}
	return nil
}

// resolve finds the relationships of all resources in items.
func (c *schemaCache) resolve(schema, origin string, rel *relation, items []selectItem) error {
	for _, it := range items {
		e := it.embed
		if e == nil {
			continue
		}
		var err error
		if e.rel, err = c.relate(schema, origin, rel, e); err != nil {
			return err
		}
		if err := c.resolve(schema, e.rel.to.name.name, e.rel.to, e.items); err != nil {
			return err
		}
	}
	return nil
}

// outputs are the names of the columns that items give.
func outputs(rel *relation, items []selectItem) []string {
	var names []string
	for _, it := range items {
		switch {
		case it.star:
			for _, c := range rel.columns {
				names = append(names, c.name)
			}
		case it.embed == nil && it.alias != "":
			names = append(names, it.alias)
		case it.embed == nil:
			names = append(names, it.outputName())
		case it.embed.spread:
			names = append(names, outputs(it.embed.rel.to, it.embed.items)...)
		case len(it.embed.items) > 0:
			names = append(names, it.embed.key())
		}
	}
	return names
}
