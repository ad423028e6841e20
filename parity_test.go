package workorder_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
)

// docs/parity.md names what there is: every client.… in its tables exists, and
// every method of every service stands in them.
func TestParityNamesWhatThereIs(t *testing.T) {
	b, err := os.ReadFile("docs/parity.md")
	require.NoError(t, err)
	named := map[string]bool{}
	for _, line := range strings.Split(string(b), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 5 {
			continue
		}
		service := ""
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[2], -1) {
			name, _, _ := strings.Cut(m[1], "(")
			if rest, ok := strings.CutPrefix(name, "client."); ok {
				if path := strings.Split(rest, "."); len(path) > 1 {
					service = path[0]
				} else {
					service = ""
				}
				name = rest
			} else if service != "" && !strings.Contains(name, " ") {
				name = service + "." + name // goes on with the service of the name before
			} else {
				continue
			}
			if exists(reflect.TypeFor[*workorder.Client](), strings.Split(name, ".")) {
				named[name] = true
			} else if strings.HasPrefix(m[1], "client.") {
				assert.Fail(t, "docs/parity.md names what does not exist", "%s", m[1])
			}
		}
	}

	client := reflect.TypeFor[workorder.Client]()
	for i := range client.NumField() {
		f := client.Field(i)
		if !f.IsExported() || named[f.Name] {
			continue // named as a whole
		}
		for _, method := range ownMethods(f.Type) {
			assert.True(t, named[f.Name+"."+method], "docs/parity.md lacks client.%s.%s", f.Name, method)
		}
	}
}

// exists follows fields to a method or a field.
func exists(t reflect.Type, path []string) bool {
	for i, name := range path {
		if t.Kind() != reflect.Pointer {
			t = reflect.PointerTo(t)
		}
		if _, ok := t.MethodByName(name); ok {
			return i == len(path)-1
		}
		f, ok := t.Elem().FieldByName(name)
		if !ok {
			return false
		}
		t = f.Type
	}
	return true
}

// readers are what every view has.
var readers = map[string]bool{"List": true, "All": true, "Page": true, "Get": true, "Count": true}

// ownMethods are the methods of a service beyond those of its view.
func ownMethods(t reflect.Type) []string {
	var names []string
	p := reflect.PointerTo(t)
	for i := range p.NumMethod() {
		if name := p.Method(i).Name; !readers[name] {
			names = append(names, name)
		}
	}
	return names
}
