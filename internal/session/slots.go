package session

import (
	"container/list"
	"time"
)

// maxSlots is how many tenants a session keeps tokens for. One that is put out
// gets its token anew when it is next asked for.
const maxSlots = 1000

// slot holds the access token for one tenant, and the one flight that may be
// fetching its successor.
type slot struct {
	tenant   string
	access   access
	flight   *flight
	retryAt  time.Time // cool-down after a failure
	err      error     // the failure
	rejected bool      // the server rejected a token and no other has come since
	replaced time.Time // when a rejected token was last replaced
}

// slots are the tokens of a session by tenant; "" is the session's own. Those
// used last stay.
type slots struct {
	byTenant map[string]*list.Element
	order    *list.List // of *slot, the one used last in front
}

func newSlots() slots { return slots{byTenant: map[string]*list.Element{}, order: list.New()} }

// find gives the slot of a tenant, or nil.
func (s slots) find(tenant string) *slot {
	if e := s.byTenant[tenant]; e != nil {
		return e.Value.(*slot)
	}
	return nil
}

// use finds or makes the slot of a tenant. A new one puts out the one unused for
// longest when there are too many, and looks at two more whether they have
// expired, so that a session that passed through many tenants gets small again.
func (s slots) use(tenant string, now time.Time) *slot {
	if e := s.byTenant[tenant]; e != nil {
		s.order.MoveToFront(e)
		return e.Value.(*slot)
	}
	for range 3 {
		e := s.order.Back()
		if e == nil {
			break
		}
		sl := e.Value.(*slot)
		full := s.order.Len() >= maxSlots
		if sl.tenant == "" || sl.flight != nil { // needed
			s.order.MoveToFront(e)
		} else if full || !sl.access.valid(now) && !now.Before(sl.retryAt) {
			s.drop(sl.tenant)
		}
	}
	sl := &slot{tenant: tenant}
	s.byTenant[tenant] = s.order.PushFront(sl)
	return sl
}

// drop forgets the slot of a tenant.
func (s slots) drop(tenant string) {
	if e := s.byTenant[tenant]; e != nil {
		s.order.Remove(e)
		delete(s.byTenant, tenant)
	}
}
