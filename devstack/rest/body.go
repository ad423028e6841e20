package rest

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
)

// payload is a request body: JSON that goes to the database as it came, and
// the keys of its objects.
type payload struct {
	raw   []byte
	keys  []string // sorted; those of the first object of an array
	array bool
	empty bool // an array without elements
	other bool // neither an object nor an array of objects
}

func badBody(message string) *apiError {
	return &apiError{status: http.StatusBadRequest, Code: "PGRST102", Message: message}
}

// readPayload reads the body. uniform says that objects of an array must have
// the same keys.
func (r *request) readPayload(emptyIsObject, uniform bool) (payload, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return payload{}, err
	}
	kind := "application/json"
	if h := r.Header.Get("Content-Type"); h != "" {
		if kind, _, err = mime.ParseMediaType(h); err != nil {
			kind = h
		}
	}
	switch kind {
	case "application/json":
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(raw))
		if err != nil {
			return payload{}, badBody("Empty or invalid form")
		}
		flat := map[string]string{}
		for k, v := range form {
			flat[k] = v[0]
		}
		raw = []byte(mustJSON(flat))
	default:
		return payload{}, &apiError{status: http.StatusBadRequest, Code: "PGRST102", Message: "Content-Type not acceptable: " + kind}
	}
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 && emptyIsObject {
		raw = []byte("{}")
	}
	return parsePayload(raw, uniform)
}

func parsePayload(raw []byte, uniform bool) (payload, error) {
	p := payload{raw: raw}
	if !json.Valid(raw) {
		return p, badBody("Empty or invalid json")
	}
	switch raw[0] {
	case '{':
		var o map[string]json.RawMessage
		if err := json.Unmarshal(raw, &o); err != nil {
			return p, badBody("Empty or invalid json")
		}
		p.keys = slices.Sorted(maps.Keys(o))
	case '[':
		p.array = true
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return p, badBody("Empty or invalid json")
		}
		p.empty = len(list) == 0
		for i, el := range list {
			if el[0] != '{' {
				p.other = true
				break
			}
			var o map[string]json.RawMessage
			if err := json.Unmarshal(el, &o); err != nil {
				return p, badBody("Empty or invalid json")
			}
			if keys := slices.Sorted(maps.Keys(o)); i == 0 {
				p.keys = keys
			} else if uniform && !slices.Equal(keys, p.keys) {
				return p, badBody("All object keys must match")
			}
		}
	default:
		p.other = true
	}
	return p, nil
}
