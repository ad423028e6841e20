package plugins

import (
	"context"
	"fmt"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// DeliveryStatus is where a delivery stands.
type DeliveryStatus string

// The statuses of deliveries.
const (
	DeliveryPending   DeliveryStatus = "pending"   // waits to be sent, for the first time or again
	DeliverySending   DeliveryStatus = "sending"   // sent; the answer is not in yet
	DeliveryDelivered DeliveryStatus = "delivered" // answered with 2xx
	DeliveryDead      DeliveryStatus = "dead"      // failed eight times, or the config has no webhook_url
	DeliveryFailed    DeliveryStatus = "failed"    // the platform never sets it
)

// maxBatch is the most that the platform takes at once.
const maxBatch = 200

// ProcessDeliveries takes the answers to deliveries that were sent and sends those
// that are due, up to batchSize of each, of all tenants. Zero means 25. It returns
// how many it was busy with. The platform does this every minute by itself. A
// delivery needs two calls: one to be sent, one to see its answer.
//
// Needs a client with the service-role key; others get ErrPermissionDenied. On the
// platform it fails with ErrInvalidInput for all tenants while one installation has
// a timeout_ms that is no integer.
//
// TypeScript: plugins.processDeliveries.
func (s *Service) ProcessDeliveries(ctx context.Context, batchSize int) (int, error) {
	const op = "Plugins.ProcessDeliveries"
	if batchSize < 0 || batchSize > maxBatch {
		return 0, sdkerr.Invalid(op, "batchSize", fmt.Sprintf("is not between 0 and %d", maxBatch))
	}
	return postgrest.Call[int](ctx, s.rpc, op, processPluginDeliveriesArgs{BatchSize: postgrest.NullIfZero(batchSize)})
}
