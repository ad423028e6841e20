package main

var pluginsPackage = pkg{
	Dir: "plugins",
	Views: []view{
		{Name: "v_plugins", AnyTenant: true, Row: "Plugin", List: "Plugins", Doc: "an active plugin of the platform's catalog, which all tenants share", Docs: map[string]string{
			"is_active": "always true: the view leaves the others out",
		}},
		{Name: "v_plugin_installations", Row: "Installation", List: "Plugins.Installations", Doc: "what the tenant has installed of a plugin", Types: map[string]string{
			"status": "InstallationStatus",
		}, Docs: map[string]string{
			"plugin_name":    "as the catalog has it now",
			"is_integration": "as the catalog has it now",
			"secret_ref":     "name of a secret in the Vault, never the secret",
			"config":         "any JSON; the platform reads webhook_url, timeout_ms and headers",
			"installed_by":   "who installed it last; nil: deleted since",
			"installed_at":   "of the first time",
		}},
		{Name: "v_plugin_webhook_subscriptions", Row: "WebhookSubscription", List: "Plugins.WebhookSubscriptions", Doc: "what an installation wants to hear of", Types: map[string]string{
			"operations": "[]Operation",
		}, Docs: map[string]string{
			"changed_fields_allowlist": "nil: every update; empty: none",
		}},
		{Name: "v_plugin_delivery_queue_recent", Row: "Delivery", List: "Plugins.RecentDeliveries", Doc: "a change that is sent to an installation", Types: map[string]string{
			"status": "DeliveryStatus",
		}, Docs: map[string]string{
			"id":         "stays the same over all attempts; the header X-Plugin-Delivery-Id",
			"event_type": "such as entity_change.work_orders.insert",
			"attempts":   "those that failed",
			"last_error": "of the last failed attempt, up to 500 characters of what the endpoint answered",
		}},
		{Name: "v_integration_external_ids", Row: "ExternalID", List: "Integrations.ExternalIDs", Doc: "what a record is called in another system", Docs: map[string]string{
			"metadata": "any JSON",
		}},
		{Name: "v_outbound_integration_events", Row: "OutboundEvent", List: "Integrations.OutboundEvents", Doc: "an event for other systems; nothing of the platform reads it", Order: []string{"created_at desc"}},
	},
	RPCs: []rpc{
		{Name: "rpc_register_plugin", Max: map[string]string{"p_key": "80"}},
		{Name: "rpc_install_plugin"},
		{Name: "rpc_update_plugin_installation", Types: map[string]string{"p_status": "InstallationStatus"}},
		{Name: "rpc_uninstall_plugin"},
		{Name: "rpc_upsert_plugin_webhook_subscription", Types: map[string]string{"p_operations": "[]Operation"}},
		{Name: "rpc_delete_plugin_webhook_subscription"},
		{Name: "rpc_process_plugin_deliveries", NullMeans: map[string]string{"p_batch_size": "25"}},
		{Name: "rpc_plugin_ingest_webhook"},
		{Name: "rpc_upsert_integration_external_id", Max: map[string]string{"p_entity_type": "80,trim", "p_system_key": "80,trim", "p_external_id": "500,trim"}},
		{Name: "rpc_delete_integration_external_id"},
		{Name: "rpc_enqueue_integration_event", Max: map[string]string{"p_event_type": "120,trim"}},
	},
}
