package contract

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Dump takes a snapshot of the schemas public and reporting. It holds every
// relation and function that an API role (anon, authenticated, service_role)
// may use, except what belongs to an extension. The version stays empty.
//
// Whether a column of a view may be null is not in the catalog: Dump infers it
// from the view's definition, by the rule in contract/README.md.
func Dump(ctx context.Context, conn *pgx.Conn) (*Schema, error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	// Types are printed with their schema unless it is on the path; extensions
	// live in the schema extensions, where PostgREST finds them too.
	if _, err := tx.Exec(ctx, "set local search_path = pg_catalog, public, extensions"); err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	s := &Schema{}
	if s.Views, err = dumpViews(ctx, tx); err != nil {
		return nil, fmt.Errorf("contract: views: %w", err)
	}
	if s.Functions, err = dumpFunctions(ctx, tx); err != nil {
		return nil, fmt.Errorf("contract: functions: %w", err)
	}
	return s, nil
}

// roles gives the API roles that exist, in the order in which they are listed.
const roles = `roles as (
  select r.oid, r.rolname, o.ord
  from unnest(array['anon', 'authenticated', 'service_role']) with ordinality as o(name, ord)
  join pg_roles r on r.rolname = o.name)`

const viewsSQL = `with ` + roles + `
select c.oid, n.nspname, c.relname,
  case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end,
  g.names
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
cross join lateral (
  select array_agg(r.rolname::text order by r.ord) as names from roles r
  where has_table_privilege(r.oid, c.oid, 'select') and has_schema_privilege(r.oid, n.oid, 'usage')) g
where n.nspname in ('public', 'reporting') and c.relkind in ('v', 'm', 'r', 'p') and g.names is not null
  and not exists (select from pg_depend d
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by n.nspname collate "C", c.relname collate "C"`

const columnsSQL = `
select a.attnum, a.attname, format_type(a.atttypid, a.atttypmod)
from pg_attribute a
where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
order by a.attnum`

func dumpViews(ctx context.Context, tx pgx.Tx) ([]View, error) {
	type found struct {
		oid  uint32
		view View
	}
	rows, err := tx.Query(ctx, viewsSQL)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (found, error) {
		var f found
		err := row.Scan(&f.oid, &f.view.Schema, &f.view.Name, &f.view.Kind, &f.view.Select)
		return f, err
	})
	if err != nil {
		return nil, err
	}
	nulls, err := loadNullability(ctx, tx)
	if err != nil {
		return nil, err
	}
	var out []View
	for _, f := range all {
		rows, err := tx.Query(ctx, columnsSQL, f.oid)
		if err != nil {
			return nil, err
		}
		var attnum int16
		var col Column
		_, err = pgx.ForEachRow(rows, []any{&attnum, &col.Name, &col.Type}, func() error {
			col.Nullable = !nulls.notNull(f.oid, int(attnum))
			f.view.Columns = append(f.view.Columns, col)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.view.ID(), err)
		}
		if err := nulls.failed[f.oid]; err != nil {
			return nil, fmt.Errorf("%s: %w", f.view.ID(), err)
		}
		out = append(out, f.view)
	}
	return out, nil
}

const functionsSQL = `with ` + roles + `
select p.oid, n.nspname, p.proname,
  case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
  g.names, p.proretset, format_type(p.prorettype, null), p.pronargs - p.pronargdefaults
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
cross join lateral (
  select array_agg(r.rolname::text order by r.ord) as names from roles r
  where has_function_privilege(r.oid, p.oid, 'execute') and has_schema_privilege(r.oid, n.oid, 'usage')) g
where n.nspname in ('public', 'reporting') and p.prokind = 'f' and g.names is not null
  and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
  and not exists (select from pg_depend d
    where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
order by n.nspname collate "C", p.proname collate "C", pg_get_function_identity_arguments(p.oid)`

const argsSQL = `
select coalesce(p.proargnames[a.ord], ''), format_type(a.typ, null), coalesce(p.proargmodes[a.ord], 'i'),
  pg_get_function_arg_default(p.oid, a.ord::int)
from pg_proc p,
  unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as a(typ, ord)
where p.oid = $1
order by a.ord`

func dumpFunctions(ctx context.Context, tx pgx.Tx) ([]Function, error) {
	type found struct {
		oid      uint32
		fn       Function
		set      bool
		typ      string
		required int
	}
	rows, err := tx.Query(ctx, functionsSQL)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (found, error) {
		var f found
		err := row.Scan(&f.oid, &f.fn.Schema, &f.fn.Name, &f.fn.Volatility, &f.fn.Execute, &f.set, &f.typ, &f.required)
		return f, err
	})
	if err != nil {
		return nil, err
	}
	var out []Function
	for _, f := range all {
		rows, err := tx.Query(ctx, argsSQL, f.oid)
		if err != nil {
			return nil, err
		}
		var name, typ, mode string
		var def *string
		_, err = pgx.ForEachRow(rows, []any{&name, &typ, &mode, &def}, func() error {
			switch mode {
			case "t", "o":
				f.fn.Returns.Columns = append(f.fn.Returns.Columns, ResultColumn{Name: name, Type: typ})
				return nil
			case "b":
				f.fn.Returns.Columns = append(f.fn.Returns.Columns, ResultColumn{Name: name, Type: typ})
			}
			arg := Arg{Name: name, Type: typ, Required: len(f.fn.Args) < f.required}
			if !arg.Required {
				arg.Default = def
			}
			f.fn.Args = append(f.fn.Args, arg)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.fn.ID(), err)
		}
		switch {
		case f.set && f.fn.Returns.Columns != nil:
			f.fn.Returns.Kind = "table"
		case f.set:
			f.fn.Returns = Returns{Kind: "setof", Type: f.typ}
		default:
			f.fn.Returns = Returns{Kind: "scalar", Type: f.typ}
		}
		out = append(out, f.fn)
	}
	return out, nil
}
