package integration

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

var attachmentCols = workorders.EntityAttachmentCols

// insertObject makes the row of an object, without bytes, and returns its
// attachment. The owner acts.
func insertObject(
	t testing.TB, owner *user, tenantID string, entity workorders.EntityType, id, name string, metadata workorders.StorageObjectMetadata,
) *workorders.EntityAttachment {
	t.Helper()
	path := tenantID + "/" + string(entity) + "/" + id + "/" + name
	require.NoError(t, owner.In(t, tenantID).Attachments.InsertStorageObject(t.Context(), workorders.InsertStorageObjectParams{
		EntityType: entity, EntityID: id, StoragePath: path, OwnerID: owner.ID, Metadata: metadata,
	}))
	return attachmentAt(t, owner.In(t, tenantID), path)
}

// attachmentAt finds the only attachment of a file.
func attachmentAt(t testing.TB, c *workorder.Client, path string) *workorders.EntityAttachment {
	t.Helper()
	rows, err := c.Attachments.List(t.Context(), query.Where(attachmentCols.StoragePath.Eq(path)))
	require.NoError(t, err)
	require.Len(t, rows, 1)
	return &rows[0]
}

func getAttachment(t testing.TB, c *workorder.Client, id string) *workorders.EntityAttachment {
	t.Helper()
	a, err := c.Attachments.Get(t.Context(), id)
	require.NoError(t, err)
	return a
}

// countAttachments counts the attachments of an entity.
func countAttachments(t testing.TB, c *workorder.Client, entityID string) int {
	t.Helper()
	n, err := c.Attachments.Count(t.Context(), query.Where(attachmentCols.EntityID.Eq(entityID)))
	require.NoError(t, err)
	return int(n)
}

func register(t testing.TB, c *workorder.Client, entity workorders.EntityType, id, fileID string) (string, error) {
	t.Helper()
	return c.Attachments.Register(t.Context(), workorders.RegisterAttachmentParams{EntityType: entity, EntityID: id, FileID: fileID})
}

func TestStorageObjectBecomesAnAttachment(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	before := time.Now().Add(-time.Minute)
	path := tn.ID + "/work_order/" + id + "/manual v2.pdf"
	day := types.NewDate(2030, time.February, 28)

	got := insertObject(t, tn.Admin, tn.ID, workorders.EntityWorkOrder, id, "manual v2.pdf", workorders.StorageObjectMetadata{
		ContentType: "application/pdf", ByteSize: 4711, Label: "Operator's manual", Kind: "document",
		DocumentTypeKey: "manual", IsControlled: true, EffectiveDate: day, RevisionLabel: "B",
	})

	require.Equal(t, tn.ID, got.TenantID)
	require.Equal(t, workorders.EntityWorkOrder, got.EntityType)
	require.Equal(t, id, got.EntityID)
	require.Equal(t, "attachments", *got.BucketID)
	require.Equal(t, path, *got.StoragePath)
	require.Equal(t, "manual v2.pdf", *got.Filename)
	require.Equal(t, "application/pdf", *got.ContentType)
	require.Equal(t, "Operator's manual", *got.Label)
	require.Equal(t, "document", *got.Kind)
	require.Equal(t, "manual", *got.DocumentTypeKey)
	require.True(t, got.IsControlled)
	require.Equal(t, day, *got.EffectiveDate)
	require.Equal(t, "B", *got.RevisionLabel)
	require.Equal(t, tn.Admin.ID, *got.CreatedBy)
	require.WithinRange(t, got.CreatedAt, before, time.Now().Add(time.Minute))

	rows, err := tn.Attachments.WorkOrders.List(t.Context(), query.Where(workorders.WorkOrderAttachmentCols.WorkOrderID.Eq(id)))
	require.NoError(t, err)
	require.Equal(t, []workorders.WorkOrderAttachment{{
		ID: got.ID, TenantID: got.TenantID, WorkOrderID: id, FileID: got.FileID, BucketID: got.BucketID,
		StoragePath: got.StoragePath, Filename: got.Filename, ContentType: got.ContentType, Label: got.Label, Kind: got.Kind,
		DocumentTypeKey: got.DocumentTypeKey, IsControlled: true, EffectiveDate: got.EffectiveDate,
		RevisionLabel: got.RevisionLabel, CreatedBy: got.CreatedBy, CreatedByName: got.CreatedByName,
		CreatedAt: got.CreatedAt, UpdatedAt: got.UpdatedAt,
	}}, rows)
	again, err := tn.WorkOrders.Attachments.Get(t.Context(), got.ID)
	require.NoError(t, err)
	require.Equal(t, rows[0], *again)

	bare := insertObject(t, tn.Admin, tn.ID, workorders.EntityWorkOrder, id, "bare", workorders.StorageObjectMetadata{})
	for _, unset := range []*string{bare.Label, bare.Kind, bare.DocumentTypeKey, bare.RevisionLabel, bare.ContentType} {
		require.Nil(t, unset)
	}
	require.False(t, bare.IsControlled)
	require.Nil(t, bare.EffectiveDate)
	all, err := tn.Attachments.List(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, bare.ID, all[0].ID, "the newest comes first")
}

func TestStorageObjectNeedsItsOwnPath(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	id, another := makeWorkOrder(t, tn.Client, "x"), makeWorkOrder(t, tn.Client, "y")
	foreign := makeWorkOrder(t, other.Client, "z")
	folder := tn.ID + "/work_order/" + id
	insertObject(t, tn.Admin, tn.ID, workorders.EntityWorkOrder, id, "taken.txt", workorders.StorageObjectMetadata{})

	for name, tt := range map[string]struct {
		p    workorders.InsertStorageObjectParams
		kind error
		code string
	}{
		"another work order's":    {workorders.InsertStorageObjectParams{EntityID: another}, workorder.ErrRuleViolation, "P0001"},
		"another type's":          {workorders.InsertStorageObjectParams{EntityType: workorders.EntityAsset}, workorder.ErrRuleViolation, "P0001"},
		"another tenant's":        {workorders.InsertStorageObjectParams{TenantID: other.ID}, workorder.ErrTenantMismatch, ""},
		"too short":               {workorders.InsertStorageObjectParams{StoragePath: id + "/a.txt"}, workorder.ErrRuleViolation, "P0001"},
		"too long":                {workorders.InsertStorageObjectParams{StoragePath: folder + "/b/a.txt"}, workorder.ErrRuleViolation, "P0001"},
		"no id":                   {workorders.InsertStorageObjectParams{StoragePath: tn.ID + "/work_order/17/a.txt"}, workorder.ErrInvalidInput, "22P02"},
		"another owner":           {workorders.InsertStorageObjectParams{OwnerID: other.Admin.ID}, workorder.ErrPermissionDenied, "42501"},
		"taken name":              {workorders.InsertStorageObjectParams{StoragePath: folder + "/taken.txt"}, workorder.ErrConflict, "23505"},
		"unknown work order":      {workorders.InsertStorageObjectParams{EntityID: unknownID, StoragePath: tn.ID + "/work_order/" + unknownID + "/a.txt"}, workorder.ErrPermissionDenied, "42501"},
		"foreign work order":      {workorders.InsertStorageObjectParams{EntityID: foreign, StoragePath: tn.ID + "/work_order/" + foreign + "/a.txt"}, workorder.ErrPermissionDenied, "42501"},
		"type without attachment": {workorders.InsertStorageObjectParams{EntityType: "project", EntityID: id, StoragePath: tn.ID + "/project/" + id + "/a.txt"}, workorder.ErrPermissionDenied, "42501"},
		"malformed kind":          {workorders.InsertStorageObjectParams{Metadata: workorders.StorageObjectMetadata{Kind: "Bad!"}}, workorder.ErrInvalidInput, "23514"},
		"unknown document type":   {workorders.InsertStorageObjectParams{Metadata: workorders.StorageObjectMetadata{DocumentTypeKey: "poem"}}, workorder.ErrInvalidReference, "23503"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.p.EntityType == "" {
				tt.p.EntityType = workorders.EntityWorkOrder
			}
			if tt.p.EntityID == "" {
				tt.p.EntityID = id
			}
			if tt.p.StoragePath == "" {
				tt.p.StoragePath = folder + "/a.txt"
			}
			if tt.p.OwnerID == "" {
				tt.p.OwnerID = tn.Admin.ID
			}
			requireError(t, tn.Attachments.InsertStorageObject(t.Context(), tt.p), tt.kind, tt.code)
		})
	}
	n, err := tn.Attachments.Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, n, "what is refused leaves nothing behind")
}

// TestMetadataOfStorageObjects sends what the typed metadata cannot say.
func TestMetadataOfStorageObjects(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id, another := makeWorkOrder(t, tn.Client, "x"), makeWorkOrder(t, tn.Client, "y")
	for name, tt := range map[string]struct {
		metadata map[string]any
		code     string
	}{
		"another work order": {map[string]any{"entity_type": "work_order", "entity_id": another}, "P0001"},
		"another type":       {map[string]any{"entity_type": "asset", "entity_id": id}, "P0001"},
		"no truth value":     {map[string]any{"is_controlled": "perhaps"}, "22P02"},
		"the same":           {map[string]any{"tenant_id": tn.ID, "entity_type": "work_order", "entity_id": id}, ""},
		"no date":            {map[string]any{"effective_date": "some day"}, ""},
		"empty text":         {map[string]any{"label": "", "kind": "", "document_type_key": "", "revision_label": "", "effective_date": ""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := tn.ID + "/work_order/" + id + "/" + name
			requireCode(t, tt.code, tn.RPC(t.Context(), "rpc_insert_attachment_storage_object", map[string]any{
				"p_tenant_id": tn.ID, "p_entity_type": "work_order", "p_entity_id": id, "p_name": path,
				"p_owner_id": tn.Admin.ID, "p_metadata": tt.metadata,
			}, nil))
			if tt.code == "" {
				a := attachmentAt(t, tn.Client, path)
				require.Equal(t, id, a.EntityID)
				require.Nil(t, a.EffectiveDate)
				require.Nil(t, a.Label)
				require.Nil(t, a.Kind)
			}
		})
	}
}

func TestWhoMayAttach(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	people := map[string]*user{"admin": tn.Admin, "outsider": stack.User(t)}
	for _, role := range roles[1:] {
		people[role] = tn.Member(t, role)
	}
	assignee := tn.Member(t, "technician")
	people["assignee"] = assignee
	workOrder := makeWorkOrder(t, tn.Client, "x")
	assign(t, tn.Client, workOrder, assignee.ID)
	location := makeLocation(t, tn, "Hall")
	asset, supplier := makeAsset(t, tn, "Press", location), makeSupplier(t, tn, "Acme")
	handover, err := people["manager"].FieldOps.CreateShiftHandover(t.Context(), workorders.CreateShiftHandoverParams{
		LocationID: location, ToUserID: people["technician"].ID,
		ShiftStartedAt: time.Now().Add(-8 * time.Hour), ShiftEndedAt: time.Now(),
	})
	require.NoError(t, err)
	stored := insertObject(t, tn.Admin, tn.ID, workorders.EntityAsset, makeAsset(t, tn, "other", ""), "a.txt", workorders.StorageObjectMetadata{})

	members := []string{"admin", "manager", "technician", "member", "requestor", "assignee"}
	for entity, tt := range map[workorders.EntityType]struct {
		id  string
		may []string
	}{
		workorders.EntityWorkOrder:     {workOrder, []string{"admin", "manager", "assignee"}},
		workorders.EntityAsset:         {asset, members},
		workorders.EntityLocation:      {location, members},
		workorders.EntitySupplier:      {supplier, members},
		workorders.EntityShiftHandover: {handover, []string{"manager", "technician"}},
		"project":                      {makeProject(t, tn, "Refit"), nil},
	} {
		may := map[string]bool{}
		for _, who := range tt.may {
			may[who] = true
		}
		t.Run(string(entity), func(t *testing.T) {
			for who, u := range people {
				code := "42501"
				if may[who] {
					code = ""
				}
				t.Run(who, func(t *testing.T) {
					requireCode(t, code, u.Attachments.InsertStorageObject(t.Context(), workorders.InsertStorageObjectParams{
						TenantID: tn.ID, EntityType: entity, EntityID: tt.id, OwnerID: u.ID,
						StoragePath: tn.ID + "/" + string(entity) + "/" + tt.id + "/" + who,
					}))
					a, err := u.Attachments.Register(t.Context(), workorders.RegisterAttachmentParams{
						TenantID: tn.ID, EntityType: entity, EntityID: tt.id, FileID: stored.FileID,
					})
					if may[who] && errorCode(err) == "23505" {
						return // somebody else was first
					}
					requireCode(t, code, err)
					if err == nil {
						require.Equal(t, u.ID, *getAttachment(t, tn.Client, a).CreatedBy)
					}
				})
			}
		})
	}
	nobody := stack.Client(t)
	err = nobody.Attachments.InsertStorageObject(t.Context(), workorders.InsertStorageObjectParams{
		TenantID: tn.ID, EntityType: workorders.EntityAsset, EntityID: asset, OwnerID: tn.Admin.ID,
		StoragePath: tn.ID + "/asset/" + asset + "/nobody",
	})
	requireCode(t, "42501", err)
	_, err = nobody.Attachments.Register(t.Context(), workorders.RegisterAttachmentParams{
		TenantID: tn.ID, EntityType: workorders.EntityAsset, EntityID: asset, FileID: stored.FileID,
	})
	requireCode(t, "28000", err)
}

func TestFileIsAttachedToMoreThanOneThing(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	first, second := makeWorkOrder(t, tn.Client, "x"), makeWorkOrder(t, tn.Client, "y")
	asset := makeAsset(t, tn, "Press", "")
	a := insertObject(t, tn.Admin, tn.ID, workorders.EntityWorkOrder, first, "a.txt", workorders.StorageObjectMetadata{Label: "first", Kind: "photo"})

	id, err := tn.Attachments.Register(t.Context(), workorders.RegisterAttachmentParams{
		EntityType: " Work_Order ", EntityID: second, FileID: a.FileID, Label: "Übersicht", Kind: "sketch_2",
	})
	require.NoError(t, err, "the type is trimmed and lower-cased")
	linked := getAttachment(t, tn.Client, id)
	require.Equal(t, workorders.EntityWorkOrder, linked.EntityType)
	require.Equal(t, second, linked.EntityID)
	require.Equal(t, a.FileID, linked.FileID)
	require.Equal(t, a.StoragePath, linked.StoragePath)
	require.Equal(t, "Übersicht", *linked.Label)
	require.Equal(t, "sketch_2", *linked.Kind)
	require.Equal(t, tn.Admin.ID, *linked.CreatedBy)
	onAsset, err := register(t, tn.Client, workorders.EntityAsset, asset, a.FileID)
	require.NoError(t, err)
	require.Nil(t, getAttachment(t, tn.Client, onAsset).Label, "a label is the attachment's, not the file's")

	_, err = register(t, tn.Client, workorders.EntityWorkOrder, second, a.FileID)
	requireError(t, err, workorder.ErrConflict, "23505")
	_, err = register(t, tn.Client, workorders.EntityWorkOrder, first, a.FileID)
	requireError(t, err, workorder.ErrConflict, "23505")
	_, err = register(t, tn.Client, workorders.EntityWorkOrder, second, unknownID)
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
	_, err = register(t, tn.Client, workorders.EntityWorkOrder, unknownID, a.FileID)
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
	_, err = register(t, tn.Client, "project", makeProject(t, tn, "Refit"), a.FileID)
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
	foreign := makeWorkOrder(t, other.Client, "z")
	_, err = register(t, other.Client, workorders.EntityWorkOrder, foreign, a.FileID)
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
	_, err = register(t, tn.Client, workorders.EntityWorkOrder, foreign, a.FileID)
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
	third := makeWorkOrder(t, tn.Client, "z")
	for _, args := range []map[string]any{{"p_kind": "Bad!"}, {"p_kind": ""}, {"p_label": ""}} {
		args["p_tenant_id"], args["p_entity_type"], args["p_entity_id"], args["p_file_id"] = tn.ID, "work_order", third, a.FileID
		requireCode(t, "23514", tn.RPC(t.Context(), "rpc_register_entity_attachment", args, nil))
	}
	require.Zero(t, countAttachments(t, tn.Client, third))
}

func TestAttachmentViewsShowTheirEntities(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	location := makeLocation(t, tn, "Hall")
	asset, workOrder := makeAsset(t, tn, "Press", location), makeWorkOrder(t, tn.Client, "x")
	onWorkOrder := insertObject(t, tn.Admin, tn.ID, workorders.EntityWorkOrder, workOrder, "a.txt", workorders.StorageObjectMetadata{Kind: "photo"})
	onAsset := insertObject(t, tn.Admin, tn.ID, workorders.EntityAsset, asset, "b.txt", workorders.StorageObjectMetadata{Label: "b"})
	onLocation := insertObject(t, tn.Admin, tn.ID, workorders.EntityLocation, location, "c.txt", workorders.StorageObjectMetadata{})
	insertObject(t, other.Admin, other.ID, workorders.EntityAsset, makeAsset(t, other, "x", ""), "d.txt", workorders.StorageObjectMetadata{})

	for _, c := range []*workorder.Client{tn.Client, tn.Member(t, "requestor").Client} {
		all, err := c.Attachments.List(t.Context())
		require.NoError(t, err)
		require.Len(t, all, 3, "every member sees all attachments")
		require.Equal(t, []string{onLocation.ID, onAsset.ID, onWorkOrder.ID}, []string{all[0].ID, all[1].ID, all[2].ID})
		workOrders, err := c.Attachments.WorkOrders.List(t.Context())
		require.NoError(t, err)
		require.Len(t, workOrders, 1)
		require.Equal(t, workOrder, workOrders[0].WorkOrderID)
		assets, err := c.Attachments.Assets.List(t.Context())
		require.NoError(t, err)
		require.Len(t, assets, 1)
		require.Equal(t, asset, assets[0].AssetID)
		require.Equal(t, "b", *assets[0].Label)
		require.Equal(t, onAsset.FileID, assets[0].FileID)
		locations, err := c.Attachments.Locations.List(t.Context())
		require.NoError(t, err)
		require.Len(t, locations, 1)
		require.Equal(t, location, locations[0].LocationID)
		require.Equal(t, onLocation.StoragePath, locations[0].StoragePath)
	}
	photos, err := tn.Attachments.List(t.Context(), query.Where(
		attachmentCols.EntityType.In(workorders.EntityAsset, workorders.EntityWorkOrder), attachmentCols.Kind.Eq("photo")))
	require.NoError(t, err)
	require.Len(t, photos, 1)
	require.Equal(t, onWorkOrder.ID, photos[0].ID)

	n, err := other.Attachments.Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	_, err = other.Attachments.Get(t.Context(), onAsset.ID)
	require.ErrorIs(t, err, workorder.ErrNotFound)

	raw, err := tn.Supabase(t.Context())
	require.NoError(t, err)
	for view, id := range map[string]string{
		"v_entity_attachments": onWorkOrder.ID, "v_asset_attachments": onAsset.ID, "v_location_attachments": onLocation.ID,
	} {
		_, _, err := raw.From(view).Delete("minimal", "").Eq("id", id).Execute()
		require.Error(t, err, "%s is read-only", view)
	}
	require.NoError(t, tn.RPC(t.Context(), "rpc_delete_asset", map[string]any{"p_tenant_id": tn.ID, "p_asset_id": asset}, nil))
	require.NoError(t, tn.RPC(t.Context(), "rpc_delete_location", map[string]any{"p_tenant_id": tn.ID, "p_location_id": location}, nil))
	all, err := tn.Attachments.List(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1, "attachments go with what they are attached to")
	require.Equal(t, onWorkOrder.ID, all[0].ID)
}

func TestMetadataIsUpdatedByCreatorAndManagers(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	creator := tn.Member(t, "technician")
	asset := makeAsset(t, tn, "Press", "")
	a := insertObject(t, creator, tn.ID, workorders.EntityAsset, asset, "a.txt", workorders.StorageObjectMetadata{})
	update := func(c *workorder.Client, p workorders.UpdateAttachmentMetadataParams) error {
		if p.AttachmentID == "" {
			p.AttachmentID = a.ID
		}
		return c.Attachments.UpdateMetadata(t.Context(), p)
	}
	day := types.NewDate(2030, time.February, 28)

	require.NoError(t, update(creator.Client, workorders.UpdateAttachmentMetadataParams{
		Label: new("Größe 3½\""), Kind: new("photo_2"), DocumentTypeKey: new("photo"), IsControlled: new(true),
		EffectiveDate: &day, RevisionLabel: new("C"),
	}))
	got := getAttachment(t, tn.Client, a.ID)
	require.Equal(t, "Größe 3½\"", *got.Label)
	require.Equal(t, "photo_2", *got.Kind)
	require.Equal(t, "photo", *got.DocumentTypeKey)
	require.True(t, got.IsControlled)
	require.Equal(t, day, *got.EffectiveDate)
	require.Equal(t, "C", *got.RevisionLabel)
	require.True(t, got.UpdatedAt.After(a.UpdatedAt))

	for who, c := range everybody(t, tn) {
		err := update(c, workorders.UpdateAttachmentMetadataParams{Label: &who})
		if who == "admin" || who == "manager" {
			require.NoError(t, err, who)
			got.Label = &who
		} else {
			requireCode(t, "P0001", err)
		}
		require.Equal(t, *got.Label, *getAttachment(t, tn.Client, a.ID).Label)
	}
	require.NoError(t, update(creator.Client, workorders.UpdateAttachmentMetadataParams{IsControlled: new(false)}))
	after := getAttachment(t, tn.Client, a.ID)
	require.False(t, after.IsControlled)
	require.Equal(t, "photo_2", *after.Kind, "what is not given stays")
	require.Equal(t, day, *after.EffectiveDate)

	for name, tt := range map[string]struct {
		p    workorders.UpdateAttachmentMetadataParams
		code string
	}{
		"unknown attachment": {workorders.UpdateAttachmentMetadataParams{AttachmentID: unknownID, Label: new("x")}, "P0001"},
		"kind":               {workorders.UpdateAttachmentMetadataParams{Kind: new("Bad!")}, "23514"},
		"empty label":        {workorders.UpdateAttachmentMetadataParams{Label: new("")}, "23514"},
		"document type":      {workorders.UpdateAttachmentMetadataParams{DocumentTypeKey: new("poem")}, "23503"},
	} {
		err := update(tn.Client, tt.p)
		require.Error(t, err, name)
		require.Equal(t, tt.code, errorCode(err), "%s: %v", name, err)
	}
	require.Equal(t, after, getAttachment(t, tn.Client, a.ID), "a refused change changes nothing")
	for _, key := range []string{"manual", "sop", "drawing", "photo", "other"} {
		require.NoError(t, update(tn.Client, workorders.UpdateAttachmentMetadataParams{DocumentTypeKey: &key}), key)
	}
}

func TestWorkOrderAttachmentIsChangedAndCleared(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	creator := tn.Member(t, "manager")
	id := makeWorkOrder(t, tn.Client, "x")
	day := types.NewDate(2030, time.February, 28)
	a := insertObject(t, creator, tn.ID, workorders.EntityWorkOrder, id, "a.txt", workorders.StorageObjectMetadata{
		Label: "L", Kind: "k", DocumentTypeKey: "sop", IsControlled: true, EffectiveDate: day, RevisionLabel: "R",
	})
	update := func(c *workorder.Client, p workorders.UpdateWorkOrderAttachmentParams) error {
		if p.AttachmentID == "" {
			p.AttachmentID = a.ID
		}
		return c.Attachments.UpdateWorkOrderAttachment(t.Context(), p)
	}

	require.NoError(t, update(creator.Client, workorders.UpdateWorkOrderAttachmentParams{Label: new(""), Kind: new("photo")}))
	got := getAttachment(t, tn.Client, a.ID)
	require.Nil(t, got.Label, "an empty label is none")
	require.Equal(t, "photo", *got.Kind)
	require.Equal(t, "sop", *got.DocumentTypeKey, "what is not given stays")
	require.Equal(t, day, *got.EffectiveDate)
	require.True(t, got.UpdatedAt.After(a.UpdatedAt))
	require.NoError(t, update(creator.Client, workorders.UpdateWorkOrderAttachmentParams{
		Kind: new(""), DocumentTypeKey: new(""), IsControlled: new(false), EffectiveDate: &types.Date{}, RevisionLabel: new(""),
	}))
	got = getAttachment(t, tn.Client, a.ID)
	for _, cleared := range []*string{got.Label, got.Kind, got.DocumentTypeKey, got.RevisionLabel} {
		require.Nil(t, cleared)
	}
	require.False(t, got.IsControlled)
	require.Nil(t, got.EffectiveDate)

	require.ErrorIs(t, update(tn.Client, workorders.UpdateWorkOrderAttachmentParams{Label: new("x")}), workorder.ErrNotFound,
		"somebody else's is not found")
	require.NoError(t, update(tn.Client, workorders.UpdateWorkOrderAttachmentParams{Label: new("x"), OfAnyone: true}),
		"unless it is asked for")
	require.Equal(t, "x", *getAttachment(t, tn.Client, a.ID).Label)
	require.ErrorIs(t, update(other.Client, workorders.UpdateWorkOrderAttachmentParams{Label: new("y"), OfAnyone: true}), workorder.ErrNotFound)
	require.ErrorIs(t, update(creator.Client, workorders.UpdateWorkOrderAttachmentParams{AttachmentID: unknownID, Label: new("y")}), workorder.ErrNotFound)
	onAsset := insertObject(t, tn.Admin, tn.ID, workorders.EntityAsset, makeAsset(t, tn, "Press", ""), "a.txt", workorders.StorageObjectMetadata{})
	require.ErrorIs(t, update(tn.Client, workorders.UpdateWorkOrderAttachmentParams{AttachmentID: onAsset.ID, Label: new("y")}), workorder.ErrNotFound)

	requireCode(t, "23514", update(creator.Client, workorders.UpdateWorkOrderAttachmentParams{Kind: new("Bad!")}))
	requireCode(t, "23503", update(creator.Client, workorders.UpdateWorkOrderAttachmentParams{DocumentTypeKey: new("poem")}))
	require.ErrorIs(t, update(creator.Client, workorders.UpdateWorkOrderAttachmentParams{}), workorder.ErrInvalidInput, "nothing to change")

	raw, err := creator.Supabase(t.Context())
	require.NoError(t, err)
	for _, tt := range []struct {
		change map[string]any
		code   string
	}{
		{map[string]any{"work_order_id": makeWorkOrder(t, tn.Client, "y")}, "P0001"},
		{map[string]any{"tenant_id": other.ID}, "P0001"},
		{map[string]any{"created_by": tn.Admin.ID}, "P0001"},
		{map[string]any{"file_id": onAsset.FileID}, "P0001"},
		{map[string]any{"is_controlled": nil}, "23502"},
	} {
		_, _, err := raw.From("v_work_order_attachments").Update(tt.change, "minimal", "").Eq("id", a.ID).Execute()
		require.ErrorContains(t, err, tt.code, "%v", tt.change)
	}
	require.Equal(t, "x", *getAttachment(t, tn.Client, a.ID).Label)
}

func TestLastAttachmentTakesItsFileAlong(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	creator := tn.Member(t, "manager")
	id, second, third := makeWorkOrder(t, tn.Client, "x"), makeWorkOrder(t, tn.Client, "y"), makeWorkOrder(t, tn.Client, "z")
	a := insertObject(t, creator, tn.ID, workorders.EntityWorkOrder, id, "a.txt", workorders.StorageObjectMetadata{})
	b, err := register(t, creator.Client, workorders.EntityWorkOrder, second, a.FileID)
	require.NoError(t, err)
	del := func(c *workorder.Client, id string, ofAnyone bool) error {
		return c.Attachments.Delete(t.Context(), workorders.DeleteAttachmentParams{AttachmentID: id, OfAnyone: ofAnyone})
	}

	require.ErrorIs(t, del(tn.Client, a.ID, false), workorder.ErrNotFound, "somebody else's is not found")
	require.ErrorIs(t, del(other.Client, a.ID, true), workorder.ErrNotFound)
	require.ErrorIs(t, del(creator.Client, unknownID, true), workorder.ErrNotFound)
	require.ErrorContains(t, del(creator.Client, "", true), "AttachmentID")
	require.NoError(t, del(creator.Client, a.ID, false))
	require.ErrorIs(t, del(creator.Client, a.ID, false), workorder.ErrNotFound)
	_, err = tn.Attachments.Get(t.Context(), a.ID)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	require.Equal(t, a.StoragePath, getAttachment(t, tn.Client, b).StoragePath, "the second attachment keeps the file")
	c, err := register(t, creator.Client, workorders.EntityWorkOrder, third, a.FileID)
	require.NoError(t, err)

	require.NoError(t, del(creator.Client, b, false))
	require.NoError(t, del(tn.Client, c, true), "an administrator removes anybody's")
	_, err = register(t, creator.Client, workorders.EntityWorkOrder, third, a.FileID)
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
	n, err := tn.Attachments.Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
	again := insertObject(t, creator, tn.ID, workorders.EntityWorkOrder, id, "a.txt", workorders.StorageObjectMetadata{})
	require.NotEqual(t, a.FileID, again.FileID, "the name is free again")
}

func TestAttachmentsAndTimeEntriesAreAudited(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	member := tn.Member(t, "member")
	asset, wo := makeAsset(t, tn, "Press", ""), makeWorkOrder(t, tn.Client, "x")
	onAsset := insertObject(t, member, tn.ID, workorders.EntityAsset, asset, "a.txt", workorders.StorageObjectMetadata{})
	require.NoError(t, tn.Attachments.UpdateMetadata(t.Context(), workorders.UpdateAttachmentMetadataParams{
		AttachmentID: onAsset.ID, Label: new("x"),
	}))
	onWorkOrder := insertObject(t, tn.Admin, tn.ID, workorders.EntityWorkOrder, wo, "a.txt", workorders.StorageObjectMetadata{})
	require.NoError(t, tn.Attachments.Delete(t.Context(), workorders.DeleteAttachmentParams{AttachmentID: onWorkOrder.ID}))
	entry := logTime(t, member.Client, workorders.LogTimeParams{WorkOrderID: wo, Minutes: 5})
	require.NoError(t, member.WorkOrders.UpdateTimeEntry(t.Context(), workorders.UpdateTimeEntryParams{TimeEntryID: entry, Minutes: new(6)}))
	require.NoError(t, tn.WorkOrders.DeleteTimeEntry(t.Context(), workorders.DeleteTimeEntryParams{TimeEntryID: entry, OfAnyone: true}))

	for id, want := range map[string][]string{
		onAsset.ID:     {"INSERT " + member.ID, "UPDATE " + tn.Admin.ID},
		onWorkOrder.ID: {"INSERT " + tn.Admin.ID, "DELETE " + tn.Admin.ID},
		entry:          {"INSERT " + member.ID, "UPDATE " + member.ID, "DELETE " + tn.Admin.ID},
	} {
		rows, err := tn.Audit.EntityChanges.List(t.Context(),
			query.Where(org.EntityChangeCols.RecordID.Eq(id)), query.OrderBy(org.EntityChangeCols.ID.Asc()))
		require.NoError(t, err)
		var got []string
		for _, row := range rows {
			got = append(got, row.Operation+" "+text(row.UserID))
		}
		require.Equal(t, want, got)
	}
}

// Nobody sees a row, so nobody's write of one touches any, and that is no error.
func TestAnonymousWritesOfTheViewsTouchNothing(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	insertObject(t, tn.Admin, tn.ID, workorders.EntityWorkOrder, id, "a.txt", workorders.StorageObjectMetadata{})
	logTime(t, tn.Client, workorders.LogTimeParams{WorkOrderID: id, Minutes: 5})
	for _, view := range []string{"v_work_order_attachments", "v_work_order_time_entries"} {
		for method, body := range map[string]string{http.MethodDelete: "", http.MethodPatch: `{"updated_at":"2030-01-01T00:00:00Z"}`} {
			req, err := http.NewRequestWithContext(t.Context(), method, stack.URL+"/rest/v1/"+view+"?work_order_id=eq."+id, strings.NewReader(body))
			require.NoError(t, err)
			req.Header.Set("apikey", stack.AnonKey)
			req.Header.Set("Authorization", "Bearer "+stack.AnonKey)
			if body != "" {
				req.Header.Set("Content-Type", "application/json")
			}
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, http.StatusNoContent, resp.StatusCode, "%s %s", method, view)
		}
	}
	require.Equal(t, 1, countAttachments(t, tn.Client, id))
}

// A PATCH answers with the row as it is stored, whatever it said of columns that
// it cannot change.
func TestPatchOfAViewAnswersWithWhatIsStored(t *testing.T) {
	t.Parallel()
	if !stack.local {
		t.Skip("the platform answers with what it was sent")
	}
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	a := insertObject(t, tn.Admin, tn.ID, workorders.EntityWorkOrder, id, "a.txt", workorders.StorageObjectMetadata{})
	entry := logTime(t, tn.Client, workorders.LogTimeParams{WorkOrderID: id, Minutes: 5})
	raw, err := tn.Supabase(t.Context())
	require.NoError(t, err)
	for _, tt := range []struct {
		view, id string
		change   map[string]any
	}{
		{"v_work_order_attachments", a.ID, map[string]any{"label": "L", "filename": "other", "storage_path": "other", "created_at": "2020-01-01T00:00:00Z"}},
		{"v_work_order_time_entries", entry, map[string]any{"minutes": 6, "user_name": "other", "created_by": nil, "created_at": "2020-01-01T00:00:00Z"}},
	} {
		echo, _, err := raw.From(tt.view).Update(tt.change, "representation", "").Eq("id", tt.id).Execute()
		require.NoError(t, err)
		stored, _, err := raw.From(tt.view).Select("*", "", false).Eq("id", tt.id).Execute()
		require.NoError(t, err)
		require.JSONEq(t, string(stored), string(echo))
		require.NotContains(t, string(echo), "other")
	}
}
