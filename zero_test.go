package workorder_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/pm"
)

// What no constructor made, and what was derived from it, refuses every call with
// a clear error: no panic, no waiting, no request.
func TestZeroValuesRefuse(t *testing.T) {
	accepted := map[string]any{ // instead of what the call would refuse by itself
		".RPC":                  "rpc_custom",
		"Pool.Do":               neverCalled,
		"Client).Do":            neverCalled,
		"Session).Do":           neverCalled,
		"Each":                  neverCalledIn,
		".Each":                 1,
		".Auth.SignOut":         workorder.SignOutLocal,
		".Locations.BulkImport": assets.BulkImportLocationsParams{},
		".PM.CreateDependency":  pm.CreateDependencyParams{PMScheduleID: "s1", DependsOnPMID: "s2"},
	}
	zero := new(workorder.Client)
	view := workorder.ViewOf[struct{}](zero, "v_custom")
	for name, v := range map[string]any{
		"Client":                           zero,
		"Client.AsUser":                    zero.AsUser(tokenOf("u1")),
		"Client.WithSession":               zero.WithSession(new(workorder.Session)),
		"Session":                          new(workorder.Session),
		"NewSession(Client)":               workorder.NewSession(zero, "r1"),
		"NewPasswordSession(Client)":       workorder.NewPasswordSession(zero, "a@example.com", "secret"),
		"TenantPool":                       new(workorder.TenantPool),
		"NewTenantPool(Client)":            workorder.NewTenantPool(zero, workorder.TenantPoolOptions{}),
		"Verifier":                         new(workorder.Verifier),
		"View":                             new(workorder.View[struct{}]),
		"ViewOf(Client)":                   &view,
		"NewTenantPool(Client of Session)": workorder.NewTenantPool(zero.WithSession(new(workorder.Session)), workorder.TenantPoolOptions{}),
	} {
		tried := 0
		for what, m := range calls(name, reflect.ValueOf(v)) {
			if strings.HasSuffix(what, ").Flush") {
				continue // there is nothing to save
			}
			tried++
			t.Run(what, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				args := arguments(ctx, m.Type())
				for i := range args {
					for call, arg := range accepted {
						if strings.HasSuffix(what, call) && reflect.TypeOf(arg) == args[i].Type() {
							args[i] = reflect.ValueOf(arg)
						}
					}
				}
				err := firstError(m.Call(args))
				var e *workorder.SdkError
				require.ErrorAs(t, err, &e)
				require.ErrorIs(t, err, workorder.ErrInvalidInput)
				said := append([]string{" is zero: make it with "}, refusals...)
				require.True(t, slices.ContainsFunc(said, func(why string) bool { return strings.Contains(err.Error(), why) }), err)
			})
		}
		require.Positive(t, tried, name)
	}
}

func neverCalled(context.Context, *workorder.Client) error { panic("called") }

func neverCalledIn(context.Context, string, *workorder.Client) error { panic("called") }

// A client of a zero session refuses what needs its user, and sends nothing.
func TestZeroSessionSendsNothing(t *testing.T) {
	base, srv := apitest.New(t)
	c := base.WithSession(new(workorder.Session))
	with, err := base.With(workorder.WithTokenSource(new(workorder.Session)))
	require.NoError(t, err)
	for _, c := range []*workorder.Client{c, with} {
		for what, m := range calls("Client", reflect.ValueOf(c)) {
			if strings.HasPrefix(what, "Client.Auth.Sign") || what == "Client.Auth.Refresh" || what == "Client.Meters.Ingest" {
				continue // these stand on another key or token
			}
			err := firstError(m.Call(arguments(t.Context(), m.Type())))
			if harmless[what+" #1.Rows"] == "" {
				require.Error(t, err, what)
			}
			srv.WantNoRequest(t)
		}
	}
	_, err = c.ForTenant(t.Context(), someUUID)
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
	require.ErrorContains(t, err, "the session is zero")
}

// The methods without a context of zero values do nothing.
func TestZeroValuesDoNothing(t *testing.T) {
	for _, v := range []any{new(workorder.Client), new(workorder.Session), new(workorder.TenantPool), new(workorder.Verifier)} {
		methods := reflect.ValueOf(v)
		for i := range methods.NumMethod() {
			m, name := methods.Method(i), methods.Type().Method(i).Name
			if takesContext(m.Type(), 0) || name == "Format" {
				continue
			}
			t.Run(fmt.Sprintf("%T.%s", v, name), func(t *testing.T) {
				args := []reflect.Value{}
				for i := range m.Type().NumIn() {
					if !m.Type().IsVariadic() || i < m.Type().NumIn()-1 {
						args = append(args, reflect.New(m.Type().In(i)).Elem())
					}
				}
				require.NotPanics(t, func() { m.Call(args) })
			})
		}
		require.NotPanics(t, func() { _ = fmt.Sprintf("%v %+v %#v %s", v, v, v, v) })
	}
	_, err := new(workorder.Client).With()
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
	require.NoError(t, new(workorder.Client).Close())
}
