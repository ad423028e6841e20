package poll

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failure := errors.New("failure")
		for name, tc := range map[string]struct {
			tries int // that do neither
			err   error
			want  error
		}{
			"at once": {0, nil, nil},
			"later":   {5, nil, nil},
			"fails":   {2, failure, failure},
			"never":   {1 << 30, nil, context.DeadlineExceeded},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			start, tries := time.Now(), 0
			err := Until(ctx, time.Millisecond, 8*time.Millisecond, func() (bool, error) {
				tries++
				if tries <= tc.tries {
					return false, nil
				}
				return tc.err == nil, tc.err
			})
			require.ErrorIs(t, err, tc.want, name)
			if name == "never" {
				require.Equal(t, time.Second, time.Since(start))
				require.Greater(t, tries, 100)
			}
			cancel()
			require.ErrorIs(t, Until(ctx, 1, 1, func() (bool, error) { panic("not asked") }), ctx.Err(), name)
		}
	})
}
