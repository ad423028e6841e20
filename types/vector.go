package types

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// Vector is an embedding, as the pgvector extension keeps it. It is written as
// text, "[1,2.5,3]"; a nil Vector is null.
type Vector []float32

// ParseVector reads text such as "[1,2.5,3]".
func ParseVector(s string) (Vector, error) {
	var v Vector
	err := v.UnmarshalText([]byte(s))
	return v, err
}

// VectorOf makes a vector of numbers such as a model gives. It fails for what is not
// finite and for what a float32 cannot hold.
func VectorOf(numbers []float64) (Vector, error) {
	v := make(Vector, len(numbers))
	for i, f := range numbers {
		if v[i] = float32(f); f == f && !math.IsInf(f, 0) && math.IsInf(float64(v[i]), 0) {
			return nil, fmt.Errorf("element %d of the vector is beyond the range of float32", i)
		}
	}
	if err := v.Check(); err != nil {
		return nil, err
	}
	return v, nil
}

// Check fails for a vector that holds something that is not finite.
func (v Vector) Check() error {
	for i, f := range v {
		if f != f || math.IsInf(float64(f), 0) {
			return fmt.Errorf("element %d of the vector is not finite", i)
		}
	}
	return nil
}

// String gives the vector as "[1,2.5,3]".
func (v Vector) String() string {
	b := []byte{'['}
	for i, f := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, float64(f), 'g', -1, 32)
	}
	return string(append(b, ']'))
}

// MarshalText implements encoding.TextMarshaler. The server takes finite
// numbers only.
func (v Vector) MarshalText() ([]byte, error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	return []byte(v.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *Vector) UnmarshalText(text []byte) error {
	in := bytes.TrimSpace(text)
	if len(in) < 2 || in[0] != '[' || in[len(in)-1] != ']' {
		return badText("vector", text)
	}
	in = bytes.TrimSpace(in[1 : len(in)-1])
	out := make(Vector, 0, bytes.Count(in, []byte{','})+1)
	if len(in) > 0 {
		for part := range bytes.SplitSeq(in, []byte{','}) {
			f, err := strconv.ParseFloat(string(bytes.TrimSpace(part)), 32)
			if err != nil || f != f || math.IsInf(f, 0) {
				return badText("vector", text)
			}
			out = append(out, float32(f))
		}
	}
	*v = out
	return nil
}

// MarshalJSON implements json.Marshaler.
func (v Vector) MarshalJSON() ([]byte, error) {
	if v == nil {
		return []byte("null"), nil
	}
	text, err := v.MarshalText()
	if err != nil {
		return nil, err
	}
	return quoted(text), nil
}

// UnmarshalJSON implements json.Unmarshaler. It takes text, an array of numbers
// and null.
func (v *Vector) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*v = nil
		return nil
	}
	if len(b) > 0 && b[0] == '[' {
		return v.UnmarshalText(b)
	}
	text, err := unquoted("vector", b)
	if err != nil {
		return err
	}
	return v.UnmarshalText(text)
}
