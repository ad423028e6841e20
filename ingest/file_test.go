package ingest_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/ingest"
)

func openJournal(t testing.TB, path string) *ingest.FileJournal {
	t.Helper()
	j, err := ingest.OpenJournal(path, ingest.SyncAlways)
	require.NoError(t, err)
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func get(t testing.TB, j *ingest.FileJournal, id string) *ingest.Entry {
	t.Helper()
	e, found, err := j.Get(t.Context(), id)
	require.NoError(t, err)
	if !found {
		return nil
	}
	return &e
}

func TestAJournalKeepsTheLatestEntry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openJournal(t, path)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	entries := []ingest.Entry{
		{ID: "a", Status: ingest.Unknown, At: at},
		{ID: "b", Status: ingest.Unknown, At: at},
		{ID: "a", Status: ingest.Recorded, At: at, ReadingID: "r1"},
		{ID: "b", Status: ingest.Rejected, At: at, HTTPStatus: 404, Code: "NOT_FOUND", Message: "line\none"},
		{ID: "c", Status: ingest.Unknown, At: at},
	}
	for _, e := range entries {
		require.NoError(t, j.Put(t.Context(), e))
		require.Empty(t, cmp.Diff(&e, get(t, j, e.ID)))
	}
	require.NoError(t, j.Close())
	require.NoError(t, j.Close(), "once is enough")
	_, _, err := j.Get(t.Context(), "a")
	require.ErrorIs(t, err, os.ErrClosed)
	require.ErrorIs(t, j.Put(t.Context(), entries[0]), os.ErrClosed)

	j = openJournal(t, path)
	for _, e := range entries[2:] {
		require.Empty(t, cmp.Diff(&e, get(t, j, e.ID)))
	}
	require.Nil(t, get(t, j, "d"))
	info, err := os.Stat(path)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

// Wherever a crash cuts the file, the whole lines before are kept and the journal
// takes new ones.
func TestAJournalThatWasCutAnywhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openJournal(t, path)
	var ends []int64
	size := func() int64 {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Size()
	}
	ends = append(ends, size())
	for i := range 4 {
		require.NoError(t, j.Put(t.Context(), ingest.Entry{ID: fmt.Sprint(i), Status: ingest.Unknown}))
		ends = append(ends, size())
	}
	require.NoError(t, j.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for cut := range len(whole) + 1 {
		for _, tail := range []string{"", "\x00\x00\x00"} {
			if tail != "" && int64(cut) < ends[0] {
				continue // not of this program's making
			}
			path := filepath.Join(t.TempDir(), "j")
			require.NoError(t, os.WriteFile(path, append(bytes.Clone(whole[:cut]), tail...), 0o600))
			j, err := ingest.OpenJournal(path, ingest.SyncNever)
			require.NoError(t, err, cut)
			for i := range 4 {
				require.Equal(t, int64(cut) >= ends[i+1], get(t, j, fmt.Sprint(i)) != nil, "cut at %d", cut)
			}
			require.NoError(t, j.Put(t.Context(), ingest.Entry{ID: "new", Status: ingest.Recorded}))
			require.NoError(t, j.Close())
			j, err = ingest.OpenJournal(path, ingest.SyncNever)
			require.NoError(t, err, cut)
			require.NotNil(t, get(t, j, "new"))
			require.NoError(t, j.Close())
		}
	}
}

func TestADamagedJournalIsRefusedAndLeftAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openJournal(t, path)
	for i := range 3 {
		require.NoError(t, j.Put(t.Context(), ingest.Entry{ID: fmt.Sprint(i), Status: ingest.Unknown}))
	}
	require.NoError(t, j.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.SplitAfter(string(whole), "\n")
	flip := func(line string, at int) string { return line[:at] + string(line[at]^1) + line[at+1:] }
	for name, tc := range map[string]struct{ text, where string }{
		"a bit of the first entry":   {lines[0] + flip(lines[1], 20) + lines[2] + lines[3], "line 2"},
		"a bit of the last entry":    {lines[0] + lines[1] + lines[2] + flip(lines[3], 30), "line 4"},
		"a bit of a checksum":        {lines[0] + lines[1] + flip(lines[2], 3) + lines[3], "line 3"},
		"half a line in the middle":  {lines[0] + lines[1][:30] + lines[2] + lines[3], "line 2"},
		"an empty line":              {lines[0] + lines[1] + "\n" + lines[2], "line 3"},
		"a line of nothing":          {lines[0] + "00000000 \n", "line 2"},
		"an entry without an id":     {lines[0] + "d3a5bdd5 {}\n", "line 2"},
		"a very long line":           {lines[0] + strings.Repeat("x", 2<<20), "line 2"},
		"no header":                  {lines[1], "something else"},
		"something else":             {"meter,time,value\n", "something else"},
		"something else in one line": {"meter", "something else"},
		"a newer journal":            {flip(lines[0], len(lines[0])-3) + lines[1], "something else"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, []byte(tc.text), 0o600))
			_, err := ingest.OpenJournal(path, ingest.SyncAlways)
			require.ErrorIs(t, err, ingest.ErrJournalDamaged)
			require.ErrorContains(t, err, tc.where)
			require.ErrorContains(t, err, path)
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, tc.text, string(after))
		})
	}
}

func TestAJournalHasOneHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openJournal(t, path)
	_, err := ingest.OpenJournal(path, ingest.SyncAlways)
	require.ErrorIs(t, err, ingest.ErrJournalInUse)
	require.ErrorContains(t, err, path)
	require.NoError(t, j.Put(t.Context(), ingest.Entry{ID: "a", Status: ingest.Unknown}))
	require.NoError(t, j.Close())
	openJournal(t, path)
}

func TestAJournalThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	_, err := ingest.OpenJournal(dir, ingest.SyncAlways)
	require.Error(t, err)
	_, err = ingest.OpenJournal(filepath.Join(dir, "no", "j"), ingest.SyncAlways)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = ingest.OpenJournal("", ingest.SyncAlways)
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
	_, err = ingest.OpenJournal(filepath.Join(dir, "j"), ingest.SyncPolicy(7))
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
	require.NoFileExists(t, filepath.Join(dir, "j"))
}

func TestManyPutAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := openJournal(t, path)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for n := range 50 {
				id := fmt.Sprint(i, " ", n)
				if err := errors.Join(j.Put(t.Context(), ingest.Entry{ID: id, Status: ingest.Unknown}),
					j.Put(t.Context(), ingest.Entry{ID: id, Status: ingest.Recorded, ReadingID: id})); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	require.NoError(t, j.Close())
	j = openJournal(t, path)
	for i := range 16 {
		for n := range 50 {
			id := fmt.Sprint(i, " ", n)
			require.Equal(t, id, get(t, j, id).ReadingID)
		}
	}
}
