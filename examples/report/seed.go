package main

import (
	"context"
	cryptorand "crypto/rand"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/pm"
)

// machine is an asset of the plant and how it behaves.
type machine struct {
	name, place string
	fails       float64 // times a month
	repair      float64 // hours, about
}

var plant = []machine{
	{"Press 1", "Hall A", 1.6, 9}, {"Press 2", "Hall A", 0.9, 7}, {"Conveyor", "Hall A", 1.2, 4}, {"Robot arm", "Hall A", 0.5, 14},
	{"Filler", "Hall B", 1.4, 6}, {"Labeller", "Hall B", 0.8, 3}, {"Palletiser", "Hall B", 0.6, 8},
	{"Boiler", "Utilities", 0.4, 20}, {"Compressor", "Utilities", 0.9, 10}, {"Cooling tower", "Utilities", 0.3, 16},
	{"Forklift", "Warehouse", 0.7, 5}, {"Dock door", "Warehouse", 0.5, 2},
}

// seedYear fills a new tenant with the work of a year that ends at now. Places,
// machines and schedules are made as a program would make them; work of the past
// goes in by SQL, because no call dates work back.
func seedYear(ctx context.Context, stack *devstack.Stack, seed uint64, now time.Time) (*workorder.Client, error) {
	client, user, tenant, err := newTenant(ctx, stack)
	if err != nil {
		return nil, err
	}
	db, err := pgx.Connect(ctx, stack.DatabaseURL)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close(ctx) }()

	y := &year{rnd: rand.New(rand.NewPCG(seed, 0)), now: now, tenant: tenant, user: user}
	places := map[string]string{}
	for _, m := range plant {
		if places[m.place] == "" {
			if places[m.place], err = client.Locations.Create(ctx, assets.CreateLocationParams{Name: m.place}); err != nil {
				return nil, err
			}
		}
		id, err := client.Assets.Create(ctx, assets.CreateAssetParams{Name: m.name, LocationID: places[m.place]})
		if err != nil {
			return nil, err
		}
		schedule, err := client.PM.CreateSchedule(ctx, pm.CreateScheduleParams{AssetID: id, Title: "Service of " + m.name, Trigger: pm.TimeTrigger{IntervalDays: 30}})
		if err != nil {
			return nil, err
		}
		y.live(m, id, places[m.place], schedule)
	}
	if err := db.SendBatch(ctx, &y.batch).Close(); err != nil {
		return nil, err
	}
	return client, nil
}

// newTenant signs a user up who works in a tenant of its own.
func newTenant(ctx context.Context, stack *devstack.Stack) (client *workorder.Client, user, tenant string, err error) {
	if client, err = workorder.New(stack.URL, stack.AnonKey); err != nil {
		return nil, "", "", err
	}
	unique := strings.ToLower(cryptorand.Text()[:10])
	signedUp, err := client.Auth.SignUp(ctx, workorder.SignUpParams{Email: "ada-" + unique + "@example.com", Password: cryptorand.Text()})
	if err != nil {
		return nil, "", "", err
	}
	client = client.WithSession(signedUp.Session)
	if tenant, err = client.Tenants.Create(ctx, org.CreateTenantParams{Name: "Riverside plant", Slug: "plant-" + unique}); err != nil {
		return nil, "", "", err
	}
	client, err = client.ForTenant(ctx, tenant)
	return client, signedUp.User.ID, tenant, err
}

// year makes up what happened.
type year struct {
	rnd          *rand.Rand
	now          time.Time
	tenant, user string
	batch        pgx.Batch
}

// about is a number around f: from half of it to twice.
func (y *year) about(f float64) float64 { return f * (0.5 + 1.5*y.rnd.Float64()) }

func hours(f float64) time.Duration { return time.Duration(f * float64(time.Hour)) }

// live lets a machine run for the year: it fails, is serviced, and is worked on.
func (y *year) live(m machine, asset, place, schedule string) {
	start := y.now.AddDate(-1, 0, 0)
	for at := start.Add(hours(y.rnd.Float64() * 400)); at.Before(y.now); at = at.Add(hours(y.about(24 * 30 / m.fails))) {
		y.failure(m, asset, place, at)
	}
	for due := start.AddDate(0, 0, y.rnd.IntN(30)); due.Before(y.now); due = due.AddDate(0, 1, 0) {
		y.service(m, asset, place, schedule, due)
	}
	for range 4 { // improvements that somebody asked for
		at := start.Add(hours(y.rnd.Float64() * 364 * 24))
		y.order(work{title: "Improve " + m.name, kind: "design_out", priority: "low", asset: asset, place: place, created: at, takes: hours(y.about(24 * 20)), minutes: 30 + y.rnd.IntN(200)})
	}
}

// work is a work order. One that would end after now is still open.
type work struct {
	title, kind, priority, asset, place string
	created                             time.Time
	takes                               time.Duration
	minutes                             int // of work
	parts, vendor                       int // cents
	cancelled                           bool
}

func (y *year) failure(m machine, asset, place string, at time.Time) {
	w := work{
		title: m.name + " stopped", priority: []string{"medium", "high", "high", "critical"}[y.rnd.IntN(4)],
		asset: asset, place: place, created: at, takes: hours(y.about(m.repair)), minutes: int(y.about(m.repair * 40)),
		cancelled: y.rnd.IntN(15) == 0,
	}
	if y.rnd.IntN(3) == 0 {
		w.parts = 2000 + y.rnd.IntN(60000)
	}
	if y.rnd.IntN(5) == 0 {
		w.vendor = 10000 + y.rnd.IntN(90000)
	}
	if y.rnd.IntN(12) == 0 {
		w.takes += hours(24 * 25) // waits for a part
	}
	y.order(w)
	if !w.cancelled {
		down := at.Add(min(w.takes, 72*time.Hour))
		if down.After(y.now) {
			down = y.now
		}
		y.batch.Queue(`insert into app.asset_downtime_events (tenant_id, asset_id, reason_key, started_at, ended_at) values ($1, $2, 'breakdown', $3, $4)`,
			y.tenant, asset, at, down)
	}
}

func (y *year) service(m machine, asset, place, schedule string, due time.Time) {
	w := work{title: "Service of " + m.name, kind: "preventive_time", priority: "medium", asset: asset, place: place, created: due.AddDate(0, 0, -5), takes: hours(y.about(24 * 6)), minutes: 30 + y.rnd.IntN(90)}
	if y.rnd.IntN(6) == 0 {
		w.takes += hours(24 * 14) // late
	}
	id := y.order(w)
	var done *time.Time
	if end := w.created.Add(w.takes); end.Before(y.now) {
		done = &end
	}
	y.batch.Queue(`insert into app.pm_history (tenant_id, pm_schedule_id, work_order_id, scheduled_date, completed_date) values ($1, $2, $3, $4, $5)`,
		y.tenant, schedule, id, due, done)
}

// order queues a work order with its time and costs, and returns its id.
func (y *year) order(w work) (id string) {
	id = newID()
	status, due := "completed", w.created.Add(max(48*time.Hour, w.takes/2+hours(y.rnd.Float64()*24*7)))
	end := w.created.Add(w.takes)
	completed, by := &end, &y.user
	switch {
	case !end.Before(y.now):
		status, completed, by = "assigned", nil, nil
	case w.cancelled:
		status = "cancelled"
	}
	var kind *string // a failure has none
	if w.kind != "" {
		kind = &w.kind
	}
	y.batch.Queue(`insert into app.work_orders (id, tenant_id, title, status, priority, maintenance_type, asset_id, location_id, created_at, completed_at, completed_by, due_date)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		id, y.tenant, w.title, status, w.priority, kind, w.asset, w.place, w.created, completed, by, due)
	if status == "completed" {
		entry := end // the platform takes none of more than a year ago
		if oldest := time.Now().AddDate(0, 0, -360); entry.Before(oldest) {
			entry = oldest
		}
		y.batch.Queue(`insert into app.work_order_time_entries (tenant_id, work_order_id, user_id, entry_date, minutes, labor_cost_cents) values ($1, $2, $3, $4, $5, $6)`,
			y.tenant, id, y.user, entry, min(w.minutes, 1440), min(w.minutes, 1440)*75)
	}
	if w.parts > 0 {
		y.batch.Queue(`insert into app.work_order_parts (tenant_id, work_order_id, description, total_cost_cents) values ($1, $2, 'spare parts', $3)`, y.tenant, id, w.parts)
	}
	if w.vendor > 0 {
		y.batch.Queue(`insert into app.work_order_vendor_costs (tenant_id, work_order_id, amount_cents) values ($1, $2, $3)`, y.tenant, id, w.vendor)
	}
	return id
}

// newID makes an id. It does not follow the seed, so that a stack can hold several
// years of the same one.
func newID() string {
	var b [16]byte
	_, _ = cryptorand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
