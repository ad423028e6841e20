package sessionstore

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/sessionstore/internal/storetest"
)

// lockVariable tells this program, run again by a test, to lock a file.
const lockVariable = "SESSIONSTORE_TEST_LOCK"

func TestMain(m *testing.M) {
	if path := os.Getenv(lockVariable); path != "" {
		_, err := newFile(path).Lock(context.Background())
		fmt.Println("locked", err)
		time.Sleep(time.Minute) // until it is killed
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func newFile(path string) *File {
	f, err := NewFile(path)
	if err != nil {
		panic(err)
	}
	return f
}

func TestFile(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() workorder.SessionLocker {
		path := filepath.Join(t.TempDir(), "made", "by the store", "session")
		return func() workorder.SessionLocker { return newFile(path) }
	})
}

func TestFileIsForItsOwnerAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	dir := filepath.Join(t.TempDir(), "d")
	path := filepath.Join(dir, "session")
	f := newFile(path)
	unlock, err := f.Lock(t.Context())
	require.NoError(t, err)
	defer unlock()
	require.NoError(t, os.WriteFile(path, nil, 0o666))
	require.NoError(t, os.WriteFile(path+".new", nil, 0o666)) // left behind
	require.NoError(t, os.Chmod(path+".new", 0o666))
	require.NoError(t, f.Save(t.Context(), storetest.Token))

	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2, "the file and its lock")
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), e.Name())
	}
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o700), info.Mode().Perm())
}

func TestDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "session")
	f := newFile(path)
	require.NoError(t, f.Save(t.Context(), storetest.Token))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)

	damages := map[string]string{
		"empty":         "",
		"other JSON":    `{"refresh_token":"` + storetest.Token + `"}`,
		"other version": strings.Replace(string(whole), `"version":1`, `"version":2`, 1),
		"changed":       strings.Replace(string(whole), "secret", "Secret", 1),
		"no token":      strings.Replace(string(whole), storetest.Token, "", 1),
		"bare token":    storetest.Token + "\n",
		"zeros":         strings.Repeat("\x00", len(whole)),
		"twice":         string(whole) + string(whole),
		"huge":          string(whole) + strings.Repeat(" ", maxFile),
	}
	for n := 1; n < len(whole); n += 7 {
		damages[fmt.Sprint("cut at ", n)] = string(whole[:n])
	}
	for name, content := range damages {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
			_, err := f.Load(t.Context())
			require.ErrorIs(t, err, ErrDamaged)
			require.ErrorContains(t, err, path)
			require.True(t, storetest.Secretive(err), err)

			c, err := workorder.New("http://localhost:1", "key")
			require.NoError(t, err)
			_, err = workorder.NewSession(c, "", workorder.WithSessionStore(f)).Token(t.Context())
			require.ErrorIs(t, err, ErrDamaged)
			require.NotErrorIs(t, err, workorder.ErrSessionExpired)
			require.True(t, storetest.Secretive(err), err)
			left, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, content, string(left), "left as it is")
		})
	}
	require.NoError(t, f.Save(t.Context(), ""))
	_, err = os.Stat(path)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestFileThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "a directory", "x"), 0o700))
	for name, f := range map[string]*File{
		"a directory":      newFile(filepath.Join(dir, "a directory")),
		"below a file":     newFile(filepath.Join(file, "session")),
		"a name too long":  newFile(filepath.Join(dir, strings.Repeat("x", 300))),
		"a place for none": newFile("/dev/null/session"),
	} {
		t.Run(name, func(t *testing.T) {
			var pe *fs.PathError
			if _, err := f.Load(t.Context()); name != "a place for none" && name != "below a file" {
				require.ErrorAs(t, err, &pe)
				require.NotErrorIs(t, err, ErrDamaged)
			}
			err := f.Save(t.Context(), storetest.Token)
			require.Error(t, err)
			require.True(t, storetest.Secretive(err), err)
			if name != "a directory" {
				_, err = f.Lock(t.Context())
				require.ErrorAs(t, err, &pe)
			}
		})
	}
	_, err := NewFile("")
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
}

func TestLockOfAFileEndsWithItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "session")
	other := exec.CommandContext(t.Context(), os.Args[0])
	other.Env = append(os.Environ(), lockVariable+"="+path)
	out, err := other.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, other.Start())
	said, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "locked <nil>\n", said)

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = newFile(path).Lock(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	require.NoError(t, other.Process.Kill())
	_ = other.Wait()
	unlock, err := newFile(path).Lock(t.Context())
	require.NoError(t, err)
	unlock()
}
