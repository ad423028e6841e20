package api

import "sync"

// refusals remembers the SQLSTATEs with which the deployment is known to refuse
// what it cannot do, for all Conns of one family.
type refusals struct{ codes sync.Map }

// SawRefusal notes that the deployment refuses with the SQLSTATE.
func (c *Conn) SawRefusal(code string) { c.cfg.refusals.codes.Store(code, true) }

// Refuses reports whether the deployment refuses with the SQLSTATE.
func (c *Conn) Refuses(code string) bool {
	if c == nil {
		return false
	}
	_, seen := c.cfg.refusals.codes.Load(code)
	return seen
}
