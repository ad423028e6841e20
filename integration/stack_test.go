package integration

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/devstack/workordertest"
	"github.com/workorder-systems/sdk-go/org"
)

// stack is what all tests run against.
var stack deployment

// deployment is a running backend, devstack or a real one.
type deployment struct {
	workordertest.Deployment
	local bool // a devstack of this run's own
}

func TestMain(m *testing.M) {
	if os.Getenv("INGEST_URL") != "" { // a process that a test has started
		if err := ingestInAProcess(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if isReplica() {
		return
	}
	flag.Parse()
	runMoreAtATime()
	os.Exit(run(m))
}

// runMoreAtATime lets more tests run at the same time than there are processors,
// since most of their time they wait. The flag -parallel wins.
func runMoreAtATime() {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", "8")
	}
}

func run(m *testing.M) int {
	if d, ok := workordertest.FromEnv(); ok {
		stack = deployment{Deployment: d}
		return m.Run()
	}
	s, err := devstack.Start(context.Background(), devstack.WithSearchFunctions(), devstack.WithSignIn(devstack.SignIn{
		Anonymous: true, Phone: true, Providers: []string{"google", "github"}, SSODomains: []string{ssoDomain}, ManualLinking: true,
	}))
	if err != nil {
		fmt.Fprintln(os.Stderr, "integration:", err)
		return 1
	}
	defer func() { _ = s.Close() }()
	stack = deployment{Deployment: workordertest.Of(s), local: true}
	return m.Run()
}

// Client makes a client without a user.
func (d deployment) Client(t testing.TB, opts ...workorder.Option) *workorder.Client {
	t.Helper()
	c, err := workorder.New(d.URL, d.AnonKey, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// ServiceClient makes a client with the service-role key, or skips the test.
func (d deployment) ServiceClient(t testing.TB) *workorder.Client {
	t.Helper()
	if d.ServiceRoleKey == "" {
		t.Skip("needs SUPABASE_SERVICE_ROLE_KEY")
	}
	c, err := workorder.New(d.URL, d.ServiceRoleKey)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// user is a signed-up user with a client that acts as them, in no tenant.
type user struct {
	*workorder.Client
	ID       string
	Email    string
	Password string
	Session  *workorder.Session
}

// User signs a new user up.
func (d deployment) User(t testing.TB, opts ...workorder.Option) *user {
	t.Helper()
	u := &user{
		Email:    "user-" + strings.ToLower(rand.Text()) + "@example.com",
		Password: rand.Text(),
	}
	c := d.Client(t, opts...)
	signUp, err := c.Auth.SignUp(t.Context(), workorder.SignUpParams{Email: u.Email, Password: u.Password})
	require.NoError(t, err)
	require.NotNil(t, signUp.Session, "the deployment must not ask for e-mail confirmation")
	u.ID = signUp.User.ID
	u.Session = signUp.Session
	u.Client = c.WithSession(signUp.Session)
	return u
}

// tenant is a fresh tenant with a client that acts in it as its administrator.
type tenant struct {
	*workorder.Client
	ID    string
	Slug  string
	Admin *user
}

// Tenant makes a new user and a tenant for them.
func (d deployment) Tenant(t testing.TB, opts ...workorder.Option) *tenant {
	t.Helper()
	return d.User(t, opts...).NewTenant(t)
}

// NewTenant makes a tenant with the user as administrator.
func (u *user) NewTenant(t testing.TB) *tenant {
	t.Helper()
	slug := "t-" + strings.ToLower(rand.Text())
	id, err := u.Tenants.Create(t.Context(), org.CreateTenantParams{Name: "Tenant " + slug, Slug: slug})
	require.NoError(t, err)
	return &tenant{Client: u.In(t, id), ID: id, Slug: slug, Admin: u}
}

// In makes a client of the user that acts in a tenant.
func (u *user) In(t testing.TB, tenantID string) *workorder.Client {
	t.Helper()
	c, err := u.ForTenant(t.Context(), tenantID)
	require.NoError(t, err)
	return c
}

// Member signs a new user up and gives them a role in the tenant.
func (tn *tenant) Member(t testing.TB, role string) *user {
	t.Helper()
	u := stack.User(t)
	tn.Invite(t, u, role)
	u.Client = u.In(t, tn.ID)
	return u
}

// Invite gives an existing user a role in the tenant.
func (tn *tenant) Invite(t testing.TB, u *user, role string) {
	t.Helper()
	require.NoError(t, tn.Tenants.InviteUser(t.Context(), org.InviteUserParams{InviteeEmail: u.Email, RoleKey: role}))
}
