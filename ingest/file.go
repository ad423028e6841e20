package ingest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"

	"github.com/workorder-systems/sdk-go/internal/filelock"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

var (
	// ErrJournalInUse means that another process, or another FileJournal of this
	// one, has the file.
	ErrJournalInUse = errors.New("the journal is in use")
	// ErrJournalDamaged means that a file is no journal, or that something other
	// than its very end is broken. Nothing was changed. A journal that is lost for
	// good is replaced by an empty one: run the input with Readings then, after
	// removing from it what the server has.
	ErrJournalDamaged = errors.New("the journal is damaged")
)

// SyncPolicy says what a FileJournal survives.
type SyncPolicy int

const (
	// SyncAlways has the system write each entry to the disk (fsync) before Put
	// returns, so that it survives a power failure. Entries that are put at the
	// same time share one such write.
	SyncAlways SyncPolicy = iota
	// SyncNever leaves the time of it to the system. Entries survive a crash of
	// the process, but a power failure can take those of the last seconds: then
	// readings that were recorded are sent a second time.
	SyncNever
)

// FileJournal is a Journal in a file that only grows: one line of JSON for each
// entry, behind its checksum. It keeps about 50 bytes of memory for each reading.
// Readings older than the 90 days that the server takes no longer matter: begin a
// new file once all that the old one knows are.
type FileJournal struct {
	path string
	sync SyncPolicy

	mu   sync.Mutex
	f    *os.File
	at   map[key]span
	end  int64 // of the file
	fail error // what made the file unusable

	syncing sync.Mutex
	synced  int64 // how much of the file is on the disk; under syncing
}

// key is the beginning of the hash of an id.
type key [16]byte

func keyOf(id string) key {
	hash := sha256.Sum256([]byte(id))
	return key(hash[:16])
}

// span is where a line is.
type span struct {
	at   int64
	size int32
}

// header is the first line of every journal.
var header = checked([]byte(`{"journal":"workorder ingest","version":1}`))

// maxLine is more than any entry takes.
const maxLine = 1 << 20

// OpenJournal opens the journal at path, or makes a new one that only the user
// can read. Nobody else can open it before Close or the end of the process.
//
// A last line that a crash has cut off is taken away. Fails with ErrJournalInUse
// and with ErrJournalDamaged, naming the line.
func OpenJournal(path string, policy SyncPolicy) (*FileJournal, error) {
	const op = "Ingest.OpenJournal"
	switch {
	case path == "":
		return nil, sdkerr.Required(op, "the path")
	case policy != SyncAlways && policy != SyncNever:
		return nil, sdkerr.Invalid(op, "the policy", "is neither SyncAlways nor SyncNever")
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	j := &FileJournal{path: path, sync: policy, f: f, at: map[key]span{}}
	if err := j.open(); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("ingest: %s: %w", path, err)
	}
	return j, nil
}

func (j *FileJournal) open() error {
	locked, err := filelock.Try(j.f)
	if err != nil {
		return fmt.Errorf("it cannot be locked: %w", err)
	}
	if !locked {
		return ErrJournalInUse
	}
	if err := j.read(); err != nil {
		return err
	}
	info, err := j.f.Stat()
	if err != nil {
		return err
	}
	if info.Size() > j.end {
		if err := j.f.Truncate(j.end); err != nil {
			return err
		}
	}
	if j.end == 0 {
		if _, err := j.f.Write(header); err != nil {
			return err
		}
		j.end = int64(len(header))
	}
	j.synced = j.end
	if err := j.f.Sync(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(j.path))
}

// read finds the lines of the file and the end of the last whole one.
func (j *FileJournal) read() error {
	r := bufio.NewReaderSize(j.f, maxLine)
	for n := 1; ; n++ {
		line, err := r.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && n == 1 && !bytes.HasPrefix(header, line):
			return fmt.Errorf("%w: it is something else", ErrJournalDamaged)
		case errors.Is(err, io.EOF): // the end, or what a crash has left of a line
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("%w: line %d is too long", ErrJournalDamaged, n)
		case err != nil:
			return err
		}
		if n == 1 {
			if !bytes.Equal(line, header) {
				return fmt.Errorf("%w: it is something else", ErrJournalDamaged)
			}
		} else {
			e, err := parseLine(line)
			if err != nil {
				return fmt.Errorf("%w: line %d %w", ErrJournalDamaged, n, err)
			}
			j.at[keyOf(e.ID)] = span{j.end, int32(len(line))}
		}
		j.end += int64(len(line))
	}
}

// checked makes a line: the checksum, a space, the data, the end.
func checked(data []byte) []byte {
	return fmt.Appendf(nil, "%08x %s\n", checksum(data), data)
}

func checksum(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

func parseLine(line []byte) (Entry, error) {
	sum, data, found := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if !found || err != nil || uint32(want) != checksum(data) {
		return Entry{}, errors.New("does not fit its checksum")
	}
	var e Entry
	if err := json.Unmarshal(data, &e); err != nil || e.ID == "" {
		return Entry{}, errors.New("is no entry")
	}
	return e, nil
}

// Get implements Journal.
func (j *FileJournal) Get(_ context.Context, id string) (Entry, bool, error) {
	j.mu.Lock()
	where, ok := j.at[keyOf(id)]
	fail := j.fail
	j.mu.Unlock()
	if fail != nil || !ok {
		return Entry{}, false, fail
	}
	line := make([]byte, where.size)
	if _, err := j.f.ReadAt(line, where.at); err != nil {
		return Entry{}, false, fmt.Errorf("ingest: %w", err)
	}
	e, err := parseLine(line)
	if err != nil {
		return Entry{}, false, fmt.Errorf("ingest: %s: %w: the line at byte %d %w", j.path, ErrJournalDamaged, where.at, err)
	}
	return e, true, nil
}

// Put implements Journal. After a failed write, such as on a full disk, the
// journal takes nothing more until it is opened again.
func (j *FileJournal) Put(_ context.Context, e Entry) error {
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	if len(data) > maxLine-16 {
		return fmt.Errorf("ingest: the entry of %.100q is too long for a journal", e.ID)
	}
	end, err := j.write(e.ID, checked(data))
	if err == nil && j.sync == SyncAlways {
		err = j.flush(end)
	}
	return err
}

// write appends a line and gives the end of the file behind it.
func (j *FileJournal) write(id string, line []byte) (int64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fail != nil {
		return 0, j.fail
	}
	if _, err := j.f.Write(line); err != nil {
		j.fail = fmt.Errorf("ingest: %w", err)
		_ = j.f.Truncate(j.end) // or the next OpenJournal does it
		return 0, j.fail
	}
	j.at[keyOf(id)] = span{j.end, int32(len(line))}
	j.end += int64(len(line))
	return j.end, nil
}

// flush returns when the file is on the disk up to end. Who waits for another's
// flush mostly finds the own line written with it.
func (j *FileJournal) flush(end int64) error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if j.synced >= end {
		return nil
	}
	j.mu.Lock()
	written, fail := j.end, j.fail
	j.mu.Unlock()
	if fail != nil {
		return fail
	}
	if err := j.f.Sync(); err != nil {
		// What is on the disk now nobody knows, nor does another try tell.
		err = fmt.Errorf("ingest: %w", err)
		j.mu.Lock()
		j.fail = err
		j.mu.Unlock()
		return err
	}
	j.synced = written
	return nil
}

// Close writes everything to the disk and gives the file free for others.
func (j *FileJournal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if errors.Is(j.fail, os.ErrClosed) {
		return nil
	}
	j.fail = fmt.Errorf("ingest: %s: %w", j.path, os.ErrClosed)
	return errors.Join(j.f.Sync(), j.f.Close())
}

// syncDir makes the name of a new file survive a power failure. Windows does so
// by itself.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
