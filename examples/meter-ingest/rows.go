package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/ingest"
)

// open opens the input and counts its lines, -1 when they cannot be counted.
func open(s settings, stdin io.Reader) (io.ReadCloser, int, error) {
	if s.input == "" || s.input == "-" {
		return io.NopCloser(stdin), -1, nil
	}
	f, err := os.Open(s.input)
	if err != nil {
		return nil, 0, err
	}
	lines, err := count(f)
	if err != nil {
		_ = f.Close()
		return nil, 0, err
	}
	return f, lines, nil
}

// count counts the rows of a file that has a header, and goes back to its
// beginning. The same file must not get the rejected rows.
func count(f *os.File) (int, error) {
	n, last := 0, byte('\n')
	buf := make([]byte, 64<<10)
	for {
		got, err := f.Read(buf)
		n += bytes.Count(buf[:got], []byte("\n"))
		if got > 0 {
			last = buf[got-1]
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
	}
	if last != '\n' {
		n++
	}
	_, err := f.Seek(0, io.SeekStart)
	return max(n-1, 0), err
}

// rows are the rows of a CSV file.
type rows struct {
	csv     *csv.Reader
	name    string
	header  []string
	columns map[string]int // of the header
	member  *workorder.Client
	meters  map[string][]string // ids by name; nil: not read yet
	rejects *rejects

	mu     sync.Mutex
	open   map[int][]string // the rows whose readings have no result yet
	broken error            // why the input ended before its end
}

func newRows(input io.Reader, name string, member *workorder.Client) (*rows, error) {
	if name == "" || name == "-" {
		name = "the standard input"
	}
	r := &rows{csv: csv.NewReader(input), name: name, columns: map[string]int{}, member: member, open: map[int][]string{}}
	r.csv.FieldsPerRecord = -1
	header, err := r.csv.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s is empty: its first line should name the columns meter, time and value", name)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i, column := range header {
		header[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(column, "\ufeff")))
		r.columns[header[i]] = i
	}
	for _, column := range []string{"meter", "time", "value"} {
		if _, ok := r.columns[column]; !ok {
			return nil, fmt.Errorf("%s has no column %q: its first line should name the columns meter, time and value, with commas between them", name, column)
		}
	}
	r.header = header
	return r, nil
}

// apart makes sure that the file for the rejected rows is not the input, which may
// come from a file as the standard input too, nor the journal.
func apart(s settings, stdin io.Reader) error {
	input, err := os.Stat(s.input)
	if f, ok := stdin.(*os.File); ok && (s.input == "" || s.input == "-") {
		input, err = f.Stat()
	}
	rejected, missing := os.Stat(s.rejected)
	same := func(other os.FileInfo, err error) bool {
		return missing == nil && err == nil && other.Mode().IsRegular() && os.SameFile(other, rejected)
	}
	switch {
	case same(input, err):
		return fmt.Errorf("%s cannot be the input and get the rejected rows", s.rejected)
	case same(os.Stat(s.journal)):
		return fmt.Errorf("%s cannot be the journal and get the rejected rows", s.rejected)
	}
	return nil
}

// readings gives the rows that can be readings. It ends when ctx does, even while
// the input has nothing to read.
func (r *rows) readings(ctx context.Context) iter.Seq[ingest.Reading] {
	return func(yield func(ingest.Reading) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		lines := make(chan []string)
		go func() {
			defer close(lines)
			r.read(ctx, lines)
		}()
		index := 0
		for {
			var row []string
			select {
			case row = <-lines:
			case <-ctx.Done():
			}
			if row == nil {
				return
			}
			reading, err := r.parse(ctx, row)
			if errors.Is(err, errNames) {
				r.fail(err)
				return
			}
			if err != nil {
				r.rejects.add(row, "malformed", err)
				continue
			}
			r.mu.Lock()
			r.open[index] = row
			r.mu.Unlock()
			index++
			if !yield(reading) {
				return
			}
		}
	}
}

func (r *rows) read(ctx context.Context, lines chan<- []string) {
	for {
		row, err := r.csv.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			// What follows an open quote belongs to it or not, nobody knows.
			r.fail(fmt.Errorf("%s: %w: nothing behind it was read; mend it and run again", r.name, err))
			return
		}
		select {
		case lines <- row:
		case <-ctx.Done():
			return
		}
	}
}

// fail notes why the input ends before its end.
func (r *rows) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = err
}

// err says why the input was not read to its end.
func (r *rows) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.broken
}

// result takes what became of a row.
func (r *rows) result(res ingest.Result) {
	r.mu.Lock()
	row := r.open[res.Index]
	delete(r.open, res.Index)
	r.mu.Unlock()
	if res.Err != nil {
		r.rejects.add(row, string(res.Status), res.Err)
	}
}

// parse makes a reading of a row.
func (r *rows) parse(ctx context.Context, row []string) (ingest.Reading, error) {
	var reading ingest.Reading
	if len(row) != len(r.header) {
		return reading, fmt.Errorf("the row has %d fields, the header %d", len(row), len(r.header))
	}
	field := func(name string) string {
		if i, ok := r.columns[name]; ok {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	var err error
	if reading.Date, err = time.Parse(time.RFC3339Nano, field("time")); err != nil {
		return reading, fmt.Errorf("time %q is none such as 2026-11-27T08:30:00Z", field("time"))
	}
	if reading.Value, err = decimal.NewFromString(field("value")); err != nil {
		return reading, fmt.Errorf("value %q is not a number", field("value"))
	}
	reading.Notes = field("notes")
	reading.MeterID, err = r.meter(ctx, field("meter"))
	return reading, err
}

// errNames is no row's fault, so it ends the input.
var errNames = errors.New("the names of the meters cannot be read; run it again to go on")

// meter gives the id of a meter that is given by its id or its name.
func (r *rows) meter(ctx context.Context, name string) (string, error) {
	if _, err := uuid.Parse(name); err == nil || r.member == nil {
		return name, nil // what is no id is refused as such
	}
	if r.meters == nil {
		all, err := r.member.Meters.List(ctx)
		if err != nil {
			return "", fmt.Errorf("%w: %w", errNames, err)
		}
		r.meters = map[string][]string{}
		for _, m := range all {
			r.meters[m.Name] = append(r.meters[m.Name], m.ID)
		}
	}
	switch ids := r.meters[name]; len(ids) {
	case 0:
		return "", fmt.Errorf("there is no meter %q", name)
	case 1:
		return ids[0], nil
	}
	return "", fmt.Errorf("several meters are called %q: give the id", name)
}

// rejects are the rows that were not recorded, in a file.
type rejects struct {
	mu  sync.Mutex
	f   *os.File
	csv *csv.Writer
	n   int // rows
	bad int // of these, malformed
}

func newRejects(path string, header []string) (*rejects, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	r := &rejects{f: f, csv: csv.NewWriter(f)}
	return r, r.csv.Write(append(slices.Clone(header), "status", "reason"))
}

func (r *rejects) add(row []string, status string, reason error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
	if status == "malformed" {
		r.bad++
	}
	_ = r.csv.Write(append(slices.Clone(row), status, reason.Error())) // close tells
	r.csv.Flush()
}

func (r *rejects) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}

func (r *rejects) malformed() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bad
}

func (r *rejects) close() error {
	r.csv.Flush()
	return errors.Join(r.csv.Error(), r.f.Close())
}
