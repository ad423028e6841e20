package workorders_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/workorders"
)

// Text is counted in characters: up to the documented number it is sent, one
// more is refused before.
func TestDocumentedLengths(t *testing.T) {
	apitest.WantLimit(t, "Title", 500, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: s}))
	})
	apitest.WantTrimmedLimit(t, "ClientRequestID", 256, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: "x", ClientRequestID: s}))
	})
	apitest.WantLimit(t, "Title", 500, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.WorkOrders.CreateRequest(ctx, workorders.CreateRequestParams{Title: s}))
	})
	apitest.WantLimit(t, "Description", 1000, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.WorkOrders.LogTime(ctx, workorders.LogTimeParams{WorkOrderID: "w", Minutes: 5, Description: s}))
	})
	apitest.WantLimit(t, "Description", 1000, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.WorkOrders.UpdateTimeEntry(ctx, workorders.UpdateTimeEntryParams{TimeEntryID: "t", Description: &s, OfAnyone: true})
	})
	apitest.WantTrimmedLimit(t, "Body", 8000, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.WorkOrders.AddCommsEvent(ctx, workorders.AddCommsEventParams{WorkOrderID: "w", Body: s}))
	})
	apitest.WantTrimmedLimit(t, "Note", 10000, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.Mobile.Stop(ctx, workorders.StopParams{WorkOrderID: "w", Note: s})
	})
	apitest.WantLimit(t, "Body", 10000, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.Mobile.AddNote(ctx, workorders.AddNoteParams{WorkOrderID: "w", Body: s}))
	})
	apitest.WantTrimmedLimit(t, "EventKey", 100, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.Notifications.UpsertPreference(ctx, workorders.UpsertPreferenceParams{EventKey: s})
	})
	apitest.WantTrimmedLimit(t, "Name", 255, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.FieldOps.CreateTool(ctx, workorders.CreateToolParams{Name: s}))
	})
	apitest.WantTrimmedLimit(t, "Name", 255, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.FieldOps.UpdateTool(ctx, workorders.UpdateToolParams{ToolID: "t", Name: &s})
	})
	apitest.WantLimit(t, "Label", 255, func(ctx context.Context, c *workorder.Client, s string) error {
		_, err := c.Attachments.Register(ctx, workorders.RegisterAttachmentParams{
			EntityType: workorders.EntityAsset, EntityID: "a", FileID: "f", Label: s,
		})
		return err
	})
	apitest.WantLimit(t, "Kind", 50, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.Attachments.UpdateMetadata(ctx, workorders.UpdateAttachmentMetadataParams{AttachmentID: "a", Kind: &s})
	})
	apitest.WantLimit(t, "Label", 255, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.Attachments.UpdateWorkOrderAttachment(ctx, workorders.UpdateWorkOrderAttachmentParams{
			AttachmentID: "a", Label: &s, OfAnyone: true,
		})
	})
	apitest.WantLimit(t, "Kind", 50, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.Attachments.UpdateWorkOrderAttachment(ctx, workorders.UpdateWorkOrderAttachmentParams{
			AttachmentID: "a", Kind: &s, OfAnyone: true,
		})
	})
	apitest.WantTrimmedLimit(t, "Status", 50, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.FieldOps.CreateTool(ctx, workorders.CreateToolParams{Name: "x", Status: s}))
	})
	apitest.WantTrimmedLimit(t, "Status", 50, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.FieldOps.UpdateTool(ctx, workorders.UpdateToolParams{ToolID: "t", Status: &s})
	})
	apitest.WantLimit(t, "Kind", 50, func(ctx context.Context, c *workorder.Client, s string) error {
		_, err := c.Attachments.Register(ctx, workorders.RegisterAttachmentParams{
			EntityType: workorders.EntityAsset, EntityID: "a", FileID: "f", Kind: s,
		})
		return err
	})
	apitest.WantLimit(t, "Label", 255, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.Attachments.UpdateMetadata(ctx, workorders.UpdateAttachmentMetadataParams{AttachmentID: "a", Label: &s})
	})
	apitest.WantLimit(t, "StoragePath", 1024, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.Attachments.InsertStorageObject(ctx, insertObject(s, workorders.StorageObjectMetadata{}))
	})
	apitest.WantLimit(t, "Metadata.Kind", 50, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.Attachments.InsertStorageObject(ctx, insertObject("p", workorders.StorageObjectMetadata{Kind: s}))
	})
}

func TestStorageObjectMetadataIsText(t *testing.T) {
	c, srv := apitest.New(t)
	for _, m := range []workorders.StorageObjectMetadata{
		{Label: "Pr\xfcfbericht"}, {RevisionLabel: "a\x00"}, {Label: strings.Repeat("ü", 256)},
	} {
		err := c.Attachments.InsertStorageObject(t.Context(), insertObject("t1/asset/a1/x.pdf", m))
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
	}
	err := c.Attachments.InsertStorageObject(t.Context(), insertObject("t1/asset/a1/x.pdf", workorders.StorageObjectMetadata{Kind: strings.Repeat("k", 51)}))
	require.ErrorContains(t, err, "Metadata.Kind is longer than 50 characters")
	srv.WantNoRequest(t)
}

func insertObject(path string, m workorders.StorageObjectMetadata) workorders.InsertStorageObjectParams {
	return workorders.InsertStorageObjectParams{
		EntityType: workorders.EntityAsset, EntityID: "a1", StoragePath: path, OwnerID: "u1", Metadata: m,
	}
}
