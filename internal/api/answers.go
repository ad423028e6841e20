package api

import (
	"sync"
	"time"
)

// answers remembers how many rows the deployment gave in one answer lately. It
// shortens answers without a word, so one that is shorter than asked for could
// be cut off; not so when it is shorter than one seen before.
type answers struct {
	mu      sync.Mutex
	longest int
	seen    time.Time
}

// answersMemory is how long an answer counts: the limit is a setting that the
// deployment may change.
const answersMemory = 5 * time.Minute

// LongestAnswer is how many rows the deployment is known to give in one answer.
func (c *Conn) LongestAnswer() int { return c.cfg.answers.get(time.Now()) }

// SawAnswer notes an answer of so many rows.
func (c *Conn) SawAnswer(rows int) { c.cfg.answers.note(rows, time.Now()) }

func (a *answers) get(now time.Time) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.seen) > answersMemory {
		return 0
	}
	return a.longest
}

func (a *answers) note(rows int, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if rows >= a.longest || now.Sub(a.seen) > answersMemory {
		a.longest, a.seen = rows, now
	}
}
