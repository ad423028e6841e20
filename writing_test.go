package workorder_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/search"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

const someUUID = "0b5e0f5e-6f43-4c0e-9d52-4e6d6d9d4c11"

// plausible are fields that only certain values pass.
var plausible = map[string]any{
	"Operator": "equals", "GroupBy": "asset",
	"Email": "a@example.com", "NewEmail": "a@example.com", "EntityID": someUUID, "StoragePath": "t1/asset/a1/x.pdf",
	"EndAt": time.Now().Add(48 * time.Hour), "Kind": "photo", "TenantID": apitest.TenantID, "ContentType": "text/plain",
	"ParentLocationID": someUUID, // not itself
	"Key":              "ab", "PluginKey": "ab", "EntityType": "ab", "Operations": "INSERT",
	"Secret": "", // goes with no signature
	"#1":     someUUID,
	// Of an account, that an administrator makes.
	"ID": someUUID, "PasswordHash": "", "RedirectURIs": "https://app.example.com/",
}

// oneAssignee are params that take a technician or a crew, not both.
var oneAssignee = map[reflect.Type]bool{
	reflect.TypeFor[workorders.ScheduleParams]():            true,
	reflect.TypeFor[workorders.ValidateScheduleParams]():    true,
	reflect.TypeFor[workorders.UpdateScheduleBlockParams](): true,
}

// refusals say no to odd values for another reason than what is odd about them.
var refusals = []string{"the scope must be", "that of a function", "not a UUID", "a path cannot hold", "a header cannot carry", "Kind must be", "control character", "must be after", "is before", "no single key", "neither after nor before", "Operator is none", "is none of", "must be 2 to 80", "must be a–z", "are both given"}

// harmless are fields whose text is not sent as it is.
var harmless = map[string]string{
	"Client.TenantAPIKeys.Validate #1":                             "its hash is sent",
	"Client.Attachments.Upload #1.Filename":                        "the name of the object has other characters",
	"Client.Attachments.Upload #1.Key":                             "its hash is part of the path",
	"Client.Assets.BulkImport #1.Rows":                             "bad rows are told in the result",
	"Client.Locations.BulkImport #1.Rows":                          "bad rows are told in the result",
	"Client.Locations.BulkImport #1.TenantID":                      "no row is good, so nothing is sent",
	"Client.PartsInventory.IssuePartsToWorkOrder #1.ReservationID": "it is compared, not sent",
	"Client.Departments.BulkImport #1.Rows":                        "bad rows are told in the result",
	"Client.WorkOrders.BulkImport #1.Rows":                         "bad rows are told in the result",
}

// odd is a value that PostgreSQL cannot hold, or the SDK could not read back.
type odd struct {
	value any
	why   string // part of the error
}

var oddTexts = []odd{{"a\x00b", "NUL"}, {"M\xfcnchen", "UTF-8"}}

var oddTimes = []odd{
	{types.FarFuture(), "year"}, {types.FarPast(), "year"},
	{time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -5*3600)), "year"},
}

// What no number is may be refused for its sign or its size as well.
var oddNumbers = []odd{{numeric("NaN"), ""}, {numeric("Infinity"), ""}, {numeric("-Infinity"), ""}}

func numeric(s string) decimal.Decimal {
	d, err := types.ParseNumeric(s)
	if err != nil {
		panic(err)
	}
	return d
}

var oddJSON = []odd{
	{json.RawMessage(`{"a":"\u0000"}`), "NUL"}, {json.RawMessage(`{"a":"\ud800"}`), "surrogate"}, {json.RawMessage("{\"a\":\"\xff\"}"), "UTF-8"},
}

var oddGeometries = []odd{
	{types.Geometry(`{"type":"Point","coordinates":[0,0],"a":"\u0000"}`), "NUL"}, {types.Geometry("{\"type\":\"Point\",\"coordinates\":[0,0],\"a\":\"\xff\"}"), "UTF-8"},
}

// oneAxis is a vector as the platform keeps them, of one number and zeros.
func oneAxis(f float32) types.Vector {
	return append(types.Vector{f}, make(types.Vector, search.Dimensions-1)...)
}

// poison is a place inside params and an odd value for it.
type poison struct {
	path string
	odd
	set func(params reflect.Value)
}

// fill gives v and everything in it a value that passes, and lists what could be
// put there that must not.
func fill(v reflect.Value, path string, reach func(reflect.Value) reflect.Value) []poison {
	put := func(odds []odd) (out []poison) {
		for _, o := range odds {
			out = append(out, poison{path, o, func(p reflect.Value) {
				if strings.HasSuffix(path, ".CrewID") && oneAssignee[p.Type()] {
					p.FieldByName("TechnicianID").SetZero()
				}
				at := reach(p)
				at.Set(reflect.ValueOf(o.value).Convert(at.Type()))
			}})
		}
		return out
	}
	name := strings.TrimSuffix(path[strings.LastIndex(path, ".")+1:], "[0]")
	if some, ok := plausible[name]; ok && v.Kind() != reflect.Pointer && reflect.TypeOf(some).ConvertibleTo(v.Type()) {
		v.Set(reflect.ValueOf(some).Convert(v.Type()))
	}
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		if v.IsZero() {
			v.Set(reflect.ValueOf(time.Now()))
		}
		return put(oddTimes)
	case reflect.TypeFor[types.Date]():
		v.Set(reflect.ValueOf(types.DateOf(time.Now())))
		return put([]odd{{types.FarFutureDate(), "years"}, {types.FarPastDate(), "years"}})
	case reflect.TypeFor[decimal.Decimal]():
		v.Set(reflect.ValueOf(decimal.NewFromInt(1)))
		return put(oddNumbers)
	case reflect.TypeFor[json.RawMessage]():
		v.Set(reflect.ValueOf(json.RawMessage(`{}`)))
		return put(oddJSON)
	case reflect.TypeFor[types.Vector]():
		v.Set(reflect.ValueOf(oneAxis(1)))
		return put([]odd{{oneAxis(float32(math.NaN())), "finite"}, {oneAxis(float32(math.Inf(-1))), "finite"}, {oneAxis(0), "zeros"}, {types.Vector{1}, "numbers"}})
	case reflect.TypeFor[search.Embedder]():
		v.Set(reflect.ValueOf(search.Embedder(func(context.Context, string) (types.Vector, error) { return oneAxis(1), nil })))
		return nil
	case reflect.TypeFor[types.Geometry]():
		v.Set(reflect.ValueOf(types.Geometry(`{"type":"Point","coordinates":[0,0]}`)))
		return put(oddGeometries)
	}
	switch v.Kind() {
	case reflect.String:
		if _, given := plausible[name]; !given {
			v.SetString("x")
		}
		return put(oddTexts)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		out := fill(v.Elem(), path, func(p reflect.Value) reflect.Value {
			at := reach(p)
			at.Set(reflect.New(at.Type().Elem()))
			return at.Elem()
		})
		if plausible[name] == "" {
			v.SetZero()
		}
		return out
	case reflect.Struct:
		var out []poison
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				out = append(out, fill(v.Field(i), path+"."+f.Name, func(p reflect.Value) reflect.Value { return reach(p).Field(i) })...)
			}
		}
		if oneAssignee[v.Type()] {
			v.FieldByName("CrewID").SetZero()
		}
		return out
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return nil
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		return fill(v.Index(0), path+"[0]", func(p reflect.Value) reflect.Value { return reach(p).Index(0) })
	case reflect.Map:
		var out []poison
		for _, o := range oddTexts {
			set := func(k, e any) func(reflect.Value) {
				return func(p reflect.Value) {
					m := reflect.MakeMap(v.Type())
					m.SetMapIndex(reflect.ValueOf(k).Convert(v.Type().Key()), reflect.ValueOf(e))
					reach(p).Set(m)
				}
			}
			out = append(out, poison{path + "[key]", o, set(o.value, "x")}, poison{path + "[value]", o, set("x", o.value)})
		}
		return out
	case reflect.Interface:
		if v.Type() == reflect.TypeFor[io.Reader]() {
			v.Set(reflect.ValueOf(strings.NewReader("bytes")))
		}
		if v.Type() == reflect.TypeFor[pm.Trigger]() {
			v.Set(reflect.ValueOf(pm.ManualTrigger{}))
			var out []poison
			for _, t := range []pm.Trigger{pm.TimeTrigger{IntervalDays: 1}, pm.UsageTrigger{Threshold: decimal.NewFromInt(1)}, pm.ConditionTrigger{Operator: pm.Equals}} {
				at := reflect.New(reflect.TypeOf(t)).Elem()
				at.Set(reflect.ValueOf(t))
				for _, p := range fill(at, path, func(v reflect.Value) reflect.Value { return v }) {
					out = append(out, poison{p.path, p.odd, func(params reflect.Value) {
						odd := reflect.New(at.Type()).Elem()
						odd.Set(at)
						p.set(odd)
						reach(params).Set(odd)
					}})
				}
			}
			return out
		}
	case reflect.Bool, reflect.Func, reflect.Chan:
	default:
		if v.CanInt() && v.IsZero() {
			v.SetInt(1)
		}
		if v.CanFloat() {
			v.SetFloat(1)
		}
	}
	return nil
}

// Whatever a caller writes either can be read back or is refused before anything
// is sent, in every field of every method.
func TestWhatIsWrittenCanBeReadBack(t *testing.T) {
	c, srv := apitest.New(t)
	tried := 0
	for what, m := range calls("Client", reflect.ValueOf(c)) {
		in := m.Type()
		fixed := in.NumIn() // without options
		if in.IsVariadic() {
			fixed--
		}
		for arg := 1; arg < fixed; arg++ {
			for _, p := range fill(reflect.New(in.In(arg)).Elem(), fmt.Sprint("#", arg), func(v reflect.Value) reflect.Value { return v }) {
				args := arguments(t.Context(), in)
				p.set(args[arg])
				field, _, _ := strings.Cut(what+" "+p.path, "[0].")
				if harmless[field] != "" {
					continue
				}
				tried++
				err := firstError(m.Call(args))
				srv.WantNoRequest(t)
				require.ErrorIs(t, err, workorder.ErrInvalidInput, "%s: %s", field, p.why)
				refused := slices.ContainsFunc(append([]string{p.why}, refusals...), func(why string) bool { return strings.Contains(err.Error(), why) })
				require.True(t, refused, "%s: %s: %v", field, p.why, err)
			}
		}
	}
	for _, o := range slices.Concat(oddTexts, oddTimes, oddJSON) {
		for _, args := range []any{map[string]any{"p_a": o.value}, struct{ A []any }{[]any{o.value}}} {
			tried++
			err := c.RPC(t.Context(), "rpc_custom", args, nil)
			srv.WantNoRequest(t)
			require.ErrorIs(t, err, workorder.ErrInvalidInput, o.why)
			require.ErrorContains(t, err, o.why)
		}
	}
	require.Greater(t, tried, 500)
}

// calls gives the methods of v, and of the services and views in it, that take a
// context, by their names.
func calls(name string, v reflect.Value) iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) { eachCall(name, v, yield) }
}

func eachCall(name string, v reflect.Value, yield func(string, reflect.Value) bool) bool {
	for i := range v.NumMethod() {
		m := v.Method(i)
		if takesContext(m.Type(), 0) && !yield(name+"."+v.Type().Method(i).Name, m) {
			return false
		}
	}
	for i := range v.Elem().NumField() {
		f := v.Elem().Type().Field(i)
		if f.IsExported() && !f.Anonymous && isService(f.Type) && !eachCall(name+"."+f.Name, v.Elem().Field(i).Addr(), yield) {
			return false
		}
	}
	return true
}

// isService reports whether a struct has methods that take a context.
func isService(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	for i := range p.NumMethod() {
		if t.Kind() == reflect.Struct && takesContext(p.Method(i).Type, 1) {
			return true
		}
	}
	return false
}

func takesContext(f reflect.Type, arg int) bool {
	return f.NumIn() > arg && f.In(arg) == reflect.TypeFor[context.Context]()
}

// arguments are a context and plausible values for the other parameters of a
// method, without options.
func arguments(ctx context.Context, m reflect.Type) []reflect.Value {
	args := []reflect.Value{reflect.ValueOf(ctx)}
	for i := 1; i < m.NumIn() && (!m.IsVariadic() || i < m.NumIn()-1); i++ {
		arg := reflect.New(m.In(i)).Elem()
		fill(arg, fmt.Sprint("#", i), func(v reflect.Value) reflect.Value { return v })
		args = append(args, arg)
	}
	return args
}

// firstError gives the error among results, or that of an iterator.
func firstError(out []reflect.Value) error {
	for _, v := range out {
		if err, ok := v.Interface().(error); ok {
			return err
		}
		if v.Kind() == reflect.Func {
			for _, e := range v.Seq2() {
				if err, ok := e.Interface().(error); ok {
					return err
				}
				break
			}
		}
	}
	return nil
}
