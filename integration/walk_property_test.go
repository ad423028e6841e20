package integration

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

// sortable is a column that can be sorted by.
type sortable interface {
	query.AnyColumn
	Asc() query.Order
	Desc() query.Order
}

// subject is a view that is walked while its rows change. Of its rows, nobody
// touches the still ones, and the edited ones change in no other columns than
// those of editedOrders. Others come, change and go.
type subject[T any] struct {
	name   string
	view   workorder.View[T]
	id     func(T) string
	idCol  query.Column[string]
	unread func(T) bool // that a field is zero which nobody asked for
	still  []string
	edited []string
	// orders never change in the rows that are still or edited, editedOrders do
	// in the edited ones.
	orders, editedOrders []sortable
	columns              []query.AnyColumn // to ask for besides the id
	filters              []query.Filter    // on columns of orders
}

// walker makes one random walk.
type walker interface {
	walk(ctx context.Context, rnd *rand.Rand) error
}

// walk reads the subject in a random way and compares what it gives with one
// answer of the server to the same question.
func (s *subject[T]) walk(ctx context.Context, rnd *rand.Rand) error {
	var opts []query.Option
	asked := s.name
	must := slices.Concat(s.still, s.edited)
	candidates := slices.Concat(s.orders, s.editedOrders)
	for _, i := range rnd.Perm(len(candidates))[:rnd.IntN(3)] {
		order := candidates[i].Asc()
		if rnd.IntN(2) == 0 {
			order = candidates[i].Desc()
		}
		switch rnd.IntN(3) {
		case 0:
			order = order.NullsFirst()
		case 1:
			order = order.NullsLast()
		}
		opts = append(opts, query.OrderBy(order))
		asked += fmt.Sprintf(" order %v", order)
		if i >= len(s.orders) {
			must = s.still
		}
	}
	filtered := rnd.IntN(3) == 0 && len(s.filters) > 0
	if filtered {
		i := rnd.IntN(len(s.filters))
		opts = append(opts, query.Where(s.filters[i]))
		asked += fmt.Sprintf(" filter %d", i)
	}
	want, err := s.answer(ctx, opts, must)
	if err != nil {
		return fmt.Errorf("%s: %w", asked, err)
	}
	if !filtered && len(want) != len(must) {
		return fmt.Errorf("%s: one answer has %d of %d rows", asked, len(want), len(must))
	}

	limit := 0
	if rnd.IntN(3) == 0 {
		limit = 1 + rnd.IntN(2*len(must))
	}
	narrow, long := rnd.IntN(3) == 0, rnd.IntN(6) == 0
	if narrow {
		opts = append(opts, query.Columns(s.idCol, s.columns[rnd.IntN(len(s.columns))]))
	}
	if long { // too many values for one request
		opts = append(opts, query.Where(s.idCol.In(slices.Concat(must, absentIDs)...)))
	}
	size, how := 1+rnd.IntN(7), rnd.IntN(3)
	asked += fmt.Sprintf(" limit %d narrow %t long In %t page size %d way %d", limit, narrow, long, size, how)
	rows, err := s.rows(ctx, opts, how, size, limit)
	if err != nil {
		return fmt.Errorf("%s: %w", asked, err)
	}
	if limit > 0 && len(rows) > limit {
		return fmt.Errorf("%s: %d rows", asked, len(rows))
	}
	var got []string
	for _, row := range rows {
		if s.unread(row) != narrow {
			return fmt.Errorf("%s: has columns that were not asked for, or lacks others: %+v", asked, row)
		}
		if id := s.id(row); slices.Contains(must, id) {
			got = append(got, id)
		}
	}
	if limit > 0 && len(rows) == limit && len(got) < len(want) {
		want = want[:len(got)]
	}
	if !slices.Equal(want, got) {
		return fmt.Errorf("%s:\nwant %v\ngot  %v", asked, want, got)
	}
	return nil
}

// absentIDs are ids that no row has.
var absentIDs = func() []string {
	ids := make([]string, 150)
	for i := range ids {
		ids[i] = fmt.Sprintf("%08x-0000-4000-8000-%012d", i*0x01b4e81b, i)
	}
	return ids
}()

// answer gives those of the ids that one answer of the server has, in its order.
func (s *subject[T]) answer(ctx context.Context, opts []query.Option, ids []string) ([]string, error) {
	rows, err := s.view.List(ctx, append(slices.Clip(opts), query.Limit(1000))...)
	if err != nil {
		return nil, err
	}
	var got []string
	for _, row := range rows {
		if id := s.id(row); slices.Contains(ids, id) {
			got = append(got, id)
		}
	}
	return got, nil
}

// rows reads by List, by All or page by page. Pages of the size are its requests
// then, so limit ends them.
func (s *subject[T]) rows(ctx context.Context, opts []query.Option, how, size, limit int) ([]T, error) {
	if how == 0 {
		return s.pages(ctx, opts, size, limit)
	}
	opts = append(opts, query.PageSize(size))
	if limit > 0 {
		opts = append(opts, query.Limit(limit))
	}
	if how == 1 {
		return s.view.List(ctx, opts...)
	}
	var rows []T
	for row, err := range s.view.All(ctx, opts...) {
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (s *subject[T]) pages(ctx context.Context, opts []query.Option, size, limit int) ([]T, error) {
	var rows []T
	var next query.Cursor
	for {
		n := size
		if limit > 0 {
			n = min(n, limit-len(rows))
		}
		page, err := s.view.Page(ctx, append(slices.Clip(opts), query.Limit(n), query.After(next))...)
		if err != nil {
			return rows, err
		}
		rows = append(rows, page.Items...)
		if !page.HasMore || len(rows) == limit {
			return rows, nil
		}
		next = page.Next
	}
}

// mutation changes rows that walks may see or miss, or columns that their order
// does not depend on.
type mutation func(ctx context.Context, rnd *rand.Rand) error

// TestWalksGiveEveryRowOnce holds lists to their promise: a row that is there
// from beginning to end and whose order columns stay as they are comes exactly
// once, whatever else is inserted, changed or deleted.
func TestWalksGiveEveryRowOnce(t *testing.T) {
	t.Parallel()
	random := newRandom(t)
	rnd := random(0)
	tn := stack.Tenant(t)

	departments, changeDepartments := walkedDepartments(t, tn, rnd)
	entries, changeEntries := walkedTimeEntries(t, tn, rnd)
	orders, changeOrders := walkedWorkOrders(t, tn, rnd)
	comms, changeComms := walkedComms(t, tn)
	requests, changeRequests := walkedRequests(t, tn)
	// The same rows through views whose key nobody vouches for.
	unproven, composite, summaries := *departments, *departments, walkedSummaries(tn, orders)
	unproven.name, unproven.view = "departments, unproven", workorder.ViewOf[org.Department](tn.Client, "v_departments")
	composite.name = "departments, composite"
	composite.view = workorder.ViewOf[org.Department](tn.Client, "v_departments", "tenant_id", "id")
	walkers := []walker{departments, &unproven, &composite, entries, orders, summaries, comms, requests}
	mutations := []mutation{changeDepartments, changeDepartments, changeEntries, changeEntries, changeOrders, changeComms, changeRequests}

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stop := make(chan struct{})
	changes := 0
	var mutator, readers sync.WaitGroup
	mutator.Go(func() {
		rnd := random(1)
		for ctx.Err() == nil && changes < 1000 {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(rnd.IntN(4)) * time.Millisecond):
			}
			if err := mutations[rnd.IntN(len(mutations))](ctx, rnd); err != nil {
				t.Errorf("change %d: %v", changes, err)
				return
			}
			changes++
		}
	})
	end := time.Now().Add(4 * time.Second)
	for i := range uint64(3) {
		readers.Go(func() {
			rnd := random(2 + i)
			for n := range 5 * len(walkers) { // each of them at least once, however slow
				if n >= len(walkers) && time.Now().After(end) || t.Failed() {
					return
				}
				if err := walkers[n%len(walkers)].walk(ctx, rnd); err != nil {
					t.Error(err)
				}
			}
		})
	}
	readers.Wait()
	close(stop)
	mutator.Wait()
	t.Logf("%d changes meanwhile", changes)
	require.NotZero(t, changes)
}

// loose holds the ids of the rows that come and go.
type loose []string

func (l *loose) add(id string, err error) error {
	if err == nil {
		*l = append(*l, id)
	}
	return err
}

func (l *loose) one(rnd *rand.Rand) (i int, id string) {
	i = rnd.IntN(len(*l))
	return i, (*l)[i]
}

const (
	stillRows  = 10
	editedRows = 6
	looseRows  = 8
)

func walkedDepartments(t *testing.T, tn *tenant, rnd *rand.Rand) (*subject[org.Department], mutation) {
	rows := make([]org.ImportDepartment, stillRows+editedRows+looseRows)
	for i := range rows {
		rows[i] = org.ImportDepartment{Name: fmt.Sprintf(`name %d ,"(é\`, rnd.IntN(4)), Code: fmt.Sprintf("C%d", rnd.IntN(1000)*100+i)}
		if i%3 == 0 {
			rows[i].Code = ""
		}
		if i%2 == 0 {
			rows[i].Description = fmt.Sprint("d", rnd.IntN(3))
		}
	}
	made, err := tn.Departments.BulkImport(t.Context(), org.BulkImportDepartmentsParams{Rows: rows})
	require.NoError(t, err)
	require.Empty(t, made.Errors)
	ids := made.CreatedIDs
	cols := org.DepartmentCols
	s := &subject[org.Department]{
		name: "departments", view: tn.Departments.View, id: func(d org.Department) string { return d.ID },
		idCol: cols.ID, unread: func(d org.Department) bool { return d.TenantID == "" },
		still: ids[:stillRows], edited: ids[stillRows : stillRows+editedRows],
		orders: []sortable{cols.Name, cols.Code, cols.CreatedAt, cols.TenantID}, editedOrders: []sortable{cols.Description, cols.UpdatedAt},
		columns: []query.AnyColumn{cols.Name, cols.Code, cols.Description},
		filters: []query.Filter{cols.Code.IsNull(), cols.Name.NotEq(rows[0].Name)},
	}
	free := loose(slices.Clone(ids[stillRows+editedRows:]))
	number := 0
	return s, func(ctx context.Context, rnd *rand.Rand) error {
		number++
		i, id := free.one(rnd)
		switch {
		case rnd.IntN(3) == 0:
			id = s.edited[rnd.IntN(len(s.edited))]
			return tn.Departments.Update(ctx, org.UpdateDepartmentParams{DepartmentID: id, Description: new(fmt.Sprint("d", rnd.IntN(4)))})
		case len(free) < 3*looseRows && rnd.IntN(3) == 0:
			return free.add(tn.Departments.Create(ctx, org.CreateDepartmentParams{Name: fmt.Sprint("name ", rnd.IntN(4))}))
		case len(free) > 2 && rnd.IntN(3) == 0:
			free = slices.Delete(free, i, i+1)
			return tn.Departments.Delete(ctx, org.DeleteDepartmentParams{DepartmentID: id})
		}
		return tn.Departments.Update(ctx, org.UpdateDepartmentParams{
			DepartmentID: id, Name: new(fmt.Sprint("name ", rnd.IntN(4))), Code: new(fmt.Sprintf("M%d", number)),
		})
	}
}

func walkedTimeEntries(t *testing.T, tn *tenant, rnd *rand.Rand) (*subject[workorders.WorkOrderTimeEntry], mutation) {
	workOrder := makeWorkOrder(t, tn.Client, "time")
	today := types.DateOf(time.Now())
	entry := func(rnd *rand.Rand) workorders.LogTimeParams {
		p := workorders.LogTimeParams{WorkOrderID: workOrder, Minutes: 8 + rnd.IntN(4), EntryDate: today.AddDays(-rnd.IntN(3))}
		if rnd.IntN(2) == 0 {
			p.Description = fmt.Sprint("d", rnd.IntN(3))
		}
		return p
	}
	var ids []string
	for range stillRows + editedRows + looseRows {
		id, err := tn.WorkOrders.LogTime(t.Context(), entry(rnd))
		require.NoError(t, err)
		ids = append(ids, id)
	}
	cols := workorders.WorkOrderTimeEntryCols
	s := &subject[workorders.WorkOrderTimeEntry]{
		name: "time entries", view: tn.WorkOrders.TimeEntries, id: func(e workorders.WorkOrderTimeEntry) string { return e.ID },
		idCol: cols.ID, unread: func(e workorders.WorkOrderTimeEntry) bool { return e.TenantID == "" },
		still: ids[:stillRows], edited: ids[stillRows : stillRows+editedRows],
		orders: []sortable{cols.EntryDate, cols.Minutes, cols.LoggedAt, cols.CreatedByName}, editedOrders: []sortable{cols.Description},
		columns: []query.AnyColumn{cols.Minutes, cols.EntryDate},
		filters: []query.Filter{cols.Minutes.Gt(9), cols.EntryDate.In(today, today.AddDays(-1))},
	}
	free := loose(slices.Clone(ids[stillRows+editedRows:]))
	return s, func(ctx context.Context, rnd *rand.Rand) error {
		i, id := free.one(rnd)
		p := entry(rnd)
		switch {
		case rnd.IntN(3) == 0:
			id = s.edited[rnd.IntN(len(s.edited))]
			return tn.WorkOrders.UpdateTimeEntry(ctx, workorders.UpdateTimeEntryParams{TimeEntryID: id, Description: &p.Description})
		case len(free) < 3*looseRows && rnd.IntN(3) == 0:
			return free.add(tn.WorkOrders.LogTime(ctx, p))
		case len(free) > 2 && rnd.IntN(3) == 0:
			free = slices.Delete(free, i, i+1)
			return tn.WorkOrders.DeleteTimeEntry(ctx, workorders.DeleteTimeEntryParams{TimeEntryID: id})
		}
		return tn.WorkOrders.UpdateTimeEntry(ctx, workorders.UpdateTimeEntryParams{
			TimeEntryID: id, Minutes: &p.Minutes, EntryDate: &p.EntryDate, Description: &p.Description,
		})
	}
}

func walkedWorkOrders(t *testing.T, tn *tenant, rnd *rand.Rand) (*subject[workorders.WorkOrder], mutation) {
	rows := make([]workorders.ImportWorkOrder, stillRows+editedRows)
	for i := range rows {
		rows[i] = workorders.ImportWorkOrder{Title: fmt.Sprint("title ", rnd.IntN(4)), Priority: []string{"low", "high"}[rnd.IntN(2)]}
		if rnd.IntN(2) == 0 {
			rows[i].DueDate = manyBase.Add(time.Duration(rnd.IntN(3)) * time.Microsecond)
		}
	}
	ids := importWorkOrders(t, tn.Client, rows...)
	s := &subject[workorders.WorkOrder]{
		name: "work orders", view: tn.WorkOrders.View, id: func(w workorders.WorkOrder) string { return w.ID },
		idCol: wo.ID, unread: func(w workorders.WorkOrder) bool { return w.TenantID == "" },
		still: ids[:stillRows], edited: ids[stillRows:],
		orders: []sortable{wo.Title, wo.Priority, wo.DueDate, wo.CreatedAt}, editedOrders: []sortable{wo.PrimarySupplierID, wo.UpdatedAt},
		columns: []query.AnyColumn{wo.Title, wo.DueDate, wo.Status},
		filters: []query.Filter{wo.DueDate.NotNull(), wo.Priority.Eq("low"), query.Or(wo.Title.In("title 1", "title 2"), wo.DueDate.IsNull())},
	}
	suppliers := []string{makeSupplier(t, tn, "A"), makeSupplier(t, tn, "B"), ""}
	return s, func(ctx context.Context, rnd *rand.Rand) error {
		if rnd.IntN(3) == 0 {
			p := workorders.CreateWorkOrderParams{Title: fmt.Sprint("title ", rnd.IntN(4))}
			if rnd.IntN(2) == 0 {
				p.DueDate = manyBase
			}
			_, err := tn.WorkOrders.Create(ctx, p)
			return err
		}
		return tn.WorkOrders.SetPrimarySupplier(ctx, workorders.SetPrimarySupplierParams{
			WorkOrderID: s.edited[rnd.IntN(len(s.edited))], PrimarySupplierID: suppliers[rnd.IntN(len(suppliers))],
		})
	}
}

// walkedSummaries are the same work orders in another view.
func walkedSummaries(tn *tenant, of *subject[workorders.WorkOrder]) *subject[workorders.WorkOrderSummary] {
	cols := workorders.WorkOrderSummaryCols
	return &subject[workorders.WorkOrderSummary]{
		name: "summaries", view: tn.WorkOrders.Summaries, id: func(w workorders.WorkOrderSummary) string { return w.ID },
		idCol: cols.ID, unread: func(w workorders.WorkOrderSummary) bool { return w.TenantID == "" },
		still: of.still, edited: of.edited,
		orders: []sortable{cols.Title, cols.DueDate}, editedOrders: []sortable{cols.UpdatedAt},
		columns: []query.AnyColumn{cols.Title, cols.Status},
		filters: []query.Filter{cols.DueDate.IsNull()},
	}
}

// walkedComms are in their own order, and grow at its end.
func walkedComms(t *testing.T, tn *tenant) (*subject[workorders.CommsEvent], mutation) {
	workOrder := makeWorkOrder(t, tn.Client, "comms")
	add := func(ctx context.Context, body string) (string, error) {
		return tn.WorkOrders.AddCommsEvent(ctx, workorders.AddCommsEventParams{WorkOrderID: workOrder, Body: body})
	}
	var ids []string
	for i := range stillRows {
		id, err := add(t.Context(), fmt.Sprint("body ", i%4))
		require.NoError(t, err)
		ids = append(ids, id)
	}
	cols := workorders.CommsEventCols
	s := &subject[workorders.CommsEvent]{
		name: "comms", view: tn.WorkOrders.Comms, id: func(e workorders.CommsEvent) string { return e.ID },
		idCol: cols.ID, unread: func(e workorders.CommsEvent) bool { return e.TenantID == "" },
		still: ids, orders: []sortable{cols.Body, cols.CreatedAt, cols.Channel},
		columns: []query.AnyColumn{cols.Body, cols.Metadata},
		filters: []query.Filter{cols.Body.In("body 1", "body 3"), cols.WorkOrderID.Eq(workOrder)},
	}
	return s, func(ctx context.Context, rnd *rand.Rand) error {
		_, err := add(ctx, fmt.Sprint("body ", rnd.IntN(4)))
		return err
	}
}

// walkedRequests are in their own order, and grow at its beginning.
func walkedRequests(t *testing.T, tn *tenant) (*subject[workorders.MaintenanceRequest], mutation) {
	add := func(ctx context.Context, title string, due time.Time) (string, error) {
		return tn.WorkOrders.CreateMaintenanceRequest(ctx, workorders.CreateMaintenanceRequestParams{Title: title, DueDate: due})
	}
	var ids []string
	for i := range stillRows {
		due := time.Time{}
		if i%3 > 0 {
			due = manyBase
		}
		id, err := add(t.Context(), fmt.Sprint("title ", i%4), due)
		require.NoError(t, err)
		ids = append(ids, id)
	}
	cols := workorders.MaintenanceRequestCols
	s := &subject[workorders.MaintenanceRequest]{
		name: "maintenance requests", view: tn.WorkOrders.MaintenanceRequests, id: func(r workorders.MaintenanceRequest) string { return r.ID },
		idCol: cols.ID, unread: func(r workorders.MaintenanceRequest) bool { return r.TenantID == "" },
		still: ids, orders: []sortable{cols.Title, cols.DueDate, cols.Priority},
		columns: []query.AnyColumn{cols.Title, cols.DueDate},
		filters: []query.Filter{cols.DueDate.IsNull(), cols.Title.HasSuffix("1")},
	}
	return s, func(ctx context.Context, rnd *rand.Rand) error {
		_, err := add(ctx, fmt.Sprint("title ", rnd.IntN(4)), time.Time{})
		return err
	}
}
