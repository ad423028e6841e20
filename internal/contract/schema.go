// Package contract is the format of contract/schema.json, the snapshot of a
// deployment's public API: its views and functions with every column and
// argument.
package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// Schema is a whole snapshot.
type Schema struct {
	Version   string     `json:"version"`
	Views     []View     `json:"views"`
	Functions []Function `json:"functions"`
}

// View is a relation that can be read: a view, materialized view or table.
type View struct {
	Schema  string   `json:"schema"`
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`
	Select  []string `json:"select"` // API roles that may read it
	Columns []Column `json:"columns"`
}

// Column is one column of a View. Nullable says that a row may hold null.
type Column struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Nullable bool   `json:"nullable"`
}

// Function is a function that can be called.
type Function struct {
	Schema     string   `json:"schema"`
	Name       string   `json:"name"`
	Volatility string   `json:"volatility"` // volatile, stable or immutable
	Execute    []string `json:"execute"`    // API roles that may call it
	Args       []Arg    `json:"args"`
	Returns    Returns  `json:"returns"`
}

// Arg is one input argument of a Function. An argument that is not required
// has the SQL expression of its default.
type Arg struct {
	Name     string  `json:"name"`
	Type     string  `json:"type"`
	Required bool    `json:"required"`
	Default  *string `json:"default,omitempty"`
}

// Returns is the result of a Function: a scalar or a set of Type, or a table
// of Columns.
type Returns struct {
	Kind    string         `json:"kind"`
	Type    string         `json:"type,omitempty"`
	Columns []ResultColumn `json:"columns,omitempty"`
}

// ResultColumn is one column of a table result. The database knows nothing of
// its nullability.
type ResultColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// ID is the qualified name of the view, such as "public.v_tenants".
func (v *View) ID() string { return v.Schema + "." + v.Name }

// ID is the qualified name of the function, such as "public.rpc_create_tenant".
func (f *Function) ID() string { return f.Schema + "." + f.Name }

// Parse reads a snapshot from JSON.
func Parse(data []byte) (*Schema, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var s Schema
	if err := dec.Decode(&s); err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	return &s, nil
}

// ReadFile reads a snapshot from a file.
func ReadFile(name string) (*Schema, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	return Parse(data)
}

// IDs lists the qualified names of all views and functions, in order.
func (s *Schema) IDs() []string {
	out := make([]string, 0, len(s.Views)+len(s.Functions))
	for i := range s.Views {
		out = append(out, s.Views[i].ID())
	}
	for i := range s.Functions {
		out = append(out, s.Functions[i].ID())
	}
	return out
}

// Filter is the part of the snapshot whose qualified names keep accepts.
func (s *Schema) Filter(keep func(id string) bool) *Schema {
	out := &Schema{Version: s.Version}
	for i := range s.Views {
		if keep(s.Views[i].ID()) {
			out.Views = append(out.Views, s.Views[i])
		}
	}
	for i := range s.Functions {
		if keep(s.Functions[i].ID()) {
			out.Functions = append(out.Functions, s.Functions[i])
		}
	}
	return out
}
