package rest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// payload is a request body: JSON that goes to the database as it came, and
// the keys of its objects.
type payload struct {
	raw   []byte
	keys  []string // sorted; those of the first object of an array
	array bool
	empty bool // an array without elements

	form    url.Values // arguments, when the body is a form
	rawType string     // of PostgreSQL, when the body is one value that is not JSON
}

func badBody(message string) *apiError {
	return &apiError{status: http.StatusBadRequest, Code: "PGRST102", Message: message}
}

// readPayload reads the body.
func (r *request) readPayload() (payload, error) {
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
	case "text/csv":
		if raw, err = csvToJSON(raw); err != nil {
			return payload{}, err
		}
	case "text/plain", "text/xml", "application/octet-stream":
		if r.target.kind == functionTarget {
			return payload{raw: raw, rawType: rawTypes[kind]}, nil
		}
		return payload{}, badBody("Content-Type not acceptable: " + kind)
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(raw))
		if err != nil {
			return payload{}, badBody("Empty or invalid form")
		}
		if r.target.kind == functionTarget {
			return payload{form: form}, nil
		}
		flat := map[string]string{}
		for k, v := range form {
			flat[k] = v[len(v)-1]
		}
		raw = []byte(mustJSON(flat))
	default:
		return payload{}, badBody("Content-Type not acceptable: " + kind)
	}
	raw = bytes.TrimSpace(raw)
	if kind == "application/json" && r.columns != nil {
		return payload{raw: raw, array: !bytes.HasPrefix(raw, []byte("{"))}, nil // for the database to judge
	}
	if len(raw) == 0 && r.target.kind == functionTarget {
		raw = []byte("{}")
	}
	return parsePayload(raw)
}

// parsePayload reads JSON; objects of an array must have the same keys.
func parsePayload(raw []byte) (payload, error) {
	p := payload{raw: raw}
	if !json.Valid(raw) || hasLoneSurrogate(raw) {
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
				return p, badBody("All object keys must match")
			}
			var o map[string]json.RawMessage
			if err := json.Unmarshal(el, &o); err != nil {
				return p, badBody("Empty or invalid json")
			}
			if keys := slices.Sorted(maps.Keys(o)); i == 0 {
				p.keys = keys
			} else if !slices.Equal(keys, p.keys) {
				return p, badBody("All object keys must match")
			}
		}
	default: // any other value counts as an empty array
		p.raw, p.array, p.empty = []byte("[]"), true, true
	}
	return p, nil
}

// hasLoneSurrogate says whether valid JSON escapes half of a surrogate pair, which
// no text can hold.
func hasLoneSurrogate(raw []byte) bool {
	var high bool // the escape before was the first half of a pair
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			if high {
				return true
			}
			i++
			continue
		}
		if raw[i+1] != 'u' {
			if high {
				return true
			}
			i += 2
			continue
		}
		n, err := strconv.ParseUint(string(raw[i+2:i+6]), 16, 16)
		low := err == nil && n&0xfc00 == 0xdc00
		if low != high {
			return true
		}
		high = err == nil && n&0xfc00 == 0xd800
		i += 6
	}
	return high
}

// rawTypes are the types of bodies that are one value.
var rawTypes = map[string]string{"text/plain": "text", "text/xml": "xml", "application/octet-stream": "bytea"}

// csvToJSON makes an array of objects of lines of text under a header. NULL is
// null, everything else is text, for the database to convert.
func csvToJSON(raw []byte) ([]byte, error) {
	r := csv.NewReader(bytes.NewReader(raw))
	r.FieldsPerRecord = -1
	lines, err := r.ReadAll()
	if err != nil {
		return nil, badBody(err.Error())
	}
	if len(lines) == 0 {
		return nil, badBody("not enough input")
	}
	header, lines := lines[0], lines[1:]
	objects := make([]map[string]*string, 0, len(lines))
	for i, line := range lines {
		lines[i] = line[:min(len(line), len(header))] // what has no name is dropped
		if line = lines[i]; len(line) != len(lines[0]) {
			return nil, badBody("All lines must have same number of fields")
		}
		o := make(map[string]*string, len(line))
		for i, v := range line {
			if v == "NULL" {
				o[header[i]] = nil
			} else {
				o[header[i]] = &v
			}
		}
		objects = append(objects, o)
	}
	return json.Marshal(objects)
}
