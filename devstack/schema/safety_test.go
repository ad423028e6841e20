package schema_test

// fillSafety is the part of fill for inspections and incidents.
func fillSafety(admin caller, asset string) {
	tenant := admin.tenant()
	template := one[string](admin, `select public.rpc_create_inspection_template($1, 'Round', p_checklist_items => '[{"description": "Guard"}]')`, tenant)
	schedule := one[string](admin, `select public.rpc_create_inspection_schedule($1, $2, 'Weekly', $3)`, tenant, template, asset)
	run := one[string](admin, `select public.rpc_create_inspection_run($1, $2, $3, p_asset_id => $4)`, tenant, template, schedule, asset)
	admin.ok(`select public.rpc_complete_inspection_run($1, $2, (select jsonb_agg(jsonb_build_object('template_item_id', id)) from public.v_inspection_template_items))`, tenant, run)
	incident := one[string](admin, `select public.rpc_create_incident($1, 'Leak', p_asset_id => $2)`, tenant, asset)
	admin.ok(`select public.rpc_create_incident_action($1, $2, 'Mop')`, tenant, incident)
}
