package search

import "slices"

// WorkflowBundle is a set of methods that go together, for a program that chooses its
// next step by reading.
type WorkflowBundle struct {
	BundleID           string
	Purpose            string
	RecommendedMethods []string // named as fields and methods of workorder.Client
	WhenToUse          string
	WhenNotToUse       string
}

var bundles = []WorkflowBundle{
	{
		BundleID:           "tenant_bootstrap",
		Purpose:            "Find out for which tenant the user works, and make the token name it.",
		RecommendedMethods: []string{"Agent.ResolveTenant", "Agent.EnsureTenant", "Tenants.List"},
		WhenToUse:          "At the beginning of a conversation, and when a call fails with ErrNoTenant.",
		WhenNotToUse:       "When Agent.ResolveTenant found a tenant in the token already.",
	},
	{
		BundleID:           "work_order_intake",
		Purpose:            "Make a work order of what somebody reports.",
		RecommendedMethods: []string{"Agent.ResolveTenant", "Agent.EnsureTenant", "Agent.SearchEntities", "Agent.CreateWorkOrderSafe"},
		WhenToUse:          "When the user describes something that has to be done; search for the asset or place first.",
		WhenNotToUse:       "When the work order exists and is to be changed.",
	},
	{
		BundleID:           "work_order_lookup",
		Purpose:            "Find a work order and tell how it stands.",
		RecommendedMethods: []string{"Agent.ListWorkOrdersSummary", "Agent.GetWorkOrderSummary", "WorkOrders.Get"},
		WhenToUse:          "When the user asks about work orders.",
		WhenNotToUse:       "For all work orders, or numbers about them: use WorkOrders.All and Dashboard.",
	},
	{
		BundleID:           "maintenance_lookup",
		Purpose:            "Look at what is there and when its maintenance is due.",
		RecommendedMethods: []string{"Agent.ListAssetsSummary", "Agent.ListPartsSummary", "Agent.ListPMSchedulesSummary"},
		WhenToUse:          "When the user asks about assets, parts or maintenance schedules in general.",
		WhenNotToUse:       "When the user names a thing: use Agent.SearchEntities.",
	},
}

// RecommendWorkflowBundle returns the bundle with the id, or all four when there is
// none of that id. It asks no server.
//
// TypeScript: agent.recommendWorkflowBundle.
func (s *AgentService) RecommendWorkflowBundle(bundleID string) []WorkflowBundle {
	out := slices.Clone(bundles)
	if i := slices.IndexFunc(out, func(b WorkflowBundle) bool { return b.BundleID == bundleID }); i >= 0 {
		out = out[i : i+1]
	}
	for i, b := range out {
		out[i].RecommendedMethods = slices.Clone(b.RecommendedMethods)
	}
	return out
}
