package workorders

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

// SyncAllParams says what a device has and wants to know.
type SyncAllParams struct {
	TenantID     string    // optional: the client's tenant
	UpdatedAfter time.Time // the Cursor of the last page seen; zero: everything
	TechnicianID string    // as in SyncParams
	Limit        int       // of every list of a page, up to 2,000; zero or negative: 500
	// Overlap is how far before UpdatedAfter to begin. A change is dated when
	// its transaction begins and shows when it ends, so one that took a while
	// can show up behind changes that were read before. Zero: one minute;
	// negative: none.
	Overlap time.Duration
}

// SyncPage is a part of what has changed.
type SyncPage struct {
	SyncPayload
	// Cursor is where to go on: everything up to it has been delivered with
	// this page and those before. Keep it with the rows and give it as
	// UpdatedAfter next time.
	Cursor time.Time
}

// SyncAll iterates over everything that changed after a time, page by page, and
// loses no row: not where many changed at the same time, and not, thanks to
// SyncAllParams.Overlap, where a change became visible late. No row comes twice
// in one run, unless it changed meanwhile; rows of the overlap come again in
// the next run, so store them by id. There is always at least one page. An
// error is the last thing it yields; the pages before it count, and the run can
// go on from the last Cursor.
//
// Where more than 2,000 rows of a list changed at the same time, it reads them
// from the list's view. That needs a token for the tenant and, for work orders,
// the permission to see them, and cannot be done for one technician: the run
// then ends with an error rather than without the rows.
//
// TypeScript: none; mobile.sync is Sync.
func (s *MobileService) SyncAll(ctx context.Context, p SyncAllParams) iter.Seq2[*SyncPage, error] {
	return func(yield func(*SyncPage, error) bool) {
		run := newSyncRun(s, p)
		for {
			page, err := run.next(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(page, nil) || run.done {
				return
			}
		}
	}
}

const (
	opSyncAll      = "Mobile.SyncAll"
	defaultOverlap = time.Minute
)

// syncRun is one run of SyncAll. The server has one cursor for all seven lists,
// so a page ends where the list that reaches least far ends; what other lists
// have beyond that comes again with the next page and is dropped.
type syncRun struct {
	service *MobileService
	params  SyncParams
	size    int       // rows of a list that a page asks for
	start   time.Time // where the caller was: the cursor never goes back behind it
	done    bool
	lists   []syncList
}

func newSyncRun(s *MobileService, p SyncAllParams) *syncRun {
	size := min(p.Limit, maxSyncLimit)
	if size <= 0 {
		size = defaultSyncLimit
	}
	overlap := p.Overlap
	if overlap == 0 {
		overlap = defaultOverlap
	}
	run := &syncRun{
		service: s, size: size, start: p.UpdatedAfter,
		params: SyncParams{TenantID: p.TenantID, UpdatedAfter: p.UpdatedAfter, TechnicianID: p.TechnicianID},
		lists:  syncLists(s),
	}
	if !p.UpdatedAfter.IsZero() && overlap > 0 {
		run.params.UpdatedAfter = p.UpdatedAfter.Add(-overlap)
	}
	return run
}

// next reads one page.
func (r *syncRun) next(ctx context.Context) (*SyncPage, error) {
	r.params.Limit = r.size
	payload, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	// A page whose rows all changed at the same time says nothing about where
	// to go on: ask for more of them.
	if r.tied(payload) && r.size < maxSyncLimit {
		r.params.Limit = maxSyncLimit
		if payload, err = r.read(ctx); err != nil {
			return nil, err
		}
	}

	after := r.params.UpdatedAfter // everything up to it has been delivered
	var end time.Time              // of the list that reaches least far
	full := false
	for _, l := range r.lists {
		times := l.times(payload)
		if last := lastFinite(times); last.After(after) {
			after = last
		}
		if len(times) < r.params.Limit {
			continue
		}
		e := lastBefore(times)
		if e.IsZero() { // all changed at the same time
			if e, err = l.readTied(ctx, payload, r.params); err != nil {
				return nil, err
			}
		}
		if !full || e.Before(end) {
			full, end = true, e
		}
	}
	r.done = !full
	if full {
		if !end.After(r.params.UpdatedAfter) {
			return nil, sdkerr.New(opSyncAll, sdkerr.ErrDecode, "the answer has rows that changed before the time asked for")
		}
		after = end
	}
	for _, l := range r.lists {
		l.dropSeen(payload, after)
	}
	r.params.UpdatedAfter = after
	page := &SyncPage{SyncPayload: *payload, Cursor: after}
	if page.Cursor.Before(r.start) {
		page.Cursor = r.start
	}
	return page, nil
}

func (r *syncRun) read(ctx context.Context) (*SyncPayload, error) {
	return r.service.sync(ctx, opSyncAll, r.params)
}

// tied reports whether a list is full of rows that changed at the same time.
func (r *syncRun) tied(payload *SyncPayload) bool {
	for _, l := range r.lists {
		if times := l.times(payload); len(times) >= r.params.Limit && lastBefore(times).IsZero() {
			return true
		}
	}
	return false
}

// lastFinite is the last time that can be asked for again, zero when there is
// none. A row that says it changed at infinity comes with every run.
func lastFinite(times []time.Time) time.Time {
	for _, t := range slices.Backward(times) {
		if !types.IsInfinite(t) {
			return t
		}
	}
	return time.Time{}
}

// lastBefore is the last time before the one that a list ends with, which may
// have more rows than the list. It is zero when there is none.
func lastBefore(times []time.Time) time.Time {
	last := times[len(times)-1]
	for i := len(times) - 1; i >= 0; i-- {
		if times[i].Before(last) {
			return times[i]
		}
	}
	return time.Time{}
}

// syncList is what a run knows of one list of the payload.
type syncList interface {
	// times are the times of change of the rows, in order.
	times(p *SyncPayload) []time.Time
	// readTied replaces the rows, which all changed at the same time, by all
	// that did, and returns that time.
	readTied(ctx context.Context, p *SyncPayload, params SyncParams) (time.Time, error)
	// dropSeen takes out the rows that were in a page before. Rows up to the
	// time given cannot come again.
	dropSeen(p *SyncPayload, after time.Time)
}

func syncLists(s *MobileService) []syncList {
	return []syncList{
		&syncRows[MobileWorkOrder]{
			view: s.WorkOrders, column: mobileWorkOrderCols.UpdatedAt, byTechnician: true,
			list: func(p *SyncPayload) *[]MobileWorkOrder { return &p.WorkOrders },
			key:  func(r *MobileWorkOrder) (string, time.Time) { return r.ID, r.UpdatedAt },
		},
		&syncRows[MobileAsset]{
			view: s.Assets, column: mobileAssetCols.UpdatedAt,
			list: func(p *SyncPayload) *[]MobileAsset { return &p.Assets },
			key:  func(r *MobileAsset) (string, time.Time) { return r.ID, r.UpdatedAt },
		},
		&syncRows[MobileLocation]{
			view: s.Locations, column: mobileLocationCols.UpdatedAt,
			list: func(p *SyncPayload) *[]MobileLocation { return &p.Locations },
			key:  func(r *MobileLocation) (string, time.Time) { return r.ID, r.UpdatedAt },
		},
		&syncRows[MobileTimeEntry]{
			view: s.TimeEntries, column: mobileTimeEntryCols.UpdatedAt,
			list: func(p *SyncPayload) *[]MobileTimeEntry { return &p.TimeEntries },
			key:  func(r *MobileTimeEntry) (string, time.Time) { return r.ID, r.UpdatedAt },
		},
		&syncRows[MobileAttachment]{
			view: s.Attachments, column: mobileAttachmentCols.UpdatedAt,
			list: func(p *SyncPayload) *[]MobileAttachment { return &p.Attachments },
			key:  func(r *MobileAttachment) (string, time.Time) { return r.ID, r.UpdatedAt },
		},
		&syncRows[MobileCheckIn]{
			view: s.CheckIns, column: mobileCheckInCols.CreatedAt,
			list: func(p *SyncPayload) *[]MobileCheckIn { return &p.CheckIns },
			key:  func(r *MobileCheckIn) (string, time.Time) { return r.ID, r.CreatedAt },
		},
		&syncRows[MobileNote]{
			view: s.Notes, column: mobileNoteCols.CreatedAt,
			list: func(p *SyncPayload) *[]MobileNote { return &p.Notes },
			key:  func(r *MobileNote) (string, time.Time) { return r.ID, r.CreatedAt },
		},
	}
}

// syncRows is a syncList of rows of type T.
type syncRows[T any] struct {
	view         postgrest.View[T]
	column       query.Column[time.Time] // time of change
	byTechnician bool                    // SyncParams.TechnicianID holds for this list
	list         func(*SyncPayload) *[]T
	key          func(*T) (id string, changed time.Time)
	seen         map[string]time.Time // rows that can come again
}

func (l *syncRows[T]) times(p *SyncPayload) []time.Time {
	rows := *l.list(p)
	times := make([]time.Time, len(rows))
	for i := range rows {
		_, times[i] = l.key(&rows[i])
	}
	return times
}

func (l *syncRows[T]) readTied(ctx context.Context, p *SyncPayload, params SyncParams) (time.Time, error) {
	rows := l.list(p)
	_, at := l.key(&(*rows)[0])
	fail := func(why string) (time.Time, error) {
		return at, sdkerr.New(opSyncAll, nil, "more than %d rows changed at %s, and %s",
			params.Limit, at.UTC().Format(time.RFC3339Nano), why)
	}
	if l.byTechnician && params.TechnicianID != "" {
		return fail("they cannot be read for one technician")
	}
	all, err := l.view.List(ctx, query.Where(l.column.Eq(at)))
	if err != nil {
		return at, sdkerr.Wrap(opSyncAll, nil, err)
	}
	found := make(map[string]bool, len(all))
	for i := range all {
		id, _ := l.key(&all[i])
		found[id] = true
	}
	// What the view does not show has changed again, or the caller may not see
	// it there.
	var missing []string
	for i := range *rows {
		if id, _ := l.key(&(*rows)[i]); !found[id] {
			missing = append(missing, id)
		}
	}
	n, err := l.view.Count(ctx, query.Where(query.NewColumn[string]("id").In(missing...)))
	if err != nil {
		return at, sdkerr.Wrap(opSyncAll, nil, err)
	}
	if n < int64(len(missing)) {
		return fail("the caller cannot see them all: the token is for another tenant, or a permission is missing")
	}
	*rows = all
	return at, nil
}

func (l *syncRows[T]) dropSeen(p *SyncPayload, after time.Time) {
	rows := l.list(p)
	fresh := make([]T, 0, len(*rows))
	for i := range *rows {
		id, changed := l.key(&(*rows)[i])
		if at, ok := l.seen[id]; !ok || !at.Equal(changed) {
			fresh = append(fresh, (*rows)[i])
		}
		if l.seen == nil {
			l.seen = make(map[string]time.Time)
		}
		l.seen[id] = changed
	}
	maps.DeleteFunc(l.seen, func(_ string, changed time.Time) bool { return !changed.After(after) })
	*rows = fresh
}
