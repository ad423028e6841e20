package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// serveRoot describes what the role may use, in the shape of Swagger 2.0.
func (s *Server) serveRoot(ctx context.Context, req *request) (*response, error) {
	c := s.current()
	b := &statement{}
	b.w(`with pgrst_source as (
		select c.oid::bigint, 'r' as kind,
		       has_table_privilege(c.oid, 'select') or has_any_column_privilege(c.oid, 'select') as readable,
		       has_any_column_privilege(c.oid, 'insert') as insertable,
		       has_any_column_privilege(c.oid, 'update') as updatable,
		       has_table_privilege(c.oid, 'delete') as deletable
		from pg_catalog.pg_class c where c.relnamespace = pg_catalog.to_regnamespace(`)
	b.arg(quoteIdent(req.schema))
	b.w(`::text) union all
		select p.oid::bigint, 'f', has_function_privilege(p.oid, 'execute'), false, false, false
		from pg_catalog.pg_proc p where p.pronamespace = pg_catalog.to_regnamespace(`)
	b.arg(quoteIdent(req.schema))
	b.w(`::text)) `)
	b.finish(mediaType{}, false, "null::bigint", shapeRows, "pgrst_source")
	out, err := s.run(ctx, req, transaction{readOnly: true, stmt: b})
	if err != nil {
		return nil, err
	}
	var privileges []privilege
	if err := json.Unmarshal(out.body, &privileges); err != nil {
		return nil, err
	}
	if out.body, err = json.Marshal(c.describe(req, privileges)); err != nil {
		return nil, err
	}
	return req.respond(http.StatusOK, out, "read"), nil
}

// privilege says what the role may do with a relation or a function.
type privilege struct {
	OID                                        uint32
	Kind                                       string
	Readable, Insertable, Updatable, Deletable bool
}

type object = map[string]any

func (c *schemaCache) describe(req *request, privileges []privilege) object {
	allowed := map[string]map[uint32]privilege{"r": {}, "f": {}}
	for _, p := range privileges {
		allowed[p.Kind][p.OID] = p
	}
	paths, definitions := object{}, object{}
	paths["/"] = object{"get": object{
		"tags": []string{"Introspection"}, "summary": "OpenAPI description (this document)",
		"produces": []string{"application/openapi+json", "application/json"}, "responses": ok(nil)}}
	for _, r := range c.relations {
		p := allowed["r"][r.oid]
		if r.schema != req.schema || !p.Readable && !p.Insertable && !p.Updatable && !p.Deletable {
			continue
		}
		definitions[r.name.name] = r.definition()
		paths["/"+r.name.name] = r.path(p)
	}
	for _, list := range c.functions {
		for _, f := range list {
			if f.schema == req.schema && allowed["f"][f.oid].Readable {
				paths["/rpc/"+f.name.name] = f.path()
			}
		}
	}
	return object{
		"swagger":     "2.0",
		"info":        object{"title": "PostgREST-compatible API", "description": "Schema " + req.schema, "version": "12"},
		"host":        req.Host,
		"basePath":    "/",
		"schemes":     []string{"http"},
		"consumes":    []string{"application/json", "application/x-www-form-urlencoded"},
		"produces":    []string{"application/json", "application/vnd.pgrst.object+json", "text/csv"},
		"paths":       paths,
		"definitions": definitions,
	}
}

func ok(schema any) object {
	reply := object{"description": "OK"}
	if schema != nil {
		reply["schema"] = schema
	}
	return object{"200": reply}
}

func (r *relation) definition() object {
	properties, required := object{}, []string{}
	for _, col := range r.columns {
		p := property(col.typ)
		if col.comment != "" {
			p["description"] = col.comment
		}
		if slices.Contains(r.key, col.name) {
			p["description"] = strings.TrimSpace(col.comment + "\n\nNote:\nThis is a Primary Key.<pk/>")
		}
		if col.defaultSQL != "" {
			p["default"] = col.defaultSQL
		}
		properties[col.name] = p
		if col.notNull {
			required = append(required, col.name)
		}
	}
	d := object{"type": "object", "properties": properties, "required": required}
	if r.comment != "" {
		d["description"] = r.comment
	}
	return d
}

func (r *relation) path(p privilege) object {
	item := object{}
	ref := object{"$ref": "#/definitions/" + r.name.name}
	tags := []string{r.name.name}
	var filters []object
	for _, col := range r.columns {
		filters = append(filters, object{"name": col.name, "in": "query", "type": "string", "format": col.typ, "required": false})
	}
	body := object{"name": r.name.name, "in": "body", "required": false, "schema": ref}
	if p.Readable {
		item["get"] = object{"tags": tags, "summary": r.comment, "parameters": filters,
			"responses": ok(object{"type": "array", "items": ref})}
	}
	if p.Insertable {
		item["post"] = object{"tags": tags, "summary": r.comment, "parameters": []object{body},
			"responses": object{"201": object{"description": "Created"}}}
	}
	if p.Updatable {
		item["patch"] = object{"tags": tags, "summary": r.comment, "parameters": append(slices.Clone(filters), body),
			"responses": object{"204": object{"description": "No Content"}}}
	}
	if p.Deletable {
		item["delete"] = object{"tags": tags, "summary": r.comment, "parameters": filters,
			"responses": object{"204": object{"description": "No Content"}}}
	}
	return item
}

func (f *function) path() object {
	properties, required, query := object{}, []string{}, []object{}
	for _, a := range f.args {
		properties[a.name] = property(a.typ)
		if a.required {
			required = append(required, a.name)
		}
		query = append(query, object{"name": a.name, "in": "query", "type": "string", "format": a.typ, "required": a.required})
	}
	tags := []string{"(rpc) " + f.name.name}
	item := object{"post": object{"tags": tags, "summary": f.comment, "responses": ok(nil),
		"produces": []string{"application/json", "application/vnd.pgrst.object+json"},
		"parameters": []object{{"name": "args", "in": "body", "required": true,
			"schema": object{"type": "object", "properties": properties, "required": required}}}}}
	if f.readOnly {
		item["get"] = object{"tags": tags, "summary": f.comment, "parameters": query, "responses": ok(nil)}
	}
	return item
}

// property is the JSON form of a type.
func property(typ string) object {
	if elem, isArray := strings.CutSuffix(typ, "[]"); isArray {
		return object{"type": "array", "format": typ, "items": property(elem)}
	}
	p := object{"format": typ, "type": "string"}
	switch base, _, _ := strings.Cut(typ, "("); base {
	case "smallint", "integer", "bigint":
		p["type"] = "integer"
	case "numeric", "real", "double precision":
		p["type"] = "number"
	case "boolean":
		p["type"] = "boolean"
	case "json", "jsonb":
		delete(p, "type")
	}
	return p
}
