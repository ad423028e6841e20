package devstack

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/internal/postgres"
)

func TestStartAfterAKillBeforeThereWasACluster(t *testing.T) {
	t.Parallel()
	box := newColdSandbox(t)
	account, err := postgres.Unprivileged()
	require.NoError(t, err)
	killed, err := postgres.NewRunDir(box.temp, account)
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(killed.Data()), "killed before that was made")
	killed.Abandon()
	clusters := filepath.Join(box.cache, "clusters")
	require.NoError(t, os.MkdirAll(clusters, 0o755))
	half := filepath.Join(clusters, unfinishedPrefix+"1")
	require.NoError(t, os.WriteFile(half, []byte("half a template"), 0o600))

	stack := box.start(t)
	require.Equal(t, "0", query(t, stack.DatabaseURL, "select count(*)::text from notes"))
	require.NoDirExists(t, killed.Path())
	require.NoFileExists(t, half)
}

func TestStartAfterTheDiskWasFull(t *testing.T) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("makes a small file system, as root on Linux")
	}
	t.Parallel()
	box := newColdSandbox(t)
	mount := func(options string) error {
		return exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", options, "tmpfs", box.cache).Run()
	}
	require.NoError(t, os.Mkdir(box.cache, 0o755))
	if err := mount("size=2m"); err != nil {
		t.Skip("cannot mount a file system here: ", err)
	}
	defer func() { _ = exec.Command("umount", box.cache).Run() }() //nolint:noctx // the test's context is over by then

	_, err := Start(t.Context(), box.options()...)
	require.ErrorContains(t, err, "no space left on device")
	require.ErrorContains(t, err, box.cache, "it says where")
	box.requireClean(t)
	left, err := filepath.Glob(filepath.Join(box.cache, "clusters", unfinishedPrefix+"*"))
	require.NoError(t, err)
	require.Empty(t, left)

	require.NoError(t, mount("remount,size=500m"))
	require.NoError(t, box.start(t).Close())
}

func TestCacheGoesWhereItCanBeWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	impossible, possible := filepath.Join(file, "cache"), filepath.Join(t.TempDir(), "a", "b")
	require.Equal(t, possible, firstWritable([]string{impossible, possible, t.TempDir()}))
	entries, err := os.ReadDir(possible)
	require.NoError(t, err)
	require.Empty(t, entries)
	require.Equal(t, impossible, firstWritable([]string{impossible}))

	box := newSandbox(t)
	_, err = Start(t.Context(), box.options(WithCacheDir(impossible))...)
	require.ErrorContains(t, err, "devstack: cache: mkdir "+file)
	box.requireClean(t)
}
