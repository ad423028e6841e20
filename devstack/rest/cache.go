package rest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// schemaCache is what is known about the exposed schemas. It is never changed
// after loading; a reload replaces it.
type schemaCache struct {
	loaded    time.Time // when loading began
	version   string    // of the catalogs then, see catalogVersion
	relations map[name]*relation
	functions map[name][]*function
	related   map[name][]*relationship
	types     map[string]string    // name of a type as used in a cast → quoted
	settings  map[string][]setting // per role, as given with ALTER ROLE … SET
}

// name is a schema-qualified name.
type name struct{ schema, name string }

func (n name) String() string { return n.schema + "." + n.name }
func (n name) sql() string    { return quoteIdent(n.schema, n.name) }

type relation struct {
	name
	oid     uint32
	kind    string
	comment string
	columns []*column
	byName  map[string]*column
	key     []string // primary key

	insertable, updatable, deletable bool
}

type column struct {
	number     int16
	name       string
	typ        string // as format_type writes it, always schema-qualified outside pg_catalog
	notNull    bool
	hasDefault bool
	defaultSQL string
	comment    string
}

type function struct {
	name
	oid       uint32
	comment   string
	args      []argument
	readOnly  bool // stable or immutable
	set       bool
	void      bool
	composite bool // rows with columns, also by OUT arguments
	rowsOf    name // relation whose rows it gives, if any
}

type argument struct {
	name     string
	typ      string
	required bool
	variadic bool
}

type setting struct{ name, value string }

func quoteIdent(parts ...string) string { return pgx.Identifier(parts).Sanitize() }

// current gives the cache in force.
func (s *Server) current() *schemaCache { return s.cache.Load() }

// fresher reloads the cache if the schema has changed, unless somebody else has
// done so since the given moment. It is used when a name is not found: the schema
// may just have changed.
func (s *Server) fresher(ctx context.Context, since time.Time) (*schemaCache, error) {
	s.loadMu.Lock()
	defer s.loadMu.Unlock()
	c := s.current()
	if c.loaded.After(since) {
		return c, nil
	}
	version, err := catalogVersion(ctx, s.cfg.Pool)
	if err == nil && version == c.version {
		return c, nil
	}
	if err == nil {
		c, err = s.load(ctx)
	}
	if err != nil && ctx.Err() == nil {
		err = &apiError{status: http.StatusServiceUnavailable, Code: "PGRST002",
			Message: "Could not query the database for the schema cache. Retrying."}
	}
	return c, err
}

func (s *Server) reload(ctx context.Context) error {
	s.loadMu.Lock()
	defer s.loadMu.Unlock()
	_, err := s.load(ctx)
	return err
}

func (s *Server) load(ctx context.Context) (*schemaCache, error) {
	c := &schemaCache{
		loaded:    time.Now(),
		relations: map[name]*relation{},
		functions: map[name][]*function{},
		related:   map[name][]*relationship{},
		types:     map[string]string{},
		settings:  map[string][]setting{},
	}
	err := pgx.BeginTxFunc(ctx, s.cfg.Pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var err error
		if c.version, err = catalogVersion(ctx, tx); err != nil {
			return err
		}
		// With an empty path format_type qualifies every name outside pg_catalog.
		if _, err := tx.Exec(ctx, `set local search_path = ''`); err != nil {
			return err
		}
		for _, step := range []func(context.Context, pgx.Tx) error{
			func(ctx context.Context, tx pgx.Tx) error { return c.loadRelations(ctx, tx, s.cfg.Schemas) },
			func(ctx context.Context, tx pgx.Tx) error { return c.loadRelationships(ctx, tx, s.cfg.Schemas) },
			func(ctx context.Context, tx pgx.Tx) error { return c.loadFunctions(ctx, tx, s.cfg.Schemas) },
			func(ctx context.Context, tx pgx.Tx) error {
				return c.loadTypes(ctx, tx, append(append([]string{}, s.cfg.Schemas...), s.cfg.ExtraSearchPath...))
			},
			c.loadSettings,
		} {
			if err := step(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("rest: load the schema: %w", err)
	}
	s.cache.Store(c)
	return c, nil
}

// catalogVersion is another after every change of the catalogs that the cache is
// loaded from. It costs a hundredth of loading.
func catalogVersion(ctx context.Context, db interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}) (version string, err error) {
	err = db.QueryRow(ctx, versionSQL).Scan(&version)
	return version, err
}

// A row that is added, changed or removed changes the number of the rows or the sum
// of the transactions that wrote them.
const versionSQL = `
select string_agg(concat(t.rows, ':', t.written), ' ' order by t.catalog)
from (
  select 'class' as catalog, count(*) as rows, sum(xmin::text::bigint) as written from pg_class
  union all select 'namespace', count(*), sum(xmin::text::bigint) from pg_namespace
  union all select 'attribute', count(*), sum(xmin::text::bigint) from pg_attribute
  union all select 'default', count(*), sum(xmin::text::bigint) from pg_attrdef
  union all select 'constraint', count(*), sum(xmin::text::bigint) from pg_constraint
  union all select 'rule', count(*), sum(xmin::text::bigint) from pg_rewrite
  union all select 'function', count(*), sum(xmin::text::bigint) from pg_proc
  union all select 'type', count(*), sum(xmin::text::bigint) from pg_type
  union all select 'comment', count(*), sum(xmin::text::bigint) from pg_description
  union all select 'setting', count(*), sum(xmin::text::bigint) from pg_db_role_setting
) t`

const relationsSQL = `
select n.nspname, c.relname, c.oid, c.relkind::text, coalesce(obj_description(c.oid, 'pg_class'), ''),
       a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       a.atthasdef or a.attidentity <> '', coalesce(pg_get_expr(d.adbin, d.adrelid), ''),
       coalesce(col_description(c.oid, a.attnum), ''),
       coalesce(a.attnum = any (k.conkey), false),
       c.relkind in ('r', 'p') or pg_relation_is_updatable(c.oid, true) & 8 = 8,
       c.relkind in ('r', 'p') or pg_relation_is_updatable(c.oid, true) & 4 = 4,
       c.relkind in ('r', 'p') or pg_relation_is_updatable(c.oid, true) & 16 = 16
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
where n.nspname = any ($1) and c.relkind in ('r', 'v', 'm', 'f', 'p')
order by c.oid, a.attnum`

func (c *schemaCache) loadRelations(ctx context.Context, tx pgx.Tx, schemas []string) error {
	rows, err := tx.Query(ctx, relationsSQL, schemas)
	if err != nil {
		return err
	}
	var rel relation
	var col column
	var inKey bool
	_, err = pgx.ForEachRow(rows, []any{&rel.schema, &rel.name.name, &rel.oid, &rel.kind, &rel.comment,
		&col.number, &col.name, &col.typ, &col.notNull, &col.hasDefault, &col.defaultSQL, &col.comment, &inKey,
		&rel.insertable, &rel.updatable, &rel.deletable}, func() error {
		r := c.relations[rel.name]
		if r == nil {
			copied := rel
			r = &copied
			r.byName = map[string]*column{}
			c.relations[r.name] = r
		}
		copied := col
		r.columns = append(r.columns, &copied)
		r.byName[copied.name] = &copied
		if inKey {
			r.key = append(r.key, copied.name)
		}
		return nil
	})
	return err
}

// Arguments with a default are the last ones of the input arguments.
const functionsSQL = `
select n.nspname, p.proname, p.oid, coalesce(obj_description(p.oid, 'pg_proc'), ''),
       p.provolatile <> 'v', p.proretset, p.prorettype = 'void'::regtype,
       coalesce(p.proargmodes && '{t,b,o}', false) or t.typtype = 'c' or coalesce(bt.typtype = 'c', false) or t.typname = 'record',
       p.pronargdefaults::int,
       coalesce((
         select array_agg(coalesce(p.proargnames[i.n], '') order by i.n)
         from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality i (typ, n)
         where coalesce(p.proargmodes[i.n], 'i') in ('i', 'b', 'v')), '{}'),
       coalesce((
         select array_agg(format_type(i.typ, null) order by i.n)
         from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality i (typ, n)
         where coalesce(p.proargmodes[i.n], 'i') in ('i', 'b', 'v')), '{}'),
       p.provariadic <> 0, coalesce(rn.nspname, ''), coalesce(rc.relname, '')
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_type t on t.oid = p.prorettype
left join pg_type bt on bt.oid = t.typbasetype
left join pg_class rc on rc.oid = t.typrelid and rc.relkind in ('r', 'v', 'm', 'f', 'p')
left join pg_namespace rn on rn.oid = rc.relnamespace
where n.nspname = any ($1) and p.prokind = 'f' and t.typname not in ('trigger', 'event_trigger', 'internal')
order by p.oid`

func (c *schemaCache) loadFunctions(ctx context.Context, tx pgx.Tx, schemas []string) error {
	rows, err := tx.Query(ctx, functionsSQL, schemas)
	if err != nil {
		return err
	}
	var f function
	var defaults int
	var names, types []string
	var variadic bool
	_, err = pgx.ForEachRow(rows, []any{&f.schema, &f.name.name, &f.oid, &f.comment, &f.readOnly, &f.set, &f.void,
		&f.composite, &defaults, &names, &types, &variadic,
		&f.rowsOf.schema, &f.rowsOf.name}, func() error {
		fn := f
		fn.args = make([]argument, len(names))
		for i := range names {
			fn.args[i] = argument{name: names[i], typ: types[i], required: i < len(names)-defaults,
				variadic: variadic && i == len(names)-1}
		}
		c.functions[fn.name] = append(c.functions[fn.name], &fn)
		return nil
	})
	return err
}

// sqlTypeNames are the spellings of the SQL standard, which pg_type lacks.
var sqlTypeNames = map[string]string{
	"bigint": "int8", "boolean": "bool", "char": "bpchar", "character": "bpchar",
	"character varying": "varchar", "dec": "numeric", "decimal": "numeric",
	"double precision": "float8", "float": "float8", "int": "int4", "integer": "int4",
	"real": "float4", "smallint": "int2",
	"time with time zone": "timetz", "time without time zone": "time",
	"timestamp with time zone": "timestamptz", "timestamp without time zone": "timestamp",
}

func (c *schemaCache) loadTypes(ctx context.Context, tx pgx.Tx, schemas []string) error {
	rows, err := tx.Query(ctx, `
		select t.typname, n.nspname from pg_type t join pg_namespace n on n.oid = t.typnamespace
		where n.nspname = 'pg_catalog' or n.nspname = any ($1)
		order by n.nspname <> 'pg_catalog', array_position($1, n.nspname::text)`, schemas)
	if err != nil {
		return err
	}
	var typ, schema string
	if _, err := pgx.ForEachRow(rows, []any{&typ, &schema}, func() error {
		if _, taken := c.types[typ]; !taken {
			c.types[typ] = quoteIdent(schema, typ)
		}
		return nil
	}); err != nil {
		return err
	}
	for alias, typ := range sqlTypeNames {
		c.types[alias] = quoteIdent("pg_catalog", typ)
	}
	return nil
}

// castType finds the type of a cast by the name the client gave.
func (c *schemaCache) castType(typ string) (string, error) {
	for _, n := range []string{typ, strings.ToLower(strings.Join(strings.Fields(typ), " "))} {
		if sql, ok := c.types[n]; ok {
			return sql, nil
		}
	}
	return "", &apiError{status: http.StatusBadRequest, Code: "42704", Message: `type "` + typ + `" does not exist`}
}

// loadSettings reads what ALTER ROLE … SET gave to the roles, such as
// statement_timeout: switching to a role does not apply them by itself.
func (c *schemaCache) loadSettings(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `
		select r.rolname, split_part(kv, '=', 1), substr(kv, strpos(kv, '=') + 1)
		from pg_db_role_setting s
		join pg_roles r on r.oid = s.setrole
		join pg_database d on d.datname = current_database() and s.setdatabase in (0, d.oid),
		unnest(s.setconfig) kv
		join pg_settings p on p.name = split_part(kv, '=', 1) and p.context = 'user'
		where p.name not in ('role', 'search_path')
		order by s.setdatabase`)
	if err != nil {
		return err
	}
	var role string
	var set setting
	_, err = pgx.ForEachRow(rows, []any{&role, &set.name, &set.value}, func() error {
		c.settings[role] = append(c.settings[role], set)
		return nil
	})
	return err
}
