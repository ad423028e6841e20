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

// limit is how long a text may be, in characters, without the blanks around it,
// which the server takes off.
type limit struct {
	field string
	most  int
	do    func(ctx context.Context, c *workorder.Client, s string) error
}

// hold tries each text as long as it may be, and one character longer.
func hold(t *testing.T, limits []limit) {
	t.Helper()
	for _, tt := range limits {
		c, srv := apitest.New(t)
		fits := strings.Repeat("ü", tt.most)
		srv.Reply(200, `"x"`)
		require.NoError(t, tt.do(t.Context(), c, " "+fits+" "), tt.field)
		require.Len(t, srv.Requests(), 1)
		err := tt.do(t.Context(), c, fits+"é")
		require.ErrorIs(t, err, workorder.ErrInvalidInput, tt.field)
		require.ErrorContains(t, err, tt.field+" ")
		require.Len(t, srv.Requests(), 1, "the longer one is not sent")
	}
}

func TestDocumentedLengthsOfParts(t *testing.T) {
	hold(t, []limit{
		{"PartNumber", 100, func(ctx context.Context, c *workorder.Client, s string) error {
			return second(c.PartsInventory.CreatePart(ctx, inventory.CreatePartParams{PartNumber: s}))
		}},
		{"Barcode", 100, func(ctx context.Context, c *workorder.Client, s string) error {
			return second(c.PartsInventory.CreatePart(ctx, inventory.CreatePartParams{PartNumber: "P", Barcode: s}))
		}},
		{"PartNumber", 100, func(ctx context.Context, c *workorder.Client, s string) error {
			return c.PartsInventory.UpdatePart(ctx, inventory.UpdatePartParams{PartID: "p", PartNumber: &s})
		}},
		{"Barcode", 100, func(ctx context.Context, c *workorder.Client, s string) error {
			return c.PartsInventory.UpdatePart(ctx, inventory.UpdatePartParams{PartID: "p", Barcode: &s})
		}},
	})

	// Everything else of a part may be as long as one likes.
	c, srv := apitest.New(t)
	long := strings.Repeat("x", 5000)
	srv.Reply(200, `"p1"`)
	_, err := c.PartsInventory.CreatePart(t.Context(), inventory.CreatePartParams{PartNumber: "P", Name: long, Description: long, Unit: long, ExternalID: long})
	require.NoError(t, err)
}
