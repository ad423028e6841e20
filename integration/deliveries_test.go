package integration

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/devstack/workordertest"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/plugins"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

// eventsOf are the events queued for an installation, sorted.
func eventsOf(t testing.TB, tn *tenant, installation string) []string {
	t.Helper()
	rows, err := tn.Plugins.RecentDeliveries.List(t.Context(), query.Where(plugins.DeliveryCols.PluginInstallationID.Eq(installation)))
	require.NoError(t, err)
	events := []string{}
	for _, row := range rows {
		require.Equal(t, tn.ID, row.TenantID)
		events = append(events, row.EventType)
	}
	slices.Sort(events)
	return events
}

func TestWhatIsSubscribedToIsQueued(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	create := func(tn *tenant) string {
		t.Helper()
		id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "Belt"})
		require.NoError(t, err)
		return id
	}
	move := func(id, status string) {
		t.Helper()
		require.NoError(t, tn.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{WorkOrderID: id, ToStatusKey: status}))
	}
	const inserted, updated = "entity_change.work_orders.insert", "entity_change.work_orders.update"
	id := installPlugin(t, tn, plugins.InstallParams{})
	create(tn)
	require.Empty(t, eventsOf(t, tn, id), "nobody has subscribed")

	want := func(why string, events ...string) {
		t.Helper()
		require.Equal(t, append([]string{}, events...), eventsOf(t, tn, id), why)
	}
	on := func(p plugins.UpsertWebhookSubscriptionParams) {
		t.Helper()
		p.InstallationID, p.TableName = id, "work_orders"
		subscribe(t, tn, p)
	}
	on(plugins.UpsertWebhookSubscriptionParams{Operations: []plugins.Operation{plugins.Insert}})
	order := create(tn)
	want("exactly one insert", inserted)
	row := list(t, tn.Plugins.RecentDeliveries.List)[0]
	require.Zero(t, row.Attempts)
	require.Contains(t, []plugins.DeliveryStatus{plugins.DeliveryPending, plugins.DeliveryDead}, row.Status, "dead when the job was quicker: there is no webhook_url")
	create(other)
	want("another tenant's is not ours", inserted)

	on(plugins.UpsertWebhookSubscriptionParams{Operations: []plugins.Operation{plugins.Update}, ChangedFieldsAllowlist: []string{"title", "Status"}})
	move(order, "assigned")
	want("another column, and names are compared as spelled", inserted)
	on(plugins.UpsertWebhookSubscriptionParams{Operations: []plugins.Operation{plugins.Update}, ChangedFieldsAllowlist: []string{}})
	move(order, "in_progress")
	want("an empty list", inserted)
	on(plugins.UpsertWebhookSubscriptionParams{Operations: []plugins.Operation{plugins.Update}, ChangedFieldsAllowlist: []string{"title", "status"}})
	move(order, "cancelled")
	want("one column of the list", inserted, updated)

	for _, p := range []plugins.UpsertWebhookSubscriptionParams{{TableSchema: "APP", TableName: "work_orders"}, {TableSchema: "public", TableName: "v_work_orders"}, {TableName: "Work_Orders"}} {
		p.InstallationID, p.Operations = id, []plugins.Operation{plugins.Insert}
		subscribe(t, tn, p)
	}
	create(tn)
	want("other names are other tables", inserted, updated)

	on(plugins.UpsertWebhookSubscriptionParams{Operations: []plugins.Operation{plugins.Insert}})
	set := func(status plugins.InstallationStatus) {
		t.Helper()
		require.NoError(t, tn.Plugins.UpdateInstallation(t.Context(), plugins.UpdateInstallationParams{InstallationID: id, Status: &status}))
	}
	for _, status := range []plugins.InstallationStatus{plugins.Disabled, plugins.Uninstalled} {
		set(status)
		create(tn)
		want(string(status), inserted, updated)
	}
	set(plugins.Installed)
	create(tn)
	want("back", inserted, inserted, updated)
}

// Each kind of change of a department, of a member and of the installation itself.
func TestEachOperationIsQueued(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := installPlugin(t, tn, plugins.InstallParams{})
	all := []plugins.Operation{plugins.Insert, plugins.Update, plugins.Delete}
	for schema, tables := range map[string][]string{
		"app": {"departments", "tenant_memberships", "user_tenant_roles", "parts", "projects"},
		"int": {"plugin_installations", "plugins"},
	} {
		for _, table := range tables {
			subscribe(t, tn, plugins.UpsertWebhookSubscriptionParams{InstallationID: id, TableSchema: schema, TableName: table, Operations: all})
		}
	}
	dep := makeDepartment(t, tn.Client, "D")
	require.NoError(t, tn.Departments.Update(t.Context(), org.UpdateDepartmentParams{DepartmentID: dep, Name: new("E")}))
	require.NoError(t, tn.Departments.Update(t.Context(), org.UpdateDepartmentParams{DepartmentID: dep, Name: new("E")}), "the same again")
	require.NoError(t, tn.Departments.Delete(t.Context(), org.DeleteDepartmentParams{DepartmentID: dep}))
	tn.Member(t, "member")
	makeProject(t, tn, "P")
	require.NoError(t, tn.Plugins.UpdateInstallation(t.Context(), plugins.UpdateInstallationParams{InstallationID: id, Config: json.RawMessage(`{}`)}))
	require.NoError(t, tn.Plugins.UpdateInstallation(t.Context(), plugins.UpdateInstallationParams{InstallationID: id, Status: new(plugins.Disabled)}))
	require.Equal(t, []string{
		"entity_change.departments.delete", "entity_change.departments.insert", "entity_change.departments.update", "entity_change.departments.update",
		"entity_change.plugin_installations.update", "entity_change.tenant_memberships.insert", "entity_change.user_tenant_roles.insert",
	}, eventsOf(t, tn, id), "no disabling of itself, and no table that is not audited")
}

// received is a request that a receiver got.
type received struct {
	header http.Header
	body   string
	at     time.Time
}

// receiver is an endpoint for deliveries on this machine, which only a local stack
// can reach.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer http.HandlerFunc
}

func newReceiver(t testing.TB, answer http.HandlerFunc) *receiver {
	t.Helper()
	if !stack.local {
		t.Skip("needs a stack that reaches this machine")
	}
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.got = append(r.got, received{req.Header, string(body), time.Now()})
		r.mu.Unlock()
		r.answer(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) requests() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// reach runs the platform's job until the only delivery of the installation is in a
// state of those wanted, and gives it.
func reach(t testing.TB, d deployment, tn *tenant, wanted func(plugins.Delivery) bool) plugins.Delivery {
	t.Helper()
	service := d.ServiceClient(t)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		rows, err := tn.Plugins.RecentDeliveries.List(t.Context())
		require.NoError(t, err)
		require.Len(t, rows, 1)
		if wanted(rows[0]) {
			return rows[0]
		}
		require.True(t, time.Now().Before(deadline), "still %s after %d attempts", rows[0].Status, rows[0].Attempts)
		_, err = service.Plugins.ProcessDeliveries(t.Context(), 200)
		require.NoError(t, err)
	}
}

func settled(d plugins.Delivery) bool {
	return d.Status == plugins.DeliveryDelivered || d.Status == plugins.DeliveryDead || d.Attempts > 0
}

// deliver lets a new installation of a fresh tenant hear of one new department.
func deliver(t testing.TB, d deployment, secretRef string, config json.RawMessage, p plugins.UpsertWebhookSubscriptionParams) (*tenant, string) {
	t.Helper()
	tn := d.Tenant(t)
	key := "hook_" + strconv.FormatInt(time.Now().UnixNano(), 36)
	_, err := d.ServiceClient(t).Plugins.Register(t.Context(), plugins.RegisterParams{Key: key, Name: key})
	require.NoError(t, err)
	id, err := tn.Plugins.Install(t.Context(), plugins.InstallParams{PluginKey: key, SecretRef: secretRef, Config: config})
	require.NoError(t, err)
	p.InstallationID, p.TableName, p.Operations = id, "departments", []plugins.Operation{plugins.Insert}
	subscribe(t, tn, p)
	makeDepartment(t, tn.Client, "Öl & <Fett> 🔧")
	return tn, id
}

// makeSecret puts a secret into the Vault and gives its name.
func makeSecret(t testing.TB, d deployment, secret string) string {
	t.Helper()
	name := newSlug()
	_, err := d.SQL(t).Exec(t.Context(), `select vault.create_secret($1, $2)`, secret, name)
	require.NoError(t, err)
	return name
}

func signature(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestDeliveriesArePostedAndSigned(t *testing.T) {
	t.Parallel()
	const secret = "Schlüssel ß 🔑 "
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	config := plugins.WebhookConfig{WebhookURL: r.URL + "/hook?a=1", Headers: map[string]string{"Authorization": "Bearer x"}}.JSON()
	for _, full := range []bool{false, true} {
		r.mu.Lock()
		r.got = nil
		r.mu.Unlock()
		tn, installation := deliver(t, stack, makeSecret(t, stack, secret), config, plugins.UpsertWebhookSubscriptionParams{IncludePayload: full})
		d := reach(t, stack, tn, settled)
		require.Equal(t, plugins.DeliveryDelivered, d.Status)
		require.Zero(t, d.Attempts)
		require.Nil(t, d.LastError)
		require.Len(t, r.requests(), 1)
		got := r.requests()[0]
		require.Equal(t, "application/json", got.header.Get("Content-Type"))
		require.Equal(t, d.ID, got.header.Get("X-Plugin-Delivery-Id"))
		require.Equal(t, "entity_change.departments.insert", got.header.Get("X-Plugin-Event-Type"))
		require.Equal(t, "Bearer x", got.header.Get("Authorization"))
		require.Equal(t, []string{signature(secret, got.body)}, got.header.Values("X-Plugin-Signature"))

		var body struct {
			V              int
			TenantID       string `json:"tenant_id"`
			InstallationID string `json:"installation_id"`
			PluginKey      string `json:"plugin_key"`
			Audit          map[string]any
			Snapshot       map[string]any
		}
		decoder := json.NewDecoder(strings.NewReader(got.body))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&body))
		require.Equal(t, 1, body.V)
		require.Equal(t, []string{tn.ID, installation, d.PluginKey}, []string{body.TenantID, body.InstallationID, body.PluginKey})
		department := list(t, tn.Departments.List)[0]
		require.Positive(t, body.Audit["id"])
		delete(body.Audit, "id")
		require.Equal(t, map[string]any{
			"table_schema": "app", "table_name": "departments", "record_id": department.ID, "operation": "INSERT", "changed_fields": nil,
		}, body.Audit)
		if full {
			require.Nil(t, body.Snapshot["old_data"])
			require.Equal(t, department.Name, body.Snapshot["new_data"].(map[string]any)["name"])
			require.Len(t, body.Snapshot, 2)
		} else {
			require.Equal(t, map[string]any{"record_id": department.ID, "changed_fields": nil}, body.Snapshot)
		}
	}
}

func TestDeliveriesByWhatTheEndpointAnswers(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	r := newReceiver(t, func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/slow":
			<-release
		case "/redirect":
			http.Redirect(w, req, "/200", http.StatusTemporaryRedirect)
		default:
			status, err := strconv.Atoi(req.URL.Path[1:])
			if err != nil {
				panic(err)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "said the endpoint")
		}
	})
	t.Cleanup(func() { close(release) }) // before the server closes
	for path, want := range map[string]string{
		"/200": "", "/202": "", "/299": "", "/400": "http 400: said", "/410": "http 410", "/500": "http 500: said", "/503": "http 503",
		"/redirect": "http 307", "/slow": "timeout",
	} {
		t.Run(path, func(t *testing.T) {
			tn, _ := deliver(t, stack, "", plugins.WebhookConfig{WebhookURL: r.URL + path, Timeout: time.Second}.JSON(), plugins.UpsertWebhookSubscriptionParams{})
			d := reach(t, stack, tn, settled)
			if want == "" {
				require.Equal(t, plugins.DeliveryDelivered, d.Status)
				require.Zero(t, d.Attempts)
				return
			}
			require.Equal(t, plugins.DeliveryPending, d.Status)
			require.Equal(t, 1, d.Attempts)
			require.Contains(t, *d.LastError, want)
			_, err := stack.ServiceClient(t).Plugins.ProcessDeliveries(t.Context(), 0)
			require.NoError(t, err)
			again := list(t, tn.Plugins.RecentDeliveries.List)[0]
			require.Equal(t, plugins.DeliveryPending, again.Status, "it is not due yet")
		})
	}
	for _, got := range r.requests() {
		require.Empty(t, got.header.Values("X-Plugin-Signature"), "without a secret nothing is signed")
	}
}

func TestDeliveriesWithoutAnEndpointAreDeadAtOnce(t *testing.T) {
	t.Parallel()
	for _, config := range []string{`null`, `{}`, `{"webhook_url": null}`, `[]`, `"http://192.0.2.1/"`, `{"WEBHOOK_URL": "http://192.0.2.1/"}`} {
		tn, id := deliver(t, stack, "", json.RawMessage(config), plugins.UpsertWebhookSubscriptionParams{})
		d := reach(t, stack, tn, settled)
		require.Equal(t, plugins.DeliveryDead, d.Status, config)
		require.Zero(t, d.Attempts)
		require.Contains(t, *d.LastError, "webhook_url")
		require.NoError(t, tn.Plugins.UpdateInstallation(t.Context(), plugins.UpdateInstallationParams{
			InstallationID: id, Config: plugins.WebhookConfig{WebhookURL: "http://192.0.2.1/"}.JSON(),
		}))
		_, err := stack.ServiceClient(t).Plugins.ProcessDeliveries(t.Context(), 0)
		require.NoError(t, err)
		require.Equal(t, plugins.DeliveryDead, list(t, tn.Plugins.RecentDeliveries.List)[0].Status, "dead stays dead")
	}
}

// The config of the moment counts, and disabling does not call back what is queued.
func TestDeliveriesFollowTheConfigOfNow(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, func(http.ResponseWriter, *http.Request) {})
	tn := stack.Tenant(t)
	id := installPlugin(t, tn, plugins.InstallParams{Config: plugins.WebhookConfig{WebhookURL: r.URL}.JSON()})
	subscribe(t, tn, plugins.UpsertWebhookSubscriptionParams{InstallationID: id, TableName: "departments", Operations: []plugins.Operation{plugins.Insert}})
	makeDepartment(t, tn.Client, "D")
	require.NoError(t, tn.Plugins.UpdateInstallation(t.Context(), plugins.UpdateInstallationParams{
		InstallationID: id, Status: new(plugins.Disabled), Config: plugins.WebhookConfig{WebhookURL: r.URL, Headers: map[string]string{"X-Now": "yes"}}.JSON(),
	}))
	require.Equal(t, plugins.DeliveryDelivered, reach(t, stack, tn, settled).Status)
	require.Len(t, r.requests(), 1)
}

// Eight failures, at the platform's distances, with the time of a stack that lets
// hours pass in seconds.
func TestDeliveriesAreRepeatedOnScheduleUntilDead(t *testing.T) {
	t.Parallel()
	if !stack.local {
		t.Skip("needs a stack whose time of deliveries can run faster")
	}
	const speed = 600 // a minute in 100 ms
	s, err := devstack.Start(context.WithoutCancel(t.Context()), devstack.WithDeliverySpeed(speed))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	d := deployment{Deployment: workordertest.Of(s)}
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "down", http.StatusServiceUnavailable) })
	tn, _ := deliver(t, d, makeSecret(t, d, "k"), plugins.WebhookConfig{WebhookURL: r.URL}.JSON(), plugins.UpsertWebhookSubscriptionParams{})

	var last plugins.Delivery
	require.Eventually(t, func() bool { // the stack's own job does it all
		rows, err := tn.Plugins.RecentDeliveries.List(t.Context())
		if err != nil || len(rows) != 1 {
			return false
		}
		last = rows[0]
		return last.Status == plugins.DeliveryDead
	}, 2*time.Minute, 100*time.Millisecond)
	require.Equal(t, 8, last.Attempts)
	// On a busy machine an answer can take the two minutes that it is waited for.
	require.Regexp(t, "^(http 503: down|no answer within)", *last.LastError)
	got := r.requests()
	require.Len(t, got, 8)
	for i, minutes := range []int{2, 4, 8, 16, 32, 64, 64} {
		require.Equal(t, last.ID, got[i+1].header.Get("X-Plugin-Delivery-Id"))
		require.Equal(t, got[0].body, got[i+1].body)
		require.Equal(t, got[0].header.Get("X-Plugin-Signature"), got[i+1].header.Get("X-Plugin-Signature"))
		require.GreaterOrEqual(t, got[i+1].at.Sub(got[i].at), time.Duration(minutes)*time.Minute/speed, "before attempt %d", i+2)
	}
}

func TestWhoProcessesDeliveries(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 200} {
		n, err := stack.ServiceClient(t).Plugins.ProcessDeliveries(t.Context(), size)
		require.NoError(t, err)
		require.GreaterOrEqual(t, n, 0)
	}
	tn := stack.Tenant(t)
	_, err := tn.Plugins.ProcessDeliveries(t.Context(), 0)
	require.Equal(t, "42501", errorCode(err))
}

// ingested sends a webhook to an installation.
func ingested(t testing.TB, p plugins.IngestWebhookParams) (*plugins.IngestResult, error) {
	t.Helper()
	return stack.Client(t).Plugins.IngestWebhook(t.Context(), p)
}

func TestWebhooksAreTakenWhenSigned(t *testing.T) {
	t.Parallel()
	const secret = "Schlüssel ß 🔑 "
	tn, name, key := stack.Tenant(t), makeSecret(t, stack, secret), registerPlugin(t)
	id, err := tn.Plugins.Install(t.Context(), plugins.InstallParams{PluginKey: key, SecretRef: name})
	require.NoError(t, err)
	send := func(payload string, secret types.Secret, signature string) error {
		res, err := ingested(t, plugins.IngestWebhookParams{
			PluginKey: key, InstallationID: id, Payload: json.RawMessage(payload), Secret: secret, Signature: signature,
		})
		if err == nil {
			require.Equal(t, plugins.IngestResult{OK: true, Action: "noop"}, *res)
		}
		return err
	}
	for _, payload := range []string{
		`{"action":"noop"}`, `{}`, `[]`, `7`, `"text"`, `{"action":null}`, `{"action":""}`, `[{"action":"nope"}]`, " {\n\"x\":[1 ,2]}",
		`{"b":1.0,"aa":[1e2,true],"a":"x","é":-0.0,"zz":1.50e1,"a":1e-7}`, `{"t":"<&>\u2028\u00d6 \ud83d\ude00 \/ \u0001\b\"\\"}`,
		`{"n":[12345678901234567890123,0.00,-0,1.5e3,0e5]}`,
	} {
		require.NoError(t, send(payload, secret, ""), payload)
	}
	const noop, text = `{"action":"noop"}`, `{"action": "noop"}`
	good := signature(secret, text)
	upper := []byte(good)
	for i, c := range upper {
		if c >= 'a' {
			upper[i] = c - 'a' + 'A'
		}
	}
	require.NoError(t, send(noop, "", "  "+string(upper)+"  "))
	for _, bad := range []string{"sha256=" + good, "0x" + good, good + "\n", good[:63], good + "0", signature(secret, noop), signature("", text), signature("Schlüssel ß 🔑", text), "x"} {
		require.Equal(t, "42501", errorCode(send(noop, "", bad)), bad)
	}

	// Whose it is, and what is at work.
	for _, p := range []plugins.IngestWebhookParams{
		{PluginKey: registerPlugin(t), InstallationID: id}, {PluginKey: key, InstallationID: unknownID}, {PluginKey: key, InstallationID: tn.ID},
	} {
		p.Payload, p.Secret = json.RawMessage(noop), secret
		_, err := ingested(t, p)
		require.Equal(t, "P0001", errorCode(err), "%v", err)
	}
	update := func(p plugins.UpdateInstallationParams) {
		t.Helper()
		p.InstallationID = id
		require.NoError(t, tn.Plugins.UpdateInstallation(t.Context(), p))
	}
	for _, status := range []plugins.InstallationStatus{plugins.Disabled, plugins.Uninstalled} {
		update(plugins.UpdateInstallationParams{Status: &status})
		require.Equal(t, "P0001", errorCode(send(noop, secret, "")))
	}
	update(plugins.UpdateInstallationParams{Status: new(plugins.Installed), SecretRef: new(" " + name)})
	require.Equal(t, "28000", errorCode(send(noop, secret, "")), "the name counts as it is spelled")
	update(plugins.UpdateInstallationParams{SecretRef: &name})
	require.NoError(t, send(noop, secret, ""))
	_, err = tn.Plugins.Install(t.Context(), plugins.InstallParams{PluginKey: key})
	require.NoError(t, err)
	require.Equal(t, "28000", errorCode(send(noop, "", signature("", text))), "no secret is no empty secret")
}

func TestWebhooksCreateWorkOrders(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	const secret = "k"
	key := registerPlugin(t)
	id, err := tn.Plugins.Install(t.Context(), plugins.InstallParams{PluginKey: key, SecretRef: makeSecret(t, stack, secret)})
	require.NoError(t, err)
	subscribe(t, tn, plugins.UpsertWebhookSubscriptionParams{InstallationID: id, TableName: "work_orders", Operations: []plugins.Operation{plugins.Insert}})
	send := func(action string, data map[string]any) (*plugins.IngestResult, error) {
		payload, err := json.Marshal(map[string]any{"action": action, "data": data})
		require.NoError(t, err)
		return ingested(t, plugins.IngestWebhookParams{PluginKey: key, InstallationID: id, Payload: payload, Secret: secret})
	}
	create := func(data map[string]any) workorders.WorkOrder {
		t.Helper()
		res, err := send("work_order.create", data)
		require.NoError(t, err)
		require.True(t, res.OK)
		require.Equal(t, "work_order.create", res.Action)
		row, err := tn.WorkOrders.Get(t.Context(), *res.WorkOrderID)
		require.NoError(t, err)
		require.Nil(t, row.RequestedBy)
		return *row
	}
	bare := create(map[string]any{"title": " Leak ", "priority": "", "assigned_to": "", "due_date": nil})
	require.Equal(t, []string{" Leak ", "draft", "medium"}, []string{bare.Title, bare.Status, bare.Priority})
	technician := tn.Member(t, "technician")
	site := makeLocation(t, tn, "Site")
	asset := makeAsset(t, tn, "Pump", site)
	project := makeProject(t, tn, "P")
	full := create(map[string]any{
		"title": "Leak", "description": "d", "priority": "high", "assigned_to": technician.ID, "location_id": site, "asset_id": asset,
		"due_date": "2031-02-03T04:05:06Z", "project_id": project,
	})
	require.Equal(t, "assigned", full.Status)
	require.Equal(t, []string{"high", technician.ID, site, asset, project}, []string{full.Priority, *full.AssignedTo, *full.LocationID, *full.AssetID, *full.ProjectID})
	require.Equal(t, []string{"entity_change.work_orders.insert", "entity_change.work_orders.insert"}, eventsOf(t, tn, id), "also to who sent them")
	changes, err := tn.Audit.EntityChanges.List(t.Context(), query.Where(org.EntityChangeCols.TableName.Eq("work_orders"), org.EntityChangeCols.Operation.Eq("INSERT")))
	require.NoError(t, err)
	for _, c := range changes {
		require.Nil(t, c.UserID)
	}

	theirs, foreign := makeLocation(t, other, "Site"), makeProject(t, other, "P")
	for _, c := range []struct {
		field string
		value any
		code  string
	}{
		{"title", nil, "23514"}, {"title", " ", "23514"}, {"priority", "HIGH", "23503"}, {"maintenance_type", "wrong", "23503"},
		{"assigned_to", "x", "22P02"}, {"assigned_to", unknownID, "23503"}, {"assigned_to", other.Admin.ID, "23503"},
		{"location_id", theirs, "23503"}, {"asset_id", unknownID, "23503"}, {"due_date", "soon", "22007"}, {"due_date", "2031-02-30", "22008"},
		{"pm_schedule_id", unknownID, "P0001"}, {"project_id", unknownID, "P0001"}, {"project_id", foreign, "23503"},
	} {
		_, err := send("work_order.create", map[string]any{"title": "x", c.field: c.value})
		require.Equal(t, c.code, errorCode(err), "%s %v: %v", c.field, c.value, err)
	}
	for _, action := range []string{"work_order.delete", "NOOP", " noop"} {
		_, err := send(action, nil)
		require.Equal(t, "22023", errorCode(err), action)
	}
	require.Len(t, list(t, tn.WorkOrders.List), 2)
}

// 120 webhooks in a minute, counted for whoever installed the plugin; what is
// refused does not count.
func TestWebhooksAreLimited(t *testing.T) {
	t.Parallel()
	tn, key := stack.Tenant(t), registerPlugin(t)
	id, err := tn.Plugins.Install(t.Context(), plugins.InstallParams{PluginKey: key, SecretRef: makeSecret(t, stack, "k")})
	require.NoError(t, err)
	c := stack.Client(t)
	send := func(secret types.Secret) error {
		_, err := c.Plugins.IngestWebhook(t.Context(), plugins.IngestWebhookParams{PluginKey: key, InstallationID: id, Payload: json.RawMessage(`{}`), Secret: secret})
		return err
	}
	for range 5 {
		require.Equal(t, "42501", errorCode(send("wrong")))
	}
	passed := 0
	for err = send("k"); err == nil && passed < 400; err = send("k") {
		passed++
	}
	require.Equal(t, "54000", errorCode(err), "%v", err)
	require.GreaterOrEqual(t, passed, 120)
}
