// Package outbox sends what the database of a stack wants sent: the requests that
// net.http_post and its like have queued. It also runs, at regular times, the job
// that queues the deliveries of plugins.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// atOnce is how many requests are under way at most.
	atOnce = 64

	// answersKept is how long the answers stay in net._http_response.
	answersKept = "6 hours"

	retryAfter = 500 * time.Millisecond
)

// An Outbox is at work until it is closed.
type Outbox struct {
	pool   *pgxpool.Pool
	log    *slog.Logger
	client *http.Client
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// Start sends queued requests as they come, and lets the job run every so often.
// The pool connects as superuser and must stay open until Close has returned.
func Start(pool *pgxpool.Pool, every time.Duration, log *slog.Logger) *Outbox {
	ctx, cancel := context.WithCancel(context.Background())
	o := &Outbox{
		pool:   pool,
		log:    log,
		cancel: cancel,
		client: &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: atOnce, IdleConnTimeout: time.Minute},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	o.work.Go(func() { o.send(ctx) })
	o.work.Go(func() { o.runJob(ctx, every) })
	return o
}

// Close stops both. Requests that are under way are cut off and get no answer.
func (o *Outbox) Close() {
	o.cancel()
	o.work.Wait()
	o.client.CloseIdleConnections()
}

// runJob runs the platform's job, which there pg_cron starts each minute.
func (o *Outbox) runJob(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		_, err := o.pool.Exec(ctx, `select public.rpc_process_plugin_deliveries(50)`)
		if err != nil && ctx.Err() == nil {
			o.log.Warn("devstack: deliveries of plugins", "err", err)
		}
	}
}

// send takes requests from the queue and sends them until ctx ends.
func (o *Outbox) send(ctx context.Context) {
	for ctx.Err() == nil {
		if err := o.listen(ctx); err != nil && ctx.Err() == nil {
			o.log.Warn("devstack: requests of the database", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(retryAfter):
		}
	}
}

// listen does so on a connection that hears of new requests.
func (o *Outbox) listen(ctx context.Context) error {
	conn, err := o.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `listen net_http_request`); err != nil {
		return err
	}
	free := make(chan struct{}, atOnce)
	for {
		requests, err := take(ctx, conn.Conn())
		if err != nil {
			return err
		}
		for _, r := range requests {
			if r.toNowhere() {
				continue
			}
			select {
			case free <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			o.work.Go(func() {
				defer func() { <-free }()
				if err := o.store(ctx, r.id, o.answer(ctx, r)); err != nil && ctx.Err() == nil {
					o.log.Warn("devstack: answer to a request of the database", "err", err)
				}
			})
		}
		if len(requests) > 0 {
			continue
		}
		if _, err := conn.Conn().WaitForNotification(ctx); err != nil {
			return err
		}
	}
}

// take removes the oldest requests from the queue.
func take(ctx context.Context, conn *pgx.Conn) ([]request, error) {
	rows, err := conn.Query(ctx, `
		with taken as (
			delete from net.http_request_queue q
			where q.id in (select id from net.http_request_queue order by id limit $1 for update skip locked)
			returning q.id, q.method, q.url, q.headers, q.body, q.timeout_milliseconds)
		select * from taken order by id`, atOnce)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (request, error) {
		var (
			r  request
			ms int
		)
		err := row.Scan(&r.id, &r.method, &r.url, &r.headers, &r.body, &ms)
		r.timeout = time.Duration(ms) * time.Millisecond
		return r, err
	})
}

// store writes the answer down, and lets old ones go.
func (o *Outbox) store(ctx context.Context, id int64, a answer) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	_, err := o.pool.Exec(ctx, `
		with old as (delete from net._http_response where created < now() - interval '`+answersKept+`')
		insert into net._http_response (id, status_code, content_type, headers, content, timed_out, error_msg)
		values ($1, $2, $3, $4, $5, $6, $7)`,
		id, a.status, a.contentType, a.headers, a.content, a.timedOut, a.err)
	if err != nil {
		return fmt.Errorf("request %d: %w", id, err)
	}
	return nil
}
