package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	workorder "github.com/workorder-systems/sdk-go"
)

// work takes jobs until ctx is done, or with -once until the day's rounds are
// done. Jobs under way are finished, which takes no longer than one may.
func work(ctx context.Context, out io.Writer, client *workorder.Client, db *pgxpool.Pool, s settings) error {
	// Wrong credentials show before any job is taken.
	if _, err := client.Auth.User(ctx); err != nil {
		return err
	}
	if err := createTables(ctx, db); err != nil {
		return err
	}
	pool := workorder.NewTenantPool(client, workorder.TenantPoolOptions{MaxTenants: 2 * s.parallel})
	defer pool.Close()
	queue, err := newQueue(client, pool, db, s)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if err := queue.Start(ctx); err != nil {
		return err
	}
	if s.once {
		err = planOnce(ctx, out, queue, db, s.day)
		stop()
	}
	<-queue.Stopped()
	return err
}

func newQueue(client *workorder.Client, pool *workorder.TenantPool, db *pgxpool.Pool, s settings) (*river.Client[pgx.Tx], error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &planner{client: client})
	river.AddWorker(workers, &rounder{pool: pool})
	config := &river.Config{
		Logger:               slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Workers:              workers,
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: s.parallel}},
		JobTimeout:           s.timeout,
		SoftStopTimeout:      s.timeout,
		RescueStuckJobsAfter: 2 * s.timeout,
	}
	if !s.once {
		plan := func() (river.JobArgs, *river.InsertOpts) { return planArgs{Day: today()}, nil }
		config.PeriodicJobs = []*river.PeriodicJob{
			river.NewPeriodicJob(s.at, plan, &river.PeriodicJobOpts{RunOnStart: true}),
		}
	}
	return river.NewClient(riverpgxv5.New(db), config)
}

// createTables brings the queue's tables up to date, by one worker at a time.
func createTables(ctx context.Context, db *pgxpool.Pool) error {
	lock, err := db.Acquire(ctx)
	if err != nil {
		return err
	}
	defer lock.Release()
	if _, err := lock.Exec(ctx, `select pg_advisory_lock(hashtext('worker'))`); err != nil {
		return err
	}
	defer func() { _, _ = lock.Exec(context.WithoutCancel(ctx), `select pg_advisory_unlock(hashtext('worker'))`) }()
	migrator, err := rivermigrate.New(riverpgxv5.New(db), nil)
	if err != nil {
		return err
	}
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// planOnce plans a day and waits until its rounds are done, by whichever worker.
func planOnce(ctx context.Context, out io.Writer, queue *river.Client[pgx.Tx], db *pgxpool.Pool, day string) error {
	plan, err := queue.Insert(ctx, planArgs{Day: day}, nil)
	if err != nil {
		return err
	}
	for waiting := true; waiting; {
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		err := db.QueryRow(ctx, `select exists (select from river_job where args ->> 'day' = $1 and finalized_at is null)`, day).Scan(&waiting)
		if err != nil {
			return err
		}
	}
	job, err := queue.JobGet(ctx, plan.Job.ID)
	if err != nil {
		return err
	}
	if job.State != rivertype.JobStateCompleted {
		return fmt.Errorf("%s could not be planned: %s", day, lastError(job))
	}
	var done, given int
	err = db.QueryRow(ctx, `select count(*) filter (where done), count(*) filter (where not done) from (
			select bool_or(state = 'completed') as done from river_job where kind = $1 and args ->> 'day' = $2 group by args ->> 'tenant_id'
		) tenants`, roundArgs{}.Kind(), day).Scan(&done, &given)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d rounds done\n", day, done)
	if given > 0 {
		return fmt.Errorf("%d rounds of %s were given up; river_job says why", given, day)
	}
	return nil
}

// lastError says why a job was given up.
func lastError(job *rivertype.JobRow) string {
	if len(job.Errors) == 0 {
		return string(job.State)
	}
	return job.Errors[len(job.Errors)-1].Error
}
