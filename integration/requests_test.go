package integration

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// createRequest asks for a work order and returns its id.
func createRequest(t testing.TB, c *workorder.Client, title string) string {
	t.Helper()
	id, err := c.WorkOrders.CreateRequest(t.Context(), workorders.CreateRequestParams{Title: title})
	require.NoError(t, err)
	return id
}

// createMaintenanceRequest adds a maintenance request and returns its id.
func createMaintenanceRequest(t testing.TB, c *workorder.Client, p workorders.CreateMaintenanceRequestParams) string {
	t.Helper()
	if p.Title == "" {
		p.Title = "x"
	}
	id, err := c.WorkOrders.CreateMaintenanceRequest(t.Context(), p)
	require.NoError(t, err)
	return id
}

func getMaintenanceRequest(t testing.TB, c *workorder.Client, id string) *workorders.MaintenanceRequest {
	t.Helper()
	r, err := c.WorkOrders.MaintenanceRequests.Get(t.Context(), id)
	require.NoError(t, err)
	return r
}

func convert(t testing.TB, c *workorder.Client, requestID string) (string, error) {
	t.Helper()
	return c.WorkOrders.ConvertMaintenanceRequest(t.Context(), workorders.ConvertMaintenanceRequestParams{RequestID: requestID})
}

func TestRequestBecomesAWorkOrder(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	requestor := tn.Member(t, "requestor")
	makeWorkOrder(t, tn.Client, "of somebody else")
	location := makeLocation(t, tn, "Hall 1")
	asset := makeAsset(t, tn, "Press", location)
	due := time.Date(2031, 2, 3, 4, 5, 6, 789012000, time.UTC)

	id, err := requestor.WorkOrders.CreateRequest(t.Context(), workorders.CreateRequestParams{
		Title: "Tür klemmt 🚪", Description: "since \"yesterday\"", Priority: "high", MaintenanceType: "corrective",
		LocationID: location, AssetID: asset, DueDate: due,
	})
	require.NoError(t, err)

	rows, err := requestor.WorkOrders.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1, "a requestor sees own requests only")
	wo := rows[0]
	require.Equal(t, id, wo.ID)
	require.Equal(t, "draft", wo.Status)
	require.Equal(t, requestor.ID, *wo.RequestedBy)
	require.Nil(t, wo.AssignedTo)
	require.Equal(t, "Tür klemmt 🚪", wo.Title)
	require.Equal(t, "since \"yesterday\"", *wo.Description)
	require.Equal(t, "high", wo.Priority)
	require.Equal(t, "corrective", *wo.MaintenanceType)
	require.Equal(t, location, *wo.LocationID)
	require.Equal(t, asset, *wo.AssetID)
	require.True(t, due.Equal(*wo.DueDate))
	require.Equal(t, 8*time.Hour, wo.SLAResponseDueAt.Sub(wo.CreatedAt))

	mine, err := requestor.WorkOrders.MyRequests.List(t.Context())
	require.NoError(t, err)
	require.Len(t, mine, 1)
	require.Equal(t, workorders.WorkOrderRequest{
		ID: id, TenantID: tn.ID, Title: wo.Title, Status: "draft", Priority: "high", CreatedAt: wo.CreatedAt,
		DueDate: wo.DueDate, LocationID: &location, AssetID: &asset,
	}, mine[0])

	requests, err := requestor.WorkOrders.MyMaintenanceRequests.List(t.Context())
	require.NoError(t, err)
	require.Len(t, requests, 1)
	require.Equal(t, workorders.RequestConverted, requests[0].Status)
	require.Equal(t, id, *requests[0].ConvertedWorkOrderID)
	r := getMaintenanceRequest(t, tn.Client, requests[0].ID)
	require.Equal(t, requestor.ID, r.RequestedBy)
	require.Equal(t, wo.Title, r.Title)
	require.Equal(t, *wo.Description, *r.Description)
	require.Equal(t, "corrective", *r.MaintenanceType)
	require.True(t, due.Equal(*r.DueDate))

	require.Empty(t, notifications(t, tn.Client), "a request is not told")
	require.NoError(t, move(t, tn.Client, id, "assigned"))
	seen, err := requestor.WorkOrders.MyRequests.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "assigned", seen.Status, "the requester follows the work")
}

func TestRequestNeedsATitleOnly(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	requestor := tn.Member(t, "requestor")

	wo := getWorkOrder(t, requestor.Client, createRequest(t, requestor.Client, "x"))
	require.Equal(t, "medium", wo.Priority)
	for _, unset := range []*string{wo.Description, wo.MaintenanceType, wo.LocationID, wo.AssetID, wo.ProjectID, wo.PMScheduleID} {
		require.Nil(t, unset)
	}
	require.Nil(t, wo.DueDate)
	require.NoError(t, second(requestor.WorkOrders.CreateRequest(t.Context(),
		workorders.CreateRequestParams{Title: strings.Repeat("ä", 500)})))
}

func TestRequestsRefuseWhatDoesNotExist(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	requestor := tn.Member(t, "requestor")
	foreignLocation := makeLocation(t, other, "Hall")
	foreignAsset := makeAsset(t, other, "Press", "")

	for name, tt := range map[string]struct {
		p    workorders.CreateRequestParams
		code string
	}{
		"priority":         {workorders.CreateRequestParams{Priority: "urgent"}, "23503"},
		"maintenance type": {workorders.CreateRequestParams{MaintenanceType: "magic"}, "23503"},
		"asset":            {workorders.CreateRequestParams{AssetID: unknownID}, "23503"},
		"location":         {workorders.CreateRequestParams{LocationID: unknownID}, "23503"},
		"foreign asset":    {workorders.CreateRequestParams{AssetID: foreignAsset}, "23503"},
		"foreign location": {workorders.CreateRequestParams{LocationID: foreignLocation}, "23503"},
		"blank title":      {workorders.CreateRequestParams{Title: "   "}, "23514"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.p.Title == "" {
				tt.p.Title = "x"
			}
			_, err := requestor.WorkOrders.CreateRequest(t.Context(), tt.p)
			requireCode(t, tt.code, err)
			_, err = requestor.WorkOrders.CreateMaintenanceRequest(t.Context(), workorders.CreateMaintenanceRequestParams{
				Title: tt.p.Title, Priority: tt.p.Priority, MaintenanceType: tt.p.MaintenanceType,
				AssetID: tt.p.AssetID, LocationID: tt.p.LocationID,
			})
			requireCode(t, tt.code, err)
		})
	}
	_, err := requestor.WorkOrders.CreateRequest(t.Context(), workorders.CreateRequestParams{Title: strings.Repeat("ä", 501)})
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	for _, rpc := range []string{"rpc_create_work_order_request", "rpc_create_maintenance_request"} {
		err := requestor.RPC(t.Context(), rpc, map[string]any{"p_tenant_id": tn.ID, "p_title": nil}, nil)
		requireError(t, err, workorder.ErrInvalidInput, "23502")
	}
	require.ErrorContains(t, second(requestor.WorkOrders.CreateRequest(t.Context(), workorders.CreateRequestParams{})), "Title")

	require.Zero(t, countWorkOrders(t, tn.Client), "what is refused leaves nothing behind")
	n, err := tn.WorkOrders.MaintenanceRequests.Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestMaintenanceRequestIsConvertedOnce(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	requestor := tn.Member(t, "requestor")
	location := makeLocation(t, tn, "Hall 1")
	due := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	request := createMaintenanceRequest(t, requestor.Client, workorders.CreateMaintenanceRequestParams{
		Title: "Oil on the floor", Description: "d", Priority: "critical", MaintenanceType: "corrective",
		LocationID: location, DueDate: due,
	})
	require.Equal(t, workorders.RequestSubmitted, getMaintenanceRequest(t, requestor.Client, request).Status)
	require.Zero(t, countWorkOrders(t, tn.Client), "a request is no work order yet")

	_, err := convert(t, requestor.Client, request)
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
	id, err := convert(t, tn.Client, request)
	require.NoError(t, err)

	wo := getWorkOrder(t, requestor.Client, id)
	require.Equal(t, requestor.ID, *wo.RequestedBy, "the requester stays, whoever converts")
	require.Equal(t, "Oil on the floor", wo.Title)
	require.Equal(t, "d", *wo.Description)
	require.Equal(t, "critical", wo.Priority)
	require.Equal(t, "corrective", *wo.MaintenanceType)
	require.Equal(t, location, *wo.LocationID)
	require.True(t, due.Equal(*wo.DueDate))
	require.Equal(t, "draft", wo.Status)
	r := getMaintenanceRequest(t, requestor.Client, request)
	require.Equal(t, workorders.RequestConverted, r.Status)
	require.Equal(t, id, *r.ConvertedWorkOrderID)
	require.True(t, r.UpdatedAt.After(r.CreatedAt))

	_, err = convert(t, tn.Client, request)
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	draft := createMaintenanceRequest(t, requestor.Client, workorders.CreateMaintenanceRequestParams{Status: workorders.RequestDraft})
	_, err = convert(t, tn.Client, draft)
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	for _, missing := range []string{unknownID, createMaintenanceRequest(t, other.Client, workorders.CreateMaintenanceRequestParams{})} {
		_, err = convert(t, tn.Client, missing)
		requireError(t, err, workorder.ErrRuleViolation, "P0001")
	}
	require.ErrorContains(t, second(convert(t, tn.Client, "")), "RequestID")
	require.Equal(t, 1, countWorkOrders(t, tn.Client))
}

func TestOneOfManyConcurrentConversionsWins(t *testing.T) {
	t.Parallel()
	stack.unrecorded(t)
	tn := stack.Tenant(t)
	request := createMaintenanceRequest(t, tn.Client, workorders.CreateMaintenanceRequestParams{})

	var wg sync.WaitGroup
	errs := make([]error, 12)
	for i := range errs {
		wg.Go(func() { errs[i] = second(convert(t, tn.Client, request)) })
	}
	wg.Wait()

	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		requireError(t, err, workorder.ErrInvalidInput, "23514")
	}
	require.Equal(t, 1, won)
	require.Equal(t, 1, countWorkOrders(t, tn.Client))
}

func TestRequestWithALongTitleCannotBeConverted(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	request := createMaintenanceRequest(t, tn.Client, workorders.CreateMaintenanceRequestParams{Title: strings.Repeat("ä", 501)})

	_, err := convert(t, tn.Client, request)

	requireError(t, err, workorder.ErrInvalidInput, "23514")
	r := getMaintenanceRequest(t, tn.Client, request)
	require.Equal(t, workorders.RequestSubmitted, r.Status)
	require.Nil(t, r.ConvertedWorkOrderID)
	require.Zero(t, countWorkOrders(t, tn.Client))
}

func TestNewMaintenanceRequestIsDraftOrSubmitted(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	for _, tt := range []struct {
		status, want workorders.MaintenanceRequestStatus
	}{
		{"", workorders.RequestSubmitted},
		{workorders.RequestSubmitted, workorders.RequestSubmitted},
		{workorders.RequestDraft, workorders.RequestDraft},
		{"  Draft ", workorders.RequestDraft}, // trimmed and lower-cased
	} {
		id := createMaintenanceRequest(t, tn.Client, workorders.CreateMaintenanceRequestParams{Status: tt.status})
		require.Equal(t, tt.want, getMaintenanceRequest(t, tn.Client, id).Status, "%q", tt.status)
	}
	for _, status := range []workorders.MaintenanceRequestStatus{workorders.RequestConverted, workorders.RequestCancelled, "lost"} {
		_, err := tn.WorkOrders.CreateMaintenanceRequest(t.Context(), workorders.CreateMaintenanceRequestParams{Title: "x", Status: status})
		requireError(t, err, workorder.ErrInvalidInput, "23514")
	}
	var id string
	require.NoError(t, tn.RPC(t.Context(), "rpc_create_maintenance_request",
		map[string]any{"p_tenant_id": tn.ID, "p_title": "x", "p_status": nil}, &id))
	require.Equal(t, workorders.RequestSubmitted, getMaintenanceRequest(t, tn.Client, id).Status)
}

// TestWhoSeesRequests shows everybody a requestor's requests, one converted and
// one not, and somebody else's.
func TestWhoSeesRequests(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	requestor := tn.Member(t, "requestor")
	first := createMaintenanceRequest(t, requestor.Client, workorders.CreateMaintenanceRequestParams{Title: "first"})
	wo := createRequest(t, requestor.Client, "second")
	all := everybody(t, tn)
	createRequest(t, all["manager"], "of the manager")

	for who, want := range map[string]struct{ requests, mine, workOrders, myWorkOrders int }{
		"admin":      {3, 0, 2, 0},
		"manager":    {3, 1, 2, 1},
		"technician": {3, 0, 2, 0},
		"member":     {3, 0, 2, 0},
		"requestor":  {0, 0, 0, 0},
		"outsider":   {0, 0, 0, 0},
		"nobody":     {0, 0, 0, 0},
	} {
		t.Run(who, func(t *testing.T) {
			ctx, c := t.Context(), all[who].WorkOrders
			requests, err := c.MaintenanceRequests.List(ctx)
			require.NoError(t, err)
			require.Len(t, requests, want.requests)
			mine, err := c.MyMaintenanceRequests.List(ctx)
			require.NoError(t, err)
			require.Len(t, mine, want.mine)
			require.Equal(t, want.workOrders, countWorkOrders(t, all[who]))
			own, err := c.MyRequests.List(ctx)
			require.NoError(t, err)
			require.Len(t, own, want.myWorkOrders)
		})
	}

	mine, err := requestor.WorkOrders.MyMaintenanceRequests.List(t.Context())
	require.NoError(t, err)
	require.Len(t, mine, 2)
	require.Equal(t, "second", mine[0].Title, "the newest comes first")
	require.Equal(t, first, mine[1].ID)
	requests, err := requestor.WorkOrders.MaintenanceRequests.List(t.Context())
	require.NoError(t, err)
	require.Len(t, requests, 2, "a requestor sees own requests here as well")
	sums, err := requestor.WorkOrders.Summaries.List(t.Context())
	require.NoError(t, err)
	require.Len(t, sums, 1)
	require.Equal(t, wo, sums[0].ID)

	stranger := stack.Tenant(t)
	_, err = stranger.WorkOrders.MaintenanceRequests.Get(t.Context(), first)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	n, err := stranger.WorkOrders.MaintenanceRequests.Count(t.Context(),
		query.Where(workorders.MaintenanceRequestCols.TenantID.Eq(tn.ID)))
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestLocationScopeLimitsRequests(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	requestor, free := tn.Member(t, "requestor"), tn.Member(t, "requestor")
	mine, theirs := makeLocation(t, tn, "mine"), makeLocation(t, tn, "theirs")
	inside, err := tn.Locations.Create(t.Context(), assets.CreateLocationParams{Name: "inside", ParentLocationID: mine})
	require.NoError(t, err)
	assetMine, assetTheirs := makeAsset(t, tn, "a", mine), makeAsset(t, tn, "b", theirs)
	assetNowhere, foreignAsset := makeAsset(t, tn, "c", ""), makeAsset(t, other, "d", "")
	scope := org.ScopeParams{UserID: requestor.ID, ScopeType: "location", ScopeValue: mine}
	require.NoError(t, tn.Authorization.GrantScope(t.Context(), scope))

	const denied = "42501"
	for name, tt := range map[string]struct{ location, asset, code string }{
		"own location":                   {mine, "", ""},
		"none":                           {"", "", ""},
		"asset there":                    {"", assetMine, ""},
		"asset there, location given":    {mine, assetMine, ""},
		"asset nowhere":                  {"", assetNowhere, ""},
		"asset nowhere, own location":    {mine, assetNowhere, ""},
		"other location":                 {theirs, "", denied},
		"inside the own location":        {inside, "", denied},
		"unknown location":               {unknownID, "", denied},
		"asset elsewhere":                {"", assetTheirs, denied},
		"asset elsewhere, own location":  {mine, assetTheirs, denied},
		"own asset, other location":      {theirs, assetMine, denied},
		"asset nowhere, location theirs": {theirs, assetNowhere, denied},
		"unknown asset":                  {"", unknownID, denied},
		"another tenant's asset":         {"", foreignAsset, denied},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := requestor.WorkOrders.CreateRequest(t.Context(), workorders.CreateRequestParams{
				Title: "x", LocationID: tt.location, AssetID: tt.asset,
			})
			requireCode(t, tt.code, err)
			_, err = requestor.WorkOrders.CreateMaintenanceRequest(t.Context(), workorders.CreateMaintenanceRequestParams{
				Title: "x", LocationID: tt.location, AssetID: tt.asset,
			})
			requireCode(t, tt.code, err)
		})
	}

	elsewhere := workorders.CreateMaintenanceRequestParams{Title: "x", LocationID: theirs, AssetID: assetTheirs}
	draft := elsewhere
	draft.Status = workorders.RequestDraft
	createMaintenanceRequest(t, requestor.Client, draft)
	createMaintenanceRequest(t, free.Client, elsewhere)

	scope.ScopeValue = theirs
	require.NoError(t, tn.Authorization.GrantScope(t.Context(), scope))
	createMaintenanceRequest(t, requestor.Client, elsewhere)
	for _, location := range []string{mine, theirs} {
		scope.ScopeValue = location
		require.NoError(t, tn.Authorization.RevokeScope(t.Context(), scope))
	}
	createMaintenanceRequest(t, requestor.Client, workorders.CreateMaintenanceRequestParams{LocationID: inside})
}
