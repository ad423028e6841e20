package plugins_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/plugins"
)

func ExampleService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_install_plugin":                     `"1a57"`,
		"/rest/v1/rpc/rpc_upsert_plugin_webhook_subscription": `"5b5c"`,
	})
	defer done()
	ctx := context.Background()

	installation, err := client.Plugins.Install(ctx, plugins.InstallParams{
		PluginKey: "erp_sync",
		SecretRef: "erp_sync_secret", // a name in the Vault
		Config: plugins.WebhookConfig{
			WebhookURL: "https://erp.example.com/hooks/workorder",
			Timeout:    5 * time.Second,
		}.JSON(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	subscription, err := client.Plugins.UpsertWebhookSubscription(ctx, plugins.UpsertWebhookSubscriptionParams{
		InstallationID: installation,
		TableSchema:    "app",
		TableName:      "work_orders",
		Operations:     []plugins.Operation{plugins.Insert, plugins.Update},
		// Updates that change something else are not delivered.
		ChangedFieldsAllowlist: []string{"status", "assigned_to"},
	})
	fmt.Println(installation, subscription, err)
	// Output: 1a57 5b5c <nil>
}

func ExampleIntegrationService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_upsert_integration_external_id": `"e417"`,
		"/rest/v1/rpc/rpc_enqueue_integration_event":      `"e7e7"`,
	})
	defer done()
	ctx := context.Background()

	const pump = "5f0f3c1e-8d55-4f0c-9a53-0f6c6f0f7a11"
	mapping, err := client.Integrations.UpsertExternalID(ctx, plugins.UpsertExternalIDParams{
		EntityType: "asset", EntityID: pump, SystemKey: "erp", ExternalID: "4711",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	event, err := client.Integrations.EnqueueEvent(ctx, plugins.EnqueueEventParams{
		EventType: "asset.linked", Payload: json.RawMessage(`{"erp": "4711"}`), EntityType: "asset", EntityID: pump,
	})
	fmt.Println(mapping, event, err)
	// Output: e417 e7e7 <nil>
}

func ExampleService_IngestWebhook() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_plugin_ingest_webhook": `{"ok": true, "action": "work_order.create", "work_order_id": "00f3"}`,
	})
	defer done()

	result, err := client.Plugins.IngestWebhook(context.Background(), plugins.IngestWebhookParams{
		PluginKey:      "erp_sync",
		InstallationID: "1a57",
		Payload:        json.RawMessage(`{"action": "work_order.create", "data": {"title": "Pump 4711 leaks", "priority": "high"}}`),
		Secret:         "the secret in the Vault",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Action, *result.WorkOrderID)
	// Output: work_order.create 00f3
}
