// Package plugins has the services for plugins and integrations: what a tenant
// has installed of the platform's catalog, the webhooks that hear of its changes
// and the deliveries to them; what records are called in other systems, and events
// for those.
//
// Programs reach it through the fields Plugins and Integrations of
// workorder.Client:
//
//	installation, err := client.Plugins.Install(ctx, plugins.InstallParams{
//		PluginKey: "erp_sync",
//		SecretRef: "erp_sync_secret", // a name in the Vault
//		Config: plugins.WebhookConfig{
//			WebhookURL: "https://erp.example.com/hooks/workorder",
//			Timeout:    5 * time.Second,
//		}.JSON(),
//	})
//	_, err = client.Plugins.UpsertWebhookSubscription(ctx, plugins.UpsertWebhookSubscriptionParams{
//		InstallationID: installation,
//		TableSchema:    "app",
//		TableName:      "work_orders",
//		Operations:     []plugins.Operation{plugins.Insert, plugins.Update},
//	})
//
// Who receives such deliveries will want package plugins/webhook.
//
// # What is delivered
//
// Changes of these tables, and of no others: in schema app assets, departments,
// entity_attachments, incident_actions, incidents, inspection_run_items,
// inspection_runs, inspection_schedules, locations, tenant_memberships, tenants,
// user_tenant_roles, work_order_time_entries and work_orders; in schema cfg
// inspection_templates and tenant_roles; in schema int plugin_installations. A
// subscription to any other table is taken and never fires.
//
// A delivery is queued in the transaction of its change and sent within about a
// minute, at least once and in no order. An update that changes nothing is
// delivered too, with updated_at as its only changed field. An endpoint that does
// not answer with 2xx gets it again after 2, 4, 8, 16, 32, 64 and 64 minutes; then
// the delivery is dead.
//
// # Whom to trust
//
// The signature of a delivery says that the sender knows the secret, and any admin
// of any tenant may name any secret of the Vault: receivers look at tenant_id and
// installation_id in the body as well. What an endpoint answers to a delivery that
// fails can be read by the tenant's admins.
package plugins
