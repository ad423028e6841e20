package workorder

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	snapshot "github.com/workorder-systems/sdk-go/contract"
	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/contract"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Severity says how much a Finding matters.
type Severity string

// The severities, the worst first.
const (
	// SeverityBreaking: calls fail, or values are lost.
	SeverityBreaking Severity = "breaking"
	// SeverityNotice: nothing that this version of the SDK does is affected.
	SeverityNotice Severity = "notice"
)

// Finding is one difference between a deployment and what this version of the
// SDK is made for.
type Finding struct {
	Severity Severity
	Object   string // a view or function, such as "public.v_work_orders"
	Member   string // a column or argument of it; empty: the object itself
	Problem  string // such as "is missing"
}

// String is the finding as a line of text.
func (f Finding) String() string {
	name := f.Object
	if f.Member != "" {
		name += ": " + f.Member
	}
	return string(f.Severity) + ": " + name + " " + f.Problem
}

// Check compares the deployment with the contract this version of the SDK was
// built for (contract/schema.json) and reports views, columns, functions and
// arguments that are missing, new or of another type, breaking ones first. An
// empty result means that all that this client may use is as it should be.
//
// It reads PostgREST's description of the API, which shows what the client's
// role may use; two requests, which change nothing. Hosted projects may give the
// description to the service-role key alone: then Check fails with
// ErrPermissionDenied or ErrUnauthenticated for others. Run it when a program
// starts, or after an update of the platform.
//
// TypeScript: none.
func (c *Client) Check(ctx context.Context) ([]Finding, error) {
	const op = "Check"
	if c.conn == nil {
		return nil, api.Unmade(op)
	}
	who, err := c.Identity(ctx)
	if err != nil {
		return nil, err
	}
	want, err := contract.Parse([]byte(snapshot.JSON()))
	if err != nil {
		return nil, sdkerr.Wrap(op, nil, err)
	}
	var findings []Finding
	for _, schema := range []string{"public", "reporting"} {
		got, err := c.describe(ctx, op, schema)
		if errors.Is(err, ErrSchemaMismatch) {
			findings = append(findings, Finding{SeverityBreaking, schema, "", "is a schema that the API does not expose"})
			continue
		}
		if err != nil {
			return nil, err
		}
		findings = append(findings, compareSchema(schema, cmp.Or(who.Role, "authenticated"), want, got)...)
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Member, b.Member))
	})
	return findings, nil
}

// description is what Check needs of PostgREST's description of a schema.
type description struct {
	Definitions map[string]struct {
		Properties map[string]property `json:"properties"`
	} `json:"definitions"`
	Paths map[string]struct {
		Post *struct {
			Parameters []struct {
				Name   string `json:"name"`
				Schema struct {
					Properties map[string]property `json:"properties"`
					Required   []string            `json:"required"`
				} `json:"schema"`
			} `json:"parameters"`
		} `json:"post"`
	} `json:"paths"`
}

// property is a column or an argument.
type property struct {
	Format string `json:"format"` // the name of its type in PostgreSQL
}

// describe asks for the description of a schema.
func (c *Client) describe(ctx context.Context, op, schema string) (*description, error) {
	resp, err := c.conn.Do(ctx, &api.Request{
		Op: op, Method: http.MethodGet, Path: "/rest/v1/", Safe: true,
		Header: http.Header{"Accept": {"application/openapi+json"}, "Accept-Profile": {schema}},
	})
	if err != nil {
		return nil, err
	}
	var d description
	if err := json.Unmarshal(resp.Body, &d); err != nil {
		return nil, sdkerr.Decode(op, -1, "", "", err)
	}
	if d.Paths == nil {
		return nil, sdkerr.New(op, sdkerr.ErrDecode, "the answer is no description of an API")
	}
	return &d, nil
}

// compareSchema finds what is different in a schema, of what the role may use.
func compareSchema(schema, role string, want *contract.Schema, got *description) []Finding {
	var found []Finding
	known := map[string]bool{}
	for _, v := range want.Views {
		if v.Schema != schema {
			continue
		}
		known[v.Name] = true
		if !slices.Contains(v.Select, role) || v.Kind == "materialized view" { // which no method reads
			continue
		}
		definition, ok := got.Definitions[v.Name]
		if !ok {
			found = append(found, Finding{SeverityBreaking, v.ID(), "", "is missing, or " + role + " may not read it"})
			continue
		}
		members := make([]contract.Arg, len(v.Columns))
		for i, col := range v.Columns {
			members[i] = contract.Arg{Name: col.Name, Type: col.Type}
		}
		found = append(found, compareMembers(v.ID(), "column", members, definition.Properties)...)
	}
	for _, f := range want.Functions {
		if f.Schema != schema {
			continue
		}
		known["rpc/"+f.Name] = true
		if !slices.Contains(f.Execute, role) {
			continue
		}
		path, ok := got.Paths["/rpc/"+f.Name]
		if !ok || path.Post == nil {
			found = append(found, Finding{SeverityBreaking, f.ID(), "", "is missing, or " + role + " may not call it"})
			continue
		}
		properties, required := map[string]property(nil), []string(nil)
		for _, p := range path.Post.Parameters {
			if p.Name == "args" {
				properties, required = p.Schema.Properties, p.Schema.Required
			}
		}
		found = append(found, compareMembers(f.ID(), "argument", f.Args, properties)...)
		for _, name := range required {
			i := slices.IndexFunc(f.Args, func(a contract.Arg) bool { return a.Name == name })
			if i < 0 || !f.Args[i].Required {
				found = append(found, Finding{SeverityBreaking, f.ID(), name, "is a required argument now"})
			}
		}
	}
	for name := range got.Definitions {
		if !known[name] {
			found = append(found, Finding{SeverityNotice, schema + "." + name, "", "is a view that this version does not know"})
		}
	}
	for path := range got.Paths {
		name := strings.TrimPrefix(path, "/")
		if function, ok := strings.CutPrefix(name, "rpc/"); ok && !known[name] {
			found = append(found, Finding{SeverityNotice, schema + "." + function, "", "is a function that this version does not know"})
		}
	}
	return found
}

// compareMembers compares the columns of a view or the arguments of a function.
func compareMembers(object, what string, want []contract.Arg, got map[string]property) []Finding {
	var found []Finding
	for _, m := range want {
		p, ok := got[m.Name]
		switch {
		case !ok:
			found = append(found, Finding{SeverityBreaking, object, m.Name, "is a missing " + what})
		case plainType(p.Format) != plainType(m.Type):
			found = append(found, Finding{SeverityBreaking, object, m.Name,
				fmt.Sprintf("is of type %s instead of %s", plainType(p.Format), plainType(m.Type))})
		}
	}
	for name := range got {
		if !slices.ContainsFunc(want, func(m contract.Arg) bool { return m.Name == name }) {
			found = append(found, Finding{SeverityNotice, object, name, "is a new " + what + ", which this version does not know"})
		}
	}
	return found
}

// plainType is the name of a type without the schema it is in, a length and the
// like. Types of text are one, because they are sent and read alike.
func plainType(t string) string {
	t, _, _ = strings.Cut(t, "(")
	if i := strings.LastIndexByte(t, '.'); i >= 0 {
		t = t[i+1:]
	}
	switch t = strings.Trim(t, `"`); t {
	case "character varying", "character", "citext", "name":
		return "text"
	case "character varying[]", "_text":
		return "text[]"
	}
	return t
}
