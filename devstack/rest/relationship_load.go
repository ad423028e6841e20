package rest

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

const foreignKeysSQL = `
select c.conname, c.conrelid, c.confrelid, c.conkey, c.confkey,
       exists (select from pg_constraint u
               where u.conrelid = c.conrelid and u.contype in ('p', 'u') and u.conkey <@ c.conkey and u.conkey @> c.conkey)
from pg_constraint c
where c.contype = 'f' and c.conparentid = 0
order by c.conrelid, c.conname`

const computedSQL = `
select n.nspname, p.proname, t.typrelid, r.typrelid, not p.proretset or p.prorows = 1
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_type t on t.oid = p.proargtypes[0]
join pg_type r on r.oid = p.prorettype
where n.nspname = any ($1) and p.prokind = 'f' and p.pronargs = 1 and t.typrelid <> 0 and r.typrelid <> 0
order by p.oid`

// loadRelationships learns how the exposed relations belong together.
func (c *schemaCache) loadRelationships(ctx context.Context, tx pgx.Tx, schemas []string) error {
	rows, err := tx.Query(ctx, foreignKeysSQL)
	if err != nil {
		return err
	}
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k foreignKey, err error) {
		err = row.Scan(&k.name, &k.from, &k.to, &k.fromColumn, &k.toColumn, &k.unique)
		return k, err
	})
	if err != nil {
		return err
	}
	primary, err := primaryKeys(ctx, tx)
	if err != nil {
		return err
	}
	origins, err := viewOrigins(ctx, tx)
	if err != nil {
		return err
	}
	byOID := map[uint32]*relation{}
	faces := map[uint32][]face{}
	for _, r := range c.relations {
		byOID[r.oid] = r
		if r.kind != "v" && r.kind != "m" {
			own := map[int16]string{}
			for _, col := range r.columns {
				own[col.number] = col.name
			}
			faces[r.oid] = append(faces[r.oid], face{r, own})
			continue
		}
		shown := map[uint32]map[int16]string{}
		var tables []uint32
		for _, col := range r.columns {
			o, ok := origins.table(columnID{r.oid, col.number})
			if !ok {
				continue
			}
			if shown[o.relation] == nil {
				shown[o.relation] = map[int16]string{}
				tables = append(tables, o.relation)
			}
			if _, taken := shown[o.relation][o.number]; !taken {
				shown[o.relation][o.number] = col.name
			}
		}
		for _, t := range tables {
			f := face{r, shown[t]}
			faces[t] = append(faces[t], f)
			if len(r.key) == 0 && len(primary[t]) > 0 {
				r.key = f.names(primary[t])
			}
		}
	}
	c.connect(keys, faces)

	if rows, err = tx.Query(ctx, computedSQL, schemas); err != nil {
		return err
	}
	var fn name
	var from, to uint32
	var single bool
	_, err = pgx.ForEachRow(rows, []any{&fn.schema, &fn.name, &from, &to, &single}, func() error {
		a, b := byOID[from], byOID[to]
		if a == nil || b == nil {
			return nil
		}
		copied := fn
		r := &relationship{from: a, to: b, kind: oneToMany, function: &copied}
		if single {
			r.kind = manyToOne
		}
		c.related[a.name] = append(c.related[a.name], r)
		return nil
	})
	return err
}

func primaryKeys(ctx context.Context, tx pgx.Tx) (map[uint32][]int16, error) {
	rows, err := tx.Query(ctx, `select conrelid, conkey from pg_constraint where contype = 'p'`)
	if err != nil {
		return nil, err
	}
	keys := map[uint32][]int16{}
	var table uint32
	var columns []int16
	_, err = pgx.ForEachRow(rows, []any{&table, &columns}, func() error {
		keys[table] = append([]int16(nil), columns...)
		return nil
	})
	return keys, err
}

// columnID names a column of any relation.
type columnID struct {
	relation uint32
	number   int16
}

// originMap leads from columns of views to the columns they show unchanged.
type originMap map[columnID]columnID

// table follows views of views down to the table.
func (o originMap) table(c columnID) (columnID, bool) {
	at, ok := o[c]
	for ok {
		next, deeper := o[at]
		if !deeper {
			return at, true
		}
		at = next
	}
	return at, false
}

func viewOrigins(ctx context.Context, tx pgx.Tx) (originMap, error) {
	rows, err := tx.Query(ctx, `
		select r.ev_class, r.ev_action::text from pg_rewrite r
		join pg_class c on c.oid = r.ev_class
		join pg_namespace n on n.oid = c.relnamespace
		where r.ev_type = '1' and c.relkind in ('v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')`)
	if err != nil {
		return nil, err
	}
	origins := originMap{}
	var view uint32
	var rule string
	_, err = pgx.ForEachRow(rows, []any{&view, &rule}, func() error {
		for number, o := range parseRule(rule) {
			origins[columnID{view, number}] = o
		}
		return nil
	})
	return origins, err
}

var targetEntry = regexp.MustCompile(`:resno (\d+) .*:resorigtbl (\d+) :resorigcol (\d+) `)

// parseRule reads which columns a view's rule takes over, from the text of its
// parse tree: the outermost query is on the first level of braces, what it
// gives on the second.
func parseRule(rule string) map[int16]columnID {
	found := map[int16]columnID{}
	var entry strings.Builder // what stands on the second level itself
	depth, inside := 0, false
	for i := 0; i < len(rule); i++ {
		switch b := rule[i]; {
		case b == '\\':
			i++
		case b == '{':
			if depth++; depth == 2 {
				inside = strings.HasPrefix(rule[i:], "{TARGETENTRY ")
				entry.Reset()
			}
		case b == '}':
			if depth == 2 && inside {
				if m := targetEntry.FindStringSubmatch(entry.String()); m != nil {
					no, _ := strconv.ParseInt(m[1], 10, 16)
					table, _ := strconv.ParseUint(m[2], 10, 32)
					column, _ := strconv.ParseInt(m[3], 10, 16)
					if table != 0 && column > 0 {
						found[int16(no)] = columnID{uint32(table), int16(column)}
					}
				}
				inside = false
			}
			depth--
		case depth == 2 && inside:
			entry.WriteByte(b)
		}
	}
	return found
}
