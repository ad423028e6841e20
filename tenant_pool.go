package workorder

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/internal/session"
)

// TenantPoolOptions bounds a [TenantPool]. Zero fields take the defaults.
type TenantPoolOptions struct {
	MaxTenants  int           // tenants held at the same time; default 100
	IdleTimeout time.Duration // a tenant unused for so long is dropped; default 15 minutes
}

// TenantPool holds a client per tenant for a worker that serves many. Clients
// are made with [Client.ForTenant] when first needed, kept while they are used,
// and dropped when idle or when others need the room.
type TenantPool struct {
	client *Client
	opts   TenantPoolOptions
	now    func() time.Time

	mu      sync.Mutex
	entries map[string]*poolEntry
	freed   chan struct{} // closed when an entry falls idle or goes
	closed  bool
	stats   TenantPoolStats
}

// TenantPoolStats says how a [TenantPool] does, for metrics. The numbers after
// Waiting only grow.
type TenantPoolStats struct {
	MaxTenants int // that the pool holds
	Tenants    int // in the pool
	InUse      int // tenants that a function works in
	Waiting    int // calls that wait for room

	Made    int64 // clients made, each with a token of its own
	Failed  int64 // clients that could not be made
	Dropped int64 // tenants dropped, because they were idle or others needed the room
	Waited  int64 // calls that had to wait for room
}

// Stats returns the numbers of now.
func (p *TenantPool) Stats() TenantPoolStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.MaxTenants, s.Tenants = p.opts.MaxTenants, len(p.entries)
	for _, e := range p.entries {
		if e.users > 0 {
			s.InUse++
		}
	}
	return s
}

type poolEntry struct {
	tenant string
	users  int
	used   time.Time
	ready  chan struct{} // closed when client or err is set
	client *Client
	err    error
	left   bool // the call that made it ended before it knew
}

// NewTenantPool makes a pool whose clients act as c's user. It starts nothing:
// idle tenants are dropped in passing.
func NewTenantPool(c *Client, opts TenantPoolOptions) *TenantPool {
	if opts.MaxTenants <= 0 {
		opts.MaxTenants = 100
	}
	if opts.IdleTimeout <= 0 {
		opts.IdleTimeout = 15 * time.Minute
	}
	return &TenantPool{
		client: c, opts: opts, now: time.Now,
		entries: map[string]*poolEntry{}, freed: make(chan struct{}),
	}
}

// Do runs fn with a client that works in the tenant. When the pool is full of
// tenants in use it waits for one, or for ctx. The client is fn's only while fn
// runs. The error is fn's, or that of [Client.ForTenant].
//
// fn may call Do again with its own ctx. Since waiting for room while holding
// some could last for ever, such a call fails with [ErrUnavailable] when the pool
// is full of tenants in use.
func (p *TenantPool) Do(ctx context.Context, tenantID string, fn func(ctx context.Context, c *Client) error) error {
	const op = "TenantPool.Do"
	if err := p.made(op); err != nil {
		return err
	}
	if fn == nil {
		return sdkerr.Required(op, "the function")
	}
	tenantID, err := tenantKey(op, tenantID)
	if err != nil {
		return err
	}
	e, err := p.acquire(ctx, tenantID)
	if err != nil {
		return sdkerr.Wrap(op, nil, err)
	}
	defer p.release(e)
	return fn(context.WithValue(ctx, insidePool{p}, true), e.client)
}

// made refuses a zero pool.
func (p *TenantPool) made(op string) error {
	if p.client == nil {
		return sdkerr.New(op, ErrInvalidInput, "the pool is zero: make it with NewTenantPool, of a client")
	}
	return nil
}

// Len is the number of tenants in the pool.
func (p *TenantPool) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.entries)
}

// Close drops every tenant. Calls of Do that run may finish; later ones fail.
func (p *TenantPool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, e := range p.entries {
		if e.users == 0 {
			p.drop(e)
		}
	}
	p.wake()
}

// insidePool is the key of contexts that a pool's function got, or the call
// that makes a client for it.
type insidePool struct{ p *TenantPool }

func (p *TenantPool) acquire(ctx context.Context, tenant string) (*poolEntry, error) {
	nested := ctx.Value(insidePool{p}) != nil
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return nil, sdkerr.New("TenantPool.Do", sdkerr.ErrUnavailable, "the pool is closed")
		}
		p.sweep()
		if e := p.entries[tenant]; e != nil {
			if making := ctx.Value(makingEntry{e}) != nil; making {
				p.mu.Unlock()
				return nil, sdkerr.New("TenantPool.Do", sdkerr.ErrUnavailable,
					"a middleware at work for the tenant's client cannot wait for that client")
			}
			e.users++
			p.mu.Unlock()
			if err := p.await(ctx, e); err != nil {
				p.release(e)
				return nil, err
			}
			if e.err == nil {
				return e, nil
			}
			p.release(e)
			if e.left {
				continue // the caller that made it gave up, this one has not
			}
			return nil, e.err
		}
		if !p.makeRoom() {
			freed := p.freed
			p.mu.Unlock()
			if nested {
				return nil, sdkerr.New("TenantPool.Do", sdkerr.ErrUnavailable,
					"the pool is full of tenants in use, and a Do inside a Do cannot wait: raise MaxTenants (%d)", p.opts.MaxTenants)
			}
			if err := p.wait(ctx, freed); err != nil {
				return nil, err
			}
			continue
		}
		e := &poolEntry{tenant: tenant, users: 1, ready: make(chan struct{})}
		p.entries[tenant] = e
		p.mu.Unlock()
		return p.fill(ctx, e)
	}
}

// wait waits until there may be room.
func (p *TenantPool) wait(ctx context.Context, freed <-chan struct{}) error {
	p.count(func(s *TenantPoolStats) { s.Waiting++; s.Waited++ })
	defer p.count(func(s *TenantPoolStats) { s.Waiting-- })
	select {
	case <-freed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// count changes the numbers.
func (p *TenantPool) count(change func(*TenantPoolStats)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.stats)
}

// makingEntry is the key of contexts in which an entry's client is made.
type makingEntry struct{ e *poolEntry }

// fill makes the client of a new entry. A failure is not kept, nor an entry whose
// making panics.
func (p *TenantPool) fill(ctx context.Context, e *poolEntry) (*poolEntry, error) {
	client, err := (*Client)(nil), session.ErrAborted
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		e.client, e.err, e.left = client, err, errors.Is(err, session.ErrAborted) || ctx.Err() != nil
		if err != nil {
			p.stats.Failed++
			delete(p.entries, e.tenant)
			p.wake()
		} else {
			p.stats.Made++
		}
		close(e.ready)
	}()
	making := context.WithValue(context.WithValue(ctx, insidePool{p}, true), makingEntry{e}, true)
	client, err = p.client.ForTenant(making, e.tenant)
	if err != nil {
		return nil, err
	}
	return e, nil
}

func (p *TenantPool) await(ctx context.Context, e *poolEntry) error {
	select {
	case <-e.ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *TenantPool) release(e *poolEntry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e.users--
	e.used = p.now()
	if e.users == 0 {
		if p.closed && p.entries[e.tenant] == e {
			p.drop(e)
		}
		p.wake()
	}
}

// sweep drops idle tenants. The caller holds p.mu.
func (p *TenantPool) sweep() {
	for _, e := range p.entries {
		if e.users == 0 && p.now().Sub(e.used) >= p.opts.IdleTimeout {
			p.drop(e)
		}
	}
}

// makeRoom drops the tenant that has been idle longest when the pool is full,
// and reports whether there is room. The caller holds p.mu.
func (p *TenantPool) makeRoom() bool {
	if len(p.entries) < p.opts.MaxTenants {
		return true
	}
	var oldest *poolEntry
	for _, e := range p.entries {
		if e.users == 0 && (oldest == nil || e.used.Before(oldest.used)) {
			oldest = e
		}
	}
	if oldest == nil {
		return false
	}
	p.drop(oldest)
	return true
}

// drop forgets a tenant and its token. The caller holds p.mu.
func (p *TenantPool) drop(e *poolEntry) {
	delete(p.entries, e.tenant)
	p.stats.Dropped++
	if e.client == nil {
		return
	}
	if s := sessionOf(e.client.conn.Config().Auth); s != nil {
		s.engine.Forget(e.tenant)
	}
}

// wake tells those who wait for room to look again. The caller holds p.mu.
func (p *TenantPool) wake() {
	if p.freed != nil { // nil in a zero pool
		close(p.freed)
	}
	p.freed = make(chan struct{})
}
