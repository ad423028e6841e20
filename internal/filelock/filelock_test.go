package filelock_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/filelock"
)

func TestALockHasOneHolderUntilItsFileIsClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	open := func() *os.File {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		require.NoError(t, err)
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	try := func(f *os.File) bool {
		got, err := filelock.Try(f)
		require.NoError(t, err)
		return got
	}
	first, second := open(), open()
	require.True(t, try(first))
	require.False(t, try(second))
	require.NoError(t, first.Close())
	require.True(t, try(second))
	_, err := filelock.Try(first)
	require.Error(t, err, "closed")
}
