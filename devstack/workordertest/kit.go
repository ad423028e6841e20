package workordertest

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
)

// A Kit is a fresh tenant on a deployment, and an address there at which faults
// can strike. Its client acts in the tenant as the administrator who made it. A
// kit is safe for concurrent use and ends with its test.
type Kit struct {
	*workorder.Client

	// URL is the kit's address, to be used in place of the deployment's, and AnonKey
	// the project's key.
	URL     string
	AnonKey string
	// TenantID and TenantSlug are the tenant's.
	TenantID   string
	TenantSlug string
	// Clock is the time of the sessions of the kit's users.
	Clock *Clock
	// Deployment is where the kit's address leads.
	Deployment Deployment

	opts    []workorder.Option
	t       testing.TB
	nobody  *workorder.Client // at the kit's address
	gateway *gateway
	parent  *Kit // whose users it has; nil: its own

	mu     sync.Mutex
	places map[string]*place // by role, "" for the stranger
	others map[string]string // the tenant of FlipTenant by user
}

// A User is an account with a client that acts as it, in the kit's tenant unless
// it is the stranger.
type User struct {
	*workorder.Client
	ID       string
	Email    string
	Password string
	// Session keeps the client signed in. It is the kit's own.
	Session *workorder.Session

	kit      *Kit
	stranger bool
}

// Token gets a new access token for what takes one: a server under test, or a
// request made by hand. It names the kit's tenant, and none for the stranger. Its
// issuer is the deployment, not the kit's address: a [workorder.Verifier] needs
// Deployment.URL + "/auth/v1" as its Issuer.
func (u *User) Token() string {
	t := u.kit.t
	t.Helper()
	renew := u.RefreshTenantSession
	if u.stranger {
		renew = u.Session.Refresh
	}
	tok, err := renew(own(t))
	must(t, "get an access token", err)
	return tok.Value
}

// place is where the user of a role will be.
type place struct {
	mu   sync.Mutex
	user *User
}

// roleAdmin is the role of who makes a tenant.
const roleAdmin = "admin"

// New makes a kit on the stack that all tests of the process share (see [Shared]).
// The options go to the clients of the kit's users. The test ends at once when
// something cannot be made.
func New(t testing.TB, opts ...workorder.Option) *Kit {
	t.Helper()
	return Of(Shared(t)).New(t, opts...)
}

// New makes a kit on the deployment, where its tenant and its users stay. Auth
// must give a session to who signs up.
func (d Deployment) New(t testing.TB, opts ...workorder.Option) *Kit {
	t.Helper()
	k := newKit(t, d, opts)
	admin := k.signUp(t)
	k.TenantSlug = newSlug()
	id, err := admin.Tenants.Create(own(t), org.CreateTenantParams{Name: "Tenant " + k.TenantSlug, Slug: k.TenantSlug})
	must(t, "make a tenant", err)
	k.TenantID = id
	k.enter(t, admin)
	k.place(roleAdmin).user = admin
	k.Client = admin.Client
	return k
}

// Sub is another kit with the same tenant and users, for a part of the test. It
// has an address, faults, a clock and sessions of its own. Subtests that run in
// parallel take one each.
func (k *Kit) Sub(t testing.TB, opts ...workorder.Option) *Kit {
	t.Helper()
	sub := newKit(t, k.Deployment, append(slices.Clip(k.opts), opts...))
	sub.TenantID, sub.TenantSlug, sub.parent = k.TenantID, k.TenantSlug, k
	sub.Client = sub.as(t, roleAdmin).Client
	return sub
}

func newKit(t testing.TB, d Deployment, opts []workorder.Option) *Kit {
	t.Helper()
	clock := &Clock{}
	g := newGateway(t, d, clock)
	k := &Kit{
		URL: g.url, AnonKey: d.AnonKey, Clock: clock, Deployment: d,
		t: t, opts: opts, gateway: g, places: map[string]*place{}, others: map[string]string{},
	}
	c, err := workorder.New(k.URL, k.AnonKey, append(slices.Clip(opts), workorder.WithAttemptMiddleware(g.markOwn))...)
	must(t, "make a client", err)
	t.Cleanup(func() { _ = c.Close() })
	k.nobody = c
	return k
}

// As is the tenant's user with a role: admin, manager, technician, member or
// requestor. Every call with a role gives the same user, whom the first call signs
// up and invites. The admin is who made the tenant.
func (k *Kit) As(role string) *User {
	k.t.Helper()
	if role == "" {
		k.t.Fatal("workordertest: As: the role is empty")
	}
	return k.as(k.t, role)
}

// Stranger is a signed-in user who belongs to no tenant. Every call gives the same.
func (k *Kit) Stranger() *User {
	k.t.Helper()
	return k.as(k.t, "")
}

func (k *Kit) as(t testing.TB, role string) *User {
	t.Helper()
	p := k.place(role)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.user != nil {
		return p.user
	}
	var u *User
	if k.parent != nil {
		u = k.signIn(t, k.parent.as(t, role))
	} else {
		u = k.signUp(t)
		if role != "" {
			must(t, "give a user the role "+role,
				k.Tenants.InviteUser(own(t), org.InviteUserParams{InviteeEmail: u.Email, RoleKey: role}))
		}
	}
	if role != "" {
		k.enter(t, u)
	}
	u.stranger = role == ""
	p.user = u
	return u
}

func (k *Kit) place(role string) *place {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := k.places[role]
	if p == nil {
		p = &place{}
		k.places[role] = p
	}
	return p
}

// signUp makes an account.
func (k *Kit) signUp(t testing.TB) *User {
	t.Helper()
	u := &User{kit: k, Email: "user-" + strings.ToLower(rand.Text()) + "@example.com", Password: rand.Text()}
	got, err := k.nobody.Auth.SignUp(own(t), workorder.SignUpParams{Email: u.Email, Password: u.Password}, workorder.WithClock(k.Clock.Now))
	must(t, "sign a user up", err)
	if got.Session == nil {
		t.Fatal("workordertest: the deployment asks new users to confirm their address; kits need users without")
	}
	u.ID, u.Session = got.User.ID, got.Session
	u.Client = k.nobody.WithSession(u.Session)
	return u
}

// signIn begins another session of an account.
func (k *Kit) signIn(t testing.TB, account *User) *User {
	t.Helper()
	s, err := k.nobody.Auth.SignInWithPassword(own(t), account.Email, account.Password, workorder.WithClock(k.Clock.Now))
	must(t, "sign a user in", err)
	return &User{
		kit: k, Client: k.nobody.WithSession(s), ID: account.ID, Email: account.Email, Password: account.Password, Session: s,
	}
}

// enter lets a user's client act in the tenant.
func (k *Kit) enter(t testing.TB, u *User) {
	t.Helper()
	c, err := u.ForTenant(own(t), k.TenantID)
	must(t, "enter the tenant", err)
	u.Client = c
}

// Requests are those that have arrived at the kit's address since it was made or
// reset, the oldest first and without their bodies. What the kit itself sends to
// make its tenant and users is not among them.
func (k *Kit) Requests(on ...Scope) []*http.Request {
	k.t.Helper()
	s := k.scope(on)
	k.gateway.mu.Lock()
	seen := slices.Clone(k.gateway.seen)
	k.gateway.mu.Unlock()
	seen = slices.DeleteFunc(seen, func(r *http.Request) bool { return !s.includes(r) })
	seen = seen[min(s.skip, len(seen)):]
	if s.times > 0 {
		seen = seen[:min(s.times, len(seen))]
	}
	return seen
}

// Reset stops all faults and forgets the requests so far. Access tokens that were
// expired remain so.
func (k *Kit) Reset() {
	k.gateway.mu.Lock()
	defer k.gateway.mu.Unlock()
	for _, f := range k.gateway.faults {
		f.Stop()
	}
	k.gateway.faults, k.gateway.seen = nil, nil
}

// ownKey marks the context of what a kit does itself.
type ownKey struct{}

// own is the context of what a kit does itself: no fault strikes it.
func own(t testing.TB) context.Context { return context.WithValue(t.Context(), ownKey{}, true) }

// ownHeader tells a gateway that a request is the kit's own. Its value is the
// gateway's secret.
const ownHeader = "X-Workordertest-Own"

// markOwn is the middleware that marks the kit's own requests.
func (g *gateway) markOwn(r *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	if r.Context().Value(ownKey{}) != nil {
		r.Header.Set(ownHeader, g.secret)
	}
	return next(r)
}

func must(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("workordertest: %s: %v", what, err)
	}
}

func newSlug() string { return "t-" + strings.ToLower(rand.Text()) }
