package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/changes"
	"github.com/workorder-systems/sdk-go/reporting"
	"github.com/workorder-systems/sdk-go/workorders"
)

// mirror copies views of one tenant into tables.
type mirror struct {
	client *workorder.Client
	db     *pgxpool.Pool
	page   int
}

var (
	workOrderTable = tableOf[workorders.WorkOrder]("work_orders", "id")
	assetTable     = tableOf[assets.Asset]("assets", "id")
	costTable      = tableOf[reporting.WorkOrderCost]("work_order_costs", "work_order_id")
)

// createTables makes the tables that are not there.
func (m *mirror) createTables(ctx context.Context) error {
	return pgx.BeginFunc(ctx, m.db, func(tx pgx.Tx) error {
		for _, sql := range []string{
			`select pg_advisory_xact_lock(hashtext('mirror'))`, // two that start at once
			`create table if not exists watermarks (view text primary key, mark jsonb not null)`,
			workOrderTable.create, assetTable.create, costTable.create,
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}

// counts says what a round did.
type counts struct{ workOrders, assets, costs, gone int }

func (c counts) String() string {
	return fmt.Sprintf("%d work orders, %d assets and %d costs written, %d rows gone", c.workOrders, c.assets, c.costs, c.gone)
}

// round takes in what changed, and what is gone if sweep says so.
func (m *mirror) round(ctx context.Context, sweep bool) (c counts, err error) {
	if c.workOrders, err = follow(ctx, m, m.client.WorkOrders.View, workOrderTable); err != nil {
		return c, err
	}
	if c.assets, err = follow(ctx, m, m.client.Assets.View, assetTable); err != nil {
		return c, err
	}
	if sweep {
		for _, forget := range []func() (int, error){
			func() (int, error) { return forget(ctx, m, m.client.WorkOrders.View, workOrderTable) },
			func() (int, error) { return forget(ctx, m, m.client.Assets.View, assetTable) },
		} {
			n, err := forget()
			if err != nil {
				return c, err
			}
			c.gone += n
		}
	}
	costs, gone, err := replace(ctx, m, m.client.Costs.WorkOrderCosts.All(ctx), costTable)
	c.costs, c.gone = costs, c.gone+gone
	return c, err
}

// follow brings a table up to date with what changed in its view. A page and its
// watermark are one transaction.
func follow[T any](ctx context.Context, m *mirror, view workorder.View[T], t *table[T]) (rows int, err error) {
	var mark changes.Watermark
	err = m.db.QueryRow(ctx, `select mark from watermarks where view = $1`, t.name).Scan(&mark)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, err
	}
	for page, err := range changes.Since(ctx, view, mark, changes.PageSize(m.page)) {
		if err != nil {
			return rows, err
		}
		err = pgx.BeginFunc(ctx, m.db, func(tx pgx.Tx) error {
			if _, err := t.write(ctx, tx, page.Rows); err != nil {
				return err
			}
			text, err := json.Marshal(page.Next)
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `insert into watermarks (view, mark) values ($1, $2) on conflict (view) do update set mark = excluded.mark`, t.name, string(text))
			return err
		})
		if err != nil {
			return rows, err
		}
		rows += len(page.Rows)
	}
	return rows, nil
}

// forget deletes the rows that the view has no more.
func forget[T any](ctx context.Context, m *mirror, view workorder.View[T], t *table[T]) (int, error) {
	held, err := m.db.Query(ctx, `select `+t.key+` from `+t.name)
	if err != nil {
		return 0, err
	}
	keys, err := pgx.CollectRows(held, pgx.RowTo[string])
	if err != nil {
		return 0, err
	}
	var gone []string
	for key, err := range changes.Gone(ctx, view, func(yield func(string) bool) {
		for _, key := range keys {
			if !yield(key) {
				return
			}
		}
	}) {
		if err != nil {
			return 0, err
		}
		gone = append(gone, key)
	}
	_, err = m.db.Exec(ctx, `delete from `+t.name+` where `+t.key+` = any($1)`, gone)
	return len(gone), err
}

// replace makes a table equal to rows that are read whole, writing only what is
// different. All of it is one transaction.
func replace[T any](ctx context.Context, m *mirror, rows iter.Seq2[T, error], t *table[T]) (written, gone int, err error) {
	err = pgx.BeginFunc(ctx, m.db, func(tx pgx.Tx) error {
		var keys []string
		batch := make([]T, 0, m.page)
		flush := func() error {
			n, err := t.write(ctx, tx, batch)
			written, batch = written+n, batch[:0]
			return err
		}
		for row, err := range rows {
			if err != nil {
				return err
			}
			keys = append(keys, t.keyOf(row))
			if batch = append(batch, row); len(batch) == m.page {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		if err := flush(); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `delete from `+t.name+` where not `+t.key+` = any($1)`, keys)
		gone = int(tag.RowsAffected())
		return err
	})
	return written, gone, err
}
