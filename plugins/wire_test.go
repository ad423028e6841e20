package plugins_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/plugins"
	"github.com/workorder-systems/sdk-go/types"
)

func asService(c *workorder.Client) *workorder.Client {
	return c.AsUser(apitest.JWT(map[string]any{"role": "service_role"}))
}

func TestWireRequests(t *testing.T) {
	apitest.RunCalls(t, []apitest.Call{
		{
			Name: "Install",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Plugins.Install(ctx, plugins.InstallParams{PluginKey: "erp_sync"})
			},
			RPC:   "rpc_install_plugin",
			Body:  `{"p_tenant_id":"t1","p_plugin_key":"erp_sync","p_secret_ref":null,"p_config":null}`,
			Reply: `"i1"`, Want: "i1",
		},
		{
			Name: "Install in full",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Plugins.Install(ctx, plugins.InstallParams{
					TenantID: "t2", PluginKey: "erp_sync", SecretRef: " padded ",
					Config: json.RawMessage(`{"webhook_url":"https://example.com/h?a=1","timeout_ms":120000,"headers":{"Authorization":"Bearer x"},"own":[1.50]}`),
				})
			},
			RPC: "rpc_install_plugin",
			Body: `{"p_tenant_id":"t2","p_plugin_key":"erp_sync","p_secret_ref":" padded ",
				"p_config":{"webhook_url":"https://example.com/h?a=1","timeout_ms":120000,"headers":{"Authorization":"Bearer x"},"own":[1.50]}}`,
			Reply: `"i1"`, Want: "i1",
		},
		{
			Name: "Install with a webhook",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Plugins.Install(ctx, plugins.InstallParams{PluginKey: "erp_sync", Config: plugins.WebhookConfig{
					WebhookURL: "http://localhost:8765/webhook?a=<b>", Timeout: 2500 * time.Millisecond, Headers: map[string]string{"X-Key": "ä"},
				}.JSON()})
			},
			RPC: "rpc_install_plugin",
			Body: `{"p_tenant_id":"t1","p_plugin_key":"erp_sync","p_secret_ref":null,
				"p_config":{"webhook_url":"http://localhost:8765/webhook?a=<b>","timeout_ms":2500,"headers":{"X-Key":"ä"}}}`,
			Reply: `"i1"`, Want: "i1",
		},
		{
			Name: "UpdateInstallation of nothing",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.Plugins.UpdateInstallation(ctx, plugins.UpdateInstallationParams{InstallationID: "i1"})
			}),
			RPC:  "rpc_update_plugin_installation",
			Body: `{"p_tenant_id":"t1","p_installation_id":"i1","p_status":null,"p_secret_ref":null,"p_config":null}`,
		},
		{
			Name: "UpdateInstallation",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.Plugins.UpdateInstallation(ctx, plugins.UpdateInstallationParams{
					InstallationID: "i1", Status: new(plugins.Disabled), SecretRef: new("s"), Config: plugins.WebhookConfig{WebhookURL: "https://example.com"}.JSON(),
				})
			}),
			RPC: "rpc_update_plugin_installation",
			Body: `{"p_tenant_id":"t1","p_installation_id":"i1","p_status":"disabled","p_secret_ref":"s",
				"p_config":{"webhook_url":"https://example.com"}}`,
		},
		{
			Name: "Uninstall",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.Plugins.Uninstall(ctx, plugins.UninstallParams{TenantID: "t2", InstallationID: "i1"})
			}),
			RPC:  "rpc_uninstall_plugin",
			Body: `{"p_tenant_id":"t2","p_installation_id":"i1"}`,
		},
		{
			Name: "UpsertWebhookSubscription",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Plugins.UpsertWebhookSubscription(ctx, plugins.UpsertWebhookSubscriptionParams{
					InstallationID: "i1", TableSchema: "app", TableName: "work_orders", Operations: []plugins.Operation{plugins.Update, plugins.Insert, plugins.Insert},
				})
			},
			RPC: "rpc_upsert_plugin_webhook_subscription",
			Body: `{"p_tenant_id":"t1","p_installation_id":"i1","p_table_schema":"app","p_table_name":"work_orders",
				"p_operations":["UPDATE","INSERT","INSERT"],"p_changed_fields_allowlist":null,"p_include_payload":false}`,
			Reply: `"s1"`, Want: "s1",
		},
		{
			Name: "UpsertWebhookSubscription to no update",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Plugins.UpsertWebhookSubscription(ctx, plugins.UpsertWebhookSubscriptionParams{
					TenantID: "t2", InstallationID: "i1", TableSchema: "cfg", TableName: "tenant_roles", Operations: []plugins.Operation{plugins.Delete},
					ChangedFieldsAllowlist: []string{}, IncludePayload: true,
				})
			},
			RPC: "rpc_upsert_plugin_webhook_subscription",
			Body: `{"p_tenant_id":"t2","p_installation_id":"i1","p_table_schema":"cfg","p_table_name":"tenant_roles",
				"p_operations":["DELETE"],"p_changed_fields_allowlist":[],"p_include_payload":true}`,
			Reply: `"s1"`, Want: "s1",
		},
		{
			Name: "DeleteWebhookSubscription",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.Plugins.DeleteWebhookSubscription(ctx, plugins.DeleteWebhookSubscriptionParams{SubscriptionID: "s1"})
			}),
			RPC:  "rpc_delete_plugin_webhook_subscription",
			Body: `{"p_tenant_id":"t1","p_subscription_id":"s1"}`,
		},
		{
			Name: "ProcessDeliveries",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Plugins.ProcessDeliveries(ctx, 0)
			},
			RPC: "rpc_process_plugin_deliveries", Body: `{"p_batch_size":null}`, Reply: `3`, Want: 3,
		},
		{
			Name: "ProcessDeliveries of some",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Plugins.ProcessDeliveries(ctx, 200)
			},
			RPC: "rpc_process_plugin_deliveries", Body: `{"p_batch_size":200}`, Reply: `0`, Want: 0,
		},
		{
			Name: "Register",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return asService(c).Plugins.Register(ctx, plugins.RegisterParams{Key: "erp_sync", Name: "ERP"})
			},
			RPC:   "rpc_register_plugin",
			Body:  `{"p_key":"erp_sync","p_name":"ERP","p_description":null,"p_is_integration":false}`,
			Reply: `"p1"`, Want: "p1",
		},
		{
			Name: "Register in full",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return asService(c).Plugins.Register(ctx, plugins.RegisterParams{
					Key: "9_", Name: "ERP", Description: "d", IsIntegration: true, IsActive: new(false),
				})
			},
			RPC:   "rpc_register_plugin",
			Body:  `{"p_key":"9_","p_name":"ERP","p_description":"d","p_is_integration":true,"p_is_active":false}`,
			Reply: `"p1"`, Want: "p1",
		},
		{
			Name: "IngestWebhook signs the text of jsonb",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Plugins.IngestWebhook(ctx, plugins.IngestWebhookParams{
					PluginKey: "erp_sync", InstallationID: "i1", Payload: json.RawMessage(`{"action":"noop"}`), Secret: "truth-secret-a",
				})
			},
			RPC: "rpc_plugin_ingest_webhook",
			Body: `{"p_plugin_key":"erp_sync","p_installation_id":"i1","p_payload":{"action":"noop"},
				"p_signature":"` + noopSignature + `"}`,
			Reply: `{"ok": true, "action": "noop"}`, Want: &plugins.IngestResult{OK: true, Action: "noop"},
		},
		{
			Name: "IngestWebhook with a signature",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Plugins.IngestWebhook(ctx, plugins.IngestWebhookParams{
					PluginKey: "erp_sync", InstallationID: "i1", Payload: json.RawMessage(`{"action":"work_order.create","data":{"title":"x"}}`), Signature: "AB ",
				})
			},
			RPC: "rpc_plugin_ingest_webhook",
			Body: `{"p_plugin_key":"erp_sync","p_installation_id":"i1","p_payload":{"action":"work_order.create","data":{"title":"x"}},
				"p_signature":"AB "}`,
			Reply: `{"ok": true, "action": "work_order.create", "work_order_id": "w1"}`,
			Want:  &plugins.IngestResult{OK: true, Action: "work_order.create", WorkOrderID: new("w1")},
		},
		{
			Name: "UpsertExternalID",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Integrations.UpsertExternalID(ctx, plugins.UpsertExternalIDParams{EntityType: "asset", EntityID: "a1", SystemKey: "erp", ExternalID: "4711"})
			},
			RPC: "rpc_upsert_integration_external_id",
			Body: `{"p_tenant_id":"t1","p_entity_type":"asset","p_entity_id":"a1","p_system_key":"erp","p_external_id":"4711",
				"p_metadata":null}`,
			Reply: `"x1"`, Want: "x1",
		},
		{
			Name: "UpsertExternalID with metadata",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Integrations.UpsertExternalID(ctx, plugins.UpsertExternalIDParams{
					TenantID: "t2", EntityType: " asset ", EntityID: "a1", SystemKey: "S-A/P: ä", ExternalID: " 1 ", Metadata: json.RawMessage(`[1]`),
				})
			},
			RPC: "rpc_upsert_integration_external_id",
			Body: `{"p_tenant_id":"t2","p_entity_type":" asset ","p_entity_id":"a1","p_system_key":"S-A/P: ä","p_external_id":" 1 ",
				"p_metadata":[1]}`,
			Reply: `"x1"`, Want: "x1",
		},
		{
			Name: "DeleteExternalID",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.Integrations.DeleteExternalID(ctx, plugins.DeleteExternalIDParams{EntityType: "asset", EntityID: "a1", SystemKey: "erp"})
			}),
			RPC:  "rpc_delete_integration_external_id",
			Body: `{"p_tenant_id":"t1","p_entity_type":"asset","p_entity_id":"a1","p_system_key":"erp"}`,
		},
		{
			Name: "EnqueueEvent",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Integrations.EnqueueEvent(ctx, plugins.EnqueueEventParams{EventType: "asset.synced", Payload: json.RawMessage(`""`)})
			},
			RPC:   "rpc_enqueue_integration_event",
			Body:  `{"p_tenant_id":"t1","p_event_type":"asset.synced","p_payload":"","p_entity_type":null,"p_entity_id":null}`,
			Reply: `"e1"`, Want: "e1",
		},
		{
			Name: "EnqueueEvent about a record",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Integrations.EnqueueEvent(ctx, plugins.EnqueueEventParams{
					TenantID: "t2", EventType: "asset.synced", Payload: json.RawMessage(`{"n":1}`), EntityType: "x-y", EntityID: "a1",
				})
			},
			RPC:   "rpc_enqueue_integration_event",
			Body:  `{"p_tenant_id":"t2","p_event_type":"asset.synced","p_payload":{"n":1},"p_entity_type":"x-y","p_entity_id":"a1"}`,
			Reply: `"e1"`, Want: "e1",
		},
	})
}

// noopSignature is HMAC-SHA256 over {"action": "noop"}, by openssl.
const noopSignature = "1a2e8f865e8f885f14ff10c72b03580ffd6a3c6d8f497be3db075f27a43b0bc4"

func TestReadersNameTheirViews(t *testing.T) {
	c, srv := apitest.New(t)
	srv.WantCounted(t, "v_plugins", c.Plugins.Count)
	srv.WantCounted(t, "v_plugin_installations", c.Plugins.Installations.Count)
	srv.WantCounted(t, "v_plugin_webhook_subscriptions", c.Plugins.WebhookSubscriptions.Count)
	srv.WantCounted(t, "v_plugin_delivery_queue_recent", c.Plugins.RecentDeliveries.Count)
	srv.WantCounted(t, "v_integration_external_ids", c.Integrations.ExternalIDs.Count)
	srv.WantCounted(t, "v_outbound_integration_events", c.Integrations.OutboundEvents.Count)
}

func TestEventsComeNewestFirst(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(200, `[]`)
	_, err := c.Integrations.OutboundEvents.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, "created_at.desc.nullsfirst,id.asc.nullslast", srv.Requests()[0].Query.Get("order"))
}

// The catalog belongs to no tenant, so a token without one reads it.
func TestTheCatalogNeedsNoTenant(t *testing.T) {
	c, srv := apitest.New(t)
	noTenant := c.AsUser(apitest.JWT(map[string]any{"sub": "u1", "role": "authenticated"}))
	srv.Reply(200, `[]`)
	_, err := noTenant.Plugins.List(t.Context())
	require.NoError(t, err)
	_, err = noTenant.Plugins.Installations.List(t.Context())
	require.ErrorIs(t, err, workorder.ErrNoTenant)
}

func TestOnlyTheServiceKeyRegisters(t *testing.T) {
	c, srv := apitest.New(t)
	p := plugins.RegisterParams{Key: "erp_sync", Name: "ERP"}
	publishable, err := workorder.New(srv.URL, "sb_publishable_x")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, publishable.Close()) })
	for name, other := range map[string]*workorder.Client{
		"user":            c,
		"anon key":        srv.Client(t),
		"publishable key": publishable,
	} {
		_, err := other.Plugins.Register(t.Context(), p)
		require.ErrorIs(t, err, workorder.ErrPermissionDenied, name)
		srv.WantNoRequest(t)
	}
	secret, err := workorder.New(srv.URL, "sb_secret_x")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, secret.Close()) })
	srv.Reply(200, `"p1"`)
	_, err = secret.Plugins.Register(t.Context(), p)
	require.NoError(t, err)
}

func TestWhatTheServerCannotUseIsRefusedBeforeSending(t *testing.T) {
	c, srv := apitest.New(t)
	ctx, s, in := t.Context(), &c.Plugins, &c.Integrations
	register := func(key, name string) error {
		return apitest.Err(asService(c).Plugins.Register(ctx, plugins.RegisterParams{Key: key, Name: name}))
	}
	install := func(key, secret, config string) error {
		return apitest.Err(s.Install(ctx, plugins.InstallParams{PluginKey: key, SecretRef: secret, Config: json.RawMessage(config)}))
	}
	update := func(p plugins.UpdateInstallationParams) error {
		p.InstallationID = "i1"
		return s.UpdateInstallation(ctx, p)
	}
	subscribe := func(schema, table string, operations ...plugins.Operation) error {
		return apitest.Err(s.UpsertWebhookSubscription(ctx, plugins.UpsertWebhookSubscriptionParams{
			InstallationID: "i1", TableSchema: schema, TableName: table, Operations: operations,
		}))
	}
	ingest := func(key, payload, secret, signature string) error {
		return apitest.Err(s.IngestWebhook(ctx, plugins.IngestWebhookParams{
			PluginKey: key, InstallationID: "i1", Payload: json.RawMessage(payload), Secret: types.Secret(secret), Signature: signature,
		}))
	}
	externalID := func(entityType, entity, system, id, metadata string) error {
		return apitest.Err(in.UpsertExternalID(ctx, plugins.UpsertExternalIDParams{
			EntityType: entityType, EntityID: entity, SystemKey: system, ExternalID: id, Metadata: json.RawMessage(metadata),
		}))
	}
	event := func(eventType, payload string) error {
		return apitest.Err(in.EnqueueEvent(ctx, plugins.EnqueueEventParams{EventType: eventType, Payload: json.RawMessage(payload)}))
	}
	for _, tc := range []struct {
		field string
		err   error
	}{
		{"Key", register("", "N")}, {"Key", register("a", "N")}, {"Key", register("a-b", "N")}, {"Key", register("Ab", "N")},
		{"Key", register(" ab", "N")}, {"Key", register("ab\n", "N")}, {"Key", register(strings.Repeat("a", 81), "N")}, {"Key", register("äb", "N")},
		{"Name", register("ab", "")}, {"Name", register("ab", " \t")},

		{"PluginKey", install("", "", "")}, {"PluginKey", install(" ab ", "", "")}, {"PluginKey", install("AB", "", "")},
		{"SecretRef", install("ab", " ", "")}, {"SecretRef", install("ab", " \n", "")},
		{"Config", install("ab", "", "{")},
		{"InstallationID", s.UpdateInstallation(ctx, plugins.UpdateInstallationParams{})},
		{"Status", update(plugins.UpdateInstallationParams{Status: new(plugins.InstallationStatus("active"))})},
		{"Status", update(plugins.UpdateInstallationParams{Status: new(plugins.InstallationStatus(""))})},
		{"SecretRef", update(plugins.UpdateInstallationParams{SecretRef: new("")})},
		{"SecretRef", update(plugins.UpdateInstallationParams{SecretRef: new(" ")})},
		{"Config", update(plugins.UpdateInstallationParams{Config: json.RawMessage("null")})},
		{"Config.timeout_ms", update(plugins.UpdateInstallationParams{Config: json.RawMessage(`{"timeout_ms":"abc"}`)})},
		{"InstallationID", s.Uninstall(ctx, plugins.UninstallParams{})},

		{"InstallationID", apitest.Err(s.UpsertWebhookSubscription(ctx, plugins.UpsertWebhookSubscriptionParams{}))},
		{"TableSchema", subscribe("", "t", plugins.Insert)}, {"TableSchema", subscribe(" ", "t", plugins.Insert)},
		{"TableName", subscribe("app", "", plugins.Insert)}, {"TableName", subscribe("app", "\t", plugins.Insert)},
		{"Operations", subscribe("app", "t")}, {"Operations", subscribe("app", "t", "insert")},
		{"Operations", subscribe("app", "t", plugins.Insert, "TRUNCATE")}, {"Operations", subscribe("app", "t", "")},
		{"SubscriptionID", s.DeleteWebhookSubscription(ctx, plugins.DeleteWebhookSubscriptionParams{})},
		{"batchSize", apitest.Err(s.ProcessDeliveries(ctx, -1))}, {"batchSize", apitest.Err(s.ProcessDeliveries(ctx, 201))},

		{"PluginKey", ingest("", "{}", "s", "")}, {"InstallationID", apitest.Err(s.IngestWebhook(ctx, plugins.IngestWebhookParams{PluginKey: "ab"}))},
		{"Payload", ingest("ab", "", "s", "")}, {"Payload", ingest("ab", " null ", "s", "")}, {"Payload", ingest("ab", "{", "s", "")},
		{"Payload", ingest("ab", `{"t":"\u0000"}`, "s", "")}, {"Payload", ingest("ab", `{"n":1e200000}`, "s", "")},
		{"Secret or Signature", ingest("ab", "{}", "", "")}, {"Secret and Signature", ingest("ab", "{}", "s", "ab")},

		{"EntityType", externalID("", "a1", "erp", "1", "")}, {"EntityType", externalID("WorkOrder", "a1", "erp", "1", "")},
		{"EntityType", externalID("1asset", "a1", "erp", "1", "")}, {"EntityType", externalID("a b", "a1", "erp", "1", "")}, {"EntityType", externalID(" ", "a1", "erp", "1", "")},
		{"EntityID", externalID("asset", "", "erp", "1", "")}, {"SystemKey", externalID("asset", "a1", "", "1", "")}, {"SystemKey", externalID("asset", "a1", " ", "1", "")},
		{"ExternalID", externalID("asset", "a1", "erp", "", "")}, {"ExternalID", externalID("asset", "a1", "erp", "  ", "")}, {"Metadata", externalID("asset", "a1", "erp", "1", "{")},
		{"EntityType", in.DeleteExternalID(ctx, plugins.DeleteExternalIDParams{EntityID: "a1", SystemKey: "erp"})},
		{"EntityID", in.DeleteExternalID(ctx, plugins.DeleteExternalIDParams{EntityType: "asset", SystemKey: "erp"})},
		{"SystemKey", in.DeleteExternalID(ctx, plugins.DeleteExternalIDParams{EntityType: "asset", EntityID: "a1"})},
		{"EventType", event("", "{}")}, {"EventType", event(" ", "{}")}, {"Payload", event("e", "")}, {"Payload", event("e", "null")}, {"Payload", event("e", "{")},
	} {
		srv.WantRefused(t, tc.field, tc.err)
	}
}

// A config is refused when nothing could be delivered with it, or when it would
// speak for the platform. The platform itself looks at none of this.
func TestConfigs(t *testing.T) {
	c, srv := apitest.New(t)
	install := func(config string) error {
		return apitest.Err(c.Plugins.Install(t.Context(), plugins.InstallParams{PluginKey: "ab", Config: json.RawMessage(config)}))
	}
	for member, configs := range map[string][]string{
		"webhook_url": {`5`, `true`, `{}`, `""`, `"  "`, `" http://a"`, `"http://a "`, `"/hook"`, `"a.com/x"`, `"ftp://a"`, `"http://"`, `"https:///x"`, `"http://a b"`, `"http://a\nb"`, `"http://[::1"`, `"mailto:a@example.com"`},
		"timeout_ms":  {`"3000"`, `"abc"`, `""`, `1.5`, `1000.0`, `1e3`, `999`, `0`, `-1`, `120001`, `99999999999`, `99999999999999999999`, `true`, `{}`, `[]`},
		"headers": {
			`"text"`, `[]`, `5`, `{"X-A":5}`, `{"X-A":null}`, `{"X-A":["b"]}`, `{"X-A":{}}`, `{"":"x"}`, `{"a b":"x"}`, `{"a:":"x"}`, `{"ä":"x"}`, `{"X-A":"a\nb"}`, `{"X-A":"a\u0000b"}`, `{"X-A":"a\u007f"}`,
			`{"Content-Type":"text/plain"}`, `{"content-type":"application/json"}`, `{"X-Plugin-Signature":"x"}`, `{"x-plugin-signature":"x"}`, `{"X-PLUGIN-DELIVERY-ID":"x"}`, `{"X-Plugin-Event-Type":"x"}`, `{"X-Plugin-Own":"x"}`,
			`{"X-A":"1","x-a":"2"}`,
		},
	} {
		for _, value := range configs {
			srv.WantRefused(t, "Config."+member, install(`{"`+member+`":`+value+`}`))
		}
	}
	for _, config := range []string{
		``, `null`, `{}`, `[]`, `"text"`, `7`, `false`, `{"WEBHOOK_URL":5,"Timeout_MS":"x"}`, `{"webhook_url":null,"timeout_ms":null,"headers":null}`,
		`{"webhook_url":"http://localhost"}`, `{"webhook_url":"HTTPS://user:pw@Example.com:8443/ä?x=1#f"}`, `{"webhook_url":"http://[::1]:80/"}`,
		`{"timeout_ms":1000}`, `{"timeout_ms": 120000 }`, `{"timeout_ms":"x","timeout_ms":5000}`, `{"headers":{}}`, `{"headers":{"X-A":"","Authorization":"Bearer \u0009x ä"}}`,
	} {
		srv.Reply(200, `"i1"`)
		require.NoError(t, install(config), config)
	}
}

func TestDocumentedLengths(t *testing.T) {
	type client = *workorder.Client
	externalID := func(ctx context.Context, c client, p plugins.UpsertExternalIDParams) error {
		p.EntityID = "a1"
		return apitest.Err(c.Integrations.UpsertExternalID(ctx, p))
	}
	apitest.WantTrimmedLimit(t, "SystemKey", 80, func(ctx context.Context, c client, s string) error {
		return externalID(ctx, c, plugins.UpsertExternalIDParams{EntityType: "asset", SystemKey: s, ExternalID: "1"})
	})
	apitest.WantTrimmedLimit(t, "ExternalID", 500, func(ctx context.Context, c client, s string) error {
		return externalID(ctx, c, plugins.UpsertExternalIDParams{EntityType: "asset", SystemKey: "erp", ExternalID: s})
	})
	apitest.WantTrimmedLimit(t, "EventType", 120, func(ctx context.Context, c client, s string) error {
		return apitest.Err(c.Integrations.EnqueueEvent(ctx, plugins.EnqueueEventParams{EventType: s, Payload: json.RawMessage(`1`)}))
	})
	c, srv := apitest.New(t)
	srv.WantRefused(t, "EntityType", externalID(t.Context(), c, plugins.UpsertExternalIDParams{EntityType: strings.Repeat("a", 81), SystemKey: "erp", ExternalID: "1"}))
	srv.Reply(200, `"x1"`)
	require.NoError(t, externalID(t.Context(), c, plugins.UpsertExternalIDParams{EntityType: strings.Repeat("a", 80), SystemKey: "erp", ExternalID: "1"}))
}

// The secret signs and goes nowhere, also when the server repeats what it got.
func TestTheSecretStaysHere(t *testing.T) {
	c, srv := apitest.New(t)
	srv.ReplyError(403, "42501", "wrong signature")
	_, err := c.Plugins.IngestWebhook(t.Context(), plugins.IngestWebhookParams{
		PluginKey: "ab", InstallationID: "i1", Payload: json.RawMessage(`{"a":1}`), Secret: "open-sesame",
	})
	require.ErrorIs(t, err, workorder.ErrPermissionDenied)
	require.NotContains(t, err.Error(), "open-sesame")
	require.NotContains(t, srv.Requests()[0].Body, "open-sesame")
}
