package postgres

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSweepStopsALeftoverServer stands for systems that do not tell a child of
// its parent's death, and for a server that is slow to notice.
func TestSweepStopsALeftoverServer(t *testing.T) {
	t.Parallel()
	parent := shortDir(t)
	server, dir := start(t, parent, false)
	Sweep(parent, slog.New(slog.DiscardHandler))
	require.DirExists(t, dir.Data(), "a live one stays")
	requireAnswer(t, server)

	require.NoError(t, dir.lock.Close())
	dir.lock = nil
	Sweep(parent, slog.New(slog.DiscardHandler))
	require.NoDirExists(t, dir.path)
	requireEnded(t, server)
}

func TestSweepSparesWhatIsNotStale(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"other", runDirPrefix + "fresh", runDirPrefix + "old"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o700))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, runDirPrefix+"file"), nil, 0o600))
	hourAgo := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(dir, runDirPrefix+"old"), hourAgo, hourAgo))

	Sweep(dir, slog.New(slog.DiscardHandler))

	require.DirExists(t, filepath.Join(dir, "other"))
	require.FileExists(t, filepath.Join(dir, runDirPrefix+"file"))
	require.DirExists(t, filepath.Join(dir, runDirPrefix+"fresh"), "just being made")
	require.NoDirExists(t, filepath.Join(dir, runDirPrefix+"old"))
}
