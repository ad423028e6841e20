package workorders_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

func TestAttachmentCalls(t *testing.T) {
	apitest.RunCalls(t, []apitest.Call{
		{
			Name: "Register",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Attachments.Register(ctx, workorders.RegisterAttachmentParams{
					EntityType: workorders.EntityAsset, EntityID: "a1", FileID: "f1", Kind: "photo",
				})
			},
			RPC: "rpc_register_entity_attachment",
			Body: `{"p_tenant_id":"t1","p_entity_type":"asset","p_entity_id":"a1","p_file_id":"f1","p_label":null,
				"p_kind":"photo"}`,
			Reply: `"x1"`, Want: "x1",
		},
		{
			Name: "UpdateMetadata",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Attachments.UpdateMetadata(ctx, workorders.UpdateAttachmentMetadataParams{AttachmentID: "x1", Label: new("L")})
			},
			RPC: "rpc_update_entity_attachment_metadata",
			Body: `{"p_attachment_id":"x1","p_label":"L","p_kind":null,"p_document_type_key":null,"p_is_controlled":null,
				"p_effective_date":null,"p_revision_label":null}`,
		},
		{
			Name: "UpdateMetadata with everything",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Attachments.UpdateMetadata(ctx, workorders.UpdateAttachmentMetadataParams{
					AttachmentID: "x1", Label: new("L"), Kind: new("photo"), DocumentTypeKey: new("manual"), IsControlled: new(false),
					EffectiveDate: new(types.NewDate(2026, time.March, 4)), RevisionLabel: new("B"),
				})
			},
			RPC: "rpc_update_entity_attachment_metadata",
			Body: `{"p_attachment_id":"x1","p_label":"L","p_kind":"photo","p_document_type_key":"manual","p_is_controlled":false,
				"p_effective_date":"2026-03-04","p_revision_label":"B"}`,
		},
		{
			Name: "InsertStorageObject",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Attachments.InsertStorageObject(ctx, workorders.InsertStorageObjectParams{
					EntityType: workorders.EntityWorkOrder, EntityID: "w1", StoragePath: "t1/work_order/w1/a.pdf", OwnerID: "u1",
				})
			},
			RPC: "rpc_insert_attachment_storage_object",
			Body: `{"p_tenant_id":"t1","p_entity_type":"work_order","p_entity_id":"w1","p_name":"t1/work_order/w1/a.pdf",
				"p_owner_id":"u1"}`,
		},
		{
			Name: "InsertStorageObject with everything",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Attachments.InsertStorageObject(ctx, workorders.InsertStorageObjectParams{
					EntityType: workorders.EntityWorkOrder, EntityID: "w1", StoragePath: "t1/work_order/w1/a.pdf", OwnerID: "u1",
					Metadata: workorders.StorageObjectMetadata{
						ContentType: "application/pdf", ByteSize: 7, Label: "L", Kind: "k", DocumentTypeKey: "manual",
						IsControlled: true, EffectiveDate: types.NewDate(2026, time.March, 4), RevisionLabel: "B",
					},
				})
			},
			RPC: "rpc_insert_attachment_storage_object",
			Body: `{"p_tenant_id":"t1","p_entity_type":"work_order","p_entity_id":"w1","p_name":"t1/work_order/w1/a.pdf",
				"p_owner_id":"u1","p_metadata":{"content_type":"application/pdf","byte_size":7,"label":"L","kind":"k",
				"document_type_key":"manual","is_controlled":true,"effective_date":"2026-03-04","revision_label":"B"}}`,
		},
	})
}

func TestWritesThroughViews(t *testing.T) {
	const (
		ownEntry      = `(id.eq."e1",or(user_id.eq."u1",created_by.eq."u1"))`
		ownAttachment = `(id.eq."x1",created_by.eq."u1")`
	)
	day := types.NewDate(2026, time.March, 4)
	for _, tc := range []struct {
		name   string
		do     func(ctx context.Context, c *workorder.Client) error
		method string
		view   string
		and    string
		body   string
	}{
		{
			name: "a time entry of one's own",
			do: func(ctx context.Context, c *workorder.Client) error {
				return c.WorkOrders.UpdateTimeEntry(ctx, workorders.UpdateTimeEntryParams{TimeEntryID: "e1", Minutes: new(45)})
			},
			method: http.MethodPatch, view: "v_work_order_time_entries", and: ownEntry, body: `{"minutes":45}`,
		},
		{
			name: "anybody's time entry",
			do: func(ctx context.Context, c *workorder.Client) error {
				return c.WorkOrders.UpdateTimeEntry(ctx, workorders.UpdateTimeEntryParams{
					TimeEntryID: "e1", EntryDate: &day, Description: new(""), LoggedAt: &start, OfAnyone: true,
				})
			},
			method: http.MethodPatch, view: "v_work_order_time_entries", and: `(id.eq."e1")`,
			body: `{"entry_date":"2026-03-04","description":null,"logged_at":"2026-03-04T07:00:00Z"}`,
		},
		{
			name: "deleting a time entry of one's own",
			do: func(ctx context.Context, c *workorder.Client) error {
				return c.WorkOrders.DeleteTimeEntry(ctx, workorders.DeleteTimeEntryParams{TimeEntryID: "e1"})
			},
			method: http.MethodDelete, view: "v_work_order_time_entries", and: ownEntry,
		},
		{
			name: "deleting anybody's time entry",
			do: func(ctx context.Context, c *workorder.Client) error {
				return c.WorkOrders.DeleteTimeEntry(ctx, workorders.DeleteTimeEntryParams{TimeEntryID: "e1", OfAnyone: true})
			},
			method: http.MethodDelete, view: "v_work_order_time_entries", and: `(id.eq."e1")`,
		},
		{
			name: "an attachment of one's own",
			do: func(ctx context.Context, c *workorder.Client) error {
				return c.Attachments.UpdateWorkOrderAttachment(ctx, workorders.UpdateWorkOrderAttachmentParams{
					AttachmentID: "x1", Label: new(""), Kind: new("photo"), DocumentTypeKey: new(""), IsControlled: new(false),
					EffectiveDate: &types.Date{}, RevisionLabel: new("B"),
				})
			},
			method: http.MethodPatch, view: "v_work_order_attachments", and: ownAttachment,
			body: `{"label":null,"kind":"photo","document_type_key":null,"is_controlled":false,"effective_date":null,"revision_label":"B"}`,
		},
		{
			name: "deleting an attachment of one's own",
			do: func(ctx context.Context, c *workorder.Client) error {
				return c.Attachments.Delete(ctx, workorders.DeleteAttachmentParams{AttachmentID: "x1"})
			},
			method: http.MethodDelete, view: "v_work_order_attachments", and: ownAttachment,
		},
		{
			name: "deleting anybody's attachment",
			do: func(ctx context.Context, c *workorder.Client) error {
				return c.Attachments.Delete(ctx, workorders.DeleteAttachmentParams{AttachmentID: "x1", OfAnyone: true})
			},
			method: http.MethodDelete, view: "v_work_order_attachments", and: `(id.eq."x1")`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, srv := apitest.New(t)
			srv.Reply(http.StatusOK, `[{"id":"x"}]`)
			require.NoError(t, tc.do(t.Context(), c))
			got := srv.WantRequest(t, tc.method, "/rest/v1/"+tc.view, tc.body)
			require.Equal(t, tc.and, got.Query.Get("and"))
			require.Equal(t, "id", got.Query.Get("select"))
			require.Equal(t, "return=representation", got.Header.Get("Prefer"))
			require.Equal(t, "public", got.Header.Get("Content-Profile"))

			// To the server, writing no row is a success.
			srv.Reply(http.StatusOK, `[]`)
			require.ErrorIs(t, tc.do(t.Context(), c), workorder.ErrNotFound)

			srv.ReplyError(http.StatusBadRequest, "23514", "out of range")
			require.ErrorIs(t, tc.do(t.Context(), c), workorder.ErrInvalidInput)

			srv.Reply(http.StatusOK, `{`)
			require.ErrorIs(t, tc.do(t.Context(), c), workorder.ErrDecode)
		})
	}
}

func TestWritesThroughViewsAreNotRepeatedBlindly(t *testing.T) {
	c, srv := apitest.New(t, workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 3, BaseDelay: time.Microsecond}))
	srv.ReplyError(http.StatusServiceUnavailable, "PGRST001", "the connection broke")
	err := c.WorkOrders.DeleteTimeEntry(t.Context(), workorders.DeleteTimeEntryParams{TimeEntryID: "e1"})
	require.ErrorIs(t, err, workorder.ErrUnavailable)
	require.Len(t, srv.Requests(), 1)
}

// Whose entries an API key may change is nobody's guess.
func TestOwnRowsNeedAUser(t *testing.T) {
	srv := apitest.NewServer(t)
	c := srv.Client(t)
	require.ErrorIs(t, c.WorkOrders.DeleteTimeEntry(t.Context(), workorders.DeleteTimeEntryParams{TimeEntryID: "e1"}), workorder.ErrUnauthenticated)
	require.ErrorIs(t, c.Attachments.Delete(t.Context(), workorders.DeleteAttachmentParams{AttachmentID: "x1"}), workorder.ErrUnauthenticated)
	srv.WantNoRequest(t)
}
