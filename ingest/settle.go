package ingest

import (
	"errors"
	"time"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/query"
)

// settle looks up a reading that was sent at the time at and whose answer was
// lost, because of why, and sends it again when it cannot come any more.
func (r *run) settle(it *item, at time.Time, why error) Result {
	until := at.Add(r.SettleAfter)
	var failing time.Time // since when looking up has failed
	for n := 1; ; n++ {
		late := !time.Now().Before(until)
		id, err := r.find(it)
		switch {
		case err == nil && id != "":
			return r.recorded(it, id)
		case err == nil && late && it.losses >= maxLosses:
			r.put(Entry{ID: it.id, Status: Pending})
			r.hold(it.meter, why)
			return Result{Status: Pending, Err: why}
		case err == nil && late:
			return r.send(it)
		case err != nil && blind(err):
			return Result{Status: Unknown, Err: errors.Join(why, err)}
		case err != nil && !failing.IsZero() && time.Since(failing) > r.GiveUpAfter:
			r.stop(err)
			return Result{Status: Unknown, Err: errors.Join(why, err)}
		}
		wait := pause(n)
		switch {
		case err == nil:
			failing = time.Time{}
			wait = min(wait, time.Until(until))
		case failing.IsZero():
			failing = time.Now()
		}
		wait = max(wait, min(retryAfter(err), r.GiveUpAfter))
		select {
		case <-time.After(wait):
		case <-r.ctx.Done():
			return Result{Status: Unknown, Err: why}
		}
	}
}

// blind reports whether who looks readings up cannot see the one that is meant.
func blind(err error) bool {
	for _, kind := range []error{
		sdkerr.ErrNotFound, sdkerr.ErrPermissionDenied, sdkerr.ErrUnauthenticated, sdkerr.ErrSessionExpired,
		sdkerr.ErrNoTenant, sdkerr.ErrTenantMismatch, sdkerr.ErrSchemaMismatch, sdkerr.ErrInvalidInput,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// find gives the id of a reading that is recorded, "" when it is not.
func (r *run) find(it *item) (string, error) {
	want := it.reading
	date, err := pgjson.Time(want.Date)
	if err != nil {
		return "", err
	}
	c := pm.MeterReadingCols
	rows, err := r.Readings.Readings.List(r.calls, query.Where(
		c.MeterID.Eq(want.MeterID), c.ReadingDate.Eq(date), c.ReadingType.Eq(pm.ReadingAutomated)))
	if err != nil {
		return "", err
	}
	for _, row := range rows {
		if sameValue(row.ReadingValue, want.Value) {
			return row.ID, nil
		}
	}
	return "", r.sees(it.meter)
}

// sees makes sure that Readings reads the meter's tenant: what it does not see may
// be there all the same.
func (r *run) sees(meter string) error {
	r.mu.Lock()
	seen := r.seen[meter]
	r.mu.Unlock()
	if seen {
		return nil
	}
	if _, err := r.Readings.Get(r.calls, meter); err != nil {
		return err
	}
	r.mu.Lock()
	r.seen[meter] = true
	r.mu.Unlock()
	return nil
}

// retryAfter is how long the server wants to be left alone, 0 when it does not say.
func retryAfter(err error) time.Duration {
	var e *sdkerr.Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}
