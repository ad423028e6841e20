package workorders

import (
	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
)

// FieldOpsService lends tools and hands one shift's knowledge to the next. Any
// member of the token's tenant may read tools and checkouts; a handover shows
// to its two users and to holders of workorder.view.
//
// TypeScript: fieldOps (listTools, listToolCheckouts and listShiftHandovers are
// Tools.List, ToolCheckouts.List and ShiftHandovers.List).
type FieldOpsService struct {
	// Tools reads v_tools, by id; the TypeScript method sorts them by name.
	Tools postgrest.View[Tool]
	// ToolCheckouts reads v_tool_checkouts, latest first. An open checkout has
	// no ReturnedAt.
	ToolCheckouts postgrest.View[ToolCheckout]
	// ShiftHandovers reads v_shift_handovers, latest first. No view shows the
	// items of a handover.
	ShiftHandovers postgrest.View[ShiftHandover]

	rpc postgrest.Caller
}

func (s *FieldOpsService) bind(conn *api.Conn) {
	s.Tools = postgrest.NewView(conn, &toolView)
	s.ToolCheckouts = postgrest.NewView(conn, &toolCheckoutView)
	s.ShiftHandovers = postgrest.NewView(conn, &shiftHandoverView)
	s.rpc = postgrest.NewCaller(conn)
}
