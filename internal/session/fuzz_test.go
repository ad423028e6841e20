package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/workorder-systems/sdk-go/internal/jwtclaims"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// fakeAuthority is Auth as a state machine without HTTP.
type fakeAuthority struct {
	t             *testing.T
	now           time.Time
	serial        int
	active, prior string
	stored        string // the user's tenant
	flip          string // stored by somebody else before the next refresh
	refuse        error  // of the next refresh
	lose          bool   // the next refresh works, but its answer is lost
	over          bool
	strict        bool // nobody may use the token before the newest
	password      bool // it can sign in
	signIns       int
	user          string // "": u1
	stranger      string // tenant that the user is no member of
	refreshes     int
	broken        string
	valid         map[string]time.Time
	issued        map[string]int // numbers of the access tokens
}

func (f *fakeAuthority) Exchange(_ context.Context, token string) (Grant, error) {
	if token == "" && !f.password {
		return Grant{}, ErrNoSignIn
	}
	if token == "" {
		f.signIns++
		f.over, token = false, f.active
	} else {
		f.refreshes++
	}
	if f.over {
		return Grant{}, sdkerr.New("op", sdkerr.ErrSessionExpired, "over")
	}
	if err := f.refuse; err != nil {
		f.refuse = nil
		return Grant{}, err
	}
	if token != f.active && token != f.prior {
		f.broken = fmt.Sprintf("the session used %q, but %q is active", token, f.active)
		return Grant{}, sdkerr.New("op", sdkerr.ErrSessionExpired, "already used")
	}
	if token == f.prior && f.strict {
		f.broken = fmt.Sprintf("the session used %q a second time", token)
	}
	if f.flip != "" {
		f.stored, f.flip = f.flip, ""
	}
	f.serial++
	if token == f.active { // the token before the newest yields the newest
		f.prior, f.active = f.active, fmt.Sprint("r", f.serial)
	}
	claims := map[string]any{"sub": cmp.Or(f.user, "u1"), "jti": f.serial}
	if f.stored != "" && f.stored != f.stranger {
		claims["tenant_id"] = f.stored
	}
	g := Grant{AccessToken: testJWT(claims), RefreshToken: f.active, ExpiresIn: time.Hour}
	f.issued[g.AccessToken] = f.serial
	f.valid[g.AccessToken] = f.now.Add(time.Hour)
	if f.lose {
		f.lose = false
		return Grant{}, sdkerr.New("op", sdkerr.ErrUnavailable, "connection lost")
	}
	return g, nil
}

func (f *fakeAuthority) SetTenant(_ context.Context, tok Token, tenant string) error {
	if exp, ok := f.valid[tok.Value]; !ok || !f.now.Before(exp) {
		return sdkerr.New("op", sdkerr.ErrUnauthenticated, "rejected")
	}
	if tenant != "" && tenant == f.stranger {
		e := sdkerr.New("op", sdkerr.ErrPermissionDenied, "no member")
		e.Code = "42501"
		return e
	}
	f.stored = tenant
	return nil
}

// over is the step at which Auth ends the session, which also makes the store fail.
const over = 203

// FuzzSession drives a session through refreshes, failures, lost answers, tenant
// flips, rejected tokens and a failing store. Whatever happens, a token is for
// the tenant it was asked for, unexpired and not rejected; the chain of refresh
// tokens never breaks; a tenant that was cleared stays so; and a session that is over stays over.
func FuzzSession(f *testing.F) {
	f.Add([]byte{0, 1, 2, 10, 1, 2, 0, 4, 0, 5, 1, 6, 2, 7, 10, 0, 8, 0})
	f.Add([]byte{11, 1, 10, 1, 3, 1, 9, 1, 10, 1, 12, 2, 13, 10, 2})
	f.Add([]byte{14, 0, 15, 2, 10, 0, 2, 16, 0, 1})
	f.Add([]byte{0, 18, 6, 10, 0, 4, 17, 10, 0, 18, 5, 11, 0, 0, 1, 10, 0})
	f.Add([]byte{0, 1, over, 14, 0, 10, 0, 1, 4, 15, 17, 18, 0})
	f.Fuzz(func(t *testing.T, ops []byte) {
		if len(ops) > 60 {
			ops = ops[:60]
		}
		auth := &fakeAuthority{t: t, now: time.Unix(1_800_000_000, 0), active: "r0", valid: map[string]time.Time{}, issued: map[string]int{}}
		store := &memoryStore{token: "r0"}
		cfg := testConfig()
		cfg.Realm, cfg.Store, cfg.Now = t.Name(), store, func() time.Time { return auth.now }
		s := New(auth, "", cfg)
		ctx := t.Context()
		last := map[string]Token{}
		ended := false
		cleared := -1 // the token issued last when the tenant was cleared; -1: it has one
		setHome := func(tenant string) {
			err := s.SetHome(ctx, tenant)
			s.Wait()
			switch {
			case err != nil:
				ended = ended || s.ended != nil
			case ended:
				t.Fatal("the session is over, but took a tenant")
			case tenant == "":
				cleared = auth.serial
			default:
				cleared = -1
			}
		}
		ask := func(tenant string, get func() (Token, error)) {
			before := auth.refreshes
			tok, err := get()
			s.Wait()
			if ended {
				if !errors.Is(err, sdkerr.ErrSessionExpired) || auth.refreshes != before {
					t.Fatalf("the session is over, but gave %v after %d refreshes", err, auth.refreshes-before)
				}
				return
			}
			if err != nil {
				ended = s.ended != nil
				return
			}
			claims, perr := jwtclaims.Parse(tok.Value)
			if perr != nil {
				t.Fatal(perr)
			}
			if tenant != "" && claims.TenantID != tenant {
				t.Fatalf("asked for a token of %q, got one of %q", tenant, claims.TenantID)
			}
			if exp, ok := auth.valid[tok.Value]; !ok || !auth.now.Before(exp) {
				t.Fatal("the token has expired or was rejected")
			}
			if auth.refreshes-before > 2*HealAttempts+2 {
				t.Fatalf("%d refreshes for one call", auth.refreshes-before)
			}
			if tenant == "" && cleared >= 0 && claims.TenantID != "" && auth.issued[tok.Value] > cleared {
				t.Fatalf("the tenant was cleared, but a new token names %q", claims.TenantID)
			}
			last[tenant] = tok
		}
		for _, op := range ops {
			switch op % 19 {
			case 0:
				ask("", func() (Token, error) { return s.Token(ctx, "") })
			case 1:
				ask("a", func() (Token, error) { return s.Token(ctx, "a") })
			case 2:
				ask("b", func() (Token, error) { return s.Token(ctx, "b") })
			case 3:
				ask("a", func() (Token, error) { return s.Force(ctx, "a") })
			case 4:
				ask("", func() (Token, error) { return s.Force(ctx, "") })
			case 5:
				auth.flip = "b"
			case 6:
				auth.stored = "a" // a call in another tenant
			case 7:
				auth.refuse = sdkerr.New("op", sdkerr.ErrUnavailable, "down")
			case 8:
				auth.lose = true
			case 9:
				for tenant, tok := range last { // the server rejects every token so far
					delete(auth.valid, tok.Value)
					s.Invalidate(tenant, tok)
				}
				clear(auth.valid)
				s.dropNewest(s.newest())
				for e := s.slots.order.Front(); e != nil; e = e.Next() {
					e.Value.(*slot).access = access{}
				}
			case 10:
				auth.now = auth.now.Add(2 * time.Hour)
			case 11:
				auth.now = auth.now.Add(56 * time.Minute)
			case 12:
				auth.now = auth.now.Add(7 * time.Second)
			case 13:
				store.failWith(errors.New("disk full"))
			case 14:
				store.failWith(nil)
			case 15:
				ask("b", func() (Token, error) {
					tok, err := s.Move(ctx, "b")
					if err == nil {
						cleared = -1
					}
					return tok, err
				})
			case 16:
				auth.stranger = strings.Trim("b"+auth.stranger, "b")
				if auth.now.Unix()%2 == 0 {
					auth.stranger = "b"
				}
			}
			switch op % 19 {
			case 17:
				setHome("a")
			case 18:
				setHome("")
			}
			if op == over {
				auth.over = true
			}
			s.Wait()
			if auth.broken != "" {
				t.Fatal(auth.broken)
			}
			if store.fail == nil && s.Flush(ctx) == nil && s.RefreshToken() != "" && store.stored() != s.RefreshToken() {
				t.Fatalf("stored %q, but the newest is %q", store.stored(), s.RefreshToken())
			}
		}
	})
}

// memoryStore is a Store that can fail.
type memoryStore struct {
	mu    sync.Mutex
	token string
	fail  error
}

func (m *memoryStore) Load(context.Context) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.token, m.fail
}

func (m *memoryStore) Save(_ context.Context, token string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail == nil {
		m.token = token
	}
	return m.fail
}

func (m *memoryStore) failWith(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

func (m *memoryStore) stored() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.token
}
