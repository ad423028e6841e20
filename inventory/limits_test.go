package inventory_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/inventory"
)

func TestDocumentedLengthsOfParts(t *testing.T) {
	apitest.WantTrimmedLimit(t, "PartNumber", 100, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.PartsInventory.CreatePart(ctx, inventory.CreatePartParams{PartNumber: s}))
	})
	apitest.WantTrimmedLimit(t, "Barcode", 100, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.PartsInventory.CreatePart(ctx, inventory.CreatePartParams{PartNumber: "P", Barcode: s}))
	})
	apitest.WantTrimmedLimit(t, "PartNumber", 100, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.PartsInventory.UpdatePart(ctx, inventory.UpdatePartParams{PartID: "p", PartNumber: &s})
	})
	apitest.WantTrimmedLimit(t, "Barcode", 100, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.PartsInventory.UpdatePart(ctx, inventory.UpdatePartParams{PartID: "p", Barcode: &s})
	})

	// Everything else of a part may be as long as one likes.
	c, srv := apitest.New(t)
	long := strings.Repeat("x", 5000)
	srv.Reply(200, `"p1"`)
	_, err := c.PartsInventory.CreatePart(t.Context(), inventory.CreatePartParams{PartNumber: "P", Name: long, Description: long, Unit: long, ExternalID: long})
	require.NoError(t, err)
}
