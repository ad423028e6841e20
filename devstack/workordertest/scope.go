package workordertest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// A Scope says which requests a fault strikes. A request must be in all scopes
// that are given.
type Scope func(*scope)

type scope struct {
	match []func(*http.Request) bool
	skip  int
	times int // 0: without end
	err   error
}

func newScope(on []Scope) *scope {
	s := &scope{}
	for _, f := range on {
		f(s)
	}
	return s
}

func (s *scope) includes(r *http.Request) bool {
	for _, match := range s.match {
		if !match(r) {
			return false
		}
	}
	return true
}

// When takes the requests that a function takes. It may be called by many
// goroutines at once and must leave the body alone.
func When(match func(r *http.Request) bool) Scope {
	return func(s *scope) { s.match = append(s.match, match) }
}

// Method takes the requests with one of these HTTP methods.
func Method(methods ...string) Scope {
	return When(func(r *http.Request) bool { return slices.Contains(methods, r.Method) })
}

// Path takes the requests to one of these URL paths, such as /auth/v1/token. A
// path that ends in a slash stands for everything below it.
func Path(paths ...string) Scope {
	return When(func(r *http.Request) bool {
		return slices.ContainsFunc(paths, func(p string) bool {
			return r.URL.Path == p || strings.HasSuffix(p, "/") && strings.HasPrefix(r.URL.Path, p)
		})
	})
}

// RPC takes the calls of one of these functions, such as rpc_create_work_order.
func RPC(names ...string) Scope { return below("/rest/v1/rpc/", names) }

// View takes the requests to one of these views, such as v_work_orders.
func View(names ...string) Scope { return below("/rest/v1/", names) }

func below(prefix string, names []string) Scope {
	return When(func(r *http.Request) bool {
		name, ok := strings.CutPrefix(r.URL.Path, prefix)
		return ok && slices.Contains(names, name)
	})
}

// Skip lets the first n requests of the scope pass.
func Skip(n int) Scope {
	return func(s *scope) {
		if n < 0 {
			s.err = errors.Join(s.err, fmt.Errorf("Skip(%d): less than none", n))
		}
		s.skip = n
	}
}

// Times ends the fault after it has struck n times.
func Times(n int) Scope {
	return func(s *scope) {
		if n < 1 {
			s.err = errors.Join(s.err, fmt.Errorf("Times(%d): less than once", n))
		}
		s.times = n
	}
}
