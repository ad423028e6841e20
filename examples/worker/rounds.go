package main

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/workorders"
)

// planArgs asks for the rounds of a day, one for each tenant of the account.
type planArgs struct {
	Day string `json:"day"`
}

// Kind implements river.JobArgs.
func (planArgs) Kind() string { return "plan_rounds" }

// InsertOpts lets one plan of a day wait or run. One that has ended may be made
// again: it adds what is missing.
func (planArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
		rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}}}
}

// planner puts the rounds of a day into the queue.
type planner struct {
	river.WorkerDefaults[planArgs]
	client *workorder.Client
}

// Work implements river.Worker.
func (p *planner) Work(ctx context.Context, job *river.Job[planArgs]) error {
	var rounds []river.InsertManyParams
	for tenant, err := range p.client.Tenants.All(ctx) {
		if err != nil {
			return verdict(ctx, err)
		}
		rounds = append(rounds, river.InsertManyParams{Args: roundArgs{TenantID: tenant.ID, Day: job.Args.Day}})
	}
	if len(rounds) == 0 {
		return nil
	}
	_, err := river.ClientFromContext[pgx.Tx](ctx).InsertMany(ctx, rounds)
	return err
}

// roundArgs asks for the round of a tenant on a day.
type roundArgs struct {
	TenantID string `json:"tenant_id"`
	Day      string `json:"day"`
}

// Kind implements river.JobArgs.
func (roundArgs) Kind() string { return "preventive_round" }

// InsertOpts lets the queue hold one job per tenant and day, done or not. Only
// where it was given up may there be another.
func (roundArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// rounder creates the work order of a round.
type rounder struct {
	river.WorkerDefaults[roundArgs]
	pool *workorder.TenantPool
}

// Work implements river.Worker.
func (r *rounder) Work(ctx context.Context, job *river.Job[roundArgs]) error {
	day, err := time.Parse(time.DateOnly, job.Args.Day)
	if err != nil {
		return river.JobCancel(err)
	}
	return verdict(ctx, r.pool.Do(ctx, job.Args.TenantID, func(ctx context.Context, c *workorder.Client) error {
		_, err := c.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{
			Title:           "Preventive round " + job.Args.Day,
			MaintenanceType: "preventive_time",
			DueDate:         day.AddDate(0, 0, 1),
			ClientRequestID: "preventive-round-" + job.Args.Day,
		})
		return err
	}))
}

// verdict tells the queue what to do about an error of the SDK.
func verdict(ctx context.Context, err error) error {
	var e *workorder.SdkError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil: // the worker stops, or the job took too long: later, perhaps elsewhere
		return err
	case !workorder.SafeToRetry(err):
		return river.JobCancel(err)
	case errors.As(err, &e) && e.RetryAfter > 0:
		return river.JobSnooze(e.RetryAfter)
	}
	return err // again, after the queue's own waits
}
