package sdkerr

import (
	"context"
	"errors"
	"fmt"
)

// ContextError is the error of a context that is over, and its cause beside it when
// whoever ended it gave one.
func ContextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}
