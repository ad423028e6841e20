package rest

import (
	"net/http"
	"sort"
	"strings"
)

func noRelation(c *schemaCache, n name) *apiError {
	var candidates []string
	for have := range c.relations {
		if have.schema == n.schema {
			candidates = append(candidates, have.name)
		}
	}
	e := &apiError{status: http.StatusNotFound, Code: "PGRST205",
		Message: "Could not find the table '" + n.String() + "' in the schema cache"}
	if like := closest(n.name, candidates); like != "" {
		e.Hint = "Perhaps you meant the table '" + n.schema + "." + like + "'"
	}
	return e
}

// noFunction says what was searched for and which function comes closest: an
// overload with similar arguments, else a function with a similar name.
func noFunction(c *schemaCache, n name, keys []string, p *payload) *apiError {
	list := strings.Join(keys, ", ")
	shown, searched := "("+list+")", " with parameter "+list
	switch {
	case len(keys) == 0:
		shown, searched = " without parameters", " without parameters"
	case len(keys) > 1:
		searched = " with parameters " + list
	}
	switch {
	case p != nil && p.rawType != "":
		shown, searched = "", " with a single unnamed "+p.rawType+" parameter"
	case p != nil:
		searched += " or with a single unnamed json/jsonb parameter"
	}
	e := &apiError{status: http.StatusNotFound, Code: "PGRST202",
		Message: "Could not find the function " + n.String() + shown + " in the schema cache",
		Details: "Searched for the function " + n.String() + searched + ", but no matches were found in the schema cache."}
	if overloads := c.functions[n]; len(overloads) > 0 {
		var candidates []string
		for _, f := range overloads {
			candidates = append(candidates, strings.Join(f.argNames(), ", "))
		}
		if like := closest(list, candidates); like != "" {
			e.Hint = "Perhaps you meant to call the function " + n.String() + "(" + like + ")"
		}
		return e
	}
	var candidates []string
	for have := range c.functions {
		if have.schema == n.schema {
			candidates = append(candidates, have.name)
		}
	}
	if like := closest(n.name, candidates); like != "" {
		e.Hint = "Perhaps you meant to call the function " + n.schema + "." + like
	}
	return e
}

// closest finds the candidate that shares the most trigrams with s, if any is
// near enough to be worth naming.
func closest(s string, candidates []string) string {
	sort.Strings(candidates)
	want := trigrams(s)
	best, bestScore := "", 0.33
	for _, c := range candidates {
		have := trigrams(c)
		shared := 0
		for g := range want {
			if have[g] {
				shared++
			}
		}
		if score := float64(2*shared) / float64(len(want)+len(have)); score > bestScore {
			best, bestScore = c, score
		}
	}
	return best
}

func trigrams(s string) map[string]bool {
	r := []rune("-" + strings.ToLower(s) + "-")
	set := map[string]bool{}
	for i := 0; i+3 <= len(r); i++ {
		set[string(r[i:i+3])] = true
	}
	if len(set) == 0 {
		set[string(r)] = true
	}
	return set
}
