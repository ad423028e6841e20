package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Format writes the snapshot in the layout of contract/schema.json: one view
// or function per line, so that a change of one object is a change of one line.
func (s *Schema) Format() ([]byte, error) {
	var b bytes.Buffer
	version, err := line(s.Version)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "{\n\"version\": %s,\n\"views\": [\n", version)
	for i := range s.Views {
		if err := item(&b, s.Views[i], i == len(s.Views)-1); err != nil {
			return nil, err
		}
	}
	b.WriteString("],\n\"functions\": [\n")
	for i := range s.Functions {
		if err := item(&b, s.Functions[i], i == len(s.Functions)-1); err != nil {
			return nil, err
		}
	}
	b.WriteString("]\n}\n")
	return b.Bytes(), nil
}

// MarshalJSON writes nil lists as [], which is what readers of the file expect.
func (v View) MarshalJSON() ([]byte, error) {
	type plain View
	v.Select = notNil(v.Select)
	v.Columns = notNil(v.Columns)
	return marshal(plain(v))
}

// MarshalJSON writes nil lists as [].
func (f Function) MarshalJSON() ([]byte, error) {
	type plain Function
	f.Execute = notNil(f.Execute)
	f.Args = notNil(f.Args)
	return marshal(plain(f))
}

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func item(b *bytes.Buffer, v any, last bool) error {
	text, err := line(v)
	if err != nil {
		return err
	}
	b.Write(text)
	if !last {
		b.WriteByte(',')
	}
	b.WriteByte('\n')
	return nil
}

// line encodes v on one line with a space after each comma and colon.
func line(v any) ([]byte, error) {
	compact, err := marshal(v)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(compact)+len(compact)/8)
	quoted, escaped := false, false
	for _, c := range compact {
		out = append(out, c)
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == ':'):
			out = append(out, ' ')
		}
	}
	return out, nil
}

// marshal is json.Marshal that leaves <, > and & readable.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
