package integration

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/plugins"
	"github.com/workorder-systems/sdk-go/query"
)

// registerPlugin puts a plugin of a key of its own into the catalog.
func registerPlugin(t testing.TB) string {
	t.Helper()
	key := strings.ReplaceAll(newSlug(), "-", "_")
	_, err := stack.ServiceClient(t).Plugins.Register(t.Context(), plugins.RegisterParams{Key: key, Name: "Plugin " + key})
	require.NoError(t, err)
	return key
}

// installPlugin installs a new plugin in the tenant.
func installPlugin(t testing.TB, tn *tenant, p plugins.InstallParams) string {
	t.Helper()
	p.PluginKey = registerPlugin(t)
	id, err := tn.Plugins.Install(t.Context(), p)
	require.NoError(t, err)
	return id
}

func subscribe(t testing.TB, tn *tenant, p plugins.UpsertWebhookSubscriptionParams) string {
	t.Helper()
	if p.TableSchema == "" {
		p.TableSchema = "app"
	}
	id, err := tn.Plugins.UpsertWebhookSubscription(t.Context(), p)
	require.NoError(t, err)
	return id
}

func TestPluginsAreRegisteredByKey(t *testing.T) {
	t.Parallel()
	service, reader := stack.ServiceClient(t), stack.User(t)
	key := strings.ReplaceAll(newSlug(), "-", "_")
	register := func(p plugins.RegisterParams) string {
		t.Helper()
		p.Key = key
		id, err := service.Plugins.Register(t.Context(), p)
		require.NoError(t, err)
		return id
	}
	id := register(plugins.RegisterParams{Name: "One", Description: "first", IsIntegration: true})
	row, err := reader.Plugins.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, plugins.Plugin{
		ID: id, Key: key, Name: "One", Description: new("first"), IsIntegration: true, IsActive: true, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}, *row, "whoever is signed in reads the catalog, in no tenant too")

	require.Equal(t, id, register(plugins.RegisterParams{Name: " Two "}))
	row, err = reader.Plugins.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, " Two ", row.Name)
	require.Nil(t, row.Description, "what is not given is gone")
	require.False(t, row.IsIntegration)

	require.Equal(t, id, register(plugins.RegisterParams{Name: "Two", IsActive: new(false)}))
	_, err = reader.Plugins.Get(t.Context(), id)
	require.ErrorIs(t, err, workorder.ErrNotFound, "hidden")
	require.Equal(t, id, register(plugins.RegisterParams{Name: "Two"}))

	// A user who registers is stopped here, and by a careful server too.
	_, err = reader.Plugins.Register(t.Context(), plugins.RegisterParams{Key: key, Name: "Three"})
	require.ErrorIs(t, err, workorder.ErrPermissionDenied)
	row, err = reader.Plugins.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "Two", row.Name)

	for who, c := range map[string]*workorder.Client{"nobody": stack.Client(t), "service": service} {
		_, err := c.Plugins.List(t.Context())
		require.Equal(t, "42501", errorCode(err), "%s: %v", who, err)
	}
}

func TestPluginsAreInstalledOncePerTenant(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	service, key := stack.ServiceClient(t), registerPlugin(t)
	install := func(tn *tenant, p plugins.InstallParams) string {
		t.Helper()
		p.PluginKey = key
		id, err := tn.Plugins.Install(t.Context(), p)
		require.NoError(t, err)
		return id
	}
	get := func(tn *tenant, id string) plugins.Installation {
		t.Helper()
		row, err := tn.Plugins.Installations.Get(t.Context(), id)
		require.NoError(t, err)
		return *row
	}
	id := install(tn, plugins.InstallParams{SecretRef: " a name ", Config: json.RawMessage(`{"own": [1.50]}`)})
	theirs := install(other, plugins.InstallParams{})
	require.NotEqual(t, id, theirs)
	first := get(tn, id)
	require.Equal(t, tn.ID, first.TenantID)
	require.Equal(t, key, first.PluginKey)
	require.Equal(t, "Plugin "+key, first.PluginName)
	require.Equal(t, plugins.Installed, first.Status)
	require.Equal(t, " a name ", *first.SecretRef)
	require.JSONEq(t, `{"own": [1.50]}`, string(first.Config))
	require.Equal(t, tn.Admin.ID, *first.InstalledBy)

	// It is audited, with its config.
	changes, err := tn.Audit.EntityChanges.List(t.Context(), query.Where(org.EntityChangeCols.TableName.Eq("plugin_installations")))
	require.NoError(t, err)
	require.Len(t, changes, 1)
	require.Equal(t, id, changes[0].RecordID)
	require.Contains(t, string(changes[0].NewData), "a name")

	// Installing again wipes what is not given, by whoever does it.
	second := tn.Member(t, "admin")
	again, err := second.Plugins.Install(t.Context(), plugins.InstallParams{TenantID: tn.ID, PluginKey: key})
	require.NoError(t, err)
	require.Equal(t, id, again)
	row := get(tn, id)
	require.Nil(t, row.SecretRef)
	require.Nil(t, row.Config)
	require.Equal(t, second.ID, *row.InstalledBy)
	require.True(t, first.InstalledAt.Equal(row.InstalledAt))
	install(tn, plugins.InstallParams{SecretRef: "b"})
	require.Equal(t, "b", *get(tn, id).SecretRef)
	require.Nil(t, get(tn, id).Config)

	// An inactive plugin stays installed and is installed no more.
	registerAgain := func(active bool) {
		t.Helper()
		_, err := service.Plugins.Register(t.Context(), plugins.RegisterParams{Key: key, Name: "Renamed", IsIntegration: true, IsActive: &active})
		require.NoError(t, err)
	}
	registerAgain(false)
	row = get(tn, id)
	require.Equal(t, "Renamed", row.PluginName)
	require.True(t, row.IsIntegration)
	_, err = tn.Plugins.Install(t.Context(), plugins.InstallParams{PluginKey: key})
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
	registerAgain(true)
	_, err = tn.Plugins.Install(t.Context(), plugins.InstallParams{PluginKey: "no_such_plugin_" + key[len(key)-8:]})
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
	_, err = tn.Admin.Plugins.Install(t.Context(), plugins.InstallParams{TenantID: unknownID, PluginKey: key})
	requireError(t, err, workorder.ErrInvalidReference, "23503")

	// Uninstalling deletes; a new installation is another.
	uninstall := func(id string) error {
		return tn.Plugins.Uninstall(t.Context(), plugins.UninstallParams{InstallationID: id})
	}
	requireError(t, uninstall(theirs), workorder.ErrPermissionDenied, "42501")
	subscribe(t, tn, plugins.UpsertWebhookSubscriptionParams{InstallationID: id, TableName: "departments", Operations: []plugins.Operation{plugins.Insert}})
	makeDepartment(t, tn.Client, "D")
	require.Len(t, list(t, tn.Plugins.RecentDeliveries.List), 1)
	require.NoError(t, uninstall(id))
	require.Empty(t, list(t, tn.Plugins.Installations.List))
	require.Empty(t, list(t, tn.Plugins.WebhookSubscriptions.List))
	require.Empty(t, list(t, tn.Plugins.RecentDeliveries.List))
	requireError(t, uninstall(id), workorder.ErrRuleViolation, "P0001")
	requireError(t, uninstall(unknownID), workorder.ErrRuleViolation, "P0001")
	require.NotEqual(t, id, install(tn, plugins.InstallParams{}))
	require.Len(t, list(t, other.Plugins.Installations.List), 1)
}

func TestInstallationsAreUpdated(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	id := installPlugin(t, tn, plugins.InstallParams{SecretRef: "a", Config: json.RawMessage(`{"a":1,"b":2}`)})
	update := func(p plugins.UpdateInstallationParams) error {
		p.InstallationID = id
		return tn.Plugins.UpdateInstallation(t.Context(), p)
	}
	state := func() string {
		t.Helper()
		row, err := tn.Plugins.Installations.Get(t.Context(), id)
		require.NoError(t, err)
		return string(row.Status) + " " + *row.SecretRef + " " + string(row.Config)
	}
	require.NoError(t, update(plugins.UpdateInstallationParams{}))
	require.Equal(t, `installed a {"a": 1, "b": 2}`, strings.ReplaceAll(strings.ReplaceAll(state(), ":1", ": 1"), `,"b":2`, `, "b": 2`))
	all := []plugins.InstallationStatus{plugins.Installed, plugins.Disabled, plugins.Uninstalled}
	for _, from := range all {
		for _, to := range all {
			require.NoError(t, update(plugins.UpdateInstallationParams{Status: &from}))
			require.NoError(t, update(plugins.UpdateInstallationParams{Status: &to}))
			require.True(t, strings.HasPrefix(state(), string(to)+" "), "%s to %s", from, to)
		}
	}
	require.NoError(t, update(plugins.UpdateInstallationParams{SecretRef: new("b"), Config: json.RawMessage(`{}`)}))
	require.Equal(t, "uninstalled b {}", state(), "the config is replaced as a whole")
	require.NoError(t, update(plugins.UpdateInstallationParams{Config: json.RawMessage(`[]`)}))
	require.Equal(t, "uninstalled b []", state())

	unknown := plugins.UpdateInstallationParams{InstallationID: unknownID, Status: new(plugins.Disabled)}
	requireError(t, tn.Plugins.UpdateInstallation(t.Context(), unknown), workorder.ErrRuleViolation, "P0001")
	requireError(t, other.Plugins.UpdateInstallation(t.Context(), plugins.UpdateInstallationParams{InstallationID: id, Status: new(plugins.Disabled)}), workorder.ErrPermissionDenied, "42501")
	require.Equal(t, "uninstalled b []", state())
}

func TestSubscriptionsAreOnePerTable(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	id := installPlugin(t, tn, plugins.InstallParams{})
	first := subscribe(t, tn, plugins.UpsertWebhookSubscriptionParams{
		InstallationID: id, TableName: "work_orders", Operations: []plugins.Operation{plugins.Update, plugins.Insert}, ChangedFieldsAllowlist: []string{"title", ""}, IncludePayload: true,
	})
	row, err := tn.Plugins.WebhookSubscriptions.Get(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, plugins.WebhookSubscription{
		ID: first, TenantID: tn.ID, PluginInstallationID: id, PluginKey: row.PluginKey, TableSchema: "app", TableName: "work_orders",
		Operations: []plugins.Operation{plugins.Update, plugins.Insert}, ChangedFieldsAllowlist: []string{"title", ""}, IncludePayload: true,
		CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}, *row)

	// The last settings win, blanks do not count.
	require.Equal(t, first, subscribe(t, tn, plugins.UpsertWebhookSubscriptionParams{
		InstallationID: id, TableSchema: " app ", TableName: " work_orders ", Operations: []plugins.Operation{plugins.Delete, plugins.Delete},
	}))
	row, err = tn.Plugins.WebhookSubscriptions.Get(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, []plugins.Operation{plugins.Delete, plugins.Delete}, row.Operations)
	require.Nil(t, row.ChangedFieldsAllowlist)
	require.False(t, row.IncludePayload)
	require.NotEqual(t, first, subscribe(t, tn, plugins.UpsertWebhookSubscriptionParams{
		InstallationID: id, TableSchema: "cfg", TableName: "work_orders", Operations: []plugins.Operation{plugins.Insert},
	}), "a table that does not exist is taken")
	require.NotEqual(t, first, subscribe(t, tn, plugins.UpsertWebhookSubscriptionParams{
		InstallationID: installPlugin(t, tn, plugins.InstallParams{}), TableName: "work_orders", Operations: []plugins.Operation{plugins.Insert}, ChangedFieldsAllowlist: []string{},
	}))
	empty := 0
	for _, row := range list(t, tn.Plugins.WebhookSubscriptions.List) {
		if row.ChangedFieldsAllowlist != nil {
			empty++
		}
	}
	require.Equal(t, 1, empty, "an empty list is another thing than none")

	try := func(tn *tenant, installation string) error {
		_, err := tn.Plugins.UpsertWebhookSubscription(t.Context(), plugins.UpsertWebhookSubscriptionParams{
			InstallationID: installation, TableSchema: "app", TableName: "assets", Operations: []plugins.Operation{plugins.Insert},
		})
		return err
	}
	requireError(t, try(tn, unknownID), workorder.ErrRuleViolation, "P0001")
	requireError(t, try(other, id), workorder.ErrPermissionDenied, "42501")

	end := func(tn *tenant, id string) error {
		return tn.Plugins.DeleteWebhookSubscription(t.Context(), plugins.DeleteWebhookSubscriptionParams{SubscriptionID: id})
	}
	requireError(t, end(other, first), workorder.ErrRuleViolation, "P0001")
	require.NoError(t, end(tn, first))
	requireError(t, end(tn, first), workorder.ErrRuleViolation, "P0001")
	require.Len(t, list(t, tn.Plugins.WebhookSubscriptions.List), 2)
}

// What the views write directly, they refuse.
func TestViewsOfPluginsAreReadOnly(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	fillPlugins(t, tn)
	raw, err := tn.Supabase(t.Context())
	require.NoError(t, err)
	for view, code := range map[string]string{
		"v_plugins": "42501", "v_integration_external_ids": "42501", "v_outbound_integration_events": "42501",
		"v_plugin_installations": "55000", "v_plugin_webhook_subscriptions": "55000", "v_plugin_delivery_queue_recent": "55000",
	} {
		_, _, err := raw.From(view).Delete("", "").Eq("id", unknownID).Execute()
		require.ErrorContains(t, err, code, view)
	}
}

// fillPlugins puts one row into every view of plugins and integrations.
func fillPlugins(t testing.TB, tn *tenant) {
	t.Helper()
	id := installPlugin(t, tn, plugins.InstallParams{})
	subscribe(t, tn, plugins.UpsertWebhookSubscriptionParams{InstallationID: id, TableName: "departments", Operations: []plugins.Operation{plugins.Insert}})
	makeDepartment(t, tn.Client, "Watched")
	_, err := tn.Integrations.UpsertExternalID(t.Context(), plugins.UpsertExternalIDParams{EntityType: "asset", EntityID: unknownID, SystemKey: "erp", ExternalID: "1"})
	require.NoError(t, err)
	_, err = tn.Integrations.EnqueueEvent(t.Context(), plugins.EnqueueEventParams{EventType: "e", Payload: json.RawMessage(`{}`)})
	require.NoError(t, err)
}

// pluginViews are the views of tenants; the catalog belongs to none.
func pluginViews(t testing.TB, c *workorder.Client) []dispatchView {
	t.Helper()
	var views []dispatchView
	for _, v := range viewsOf(t, servicesOf(c, "plugins")) {
		if v.name != "Plugins.View" {
			views = append(views, v)
		}
	}
	require.Len(t, views, 5, "views that fillPlugins has a row for")
	return views
}

func TestEveryViewOfPluginsShowsItsOwnTenantOnly(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	fillPlugins(t, a)
	for _, v := range pluginViews(t, b.Client) {
		require.Empty(t, v.tenants(t), "%s: there is nothing but another tenant's", v.name)
	}
	fillPlugins(t, b)
	for _, tt := range []struct{ mine, other *tenant }{{a, b}, {b, a}} {
		for _, v := range pluginViews(t, tt.mine.Client) {
			require.Equal(t, []string{tt.mine.ID}, v.tenants(t), v.name)
			require.Empty(t, v.tenants(t, query.Where(query.NewColumn[string]("tenant_id").Eq(tt.other.ID))), v.name)
		}
	}
	// Plugins are for admins, integrations for every member.
	for _, role := range roles {
		for _, v := range pluginViews(t, a.Member(t, role).Client) {
			want := 0
			if role == "admin" || strings.HasPrefix(v.name, "Integrations.") {
				want = 1
			}
			require.Len(t, v.tenants(t), want, "%s by %s", v.name, role)
		}
	}
	for _, c := range []*workorder.Client{stack.Client(t), stack.ServiceClient(t)} {
		for _, v := range pluginViews(t, c) {
			_, err := v.count(t.Context())
			require.Equal(t, "42501", errorCode(err), "%s: %v", v.name, err)
		}
	}
}

func TestViewsOfPluginsOfAForeignClaimAreEmpty(t *testing.T) {
	t.Parallel()
	a, outsider := stack.Tenant(t), stack.User(t)
	fillPlugins(t, a)
	src, err := workorder.NewSelfSigned(workorder.SelfSigned{Secret: stack.Secret(t), Subject: outsider.ID, Tenant: a.ID})
	require.NoError(t, err)
	for _, v := range pluginViews(t, stack.Client(t, workorder.WithTokenSource(src))) {
		require.Empty(t, v.tenants(t), v.name)
	}
}

// A role that is given the permission has it at once, without a new token.
func TestPermissionsDecideOverPluginsNotRoles(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	fillPlugins(t, tn)
	member := tn.Member(t, "member")
	id := list(t, tn.Plugins.Installations.List)[0].ID
	change := func() error {
		return member.Plugins.UpdateInstallation(t.Context(), plugins.UpdateInstallationParams{TenantID: tn.ID, InstallationID: id, Config: json.RawMessage(`{}`)})
	}
	link := func() error {
		_, err := member.Integrations.UpsertExternalID(t.Context(), plugins.UpsertExternalIDParams{TenantID: tn.ID, EntityType: "asset", EntityID: unknownID, SystemKey: "crm", ExternalID: "1"})
		return err
	}
	for _, allowed := range []bool{false, true, false} {
		want, rows := workorder.ErrPermissionDenied, 0
		if allowed {
			want, rows = nil, 1
			for _, key := range []string{"tenant.admin", "integration.manage"} {
				require.NoError(t, tn.Authorization.AssignPermissionToRole(t.Context(), org.RolePermissionParams{RoleKey: "member", PermissionKey: key}))
			}
		}
		requireRefusal(t, change(), want)
		requireRefusal(t, link(), want)
		require.Len(t, list(t, member.Plugins.Installations.List), rows)
		require.Len(t, list(t, member.Plugins.RecentDeliveries.List), rows)
		if allowed {
			for _, key := range []string{"tenant.admin", "integration.manage"} {
				require.NoError(t, tn.Authorization.RevokePermissionFromRole(t.Context(), org.RolePermissionParams{RoleKey: "member", PermissionKey: key}))
			}
		}
	}
}

var pluginWrites = []placeWrite{
	{"Plugins.Register", serviceOnly, func(t testing.TB, _ *tenant, c *workorder.Client) error {
		_, err := c.Plugins.Register(t.Context(), plugins.RegisterParams{Key: "never", Name: "Never"})
		return err
	}},
	{"Plugins.ProcessDeliveries", serviceOnly, func(t testing.TB, _ *tenant, c *workorder.Client) error {
		_, err := c.Plugins.ProcessDeliveries(t.Context(), 1)
		return err
	}},
	{"Plugins.IngestWebhook", unsignedWebhook, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		key := registerPlugin(t)
		id, err := tn.Plugins.Install(t.Context(), plugins.InstallParams{PluginKey: key, SecretRef: "nobody has this secret"})
		require.NoError(t, err)
		_, err = c.Plugins.IngestWebhook(t.Context(), plugins.IngestWebhookParams{PluginKey: key, InstallationID: id, Payload: json.RawMessage(`{}`), Secret: "x"})
		return err
	}},
	{"Plugins.Install", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.Plugins.Install(t.Context(), plugins.InstallParams{TenantID: tn.ID, PluginKey: registerPlugin(t)})
		return err
	}},
	{"Plugins.UpdateInstallation", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.Plugins.UpdateInstallation(t.Context(), plugins.UpdateInstallationParams{TenantID: tn.ID, InstallationID: installPlugin(t, tn, plugins.InstallParams{}), Status: new(plugins.Disabled)})
	}},
	{"Plugins.Uninstall", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.Plugins.Uninstall(t.Context(), plugins.UninstallParams{TenantID: tn.ID, InstallationID: installPlugin(t, tn, plugins.InstallParams{})})
	}},
	{"Plugins.UpsertWebhookSubscription", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.Plugins.UpsertWebhookSubscription(t.Context(), plugins.UpsertWebhookSubscriptionParams{
			TenantID: tn.ID, InstallationID: installPlugin(t, tn, plugins.InstallParams{}), TableSchema: "app", TableName: "none", Operations: []plugins.Operation{plugins.Insert},
		})
		return err
	}},
	{"Plugins.DeleteWebhookSubscription", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		id := subscribe(t, tn, plugins.UpsertWebhookSubscriptionParams{InstallationID: installPlugin(t, tn, plugins.InstallParams{}), TableName: "none", Operations: []plugins.Operation{plugins.Insert}})
		return c.Plugins.DeleteWebhookSubscription(t.Context(), plugins.DeleteWebhookSubscriptionParams{TenantID: tn.ID, SubscriptionID: id})
	}},
	{"Integrations.UpsertExternalID", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.Integrations.UpsertExternalID(t.Context(), plugins.UpsertExternalIDParams{TenantID: tn.ID, EntityType: "asset", EntityID: unknownID, SystemKey: "erp", ExternalID: "1"})
		return err
	}},
	{"Integrations.DeleteExternalID", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.Integrations.DeleteExternalID(t.Context(), plugins.DeleteExternalIDParams{TenantID: tn.ID, EntityType: "asset", EntityID: unknownID, SystemKey: "crm"})
	}},
	{"Integrations.EnqueueEvent", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.Integrations.EnqueueEvent(t.Context(), plugins.EnqueueEventParams{TenantID: tn.ID, EventType: "e", Payload: json.RawMessage(`1`)})
		return err
	}},
}

var (
	serviceOnly = refuse(deniedAll, denied, roles...)
	// A webhook needs no session, and a secret that the Vault lacks is nobody's.
	unsignedWebhook = refuse(map[string]error{"outsider": unsigned, "nobody": unsigned}, unsigned, roles...)
)

func TestRolesMayDoTheirWritesToPluginsOnly(t *testing.T) {
	t.Parallel()
	tryByEveryRole(t, stack.Tenant(t), pluginWrites)
}

// TestEveryWriteToPluginsIsTriedByEveryRole keeps the list above complete.
func TestEveryWriteToPluginsIsTriedByEveryRole(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for _, write := range pluginWrites {
		tried[write.name] = true
	}
	require.Empty(t, untried(servicesOf(stack.Client(t), "plugins"), tried))
}
