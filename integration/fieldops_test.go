package integration

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// makeTool makes a tool in the client's tenant and returns its id.
func makeTool(t testing.TB, c *workorder.Client, name string) string {
	t.Helper()
	id, err := c.FieldOps.CreateTool(t.Context(), workorders.CreateToolParams{Name: name})
	require.NoError(t, err)
	return id
}

// getTool reads a tool that must be there.
func getTool(t testing.TB, c *workorder.Client, id string) *workorders.Tool {
	t.Helper()
	tool, err := c.FieldOps.Tools.Get(t.Context(), id)
	require.NoError(t, err)
	return tool
}

// getCheckout reads a checkout that must be there.
func getCheckout(t testing.TB, c *workorder.Client, id string) *workorders.ToolCheckout {
	t.Helper()
	out, err := c.FieldOps.ToolCheckouts.Get(t.Context(), id)
	require.NoError(t, err)
	return out
}

// checkout gives a tool to a user, who must get it.
func checkout(t testing.TB, c *workorder.Client, toolID, userID string) string {
	t.Helper()
	id, err := c.FieldOps.CheckoutTool(t.Context(), workorders.CheckoutToolParams{ToolID: toolID, CheckedOutToUserID: userID})
	require.NoError(t, err)
	return id
}

func TestToolIsStoredTrimmed(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)

	id, err := tn.FieldOps.CreateTool(t.Context(), workorders.CreateToolParams{
		Name: "  Torque wrench №7  ", AssetTag: " T-7 ", SerialNumber: " SN 1 ", Status: " in_calibration ",
	})
	require.NoError(t, err)
	tool := getTool(t, tn.Client, id)
	require.Equal(t, "Torque wrench №7", tool.Name)
	require.Equal(t, "T-7", *tool.AssetTag)
	require.Equal(t, "SN 1", *tool.SerialNumber)
	require.Equal(t, "in_calibration", tool.Status)
	require.Equal(t, tn.ID, tool.TenantID)

	id, err = tn.FieldOps.CreateTool(t.Context(), workorders.CreateToolParams{Name: "Saw", AssetTag: "  ", SerialNumber: " ", Status: " "})
	require.NoError(t, err)
	tool = getTool(t, tn.Client, id)
	require.Nil(t, tool.AssetTag)
	require.Nil(t, tool.SerialNumber)
	require.Equal(t, workorders.ToolAvailable, tool.Status)

	again, err := tn.FieldOps.CreateTool(t.Context(), workorders.CreateToolParams{Name: "Saw", AssetTag: "T-7", SerialNumber: "SN 1"})
	require.NoError(t, err, "nothing of a tool is unique")
	require.NotEqual(t, id, again)
}

func TestMalformedTools(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeTool(t, tn.Client, "Saw")
	before := getTool(t, tn.Client, id)

	for name, p := range map[string]workorders.CreateToolParams{
		"blank name":          {Name: "   "},
		"long name":           {Name: strings.Repeat("ä", 256)},
		"capitals in status":  {Name: "x", Status: "In Cal"},
		"long status":         {Name: "x", Status: strings.Repeat("s", 51)},
		"hyphenated status":   {Name: "x", Status: "in-use"},
		"status with accents": {Name: "x", Status: "geprüft"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tn.FieldOps.CreateTool(t.Context(), p)
			requireError(t, err, workorder.ErrInvalidInput, "23514")
			change := workorders.UpdateToolParams{ToolID: id, Name: &p.Name}
			if p.Status != "" {
				change.Status = &p.Status
			}
			err = tn.FieldOps.UpdateTool(t.Context(), change)
			requireError(t, err, workorder.ErrInvalidInput, "23514")
		})
	}
	err := tn.FieldOps.UpdateTool(t.Context(), workorders.UpdateToolParams{ToolID: id, Status: new(" ")})
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	_, err = tn.FieldOps.CreateTool(t.Context(), workorders.CreateToolParams{})
	requireError(t, err, workorder.ErrInvalidInput, "")
	require.Equal(t, before, getTool(t, tn.Client, id))

	long := makeTool(t, tn.Client, strings.Repeat("ä", 255))
	require.Len(t, []rune(getTool(t, tn.Client, long).Name), 255)
}

func TestUpdateToolChangesWhatIsGiven(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id, err := tn.FieldOps.CreateTool(t.Context(), workorders.CreateToolParams{Name: "Saw", AssetTag: "T-7", SerialNumber: "SN 1"})
	require.NoError(t, err)
	update := func(p workorders.UpdateToolParams) *workorders.Tool {
		t.Helper()
		p.ToolID = id
		require.NoError(t, tn.FieldOps.UpdateTool(t.Context(), p))
		return getTool(t, tn.Client, id)
	}

	tool := update(workorders.UpdateToolParams{Name: new("  Band saw ")})
	require.Equal(t, "Band saw", tool.Name)
	require.Equal(t, "T-7", *tool.AssetTag)
	require.Equal(t, "SN 1", *tool.SerialNumber)
	require.Equal(t, workorders.ToolAvailable, tool.Status)

	tool = update(workorders.UpdateToolParams{AssetTag: new("  "), SerialNumber: new(" SN 2 "), Status: new("broken")})
	require.Equal(t, "Band saw", tool.Name)
	require.Nil(t, tool.AssetTag, "a blank clears")
	require.Equal(t, "SN 2", *tool.SerialNumber)
	require.Equal(t, "broken", tool.Status)
	require.Nil(t, update(workorders.UpdateToolParams{SerialNumber: new("")}).SerialNumber)
}

func TestUnknownAndForeignTools(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	foreign := makeTool(t, other.Client, "theirs")
	foreignOut := checkout(t, other.Client, foreign, other.Admin.ID)

	for _, id := range []string{unknownID, foreign} {
		err := tn.FieldOps.UpdateTool(t.Context(), workorders.UpdateToolParams{ToolID: id, Name: new("mine")})
		requireError(t, err, workorder.ErrRuleViolation, "P0001")
		_, err = tn.FieldOps.CheckoutTool(t.Context(), workorders.CheckoutToolParams{ToolID: id, CheckedOutToUserID: tn.Admin.ID})
		requireError(t, err, workorder.ErrRuleViolation, "P0001")
	}
	for _, id := range []string{unknownID, foreignOut} {
		err := tn.FieldOps.ReturnTool(t.Context(), workorders.ReturnToolParams{CheckoutID: id})
		requireError(t, err, workorder.ErrRuleViolation, "P0001")
	}
	require.Equal(t, "theirs", getTool(t, other.Client, foreign).Name)
	require.Nil(t, getCheckout(t, other.Client, foreignOut).ReturnedAt)
}

func TestToolGoesOutAndComesBack(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	tech := tn.Member(t, "technician")
	tool := makeTool(t, tn.Client, "Saw")
	wo := makeWorkOrder(t, tn.Client, "x")
	due := time.Date(2031, 10, 26, 2, 30, 0, 0, zone(t, "Europe/Berlin"))

	id, err := tn.FieldOps.CheckoutTool(t.Context(), workorders.CheckoutToolParams{
		ToolID: tool, CheckedOutToUserID: tech.ID, WorkOrderID: wo, DueAt: due, Notes: " for the press ",
	})
	require.NoError(t, err)
	out := getCheckout(t, tn.Client, id)
	require.Equal(t, tn.ID, out.TenantID)
	require.Equal(t, tool, out.ToolID)
	require.Equal(t, tech.ID, out.CheckedOutToUserID)
	require.Equal(t, wo, *out.WorkOrderID)
	require.True(t, due.Equal(*out.DueAt))
	require.Equal(t, "for the press", strings.TrimSpace(*out.Notes))
	require.Nil(t, out.ReturnedAt)
	require.WithinDuration(t, time.Now(), out.CheckedOutAt, time.Minute)
	require.Equal(t, workorders.ToolAvailable, getTool(t, tn.Client, tool).Status, "a checkout leaves the status alone")

	_, err = tn.FieldOps.CheckoutTool(t.Context(), workorders.CheckoutToolParams{ToolID: tool, CheckedOutToUserID: tn.Admin.ID})
	requireError(t, err, workorder.ErrConflict, "23505")
	err = tn.FieldOps.UpdateTool(t.Context(), workorders.UpdateToolParams{ToolID: tool, Status: new("broken")})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
	require.NoError(t, tn.FieldOps.UpdateTool(t.Context(), workorders.UpdateToolParams{
		ToolID: tool, Status: new(workorders.ToolAvailable), Name: new("Band saw"),
	}), "what a tool that is out can be told")

	require.NoError(t, tech.FieldOps.ReturnTool(t.Context(), workorders.ReturnToolParams{CheckoutID: id}))
	out = getCheckout(t, tn.Client, id)
	require.NotNil(t, out.ReturnedAt)
	require.False(t, out.ReturnedAt.Before(out.CheckedOutAt))
	err = tech.FieldOps.ReturnTool(t.Context(), workorders.ReturnToolParams{CheckoutID: id})
	requireError(t, err, workorder.ErrRuleViolation, "P0001")

	require.NoError(t, tn.FieldOps.UpdateTool(t.Context(), workorders.UpdateToolParams{ToolID: tool, Status: new("broken")}))
	_, err = tn.FieldOps.CheckoutTool(t.Context(), workorders.CheckoutToolParams{ToolID: tool, CheckedOutToUserID: tn.Admin.ID})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
	require.NoError(t, tn.FieldOps.UpdateTool(t.Context(), workorders.UpdateToolParams{ToolID: tool, Status: new(workorders.ToolAvailable)}))
	second := checkout(t, tn.Client, tool, tn.Admin.ID)
	require.Nil(t, getCheckout(t, tn.Client, second).WorkOrderID)
	require.NoError(t, tech.FieldOps.ReturnTool(t.Context(), workorders.ReturnToolParams{CheckoutID: second}), "anybody may bring it back")
}

func TestCheckoutRefersToWhatIsThere(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	tool := makeTool(t, tn.Client, "Saw")
	foreign := makeWorkOrder(t, stack.Tenant(t).Client, "x")

	for name, p := range map[string]workorders.CheckoutToolParams{
		"unknown user":       {CheckedOutToUserID: unknownID},
		"unknown work order": {CheckedOutToUserID: tn.Admin.ID, WorkOrderID: unknownID},
		"foreign work order": {CheckedOutToUserID: tn.Admin.ID, WorkOrderID: foreign},
	} {
		p.ToolID = tool
		_, err := tn.FieldOps.CheckoutTool(t.Context(), p)
		require.ErrorIs(t, err, workorder.ErrInvalidReference, name)
		requireCode(t, "23503", err)
	}
	_, err := tn.FieldOps.CheckoutTool(t.Context(), workorders.CheckoutToolParams{ToolID: tool})
	requireError(t, err, workorder.ErrInvalidInput, "")
	checkout(t, tn.Client, tool, tn.Admin.ID)
}

func TestOnlyOneOfManyGetsTheTool(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	tool := makeTool(t, tn.Client, "Saw")

	const n = 8
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			_, errs[i] = tn.FieldOps.CheckoutTool(t.Context(), workorders.CheckoutToolParams{ToolID: tool, CheckedOutToUserID: tn.Admin.ID})
		})
	}
	wg.Wait()

	got := 0
	for _, err := range errs {
		if err == nil {
			got++
			continue
		}
		requireError(t, err, workorder.ErrConflict, "23505")
	}
	require.Equal(t, 1, got)
	open, err := tn.FieldOps.ToolCheckouts.Count(t.Context(), query.Where(workorders.ToolCheckoutCols.ReturnedAt.IsNull()))
	require.NoError(t, err)
	require.EqualValues(t, 1, open)
}

func TestToolsAndCheckoutsComeInOrder(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	b, a, c := makeTool(t, tn.Client, "b"), makeTool(t, tn.Client, "a"), makeTool(t, tn.Client, "c")
	first, second, third := checkout(t, tn.Client, a, tn.Admin.ID), checkout(t, tn.Client, b, tn.Admin.ID), checkout(t, tn.Client, c, tn.Admin.ID)
	require.NoError(t, tn.FieldOps.ReturnTool(t.Context(), workorders.ReturnToolParams{CheckoutID: second}))

	for _, role := range roles { // any member may look
		client := tn.Client
		if role != "admin" {
			client = tn.Member(t, role).Client
		}
		require.Equal(t, []string{a, b, c},
			listIDs(t, client.FieldOps.Tools, func(r workorders.Tool) string { return r.ID },
				query.OrderBy(workorders.ToolCols.Name.Asc())), "%s: by name", role)
		checkoutID := func(r workorders.ToolCheckout) string { return r.ID }
		require.Equal(t, []string{third, second, first},
			listIDs(t, client.FieldOps.ToolCheckouts, checkoutID), "%s: latest first", role)
		require.Equal(t, []string{third, first}, listIDs(t, client.FieldOps.ToolCheckouts, checkoutID,
			query.Where(workorders.ToolCheckoutCols.ReturnedAt.IsNull())), "%s: what is out", role)
	}
}
