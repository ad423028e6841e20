package workorder

import (
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/labor"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/plugins"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/reporting"
	"github.com/workorder-systems/sdk-go/safety"
	"github.com/workorder-systems/sdk-go/search"
	"github.com/workorder-systems/sdk-go/workorders"
)

// Client reads and writes one WorkOrder Systems deployment on behalf of one
// identity. It never changes once made and is safe for concurrent use: deriving
// another client with With, AsUser or ForTenant leaves it as it is. All clients
// derived from one New share one connection pool.
type Client struct {
	Auth             AuthService
	Tenants          org.TenantService
	Authorization    org.AuthorizationService
	Departments      org.DepartmentService
	Catalogs         org.CatalogService
	TenantAPIKeys    org.TenantAPIKeyService
	Audit            org.AuditService
	Idempotency      org.IdempotencyService
	WorkOrders       workorders.WorkOrderService
	Attachments      workorders.AttachmentService
	Scheduling       workorders.SchedulingService
	Mobile           workorders.MobileService
	FieldOps         workorders.FieldOpsService
	Notifications    workorders.NotificationService
	Assets           assets.AssetService
	Locations        assets.LocationService
	Spaces           assets.SpaceService
	MapZones         assets.MapZoneService
	Projects         workorders.ProjectService
	PM               pm.Service
	Meters           pm.MeterService
	Labor            labor.Service
	Costs            reporting.CostService
	Dashboard        reporting.DashboardService
	Analytics        reporting.AnalyticsService
	SafetyCompliance safety.Service
	PartsInventory   inventory.Service
	Plugins          plugins.Service
	Integrations     plugins.IntegrationService
	SemanticSearch   search.SemanticSearchService
	Agent            search.AgentService

	conn   *api.Conn
	family *family
}

// bind makes the client of a connection. A new service of a resource package
// gets its field above and its line here. The services are made in place: a
// server derives a client for each request.
func bind(conn *api.Conn, f *family) *Client {
	c := &Client{conn: conn, family: f}
	c.Auth.bind(conn)
	org.Bind(conn, org.Services{
		Tenants:       &c.Tenants,
		Authorization: &c.Authorization,
		Departments:   &c.Departments,
		Catalogs:      &c.Catalogs,
		TenantAPIKeys: &c.TenantAPIKeys,
		Audit:         &c.Audit,
		Idempotency:   &c.Idempotency,
	})
	workorders.Bind(conn, workorders.Services{
		WorkOrders:    &c.WorkOrders,
		Attachments:   &c.Attachments,
		Scheduling:    &c.Scheduling,
		Mobile:        &c.Mobile,
		FieldOps:      &c.FieldOps,
		Notifications: &c.Notifications,
		Projects:      &c.Projects,
	})
	assets.Bind(conn, assets.Services{
		Assets:    &c.Assets,
		Locations: &c.Locations,
		Spaces:    &c.Spaces,
		MapZones:  &c.MapZones,
	})
	pm.Bind(conn, pm.Services{PM: &c.PM, Meters: &c.Meters})
	labor.Bind(conn, labor.Services{Labor: &c.Labor})
	reporting.Bind(conn, reporting.Services{Costs: &c.Costs, Dashboard: &c.Dashboard, Analytics: &c.Analytics})
	safety.Bind(conn, safety.Services{SafetyCompliance: &c.SafetyCompliance})
	inventory.Bind(conn, inventory.Services{PartsInventory: &c.PartsInventory})
	plugins.Bind(conn, plugins.Services{Plugins: &c.Plugins, Integrations: &c.Integrations})
	search.Bind(conn, c, &c.WorkOrders, search.Services{SemanticSearch: &c.SemanticSearch, Agent: &c.Agent})
	return c
}

// New makes a client for the deployment at projectURL, such as
// https://abc.supabase.co, with the project's anon key. It checks everything it
// is given (ErrInvalidInput) and sends nothing. Without an option that says who
// the caller is, calls run as the anonymous role that the key stands for.
//
// The URL must be https, except for the machine itself (localhost, 127.0.0.1).
func New(projectURL, anonKey string, opts ...Option) (*Client, error) {
	f := &family{transport: api.NewTransport()}
	c, err := build(config{api.Config{
		BaseURL:   projectURL,
		APIKey:    anonKey,
		Transport: f.transport,
		GateOf:    gateOf,
	}}, f, opts)
	if err != nil {
		return nil, err
	}
	api.PingWithin(f.transport, c.conn.Config().AttemptTimeout)
	return c, nil
}

// NewFromEnv makes a client from SUPABASE_URL and SUPABASE_ANON_KEY. With
// SUPABASE_ACCESS_TOKEN set, the client acts as that token's user; else with
// WORKORDER_EMAIL and WORKORDER_PASSWORD it signs in when it is first used (see
// NewPasswordSession). Options come on top and win.
func NewFromEnv(opts ...Option) (*Client, error) {
	for _, name := range []string{"SUPABASE_URL", "SUPABASE_ANON_KEY"} {
		if os.Getenv(name) == "" {
			return nil, sdkerr.Required("NewFromEnv", "the environment variable "+name)
		}
	}
	var env []Option
	if token := os.Getenv("SUPABASE_ACCESS_TOKEN"); token != "" {
		env = append(env, WithAccessToken(token))
	}
	email, password := os.Getenv("WORKORDER_EMAIL"), os.Getenv("WORKORDER_PASSWORD")
	if (email == "") != (password == "") {
		return nil, sdkerr.Invalid("NewFromEnv", "WORKORDER_EMAIL and WORKORDER_PASSWORD", "go together: one of them is missing")
	}
	c, err := New(os.Getenv("SUPABASE_URL"), os.Getenv("SUPABASE_ANON_KEY"), append(env, opts...)...)
	if err != nil || email == "" || c.conn.Config().Auth != nil {
		return c, err
	}
	cfg := c.conn.Config()
	return bind(c.conn.WithIdentity(NewPasswordSession(c, email, password), cfg.Tenant), c.family), nil
}

// With makes another client from this one and opts. The client itself stays as
// it is; both share the connection pool.
func (c *Client) With(opts ...Option) (*Client, error) {
	if c.conn == nil {
		return nil, api.Unmade("With")
	}
	return build(config{c.conn.Config()}, c.family, opts)
}

// Close closes the idle connections of all clients derived from one New. Calls
// under way are not disturbed, and a later call opens connections again.
func (c *Client) Close() error {
	if c.family != nil { // nil in a zero client
		c.family.transport.CloseIdleConnections()
	}
	return nil
}

// Format implements fmt.Formatter so that no verb prints a key or a token.
func (c *Client) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "workorder.Client("+c.conn.BaseURL()+")")
}

// build makes a client of a configuration and options.
func build(cfg config, f *family, opts []Option) (*Client, error) {
	for _, opt := range opts {
		if opt == nil {
			return nil, sdkerr.Invalid("New", "an option", "is nil")
		}
		if err := opt(&cfg); err != nil {
			return nil, err
		}
	}
	conn, err := api.New(cfg.Config)
	if err != nil {
		return nil, err
	}
	if err := checkProject("New", cfg.Auth, conn.BaseURL()); err != nil {
		return nil, err
	}
	return bind(conn, f), nil
}

// family is what all clients derived from one New share.
type family struct {
	transport *http.Transport
}
