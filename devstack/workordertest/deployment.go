package workordertest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/workorder-systems/sdk-go/devstack"
)

// A Deployment is a running backend that kits are made on.
type Deployment struct {
	// URL and AnonKey are the project's.
	URL     string
	AnonKey string
	// ServiceRoleKey, JWTSecret and DatabaseURL are for the tests; kits do not need
	// them. They are empty where nobody knows them.
	ServiceRoleKey string
	JWTSecret      string
	DatabaseURL    string
}

// FromEnv is the deployment that SUPABASE_URL and SUPABASE_ANON_KEY name, with
// SUPABASE_SERVICE_ROLE_KEY and SUPABASE_JWT_SECRET where they are set. It is false
// without the first two. Kits leave users and tenants behind: no tests should do
// that to a deployment that people work with, which is why [New] never looks at
// these variables by itself.
func FromEnv() (Deployment, bool) {
	d := Deployment{
		URL:            os.Getenv("SUPABASE_URL"),
		AnonKey:        os.Getenv("SUPABASE_ANON_KEY"),
		ServiceRoleKey: os.Getenv("SUPABASE_SERVICE_ROLE_KEY"),
		JWTSecret:      os.Getenv("SUPABASE_JWT_SECRET"),
	}
	return d, d.URL != "" && d.AnonKey != ""
}

// Of is the deployment that a stack is.
func Of(s *devstack.Stack) Deployment {
	return Deployment{
		URL: s.URL, AnonKey: s.AnonKey, ServiceRoleKey: s.ServiceRoleKey,
		JWTSecret: s.JWTSecret, DatabaseURL: s.DatabaseURL,
	}
}

// shared is the stack of this process.
var shared struct {
	mu      sync.Mutex
	opts    []devstack.Option
	stack   *devstack.Stack
	err     error
	started bool
	over    bool // the tests have run
}

// Shared is the stack that the kits of [New] are made on. The first call starts it.
func Shared(t testing.TB) *devstack.Stack {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.over {
		t.Fatal("workordertest: the stack has been closed: Run has ended")
	}
	if !shared.started {
		shared.started = true
		// Not the test's own context: the stack outlives the test.
		shared.stack, shared.err = devstack.Start(context.Background(), shared.opts...)
	}
	if shared.err != nil {
		t.Fatalf("workordertest: %v", shared.err)
	}
	return shared.stack
}

// Run runs the tests of a binary and then closes the shared stack. The options are
// the stack's, which starts when the first test asks for it. Run returns the exit
// code:
//
//	func TestMain(m *testing.M) { os.Exit(workordertest.Run(m, devstack.WithMaxRows(100))) }
func Run(m *testing.M, opts ...devstack.Option) int {
	shared.mu.Lock()
	taken := shared.started
	shared.opts = opts
	shared.mu.Unlock()
	code := 1
	if taken {
		fmt.Fprintln(os.Stderr, "workordertest: the stack has started before Run")
	} else {
		code = m.Run()
	}
	if err := closeShared(); err != nil {
		fmt.Fprintln(os.Stderr, "workordertest:", err)
		return max(code, 1)
	}
	return code
}

func closeShared() error {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	shared.over = true
	if shared.stack == nil {
		return nil
	}
	return shared.stack.Close()
}
