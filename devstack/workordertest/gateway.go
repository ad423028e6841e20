package workordertest

import (
	"crypto/rand"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// upstream carries what all kits of the process send on. It keeps as many
// connections as there may be requests at the same time.
var upstream = &http.Transport{
	MaxIdleConnsPerHost: 100,
	IdleConnTimeout:     30 * time.Second,
	ForceAttemptHTTP2:   true,
}

// gateway is a kit's address: it passes requests on to the deployment, and faults
// strike them there.
type gateway struct {
	t       testing.TB
	url     string
	secret  string // marks the kit's own requests
	backend http.Handler
	tokens  *tokens

	mu     sync.Mutex
	faults []*Fault // in the order they were added
	seen   []*http.Request
}

func newGateway(t testing.TB, d Deployment, clock *Clock) *gateway {
	t.Helper()
	target, err := url.Parse(d.URL)
	if err != nil || target.Host == "" {
		t.Fatalf("workordertest: the deployment has no URL such as https://abc.supabase.co")
	}
	g := &gateway{t: t, tokens: newTokens(clock), secret: rand.Text()}
	g.backend = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			if isAuth(r.In) {
				r.Out.Header.Del("Accept-Encoding") // so that the tokens can be read
			}
		},
		ModifyResponse: g.tokens.note,
		Transport:      upstream,
		ErrorLog:       log.New(io.Discard, "", 0),
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("workordertest: %v", err)
	}
	g.url = "http://" + l.Addr().String()
	s := &http.Server{Handler: g, ReadHeaderTimeout: 30 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	var served sync.WaitGroup
	served.Go(func() { _ = s.Serve(l) })
	t.Cleanup(func() {
		_ = s.Close()
		served.Wait()
	})
	return g
}

// ServeHTTP records the request and sends it through the faults.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get(ownHeader) == g.secret {
		r.Header.Del(ownHeader)
		g.backend.ServeHTTP(w, r)
		return
	}
	address := *r.URL // faults may change the one of the request
	seen := &http.Request{Method: r.Method, URL: &address, Header: r.Header.Clone(), Proto: r.Proto, Host: r.Host}
	g.mu.Lock()
	g.seen = append(g.seen, seen)
	faults := slices.Clone(g.faults)
	g.mu.Unlock()

	next := http.Handler(http.HandlerFunc(g.forward))
	for _, f := range faults {
		next = f.before(next, g.t)
	}
	next.ServeHTTP(w, r)
}

// forward passes a request on, unless its token is too old.
func (g *gateway) forward(w http.ResponseWriter, r *http.Request) {
	if g.tokens.refuse(w, r) {
		return
	}
	if r.URL.Path == grantPath {
		g.tokens.settle(r.Context())
	}
	g.backend.ServeHTTP(w, r)
}

// grantPath is where Auth issues tokens.
const grantPath = "/auth/v1/token"

func isAuth(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/auth/v1/") }

// A Fault makes something go wrong with some of a kit's requests.
type Fault struct {
	do func(w http.ResponseWriter, r *http.Request, backend http.Handler)

	mu      sync.Mutex
	scope   *scope
	seen    int // requests of the scope
	struck  int
	stopped bool
}

// Struck is how many requests the fault has struck.
func (f *Fault) Struck() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.struck
}

// Stop ends the fault.
func (f *Fault) Stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = true
}

// before puts the fault in front of a handler. Its panic fails the test.
func (f *Fault) before(next http.Handler, t testing.TB) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.strikes(r) {
			next.ServeHTTP(w, r)
			return
		}
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, ok := v.(error); (!ok || !errors.Is(err, http.ErrAbortHandler)) && r.Context().Err() == nil {
				t.Errorf("workordertest: a fault panicked: %v\n%s", v, debug.Stack())
			}
			panic(http.ErrAbortHandler)
		}()
		f.do(w, r, next)
	})
}

func (f *Fault) strikes(r *http.Request) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped || f.scope.times > 0 && f.struck == f.scope.times || !f.scope.includes(r) {
		return false
	}
	if f.seen++; f.seen <= f.scope.skip {
		return false
	}
	f.struck++
	return true
}
