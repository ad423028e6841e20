package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExportedNames(t *testing.T) {
	for snake, want := range map[string]string{
		"id":                         "ID",
		"name":                       "Name",
		"tenant_id":                  "TenantID",
		"file_ids":                   "FileIDs",
		"api_key":                    "APIKey",
		"storage_url":                "StorageURL",
		"sla_response_due_at":        "SLAResponseDueAt",
		"pm_schedule_id":             "PMScheduleID",
		"oauth_client_id":            "OAuthClientID",
		"minutes_until_response_due": "MinutesUntilResponseDue",
		"created_last_30_days":       "CreatedLast30Days",
		"wo_title":                   "WOTitle",
		"mttr_hours":                 "MTTRHours",
		"identity":                   "Identity",
		"__odd__":                    "Odd",
		"":                           "",
	} {
		require.Equal(t, want, exported(snake), snake)
	}
}

func TestUnexportedNames(t *testing.T) {
	for name, want := range map[string]string{
		"Department":    "department",
		"ID":            "id",
		"IDs":           "ids",
		"SLAStatus":     "slaStatus",
		"PMTemplate":    "pmTemplate",
		"PMs":           "pms",
		"PMsDue":        "pmsDue",
		"PMschedule":    "pMschedule",
		"OAuthGrant":    "oauthGrant",
		"APIKey":        "apiKey",
		"TenantAPIKeys": "tenantAPIKeys",
		"X":             "x",
		"":              "",
	} {
		require.Equal(t, want, unexported(name), name)
	}
}

func TestFunctionAndArgumentNames(t *testing.T) {
	require.Equal(t, "createDepartment", rpcBase("rpc_create_department"))
	require.Equal(t, "tenantAPIKeyTouch", rpcBase("rpc_tenant_api_key_touch"))
	require.Equal(t, "refreshAnalyticsViews", rpcBase("refresh_analytics_views"))
	require.Equal(t, "replaceOAuthClientTenantGrants", rpcBase("rpc_replace_oauth_client_tenant_grants"))
	require.Equal(t, "OAuthClientID", argField("p_oauth_client_id"))
	require.Equal(t, "Priority", argField("p_priority"))
}
