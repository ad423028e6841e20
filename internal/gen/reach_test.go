package main

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/contract"
)

const (
	rootDir       = "../.."
	unreachedFile = "contract/unreached.txt"
)

var shrink = flag.Bool("shrink", false, "take what has become reachable off "+unreachedFile)

// TestEveryObjectIsReachable proves that every view and function of the
// contract can be used through a public method of the SDK, or stands on the
// list of exceptions with a reason. The list can only shrink: an entry that has
// become reachable fails the test until it is taken off (-shrink does it).
func TestEveryObjectIsReachable(t *testing.T) {
	schema, err := contract.ReadFile(filepath.Join(rootDir, "contract", "schema.json"))
	require.NoError(t, err)
	listed, lines := readUnreached(t)
	src, err := loadSource(os.DirFS(rootDir))
	require.NoError(t, err)
	reached := src.reach()

	var stale []string
	for _, id := range schema.IDs() {
		switch {
		case !reached[id] && listed[id] == "":
			t.Errorf("%s: no public method uses it, and it is not in %s", id, unreachedFile)
		case reached[id] && listed[id] != "":
			stale = append(stale, id)
		}
	}
	ids := schema.IDs()
	for id := range listed {
		if !slices.Contains(ids, id) {
			t.Errorf("%s: in %s, but not in the contract", id, unreachedFile)
		}
	}
	if *shrink && len(stale) > 0 {
		lines = slices.DeleteFunc(lines, func(line string) bool {
			id, _, _ := strings.Cut(line, " ")
			return slices.Contains(stale, id)
		})
		require.NoError(t, os.WriteFile(filepath.Join(rootDir, unreachedFile), []byte(strings.Join(lines, "\n")), 0o644))
		return
	}
	for _, id := range stale {
		t.Errorf("%s: reachable now, take it off %s", id, unreachedFile)
	}
}

// readUnreached reads lines of id and reason; # starts a comment.
func readUnreached(t *testing.T) (listed map[string]string, lines []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(rootDir, unreachedFile))
	require.NoError(t, err)
	lines = strings.Split(string(data), "\n")
	listed = map[string]string{}
	for _, line := range lines {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, reason, _ := strings.Cut(line, " ")
		require.NotEmpty(t, strings.TrimSpace(reason), "%s: no reason given", id)
		require.NotContains(t, listed, id, "listed twice")
		listed[id] = strings.TrimSpace(reason)
	}
	return listed, lines
}

func TestReachFollowsPublicCode(t *testing.T) {
	gen := func(body string) string { return header + "package org\n" + body }
	view := func(v, name string) string {
		return "var " + v + ` = postgrest.ViewDef[X]{Schema: "public", Name: "` + name + `"}` + "\n"
	}
	call := func(base, name string) string {
		return "type " + base + "Args struct{}\nvar " + base + `RPC = postgrest.RPC{Schema: "public", Name: "` + name + `"}` + "\n" +
			"func (" + base + "Args) RPC() *postgrest.RPC { return &" + base + "RPC }\n"
	}
	files := map[string]string{
		"client.go": `package workorder
			import "github.com/workorder-systems/sdk-go/org"
			type Client struct { Things org.ThingService }
			func New() *Client { return bind() }
			func bind() *Client { return &Client{Things: org.NewThingService()} }
			func set() { post("/rest/v1/rpc/rpc_literal") }
			func unused() { post("/rest/v1/rpc/rpc_dead_literal") }
			func (c *Client) Set() { set() }`,
		"org/rows_gen.go": gen(view("thingView", "v_things") + view("lostView", "v_lost") + view("testedView", "v_tested") + view("orphanView", "v_orphan")),
		"org/rpc_gen.go": gen(call("direct", "rpc_direct") + call("helped", "rpc_helped") + call("private", "rpc_private") +
			call("orphan", "rpc_orphan") + call("tested", "rpc_tested")),
		"org/things.go": `package org
			type ThingService struct{ v *postgrest.View }
			func NewThingService() ThingService { return ThingService{v: &thingView} }
			func (s *ThingService) Do() { use(directArgs{}); s.help() }
			func (s *ThingService) help() { use(helpedArgs{}) }
			func (s *ThingService) forgotten() { use(privateArgs{}, lostView) }
			func use(...any) {}`,
		"org/orphan.go": `package org
			type OrphanService struct{}
			func NewOrphanService() OrphanService { _ = orphanView; return OrphanService{} }
			func (s *OrphanService) Do() { use(orphanArgs{}) }`,
		"org/things_test.go": `package org
			func TestX() { use(testedArgs{}, testedView) }`,
		"devstack/x.go": `package devstack
			func New() { post("/rest/v1/rpc/rpc_elsewhere") }`,
	}
	src, err := loadSource(mapFS(files))
	require.NoError(t, err)

	var got []string
	for id := range src.reach() {
		got = append(got, id)
	}
	slices.Sort(got)

	require.Equal(t, []string{"public.rpc_direct", "public.rpc_helped", "public.rpc_literal", "public.v_things"}, got)
}

// codebase is the Go code of the module as far as it is public or generated: the
// root package and the packages below it, without internal ones, tests and
// other modules.
type codebase struct {
	decls map[declKey][]decl
	// methods holds the methods by their bare name, whatever their type.
	methods map[declKey][]declKey
	// objects maps generated variables to what they stand for in the contract.
	objects map[declKey]string
}

type declKey struct{ dir, name string } // method: Type.Method

type decl struct {
	node      ast.Node
	imports   map[string]string // package name → directory
	generated bool
}

func loadSource(fsys fs.FS) (*codebase, error) {
	s := &codebase{decls: map[declKey][]decl{}, methods: map[declKey][]declKey{}, objects: map[declKey]string{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch base := d.Name(); {
			case name == ".":
			case strings.HasPrefix(base, "."), base == "internal", base == "testdata", base == "node_modules":
				return fs.SkipDir
			case name == "devstack", name == "examples", name == "integration":
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			return err
		}
		s.add(path.Dir(name), file)
		return nil
	})
	return s, err
}

func (s *codebase) add(dir string, file *ast.File) {
	generated := ast.IsGenerated(file)
	imports := map[string]string{}
	for _, im := range file.Imports {
		p, _ := strconv.Unquote(im.Path.Value)
		below, ok := strings.CutPrefix(p, modulePath+"/")
		if !ok {
			continue
		}
		name := path.Base(p)
		if im.Name != nil {
			name = im.Name.Name
		}
		imports[name] = below
	}
	put := func(name string, n ast.Node) {
		k := declKey{dir, name}
		s.decls[k] = append(s.decls[k], decl{n, imports, generated})
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				put(d.Name.Name, d)
				continue
			}
			name := receiver(d) + "." + d.Name.Name
			put(name, d)
			k := declKey{dir, d.Name.Name}
			s.methods[k] = append(s.methods[k], declKey{dir, name})
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					put(spec.Name.Name, spec)
				case *ast.ValueSpec:
					for i, id := range spec.Names {
						put(id.Name, spec)
						if generated && i < len(spec.Values) {
							if object := definedObject(spec.Values[i]); object != "" {
								s.objects[declKey{dir, id.Name}] = object
							}
						}
					}
				}
			}
		}
	}
}

// definedObject reads Schema and Name of a generated postgrest.ViewDef or
// postgrest.RPC.
func definedObject(e ast.Expr) string {
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		return ""
	}
	values := map[string]string{}
	for _, el := range lit.Elts {
		kv, ok := el.(*ast.KeyValueExpr)
		if !ok {
			return ""
		}
		key, _ := kv.Key.(*ast.Ident)
		if val, ok := kv.Value.(*ast.BasicLit); ok && key != nil {
			values[key.Name], _ = strconv.Unquote(val.Value)
		}
	}
	if values["Schema"] == "" || values["Name"] == "" {
		return ""
	}
	return values["Schema"] + "." + values["Name"]
}

func receiver(d *ast.FuncDecl) string {
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// reach follows the code from what the root package exports and gives the
// contract's objects that it meets: through generated variables, or by a path
// such as /rest/v1/rpc/rpc_x in hand-written code.
func (s *codebase) reach() map[string]bool {
	objects := map[string]bool{}
	seen := map[declKey]bool{}
	var queue []declKey
	mark := func(k declKey) {
		if _, ok := s.decls[k]; ok && !seen[k] {
			seen[k] = true
			queue = append(queue, k)
		}
	}
	for k := range s.decls {
		if k.dir == "." && ast.IsExported(k.name) && !strings.Contains(k.name, ".") {
			mark(k)
		}
	}
	// called holds the names of unexported methods that reached code calls.
	called := map[declKey]bool{}
	for {
		if len(queue) == 0 {
			for name := range called {
				for _, m := range s.methods[name] {
					typ, _, _ := strings.Cut(m.name, ".")
					if seen[declKey{m.dir, typ}] {
						mark(m)
					}
				}
			}
			if len(queue) == 0 {
				return objects
			}
		}
		k := queue[0]
		queue = queue[1:]
		if id, ok := s.objects[k]; ok {
			objects[id] = true
		}
		for _, d := range s.decls[k] {
			if _, ok := d.node.(*ast.TypeSpec); ok {
				s.exportedMethods(k, mark)
			}
			s.follow(k, d, mark, called, objects)
		}
	}
}

// exportedMethods marks the exported methods of a type.
func (s *codebase) exportedMethods(typ declKey, mark func(declKey)) {
	for k := range s.decls {
		if k.dir != typ.dir {
			continue
		}
		if m, ok := strings.CutPrefix(k.name, typ.name+"."); ok && ast.IsExported(m) {
			mark(k)
		}
	}
}

// follow marks what a declaration mentions.
func (s *codebase) follow(k declKey, d decl, mark func(declKey), called map[declKey]bool, objects map[string]bool) {
	ast.Inspect(d.node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok {
				if dir, ok := d.imports[x.Name]; ok {
					mark(declKey{dir, n.Sel.Name})
					return false
				}
			}
			if !ast.IsExported(n.Sel.Name) {
				called[declKey{k.dir, n.Sel.Name}] = true
			}
			ast.Inspect(n.X, func(x ast.Node) bool {
				if id, ok := x.(*ast.Ident); ok {
					mark(declKey{k.dir, id.Name})
				}
				return true
			})
		case *ast.Ident:
			mark(declKey{k.dir, n.Name})
		case *ast.BasicLit:
			if n.Kind == token.STRING && !d.generated {
				text, _ := strconv.Unquote(n.Value)
				if name, ok := strings.CutPrefix(text, "/rest/v1/rpc/"); ok {
					objects["public."+name] = true
				}
			}
		}
		return true
	})
}
