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
	type client = *workorder.Client
	for _, tt := range []struct {
		field string
		most  int
		trim  bool
		do    func(ctx context.Context, c client, s string) error
	}{
		{"Title", 500, false, func(ctx context.Context, c client, s string) error {
			_, err := c.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: s})
			return err
		}},
		{"ClientRequestID", 256, true, func(ctx context.Context, c client, s string) error {
			_, err := c.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: "x", ClientRequestID: s})
			return err
		}},
		{"Title", 500, false, func(ctx context.Context, c client, s string) error {
			_, err := c.WorkOrders.CreateRequest(ctx, workorders.CreateRequestParams{Title: s})
			return err
		}},
		{"Description", 1000, false, func(ctx context.Context, c client, s string) error {
			_, err := c.WorkOrders.LogTime(ctx, workorders.LogTimeParams{WorkOrderID: "w", Minutes: 5, Description: s})
			return err
		}},
		{"Description", 1000, false, func(ctx context.Context, c client, s string) error {
			return c.WorkOrders.UpdateTimeEntry(ctx, workorders.UpdateTimeEntryParams{TimeEntryID: "t", Description: &s, OfAnyone: true})
		}},
		{"Body", 8000, true, func(ctx context.Context, c client, s string) error {
			_, err := c.WorkOrders.AddCommsEvent(ctx, workorders.AddCommsEventParams{WorkOrderID: "w", Body: s})
			return err
		}},
		{"Note", 10000, true, func(ctx context.Context, c client, s string) error {
			return c.Mobile.Stop(ctx, workorders.StopParams{WorkOrderID: "w", Note: s})
		}},
		{"Body", 10000, false, func(ctx context.Context, c client, s string) error {
			_, err := c.Mobile.AddNote(ctx, workorders.AddNoteParams{WorkOrderID: "w", Body: s})
			return err
		}},
		{"EventKey", 100, true, func(ctx context.Context, c client, s string) error {
			return c.Notifications.UpsertPreference(ctx, workorders.UpsertPreferenceParams{EventKey: s})
		}},
		{"Name", 255, true, func(ctx context.Context, c client, s string) error {
			_, err := c.FieldOps.CreateTool(ctx, workorders.CreateToolParams{Name: s})
			return err
		}},
		{"Name", 255, true, func(ctx context.Context, c client, s string) error {
			return c.FieldOps.UpdateTool(ctx, workorders.UpdateToolParams{ToolID: "t", Name: &s})
		}},
		{"Label", 255, false, func(ctx context.Context, c client, s string) error {
			_, err := c.Attachments.Register(ctx, workorders.RegisterAttachmentParams{
				EntityType: workorders.EntityAsset, EntityID: "a", FileID: "f", Label: s,
			})
			return err
		}},
		{"Kind", 50, false, func(ctx context.Context, c client, s string) error {
			return c.Attachments.UpdateMetadata(ctx, workorders.UpdateAttachmentMetadataParams{AttachmentID: "a", Kind: &s})
		}},
		{"Label", 255, false, func(ctx context.Context, c client, s string) error {
			return c.Attachments.UpdateWorkOrderAttachment(ctx, workorders.UpdateWorkOrderAttachmentParams{
				AttachmentID: "a", Label: &s, OfAnyone: true,
			})
		}},
		{"Kind", 50, false, func(ctx context.Context, c client, s string) error {
			return c.Attachments.UpdateWorkOrderAttachment(ctx, workorders.UpdateWorkOrderAttachmentParams{
				AttachmentID: "a", Kind: &s, OfAnyone: true,
			})
		}},
		{"Status", 50, true, func(ctx context.Context, c client, s string) error {
			_, err := c.FieldOps.CreateTool(ctx, workorders.CreateToolParams{Name: "x", Status: s})
			return err
		}},
		{"Status", 50, true, func(ctx context.Context, c client, s string) error {
			return c.FieldOps.UpdateTool(ctx, workorders.UpdateToolParams{ToolID: "t", Status: &s})
		}},
		{"Kind", 50, false, func(ctx context.Context, c client, s string) error {
			_, err := c.Attachments.Register(ctx, workorders.RegisterAttachmentParams{
				EntityType: workorders.EntityAsset, EntityID: "a", FileID: "f", Kind: s,
			})
			return err
		}},
		{"Label", 255, false, func(ctx context.Context, c client, s string) error {
			return c.Attachments.UpdateMetadata(ctx, workorders.UpdateAttachmentMetadataParams{AttachmentID: "a", Label: &s})
		}},
		{"StoragePath", 1024, false, func(ctx context.Context, c client, s string) error {
			return c.Attachments.InsertStorageObject(ctx, insertObject(s, workorders.StorageObjectMetadata{}))
		}},
		{"Metadata.Kind", 50, false, func(ctx context.Context, c client, s string) error {
			return c.Attachments.InsertStorageObject(ctx, insertObject("p", workorders.StorageObjectMetadata{Kind: s}))
		}},
	} {
		c, srv := apitest.New(t)
		fits := strings.Repeat("ü", tt.most)
		err := tt.do(t.Context(), c, fits+"ü")
		require.ErrorIs(t, err, workorder.ErrInvalidInput, tt.field)
		require.ErrorContains(t, err, tt.field)
		require.ErrorContains(t, err, "is longer than")
		srv.WantNoRequest(t)
		for _, s := range []string{fits, "  " + fits + " "} {
			if s != fits && !tt.trim {
				continue
			}
			srv.Reply(200, `[{"id":"x"}]`) // what comes back does not matter
			_ = tt.do(t.Context(), c, s)
			require.Len(t, srv.Requests(), 1, tt.field)
			c, srv = apitest.New(t)
		}
	}
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
