package workorders

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/internal/storage"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

// AttachmentService stores files and attaches them to work orders, assets and
// other entities. A file lies in the private Storage bucket "attachments"; an
// attachment links it to one entity and carries its label and kind. Its readers
// cover v_entity_attachments, the attachments of all entities, newest first.
// Any member of the token's tenant may read them all.
//
// TypeScript: workOrders.updateAttachmentMetadata and
// mobile.registerEntityAttachment; the rest is not in the TypeScript SDK.
type AttachmentService struct {
	postgrest.View[EntityAttachment]
	// WorkOrders reads v_work_order_attachments, newest first.
	WorkOrders postgrest.View[WorkOrderAttachment]
	// Assets reads v_asset_attachments, newest first.
	Assets postgrest.View[AssetAttachment]
	// Locations reads v_location_attachments, newest first.
	Locations postgrest.View[LocationAttachment]

	conn   *api.Conn
	rpc    postgrest.Caller
	bucket storage.Bucket
}

// attachmentsOfWorkOrders is the list that WorkOrders.Attachments shows as well.
var attachmentsOfWorkOrders = postgrest.At(workOrderAttachmentView, "Attachments.WorkOrders")

func (s *AttachmentService) bind(conn *api.Conn) {
	s.View = postgrest.NewView(conn, &entityAttachmentView)
	s.WorkOrders = postgrest.NewView(conn, attachmentsOfWorkOrders)
	s.Assets = postgrest.NewView(conn, &assetAttachmentView)
	s.Locations = postgrest.NewView(conn, &locationAttachmentView)
	s.conn = conn
	s.rpc = postgrest.NewCaller(conn)
	s.bucket = storage.NewBucket(conn, "attachments")
}

// EntityType is the kind of thing that a file can be attached to.
type EntityType string

// The kinds of entities with attachments. Any member of the tenant may attach
// files to them, with two exceptions.
const (
	EntityWorkOrder           EntityType = "work_order" // its assignee, and holders of workorder.edit
	EntityAsset               EntityType = "asset"
	EntityLocation            EntityType = "location"
	EntityPurchaseOrder       EntityType = "purchase_order"
	EntityPurchaseRequisition EntityType = "purchase_requisition"
	EntityPart                EntityType = "part"
	EntitySupplier            EntityType = "supplier"
	EntityIncident            EntityType = "incident"
	EntityInspectionRun       EntityType = "inspection_run"
	EntityShiftHandover       EntityType = "shift_handover" // its two users
)

// RegisterAttachmentParams names a file and what to attach it to.
type RegisterAttachmentParams struct {
	TenantID   string     // optional: the client's tenant
	EntityType EntityType // required
	EntityID   string     // required
	FileID     string     // required: EntityAttachment.FileID of another attachment
	Label      string     // up to 255 characters
	Kind       string     // 1–50 of a–z, 0–9 and _
}

// Register attaches a file that has been uploaded before to another entity and
// returns the id of the attachment.
//
// Who may is told at EntityType; others, and an entity that does not exist,
// get ErrPermissionDenied. Fails with ErrRuleViolation when the file does not
// exist, ErrConflict when it is attached to the entity already and
// ErrInvalidInput when the label or the kind is malformed.
//
// TypeScript: mobile.registerEntityAttachment.
func (s *AttachmentService) Register(ctx context.Context, p RegisterAttachmentParams) (string, error) {
	const op = "Attachments.Register"
	if err := sdkerr.RequireText(op, "EntityType", string(p.EntityType), "EntityID", p.EntityID, "FileID", p.FileID); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, registerEntityAttachmentArgs{
		TenantID:   p.TenantID,
		EntityType: p.EntityType,
		EntityID:   p.EntityID,
		FileID:     p.FileID,
		Label:      postgrest.NullIfZero(p.Label),
		Kind:       postgrest.NullIfZero(p.Kind),
	})
}

// UpdateAttachmentMetadataParams says what to change. A nil field stays as it
// is; nothing can be cleared (see UpdateWorkOrderAttachment).
type UpdateAttachmentMetadataParams struct {
	AttachmentID    string  // required
	Label           *string // 1–255 characters
	Kind            *string // 1–50 of a–z, 0–9 and _
	DocumentTypeKey *string // key of one of the tenant's document types, such as "manual"
	IsControlled    *bool   // the document is subject to revision control
	EffectiveDate   *types.Date
	RevisionLabel   *string
}

// UpdateMetadata changes what an attachment of any entity says about its file.
//
// The attachment's creator and members with the role admin or manager may.
// Fails with ErrRuleViolation for anybody else, as for an attachment that does
// not exist; with ErrInvalidInput when a value is malformed; and with
// ErrInvalidReference when the document type is unknown.
//
// TypeScript: workOrders.updateAttachmentMetadata, which sends label and kind
// only.
func (s *AttachmentService) UpdateMetadata(ctx context.Context, p UpdateAttachmentMetadataParams) error {
	const op = "Attachments.UpdateMetadata"
	if err := sdkerr.RequireText(op, "AttachmentID", p.AttachmentID); err != nil {
		return err
	}
	if err := sdkerr.RefuseZero(op, "EffectiveDate", p.EffectiveDate); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updateEntityAttachmentMetadataArgs(p))
}

// UpdateWorkOrderAttachmentParams says what to change. A nil field stays as it
// is; a zero value clears it.
type UpdateWorkOrderAttachmentParams struct {
	AttachmentID    string      // required
	Label           *string     // up to 255 characters; "": none
	Kind            *string     // up to 50 of a–z, 0–9 and _; "": none
	DocumentTypeKey *string     // "": none
	IsControlled    *bool       // the document is subject to revision control
	EffectiveDate   *types.Date // zero: none
	RevisionLabel   *string     // "": none
	OfAnyone        bool        // also an attachment that somebody else made
}

// UpdateWorkOrderAttachment changes and clears what an attachment of a work
// order says about its file.
//
// The platform lets every member of the tenant do it. So that a wrong id does
// no harm, the SDK changes only attachments that the signed-in user made,
// unless OfAnyone is set: check before who is asking, or use UpdateMetadata,
// where the server checks. Fails with ErrNotFound when there is no such
// attachment of a work order in the token's tenant, ErrInvalidInput when a
// value is malformed or nothing is to change, and ErrInvalidReference when the
// document type is unknown.
//
// Not in the TypeScript SDK.
func (s *AttachmentService) UpdateWorkOrderAttachment(ctx context.Context, p UpdateWorkOrderAttachmentParams) error {
	const op = "Attachments.UpdateWorkOrderAttachment"
	if err := sdkerr.RequireText(op, "AttachmentID", p.AttachmentID); err != nil {
		return err
	}
	if err := postgrest.MaxLength(op, "Label", p.Label, 255); err != nil {
		return err
	}
	if err := postgrest.MaxLength(op, "Kind", p.Kind, 50); err != nil {
		return err
	}
	changes := map[string]any{}
	for column, text := range map[string]*string{
		"label":             p.Label,
		"kind":              p.Kind,
		"document_type_key": p.DocumentTypeKey,
		"revision_label":    p.RevisionLabel,
	} {
		if text != nil {
			changes[column] = postgrest.NullIfZero(*text)
		}
	}
	if p.IsControlled != nil {
		changes["is_controlled"] = *p.IsControlled
	}
	if p.EffectiveDate != nil {
		changes["effective_date"] = postgrest.NullIfZero(*p.EffectiveDate)
	}
	own, err := s.ownAttachments(ctx, op, p.OfAnyone)
	if err != nil {
		return err
	}
	return postgrest.Update(ctx, s.rpc, op, &workOrderAttachmentView, p.AttachmentID, changes, own)
}

// DeleteAttachmentParams names an attachment of a work order.
type DeleteAttachmentParams struct {
	AttachmentID string // required
	OfAnyone     bool   // also an attachment that somebody else made
}

// Delete takes a file off a work order. The file goes with its last attachment.
//
// The platform offers it for work orders only: attachments of other entities go
// with their entity. (Deleting the object in Storage would leave the rows
// behind.) As for UpdateWorkOrderAttachment, the platform lets every member of
// the tenant do it, and the SDK deletes only attachments that the signed-in
// user made, unless OfAnyone is set. Fails with ErrNotFound when there is no
// such attachment of a work order in the token's tenant.
//
// Not in the TypeScript SDK.
func (s *AttachmentService) Delete(ctx context.Context, p DeleteAttachmentParams) error {
	const op = "Attachments.Delete"
	if err := sdkerr.RequireText(op, "AttachmentID", p.AttachmentID); err != nil {
		return err
	}
	own, err := s.ownAttachments(ctx, op, p.OfAnyone)
	if err != nil {
		return err
	}
	return postgrest.Delete(ctx, s.rpc, op, &workOrderAttachmentView, p.AttachmentID, own)
}

// ownAttachments matches the attachments that the signed-in user may change
// without asking for OfAnyone.
func (s *AttachmentService) ownAttachments(ctx context.Context, op string, ofAnyone bool) (query.Filter, error) {
	if ofAnyone {
		return query.Filter{}, nil
	}
	user, err := s.rpc.UserID(ctx, op)
	if err != nil {
		return query.Filter{}, err
	}
	return workOrderAttachmentCols.CreatedBy.Eq(user), nil
}

// StorageObjectMetadata is what an object says about itself when its row is
// made by hand.
type StorageObjectMetadata struct {
	ContentType     string     `json:"content_type,omitempty"`
	ByteSize        int64      `json:"byte_size,omitempty"`
	Label           string     `json:"label,omitempty"`
	Kind            string     `json:"kind,omitempty"`
	DocumentTypeKey string     `json:"document_type_key,omitempty"`
	IsControlled    bool       `json:"is_controlled,omitempty"`
	EffectiveDate   types.Date `json:"effective_date,omitzero"`
	RevisionLabel   string     `json:"revision_label,omitempty"`
}

// InsertStorageObjectParams describes the row of a stored object.
type InsertStorageObjectParams struct {
	TenantID    string     // optional: the client's tenant
	EntityType  EntityType // required
	EntityID    string     // required
	StoragePath string     // required: {tenant}/{entity type}/{entity}/{file name}
	OwnerID     string     // required: the signed-in user
	Metadata    StorageObjectMetadata
}

// InsertStorageObject makes the row of an object in the bucket "attachments",
// and with it the file and its attachment, but stores no bytes: it is for
// deployments that put them there by other means. Everybody else wants Upload.
//
// Who may is told at EntityType (ErrPermissionDenied, also when OwnerID is not
// the signed-in user). Fails with ErrRuleViolation when the path does not fit
// the other fields, ErrConflict when it is taken, ErrInvalidInput when a value
// is malformed and ErrInvalidReference when the document type is unknown.
//
// Not in the TypeScript SDK.
func (s *AttachmentService) InsertStorageObject(ctx context.Context, p InsertStorageObjectParams) error {
	const op = "Attachments.InsertStorageObject"
	if err := postgrest.MaxLength(op, "StoragePath", &p.StoragePath, 1024); err != nil {
		return err
	}
	if err := sdkerr.RequireText(op, "EntityType", string(p.EntityType), "EntityID", p.EntityID,
		"StoragePath", p.StoragePath, "OwnerID", p.OwnerID); err != nil {
		return err
	}
	var metadata json.RawMessage
	if m := p.Metadata; m != (StorageObjectMetadata{}) {
		err := cmp.Or(
			postgrest.MaxLength(op, "Metadata.Label", &m.Label, 255),
			postgrest.MaxLength(op, "Metadata.Kind", &m.Kind, 50),
		)
		if err != nil {
			return err
		}
		if metadata, err = postgrest.Body(op, p.Metadata); err != nil {
			return err
		}
	}
	return postgrest.Exec(ctx, s.rpc, op, insertAttachmentStorageObjectArgs{
		TenantID:   p.TenantID,
		EntityType: p.EntityType,
		EntityID:   p.EntityID,
		Name:       p.StoragePath,
		OwnerID:    p.OwnerID,
		Metadata:   metadata,
	})
}
