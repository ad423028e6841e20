// Package tabular turns rows into columns: what the exports have in common.
package tabular

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/queryspec"
	"github.com/workorder-systems/sdk-go/query"
)

// Options say what an export writes.
type Options struct {
	columns  []string
	names    map[string]string // column → what it is called in the export
	Null     string            // how CSV shows null, when HasNull
	HasNull  bool
	Guard    bool
	Progress func(Progress)
	Skip     func(error)
	err      error
}

// Option sets one of Options.
type Option func(*Options)

// Progress is how far an export has come.
type Progress struct {
	Rows  int64
	Bytes int64
}

// Columns chooses columns, in their order.
func (o *Options) Columns(columns ...query.AnyColumn) {
	for _, name := range o.namesOf(columns) {
		if slices.Contains(o.columns, name) {
			o.Fail(fmt.Errorf("column %s is chosen twice", name))
		}
		o.columns = append(o.columns, name)
	}
}

// Rename sets what a column is called in the export.
func (o *Options) Rename(column query.AnyColumn, name string) {
	if o.names == nil {
		o.names = map[string]string{}
	}
	for _, c := range o.namesOf([]query.AnyColumn{column}) {
		o.names[c] = name
	}
}

// Fail remembers the first thing that is wrong with the options.
func (o *Options) Fail(err error) {
	if o.err == nil {
		o.err = err
	}
}

func (o *Options) namesOf(columns []query.AnyColumn) []string {
	var names []string
	for _, c := range columns {
		var spec queryspec.Spec
		query.Columns(c)(&spec) // which knows what is no column
		if spec.Err != nil {
			o.Fail(spec.Err)
			continue
		}
		name := spec.Columns[0]
		if strings.HasPrefix(name, `"`) {
			name = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(name[1 : len(name)-1])
		}
		names = append(names, name)
	}
	return names
}

var errNoColumns = errors.New("there is no column to export")
