// Package contract holds the snapshot of the platform's public API that this
// version of the SDK is made for: its views and functions with every column and
// argument. README.md says how to read it. [workorder.Client.Check] compares a
// deployment with it.
//
// [workorder.Client.Check]: https://pkg.go.dev/github.com/workorder-systems/sdk-go#Client.Check
package contract

import _ "embed"

//go:embed schema.json
var schema string

// JSON is the snapshot, schema.json.
func JSON() string { return schema }
