package main

var searchPackage = pkg{
	Dir: "search",
	Views: []view{
		{Name: "v_tenants", Row: "TenantCandidate", List: "Agent.ResolveTenant", Doc: "a tenant of the user", AnyTenant: true, Columns: []string{"id", "name", "slug"}},
		{Name: "v_work_orders", Row: "WorkOrderSummary", List: "Agent.ListWorkOrdersSummary", Doc: "what a work order is about", Columns: []string{
			"id", "tenant_id", "title", "status", "priority", "due_date", "assigned_to", "assigned_to_name", "asset_id",
			"location_id", "project_id", "description", "updated_at", "created_at",
		}},
		{Name: "v_assets", Row: "AssetSummary", List: "Agent.ListAssetsSummary", Doc: "what tells an asset from others", Columns: []string{
			"id", "tenant_id", "name", "asset_number", "barcode", "location_id", "status", "updated_at",
		}},
		{Name: "v_parts", Row: "PartSummary", List: "Agent.ListPartsSummary", Doc: "what tells a part from others", AllTenants: true, Columns: []string{
			"id", "tenant_id", "name", "part_number", "barcode", "preferred_supplier_id", "updated_at",
		}},
		{Name: "v_pm_schedules", Row: "PMScheduleSummary", List: "Agent.ListPMSchedulesSummary", Doc: "when a maintenance is due", Columns: []string{
			"id", "title", "asset_id", "asset_name", "next_due_date", "is_active", "is_overdue", "updated_at",
		}},
	},
	RPCs: []rpc{
		{Name: "rpc_register_entity_alias", Max: map[string]string{"p_alias_text": "500,trim"}},
		{Name: "rpc_search_entity_candidates", Types: map[string]string{"p_entity_types": "entityTypes"}, Omit: []string{"p_entity_types"}, Result: &result{
			Row: "Candidate", Doc: "a thing that a text may mean",
			NotNull: []string{"entity_type", "entity_id", "label", "match_type", "score"},
			Docs: map[string]string{
				"entity_type": "asset, part or location; an alias may name anything else",
				"label":       "the name, or the alias that was found",
				"match_type":  "alias or name",
				"score":       "0–1, the best first",
			},
		}},
		{Name: "rpc_search_entity_candidates_v2", Types: map[string]string{"p_entity_types": "entityTypes"}, Omit: []string{"p_entity_types"}, Result: &result{
			Row: "CandidateDetails", Doc: "a thing that a text may mean, with what tells it from others",
			NotNull: []string{"entity_type", "entity_id", "label", "match_type", "score"},
			Types:   map[string]string{"match_type": "MatchType"},
			Docs: map[string]string{
				"entity_type":         "asset, part or location",
				"label":               "the name; the number of a part without one",
				"score":               "0–1, the best first",
				"subtitle":            "identifiers, place and status",
				"site_name":           "the first site on the way from the root; nil for parts",
				"location_path":       "names from the root, with > between; nil for parts",
				"disambiguation_hint": "the shortest thing to ask people about",
			},
		}},
		{Name: "rpc_upsert_work_order_embedding"},
		{Name: "rpc_upsert_asset_embedding"},
		{Name: "rpc_upsert_part_embedding"},
		{Name: "rpc_batch_upsert_work_order_embeddings"},
		{Name: "rpc_batch_upsert_asset_embeddings"},
		{Name: "rpc_batch_upsert_part_embeddings"},
		{Name: "rpc_get_work_order_embedding"},
		{Name: "rpc_next_work_orders_for_embedding", Result: &result{
			Row: "PendingWorkOrder", Doc: "a completed work order without an embedding",
			NotNull: []string{"work_order_id", "tenant_id", "title"},
		}},
		{Name: "rpc_next_assets_for_embedding", Result: &result{
			Row: "PendingAsset", Doc: "an asset without an embedding",
			NotNull: []string{"asset_id", "tenant_id", "name"},
		}},
		{Name: "rpc_next_parts_for_embedding", Result: &result{
			Row: "PendingPart", Doc: "an active part without an embedding",
			NotNull: []string{"part_id", "tenant_id", "part_number"},
		}},
		{Name: "rpc_similar_past_work_orders", Omit: []string{"p_exclude_work_order_id"}, Types: map[string]string{"p_min_similarity": "threshold"}, Result: &result{
			Row: "SimilarWorkOrder", Doc: "a completed work order that is like what was asked for",
			NotNull: []string{"work_order_id", "title", "status", "completed_at", "similarity_score"},
			Docs:    similarityDocs,
		}},
		{Name: "rpc_similar_past_work_orders_by_work_order_id", Types: map[string]string{"p_min_similarity": "threshold"}},
		{Name: "rpc_similar_assets", Omit: []string{"p_min_similarity"}, Result: &result{
			Row: "SimilarAsset", Doc: "an asset that is like what was asked for",
			NotNull: []string{"asset_id", "name", "similarity_score"},
			Docs:    similarityDocs,
		}},
		{Name: "rpc_similar_parts", Omit: []string{"p_min_similarity"}, Result: &result{
			Row: "SimilarPart", Doc: "a part that is like what was asked for, active or not",
			NotNull: []string{"part_id", "part_number", "similarity_score"},
			Docs:    similarityDocs,
		}},
	},
}

var similarityDocs = map[string]string{
	"similarity_score": "1 identical, 0 nothing in common, -1 opposite; NaN where a vector of zeros is stored",
}
