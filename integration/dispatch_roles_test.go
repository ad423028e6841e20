package integration

import (
	"cmp"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

// actor is somebody who tries writes: a member in a role, "outsider", who is in
// no tenant, or "nobody", who has not signed in.
type actor struct {
	*workorder.Client
	who string
	id  string // the user's
}

// dispatchStage is what the writes below act on.
type dispatchStage struct {
	plan
	asset string
}

func newDispatchStage(t testing.TB) *dispatchStage {
	t.Helper()
	p := newPlan(t)
	return &dispatchStage{p, makeAsset(t, p.tenant, "Press 1", "")}
}

// Actor makes somebody who tries writes.
func (s *dispatchStage) Actor(t testing.TB, who string) actor {
	t.Helper()
	switch who {
	case "nobody":
		return actor{stack.Client(t), who, ""}
	case "outsider":
		u := stack.User(t)
		return actor{u.Client, who, u.ID}
	}
	u := s.Member(t, who)
	return actor{u.Client, who, u.ID}
}

func (a actor) member() bool { return slices.Contains(roles, a.who) }

// user is the actor's user, or the administrator for who cannot be named.
func (s *dispatchStage) user(a actor) string {
	if a.member() {
		return a.id
	}
	return s.Admin.ID
}

// workOrder makes a work order of nobody in a status.
func (s *dispatchStage) workOrder(t testing.TB, status string) string {
	t.Helper()
	return workOrderIn(t, s.Client, status)
}

// workOrderOf makes a work order in a status that the actor is in charge of.
func (s *dispatchStage) workOrderOf(t testing.TB, a actor, status string) string {
	t.Helper()
	id := workOrderIn(t, s.Client, status)
	assign(t, s.Client, id, s.user(a))
	return id
}

// object is the path of a new object of something.
func (s *dispatchStage) object(entity workorders.EntityType, id string) string {
	return strings.Join([]string{s.ID, string(entity), id, strings.TrimPrefix(newSlug(), "t-") + ".jpg"}, "/")
}

// attachment makes an attachment of the actor on a work order of theirs, or of
// the administrator when they cannot.
func (s *dispatchStage) attachment(t testing.TB, a actor) string {
	t.Helper()
	wo := s.workOrderOf(t, a, "draft")
	c, owner := s.Client, s.Admin.ID
	if a.member() {
		c, owner = a.Client, a.id
	}
	path := s.object(workorders.EntityWorkOrder, wo)
	require.NoError(t, c.Attachments.InsertStorageObject(t.Context(), workorders.InsertStorageObjectParams{
		TenantID: s.ID, EntityType: workorders.EntityWorkOrder, EntityID: wo, StoragePath: path, OwnerID: owner,
	}))
	return attachmentAt(t, s.Client, path).ID
}

// timeEntry logs time of the actor, or of the administrator for who cannot.
func (s *dispatchStage) timeEntry(t testing.TB, a actor) string {
	t.Helper()
	c := s.Client
	if a.member() {
		c = a.Client
	}
	id, err := c.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{WorkOrderID: s.workOrder(t, "draft"), Minutes: 5})
	require.NoError(t, err)
	return id
}

// draft makes a handover of the actor, or of the administrator when they cannot.
func (s *dispatchStage) draft(t testing.TB, a actor) string {
	t.Helper()
	id, err := a.FieldOps.CreateShiftHandover(t.Context(), workorders.CreateShiftHandoverParams{
		TenantID: s.ID, ToUserID: s.Admin.ID, ShiftStartedAt: shiftStart, ShiftEndedAt: shiftStart,
	})
	if err != nil {
		return handOver(t, s.Client, s.Admin.ID)
	}
	return id
}

// dispatchWrite is a write of the services for work orders and dispatch, with
// the kinds of the errors of those who may not.
type dispatchWrite struct {
	name    string // service and method, then what is special
	refused map[string]error
	do      func(t testing.TB, s *dispatchStage, a actor) error
}

// errEither stands for whatever the deployment answers.
var errEither = errors.New("either")

var (
	denied   = workorder.ErrPermissionDenied
	unsigned = workorder.ErrUnauthenticated

	// strangers may not, as nobody else may from outside of a tenant.
	strangers = map[string]error{"outsider": denied, "nobody": unsigned}
	// hidden is what has no code of its own: the row does not show to strangers.
	hidden = map[string]error{"outsider": workorder.ErrNotFound, "nobody": unsigned}
	// deniedAll get the same answer without a user as outside of the tenant.
	deniedAll = map[string]error{"outsider": denied, "nobody": denied}
	// planners need no permission, which a deployment can be stricter about
	// for somebody who may only ask for work.
	planners = refuse(deniedAll, errEither, "requestor")

	adminOnly     = refuse(strangers, denied, "manager", "technician", "member", "requestor")
	managersOnly  = refuse(strangers, denied, "technician", "member", "requestor")
	fieldOnly     = refuse(strangers, denied, "member", "requestor")
	notifiedOnly  = refuse(strangers, denied, "manager", "member")
	requestorOnly = refuse(strangers, denied, "technician", "member") // and managers
)

// refuse adds roles that get a kind of error.
func refuse(base map[string]error, kind error, who ...string) map[string]error {
	refused := map[string]error{}
	for role, err := range base {
		refused[role] = err
	}
	for _, role := range who {
		refused[role] = kind
	}
	return refused
}

// codeOf is the platform's code for each kind of refusal.
var codeOf = map[error]string{
	workorder.ErrPermissionDenied: "42501", workorder.ErrUnauthenticated: "28000",
	workorder.ErrInvalidReference: "23503", workorder.ErrRuleViolation: "P0001",
}

var dispatchWrites = []dispatchWrite{
	{"WorkOrders.Assign", managersOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.WorkOrders.Assign(t.Context(), workorders.AssignWorkOrderParams{
			TenantID: s.ID, WorkOrderID: s.workOrder(t, "draft"), AssignedTo: s.Admin.ID,
		})
	}},
	{"WorkOrders.SetPrimarySupplier", managersOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.WorkOrders.SetPrimarySupplier(t.Context(), workorders.SetPrimarySupplierParams{
			TenantID: s.ID, WorkOrderID: s.workOrder(t, "draft"),
		})
	}},
	{"WorkOrders.UpsertVendorCost", managersOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.WorkOrders.UpsertVendorCost(t.Context(), workorders.UpsertVendorCostParams{
			TenantID: s.ID, WorkOrderID: s.workOrder(t, "draft"), AmountCents: new(100),
		})
		return err
	}},
	{"WorkOrders.AddCommsEvent", managersOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.WorkOrders.AddCommsEvent(t.Context(), workorders.AddCommsEventParams{
			TenantID: s.ID, WorkOrderID: s.workOrder(t, "draft"), Body: "x",
		})
		return err
	}},
	{"WorkOrders.AddCommsEvent as assignee", strangers, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.WorkOrders.AddCommsEvent(t.Context(), workorders.AddCommsEventParams{
			TenantID: s.ID, WorkOrderID: s.workOrderOf(t, a, "draft"), Body: "x",
		})
		return err
	}},
	{"WorkOrders.UpdateTimeEntry of one's own", hidden, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.WorkOrders.UpdateTimeEntry(t.Context(), workorders.UpdateTimeEntryParams{TimeEntryID: s.timeEntry(t, a), Minutes: new(6)})
	}},
	{"WorkOrders.DeleteTimeEntry of one's own", hidden, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.WorkOrders.DeleteTimeEntry(t.Context(), workorders.DeleteTimeEntryParams{TimeEntryID: s.timeEntry(t, a)})
	}},
	{"WorkOrders.CreateRequest", requestorOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.WorkOrders.CreateRequest(t.Context(), workorders.CreateRequestParams{TenantID: s.ID, Title: "x"})
		return err
	}},
	{"WorkOrders.CreateMaintenanceRequest", requestorOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.WorkOrders.CreateMaintenanceRequest(t.Context(), workorders.CreateMaintenanceRequestParams{TenantID: s.ID, Title: "x"})
		return err
	}},
	{"WorkOrders.ConvertMaintenanceRequest", managersOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.WorkOrders.ConvertMaintenanceRequest(t.Context(), workorders.ConvertMaintenanceRequestParams{
			TenantID:  s.ID,
			RequestID: createMaintenanceRequest(t, s.Client, workorders.CreateMaintenanceRequestParams{Title: "x"}),
		})
		return err
	}},
	{"WorkOrders.Acknowledge", managersOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.WorkOrders.Acknowledge(t.Context(), workorders.AcknowledgeParams{TenantID: s.ID, WorkOrderID: s.workOrder(t, "draft")})
	}},
	{"WorkOrders.UpsertSLARule", adminOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.WorkOrders.UpsertSLARule(t.Context(), workorders.UpsertSLARuleParams{
			TenantID: s.ID, PriorityKey: "low", IsActive: new(false),
			ResponseInterval: types.IntervalOf(time.Hour), ResolutionInterval: types.IntervalOf(time.Hour),
		})
		return err
	}},

	{"Attachments.InsertStorageObject on a work order", refuse(deniedAll, denied, "technician", "member", "requestor"),
		func(t testing.TB, s *dispatchStage, a actor) error {
			return s.insert(t, a, workorders.EntityWorkOrder, s.workOrder(t, "draft"))
		}},
	{"Attachments.InsertStorageObject as assignee", deniedAll, func(t testing.TB, s *dispatchStage, a actor) error {
		return s.insert(t, a, workorders.EntityWorkOrder, s.workOrderOf(t, a, "draft"))
	}},
	{"Attachments.InsertStorageObject on an asset", deniedAll, func(t testing.TB, s *dispatchStage, a actor) error {
		return s.insert(t, a, workorders.EntityAsset, s.asset)
	}},
	{"Attachments.Register on a work order", managersOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		return s.register(t, a, workorders.EntityWorkOrder, s.workOrder(t, "draft"))
	}},
	{"Attachments.Register as assignee", strangers, func(t testing.TB, s *dispatchStage, a actor) error {
		return s.register(t, a, workorders.EntityWorkOrder, s.workOrderOf(t, a, "draft"))
	}},
	{"Attachments.Register on an asset", strangers, func(t testing.TB, s *dispatchStage, a actor) error {
		return s.register(t, a, workorders.EntityAsset, s.asset)
	}},
	{"Attachments.UpdateMetadata", refuse(nil, workorder.ErrRuleViolation, "technician", "member", "requestor", "outsider", "nobody"),
		func(t testing.TB, s *dispatchStage, a actor) error {
			return a.Attachments.UpdateMetadata(t.Context(), workorders.UpdateAttachmentMetadataParams{
				AttachmentID: s.attachment(t, actor{s.Client, "admin", s.Admin.ID}), Label: new("x"),
			})
		}},
	{"Attachments.UpdateMetadata of one's own", refuse(nil, workorder.ErrRuleViolation, "outsider", "nobody"),
		func(t testing.TB, s *dispatchStage, a actor) error {
			return a.Attachments.UpdateMetadata(t.Context(), workorders.UpdateAttachmentMetadataParams{AttachmentID: s.attachment(t, a), Label: new("x")})
		}},
	{"Attachments.UpdateWorkOrderAttachment of one's own", hidden, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.Attachments.UpdateWorkOrderAttachment(t.Context(), workorders.UpdateWorkOrderAttachmentParams{AttachmentID: s.attachment(t, a), Label: new("x")})
	}},
	{"Attachments.Delete of one's own", hidden, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.Attachments.Delete(t.Context(), workorders.DeleteAttachmentParams{AttachmentID: s.attachment(t, a)})
	}},

	{"Notifications.ListForTenant", notifiedOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.Notifications.ListForTenant(t.Context(), workorders.ListNotificationsParams{TenantID: s.ID})
		return err
	}},
	{"Notifications.MarkRead", notifiedOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.Notifications.MarkRead(t.Context(), workorders.MarkReadParams{TenantID: s.ID})
	}},
	{"Notifications.UpsertPreference", notifiedOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.Notifications.UpsertPreference(t.Context(), workorders.UpsertPreferenceParams{
			TenantID: s.ID, EventKey: workorders.EventPMOverdue, ChannelInApp: true,
		})
	}},

	{"Scheduling.Schedule", planners, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.Scheduling.Schedule(t.Context(), workorders.ScheduleParams{
			WorkOrderID: s.workOrder(t, "draft"), CrewID: s.Crew, StartAt: shiftStart, EndAt: shiftStart.Add(time.Hour),
		})
		return err
	}},
	{"Scheduling.Update", planners, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.Scheduling.Update(t.Context(), workorders.UpdateScheduleBlockParams{
			ScheduleBlockID: s.scheduleCrew(t, s.workOrder(t, "draft"), shiftStart, shiftStart.Add(time.Hour)),
		})
		return err
	}},
	{"Scheduling.Unschedule", planners, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.Scheduling.Unschedule(t.Context(), workorders.UnscheduleParams{
			ScheduleBlockID: s.scheduleCrew(t, s.workOrder(t, "draft"), shiftStart, shiftStart.Add(time.Hour)),
		})
	}},
	{"Scheduling.Validate", planners, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.Scheduling.Validate(t.Context(), workorders.ValidateScheduleParams{
			TechnicianID: s.Technician, StartAt: shiftStart, EndAt: shiftStart.Add(time.Hour),
		})
		return err
	}},

	{"Mobile.Start", managersOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.Mobile.Start(t.Context(), workorders.StartParams{TenantID: s.ID, WorkOrderID: s.workOrder(t, "assigned")})
		return err
	}},
	// The move asks for a permission of its own, and is not there without it.
	{"Mobile.Start as assignee", refuse(strangers, workorder.ErrInvalidReference, "technician", "member", "requestor"),
		func(t testing.TB, s *dispatchStage, a actor) error {
			_, err := a.Mobile.Start(t.Context(), workorders.StartParams{TenantID: s.ID, WorkOrderID: s.workOrderOf(t, a, "assigned")})
			return err
		}},
	{"Mobile.Stop", managersOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.Mobile.Stop(t.Context(), workorders.StopParams{TenantID: s.ID, WorkOrderID: s.workOrder(t, "in_progress")})
	}},
	{"Mobile.Stop as assignee", refuse(strangers, workorder.ErrInvalidReference, "member", "requestor"),
		func(t testing.TB, s *dispatchStage, a actor) error {
			return a.Mobile.Stop(t.Context(), workorders.StopParams{TenantID: s.ID, WorkOrderID: s.workOrderOf(t, a, "in_progress")})
		}},
	{"Mobile.Stop for a while, as assignee", strangers, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.Mobile.Stop(t.Context(), workorders.StopParams{
			TenantID: s.ID, WorkOrderID: s.workOrderOf(t, a, "in_progress"), Complete: new(false), Minutes: new(5),
		})
	}},
	{"Mobile.AddNote", managersOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.Mobile.AddNote(t.Context(), workorders.AddNoteParams{TenantID: s.ID, WorkOrderID: s.workOrder(t, "draft"), Body: "x"})
		return err
	}},
	{"Mobile.AddNote as assignee", strangers, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.Mobile.AddNote(t.Context(), workorders.AddNoteParams{TenantID: s.ID, WorkOrderID: s.workOrderOf(t, a, "draft"), Body: "x"})
		return err
	}},
	{"Mobile.Sync", strangers, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.Mobile.Sync(t.Context(), workorders.SyncParams{TenantID: s.ID})
		return err
	}},
	{"Mobile.SyncAll", strangers, func(t testing.TB, s *dispatchStage, a actor) error {
		for _, err := range a.Mobile.SyncAll(t.Context(), workorders.SyncAllParams{TenantID: s.ID}) {
			if err != nil {
				return err
			}
		}
		return nil
	}},

	{"FieldOps.CreateTool", managersOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.FieldOps.CreateTool(t.Context(), workorders.CreateToolParams{TenantID: s.ID, Name: "Saw"})
		return err
	}},
	{"FieldOps.UpdateTool", managersOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.FieldOps.UpdateTool(t.Context(), workorders.UpdateToolParams{TenantID: s.ID, ToolID: makeTool(t, s.Client, "Saw"), Name: new("x")})
	}},
	{"FieldOps.CheckoutTool", fieldOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.FieldOps.CheckoutTool(t.Context(), workorders.CheckoutToolParams{
			TenantID: s.ID, ToolID: makeTool(t, s.Client, "Saw"), CheckedOutToUserID: s.Admin.ID,
		})
		return err
	}},
	{"FieldOps.ReturnTool", fieldOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.FieldOps.ReturnTool(t.Context(), workorders.ReturnToolParams{
			TenantID: s.ID, CheckoutID: checkout(t, s.Client, makeTool(t, s.Client, "Saw"), s.Admin.ID),
		})
	}},
	{"FieldOps.CreateShiftHandover", fieldOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.FieldOps.CreateShiftHandover(t.Context(), workorders.CreateShiftHandoverParams{
			TenantID: s.ID, ToUserID: s.Admin.ID, ShiftStartedAt: shiftStart, ShiftEndedAt: shiftStart,
		})
		return err
	}},
	{"FieldOps.AddShiftHandoverItem", fieldOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.FieldOps.AddShiftHandoverItem(t.Context(), workorders.AddShiftHandoverItemParams{
			TenantID: s.ID, HandoverID: s.draft(t, a), Body: "x",
		})
		return err
	}},
	{"FieldOps.SubmitShiftHandover", fieldOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.FieldOps.SubmitShiftHandover(t.Context(), workorders.SubmitShiftHandoverParams{TenantID: s.ID, HandoverID: s.draft(t, a)})
	}},
	{"FieldOps.AcknowledgeShiftHandover", fieldOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		id := handOver(t, s.Client, s.user(a))
		require.NoError(t, submit(t, s.Client, id))
		return a.FieldOps.AcknowledgeShiftHandover(t.Context(), workorders.AcknowledgeShiftHandoverParams{TenantID: s.ID, HandoverID: id})
	}},

	{"Projects.Create", adminOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		_, err := a.Projects.Create(t.Context(), workorders.CreateProjectParams{TenantID: s.ID, Name: "x"})
		return err
	}},
	{"Projects.Update", adminOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.Projects.Update(t.Context(), workorders.UpdateProjectParams{TenantID: s.ID, ProjectID: makeProject(t, s.tenant, "x"), Name: new("y")})
	}},
	{"Projects.Delete", adminOnly, func(t testing.TB, s *dispatchStage, a actor) error {
		return a.Projects.Delete(t.Context(), workorders.DeleteProjectParams{TenantID: s.ID, ProjectID: makeProject(t, s.tenant, "x")})
	}},
}

// insert makes an object of the actor, or in the administrator's name for who
// has none.
func (s *dispatchStage) insert(t testing.TB, a actor, entity workorders.EntityType, id string) error {
	t.Helper()
	return a.Attachments.InsertStorageObject(t.Context(), workorders.InsertStorageObjectParams{
		TenantID: s.ID, EntityType: entity, EntityID: id, StoragePath: s.object(entity, id), OwnerID: cmp.Or(a.id, s.Admin.ID),
	})
}

// register links a file of the administrator to something more.
func (s *dispatchStage) register(t testing.TB, a actor, entity workorders.EntityType, id string) error {
	t.Helper()
	file := getAttachment(t, s.Client, s.attachment(t, actor{s.Client, "admin", s.Admin.ID})).FileID
	_, err := a.Attachments.Register(t.Context(), workorders.RegisterAttachmentParams{TenantID: s.ID, EntityType: entity, EntityID: id, FileID: file})
	return err
}

func TestRolesMayDoTheirDispatchWritesOnly(t *testing.T) {
	t.Parallel()
	s := newDispatchStage(t)
	for _, who := range append(slices.Clone(roles), "outsider", "nobody") {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			a := s.Actor(t, who)
			for _, write := range dispatchWrites {
				t.Run(write.name, func(t *testing.T) {
					requireRefusal(t, write.do(t, s, a), write.refused[who])
				})
			}
		})
	}
}

// requireRefusal asserts success for no kind, nothing for errEither, else an error of the kind with
// the platform's code for it. What the client finds out itself has no code.
func requireRefusal(t testing.TB, err, kind error) {
	t.Helper()
	if errors.Is(kind, errEither) {
		return
	}
	if kind == nil {
		require.NoError(t, err)
		return
	}
	require.ErrorIs(t, err, kind)
	if code := errorCode(err); code != "" {
		require.Equal(t, codeOf[kind], code, "%v", err)
	}
}

// TestEveryDispatchWriteIsTriedByEveryRole keeps the list above complete.
func TestEveryDispatchWriteIsTriedByEveryRole(t *testing.T) {
	t.Parallel()
	elsewhere := []string{ // with roles of their own
		"WorkOrders.Create", "WorkOrders.BulkImport", "WorkOrders.TransitionStatus", "WorkOrders.Complete", "WorkOrders.LogTime",
		"Attachments.Upload", "Attachments.Download", "Attachments.SignedURL", "Notifications.ProcessDue",
		"Notifications.UnreadCount", // a reader
	}
	tried := map[string]bool{}
	for _, write := range dispatchWrites {
		name, _, _ := strings.Cut(write.name, " ")
		tried[strings.TrimSuffix(name, ",")] = true
	}
	for _, name := range elsewhere {
		require.False(t, tried[name], name)
		tried[name] = true
	}

	require.Empty(t, untried(dispatchServices(stack.Client(t)), tried))
}

// dispatchServices are a client's services for work orders and dispatch, as
// pointers, by name.
func dispatchServices(c *workorder.Client) map[string]reflect.Value {
	return servicesOf(c, "workorders")
}

// servicesOf are a client's services of a resource package, as pointers, by
// name.
func servicesOf(c *workorder.Client, pkg string) map[string]reflect.Value {
	services := map[string]reflect.Value{}
	client := reflect.ValueOf(c).Elem()
	for i := range client.NumField() {
		f := client.Type().Field(i)
		if f.IsExported() && strings.HasSuffix(f.Type.PkgPath(), "/"+pkg) {
			services[f.Name] = client.Field(i).Addr()
		}
	}
	return services
}

// untried are the methods of services, readers aside, that are not among the
// tried ones, and those tried that are none.
func untried(services map[string]reflect.Value, tried map[string]bool) []string {
	var wrong []string
	readers := reflect.TypeFor[workorder.View[workorders.WorkOrder]]()
	for name, service := range services {
		for i := range service.Type().NumMethod() {
			method := service.Type().Method(i).Name
			if _, reader := readers.MethodByName(method); reader {
				continue
			}
			if !tried[name+"."+method] {
				wrong = append(wrong, name+"."+method)
			}
			delete(tried, name+"."+method)
		}
	}
	return slices.AppendSeq(wrong, maps.Keys(tried))
}

func TestPermissionsDecideOverDispatchNotRoles(t *testing.T) {
	t.Parallel()
	s := newDispatchStage(t)
	a := s.Actor(t, "member")

	for _, tt := range []struct {
		permission string
		writes     []string
	}{
		{"workorder.assign", []string{"WorkOrders.Assign"}},
		{"workorder.edit", []string{
			"WorkOrders.SetPrimarySupplier", "WorkOrders.AddCommsEvent", "WorkOrders.ConvertMaintenanceRequest", "Mobile.Start",
			"Mobile.AddNote", "Attachments.InsertStorageObject on a work order", "Attachments.Register on a work order",
		}},
		{"workorder.vendor_cost.manage", []string{"WorkOrders.UpsertVendorCost"}},
		{"workorder.request.create", []string{"WorkOrders.CreateRequest", "WorkOrders.CreateMaintenanceRequest"}},
		{"workorder.acknowledge", []string{"WorkOrders.Acknowledge"}},
		{"workorder.complete.assigned", []string{"Mobile.Stop as assignee"}},
		{"tenant.sla.manage", []string{"WorkOrders.UpsertSLARule"}},
		{"notification.read", []string{"Notifications.ListForTenant", "Notifications.MarkRead"}},
		{"notification.preference.manage", []string{"Notifications.UpsertPreference"}},
		{"tool.manage", []string{"FieldOps.CreateTool", "FieldOps.UpdateTool"}},
		{"tool.checkout", []string{"FieldOps.CheckoutTool"}},
		{"tool.return", []string{"FieldOps.ReturnTool"}},
		{"shift_handover.create", []string{
			"FieldOps.CreateShiftHandover", "FieldOps.AddShiftHandoverItem", "FieldOps.SubmitShiftHandover",
		}},
		{"shift_handover.acknowledge", []string{"FieldOps.AcknowledgeShiftHandover"}},
		{"project.manage", []string{"Projects.Create", "Projects.Update", "Projects.Delete"}},
	} {
		t.Run(tt.permission, func(t *testing.T) {
			p := org.RolePermissionParams{RoleKey: "member", PermissionKey: tt.permission}
			try := func(permitted bool) {
				t.Helper()
				for _, name := range tt.writes {
					i := slices.IndexFunc(dispatchWrites, func(w dispatchWrite) bool { return w.name == name })
					require.NotEqual(t, -1, i, name)
					write := dispatchWrites[i]
					if permitted {
						require.NoError(t, write.do(t, s, a), name)
					} else {
						requireRefusal(t, write.do(t, s, a), write.refused["member"])
					}
				}
			}
			try(false)
			require.NoError(t, s.Authorization.AssignPermissionToRole(t.Context(), p))
			try(true)
			require.NoError(t, s.Authorization.RevokePermissionFromRole(t.Context(), p))
			try(false)
		})
	}
}
