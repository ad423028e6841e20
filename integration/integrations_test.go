package integration

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/plugins"
	"github.com/workorder-systems/sdk-go/query"
)

func TestExternalIDsAreOnePerRecordAndSystem(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	asset, second := makeAsset(t, tn, "Pump", ""), makeAsset(t, tn, "Fan", "")
	link := func(p plugins.UpsertExternalIDParams) string {
		t.Helper()
		id, err := tn.Integrations.UpsertExternalID(t.Context(), p)
		require.NoError(t, err)
		return id
	}
	get := func(id string) plugins.ExternalID {
		t.Helper()
		row, err := tn.Integrations.ExternalIDs.Get(t.Context(), id)
		require.NoError(t, err)
		return *row
	}
	id := link(plugins.UpsertExternalIDParams{EntityType: " asset ", EntityID: asset, SystemKey: " erp ", ExternalID: "  X-1\t", Metadata: json.RawMessage(`{"a":[1.50,null]}`)})
	row := get(id)
	require.Equal(t, []string{tn.ID, "asset", asset, "erp", "X-1\t"}, []string{row.TenantID, row.EntityType, row.EntityID, row.SystemKey, row.ExternalID}, "only blanks are trimmed")
	require.JSONEq(t, `{"a":[1.50,null]}`, string(row.Metadata))

	require.Equal(t, id, link(plugins.UpsertExternalIDParams{EntityType: "asset", EntityID: asset, SystemKey: "erp", ExternalID: "X-2"}))
	require.Equal(t, "X-2", get(id).ExternalID)
	require.JSONEq(t, `{}`, string(get(id).Metadata), "metadata that is not given is reset")
	for _, p := range []plugins.UpsertExternalIDParams{
		{EntityType: "asset", EntityID: second, SystemKey: "erp"}, {EntityType: "asset", EntityID: asset, SystemKey: "ERP"}, {EntityType: "part", EntityID: asset, SystemKey: "erp"},
	} {
		p.ExternalID = "X-2"
		require.NotEqual(t, id, link(p))
	}
	rows, err := tn.Integrations.ExternalIDs.List(t.Context(), query.Where(plugins.ExternalIDCols.ExternalID.Eq("X-2")))
	require.NoError(t, err)
	require.Len(t, rows, 4, "several records may have the same")

	longest := strings.Repeat("ä", 500)
	require.Equal(t, longest, get(link(plugins.UpsertExternalIDParams{EntityType: strings.Repeat("a", 80), EntityID: unknownID, SystemKey: strings.Repeat("s", 80), ExternalID: " " + longest + " "})).ExternalID)
	_, err = tn.Integrations.UpsertExternalID(t.Context(), plugins.UpsertExternalIDParams{EntityType: "asset", EntityID: "x", SystemKey: "erp", ExternalID: "1"})
	requireError(t, err, workorder.ErrInvalidInput, "22P02")

	unlink := func(tn *tenant, system string) {
		t.Helper()
		require.NoError(t, tn.Integrations.DeleteExternalID(t.Context(), plugins.DeleteExternalIDParams{EntityType: " asset ", EntityID: asset, SystemKey: system}))
	}
	unlink(tn, "Erp")
	unlink(other, "erp")
	require.Equal(t, "X-2", get(id).ExternalID, "nothing was deleted")
	unlink(tn, " erp ")
	_, err = tn.Integrations.ExternalIDs.Get(t.Context(), id)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	unlink(tn, "erp")
	require.NotEqual(t, id, link(plugins.UpsertExternalIDParams{EntityType: "asset", EntityID: asset, SystemKey: "erp", ExternalID: "X-2"}))
}

func TestOutboundEventsAreAppended(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	enqueue := func(p plugins.EnqueueEventParams) string {
		t.Helper()
		id, err := tn.Integrations.EnqueueEvent(t.Context(), p)
		require.NoError(t, err)
		return id
	}
	first := enqueue(plugins.EnqueueEventParams{EventType: " asset.synced ", Payload: json.RawMessage(`{"n":1}`), EntityType: " x-y ", EntityID: unknownID})
	second := enqueue(plugins.EnqueueEventParams{EventType: "asset.synced", Payload: json.RawMessage(`""`)})
	third := enqueue(plugins.EnqueueEventParams{EventType: "asset.synced", Payload: json.RawMessage(`""`)})
	events := list(t, tn.Integrations.OutboundEvents.List)
	require.Equal(t, []string{third, second, first}, []string{events[0].ID, events[1].ID, events[2].ID}, "newest first, none taken for another")
	require.Equal(t, "asset.synced", events[2].EventType)
	require.JSONEq(t, `{"n":1}`, string(events[2].Payload))
	require.Equal(t, "x-y", *events[2].EntityType)
	require.Equal(t, unknownID, *events[2].EntityID)
	require.Nil(t, events[0].EntityType)
	require.Nil(t, events[0].EntityID)
	limited, err := tn.Integrations.OutboundEvents.List(t.Context(), query.Limit(1))
	require.NoError(t, err)
	require.Equal(t, third, limited[0].ID)

	enqueue(plugins.EnqueueEventParams{EventType: strings.Repeat("é", 120), Payload: json.RawMessage(`false`)})
	_, err = tn.Integrations.EnqueueEvent(t.Context(), plugins.EnqueueEventParams{EventType: strings.Repeat("é", 121), Payload: json.RawMessage(`1`)})
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	_, err = tn.Integrations.EnqueueEvent(t.Context(), plugins.EnqueueEventParams{EventType: "e", Payload: json.RawMessage(`1`), EntityID: "x"})
	requireError(t, err, workorder.ErrInvalidInput, "22P02")
	_, err = tn.Admin.Integrations.EnqueueEvent(t.Context(), plugins.EnqueueEventParams{TenantID: unknownID, EventType: "e", Payload: json.RawMessage(`1`)})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
	require.Len(t, list(t, tn.Integrations.OutboundEvents.List), 4)
}
