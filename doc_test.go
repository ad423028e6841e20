package workorder_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
)

// An alias of an internal type shows neither fields nor methods in the
// documentation, so its comment lists them. This keeps the lists true.
func TestAliasesListWhatTheyHave(t *testing.T) {
	comments := map[string]string{}
	for _, file := range []string{"options.go", "errors.go", "extend.go", "observer.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, d := range f.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE && len(g.Specs) == 1 {
				if spec, ok := g.Specs[0].(*ast.TypeSpec); ok {
					comments[spec.Name.Name] = g.Doc.Text()
				}
			}
		}
	}
	field := regexp.MustCompile(`(?m)^\t\t(\w+)( |$)`)
	for name, typ := range map[string]reflect.Type{
		"RetryPolicy":  reflect.TypeFor[workorder.RetryPolicy](),
		"CallInfo":     reflect.TypeFor[workorder.CallInfo](),
		"Token":        reflect.TypeFor[workorder.Token](),
		"SdkError":     reflect.TypeFor[workorder.SdkError](),
		"Observer":     reflect.TypeFor[workorder.Observer](),
		"CallStart":    reflect.TypeFor[workorder.CallStart](),
		"CallDone":     reflect.TypeFor[workorder.CallDone](),
		"AttemptStart": reflect.TypeFor[workorder.AttemptStart](),
		"AttemptDone":  reflect.TypeFor[workorder.AttemptDone](),
		"RefreshDone":  reflect.TypeFor[workorder.RefreshDone](),
	} {
		var listed, has []string
		for _, m := range field.FindAllStringSubmatch(comments[name], -1) {
			listed = append(listed, m[1])
		}
		for f := range typ.Fields() { // an embedded one stands for its own
			if f.IsExported() {
				has = append(has, f.Name)
			}
		}
		require.Equal(t, has, listed, name)
	}

	method := regexp.MustCompile(`(?m)^\t(\w+)\(`)
	var listed []string
	for _, m := range method.FindAllStringSubmatch(comments["View"], -1) {
		listed = append(listed, m[1])
	}
	var has []string
	for m := range reflect.TypeFor[workorder.View[org.Tenant]]().Methods() {
		has = append(has, m.Name)
	}
	require.ElementsMatch(t, has, listed)
}
