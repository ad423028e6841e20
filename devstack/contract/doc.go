// Package contract takes snapshots of a deployment's public API from its
// database and compares them: what contract/schema.json holds.
package contract

import (
	"github.com/workorder-systems/sdk-go/internal/contract"
)

// The format of a snapshot is shared with the SDK's generator.
type (
	// Schema is a whole snapshot.
	Schema = contract.Schema
	// View is a relation that can be read.
	View = contract.View
	// Column is one column of a View.
	Column = contract.Column
	// Function is a function that can be called.
	Function = contract.Function
	// Arg is one input argument of a Function.
	Arg = contract.Arg
	// Returns is the result of a Function.
	Returns = contract.Returns
	// ResultColumn is one column of a table result.
	ResultColumn = contract.ResultColumn
)

// ReadFile reads a snapshot from a file.
func ReadFile(name string) (*Schema, error) { return contract.ReadFile(name) }
