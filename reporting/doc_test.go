package reporting

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever looks up a reader is told there how old its rows may be and who may read
// them.
func TestReadersSayWhoMayReadAndHowOldItIs(t *testing.T) {
	age := regexp.MustCompile(`\blive\b|\bLive\b|\bsnapshots?\b|never changes`)
	who := regexp.MustCompile(`\bmembers\b|has a\s+token|service-role key|everybody`)
	n := 0
	for _, file := range []string{"dashboard.go", "analytics.go", "snapshots.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		check := func(name, doc string) {
			n++
			require.Regexp(t, age, doc, name)
			require.Regexp(t, who, doc, name)
		}
		ast.Inspect(f, func(node ast.Node) bool {
			switch d := node.(type) {
			case *ast.StructType:
				for _, field := range d.Fields.List {
					if len(field.Names) == 1 && field.Names[0].IsExported() {
						check(field.Names[0].Name, field.Doc.Text())
					}
				}
			case *ast.FuncDecl:
				if d.Recv != nil && d.Name.IsExported() && d.Name.Name != "Metadata" { // which has no rows of a tenant
					check(d.Name.Name, d.Doc.Text())
				}
			}
			return true
		})
	}
	require.Equal(t, 12+4+15+5+1, n)
}
