package workordertest

import (
	"sync/atomic"
	"time"
)

// Clock is the time of a kit's sessions: the machine's, ahead by as much as it was
// advanced.
type Clock struct {
	ahead atomic.Int64
	moved atomic.Int64 // when it was advanced last
}

// Now is the time. Give it to a session made by hand with [workorder.WithClock].
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Advance lets d pass. Access tokens age by it: sessions renew theirs when they
// would by themselves, and an access token that has outlived its lifetime is
// refused at the kit's address. Refresh tokens, one-time codes and everything that
// the database does by time stay as old as they are.
func (c *Clock) Advance(d time.Duration) {
	c.ahead.Add(int64(max(d, 0)))
	c.moved.Store(time.Now().UnixNano())
}
