package postgrest

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/api"
)

// needTenant refuses to read a view of a tenant with a token that names none.
func needTenant(ctx context.Context, conn *api.Conn, op string, anyTenant bool) error {
	if anyTenant {
		return nil
	}
	return conn.NeedTenant(ctx, op)
}
