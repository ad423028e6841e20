// Command gen writes the generated files of the resource packages from
// contract/schema.json: rows_gen.go with the rows and columns of views, and
// rpc_gen.go with the arguments of functions. Run it in the module's root:
//
//	go run ./internal/gen
//
// Which view and function goes where, and under which name, is the map in the
// files map_*.go. Everything else comes from the snapshot.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/workorder-systems/sdk-go/internal/contract"
)

func main() {
	root := flag.String("root", ".", "directory of the module")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	schema, err := contract.ReadFile(filepath.Join(root, "contract", "schema.json"))
	if err != nil {
		return err
	}
	files, err := Generate(schema, packages)
	if err != nil {
		return err
	}
	for _, f := range files {
		name := filepath.Join(root, filepath.FromSlash(f.Name))
		old, err := os.ReadFile(name)
		if err == nil && string(old) == string(f.Data) {
			continue
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
