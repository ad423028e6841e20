package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/contract"
)

// tenantArg is the argument that the client fills in when it is empty.
const tenantArg = "p_tenant_id"

// rpcFile writes rpc_gen.go: one argument struct per function.
func rpcFile(schema *contract.Schema, p pkg) ([]byte, error) {
	var b bytes.Buffer
	for _, r := range p.RPCs {
		f, err := findFunction(schema, r.Name)
		if err != nil {
			return nil, err
		}
		if err := writeCall(&b, r, f); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	return source(p.Dir, b.Bytes())
}

func writeCall(b *bytes.Buffer, r rpc, f *contract.Function) error {
	arg := func(name string) *contract.Arg {
		i := slices.IndexFunc(f.Args, func(a contract.Arg) bool { return a.Name == name })
		if i < 0 {
			return nil
		}
		return &f.Args[i]
	}
	required := func(name string) bool { a := arg(name); return a != nil && a.Required }
	optional := func(name string) bool { a := arg(name); return a != nil && !a.Required }
	if err := known("Null", r.Null, required); err != nil {
		return err
	}
	if err := known("Omit", r.Omit, optional); err != nil {
		return err
	}
	if err := known("Types", slices.Sorted(maps.Keys(r.Types)), func(n string) bool { return arg(n) != nil }); err != nil {
		return err
	}
	isText := func(n string) bool { a := arg(n); return a != nil && a.Type == "text" }
	if err := known("Max", slices.Sorted(maps.Keys(r.Max)), isText); err != nil {
		return err
	}

	isNumeric := func(n string) bool { a := arg(n); return a != nil && a.Type == "numeric" }
	if err := known("Numeric", slices.Sorted(maps.Keys(r.Numeric)), isNumeric); err != nil {
		return err
	}

	for name, why := range r.NullMeans {
		if a := arg(name); a == nil || !hasDefault(*a) || why == "" {
			return fmt.Errorf("NullMeans names %q, which has no default but null, or gives no reason", name)
		}
	}
	if r.Key != "" && (!optional(r.Key) || arg(r.Key).Type != "text") {
		return fmt.Errorf("key %q is not an optional text argument", r.Key)
	}

	base := rpcBase(f.Name)
	comment(b, "", fmt.Sprintf("%sArgs are the arguments of %s.", base, f.Name))
	if len(f.Args) == 0 {
		fmt.Fprintf(b, "type %sArgs struct{", base)
	} else {
		fmt.Fprintf(b, "type %sArgs struct {\n", base)
	}
	tenant := false
	for _, a := range f.Args {
		typ := r.Types[a.Name]
		if typ == "" {
			var err error
			if typ, err = goType(a.Type); err != nil {
				return fmt.Errorf("argument %s: %w", a.Name, err)
			}
		}
		tag := a.Name
		switch {
		case slices.Contains(r.Omit, a.Name), hasDefault(a) && r.NullMeans[a.Name] == "":
			typ, tag = nullable(typ), tag+",omitempty"
		case !a.Required || slices.Contains(r.Null, a.Name):
			typ = nullable(typ)
		}
		if a.Name == tenantArg && a.Required && typ == "string" {
			tenant = true
		}
		limit := ""
		if most := r.Max[a.Name]; most != "" {
			limit = fmt.Sprintf(" max:%q", most)
		}
		if fits := r.Numeric[a.Name]; fits != "" {
			limit = fmt.Sprintf(" numeric:%q", fits)
		}
		fmt.Fprintf(b, "\t%s %s `json:%q%s`\n", argField(a.Name), typ, tag, limit)
	}
	b.WriteString("}\n\n")

	stable := ""
	if f.Volatility != "volatile" {
		stable = ", Stable: true"
	}
	fmt.Fprintf(b, "var %sRPC = postgrest.RPC{Schema: %q, Name: %q%s}\n\n", base, f.Schema, f.Name, stable)
	fmt.Fprintf(b, "// RPC implements postgrest.Args.\n")
	fmt.Fprintf(b, "func (%sArgs) RPC() *postgrest.RPC { return &%sRPC }\n\n", base, base)
	if tenant {
		fmt.Fprintf(b, "// Tenant implements postgrest.TenantArgs.\n")
		fmt.Fprintf(b, "func (a %sArgs) Tenant() string { return a.TenantID }\n\n", base)
		fmt.Fprintf(b, "// WithTenant implements postgrest.TenantArgs.\n")
		fmt.Fprintf(b, "func (a %sArgs) WithTenant(id string) postgrest.TenantArgs { a.TenantID = id; return a }\n\n", base)
	}
	if r.Key != "" {
		key := argField(r.Key)
		fmt.Fprintf(b, "// IdempotencyKey implements postgrest.KeyedArgs. The server trims the key, and\n")
		fmt.Fprintf(b, "// a blank one is none.\n")
		fmt.Fprintf(b, "func (a %sArgs) IdempotencyKey() string {\n", base)
		fmt.Fprintf(b, "\tif a.%s == nil {\n\t\treturn \"\"\n\t}\n\treturn strings.TrimSpace(*a.%s)\n}\n\n", key, key)
		if r.Scope != "" {
			fmt.Fprintf(b, "// KeyScope implements postgrest.ScopedArgs.\n")
			fmt.Fprintf(b, "func (%sArgs) KeyScope() string { return %q }\n\n", base, r.Scope)
		}
	}
	return nil
}

// hasDefault reports whether leaving the argument out means something else than
// null. A null would be stored over the default, or refused.
func hasDefault(a contract.Arg) bool {
	return !a.Required && a.Default != nil && !strings.HasPrefix(strings.ToUpper(*a.Default), "NULL")
}
