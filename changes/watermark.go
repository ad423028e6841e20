package changes

import (
	"encoding/json"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// Watermark says how far a copy of a view has come. The zero Watermark stands
// for an empty copy. Save it as JSON, which is for people to read, not for
// programs to change. It belongs to one view of one tenant, as one caller sees it.
type Watermark struct{ s state }

// IsZero reports whether the watermark stands for an empty copy.
func (w Watermark) IsZero() bool { return w.s.Done.IsZero() && w.s.Upto.IsZero() }

// String tells the time up to which everything has come.
func (w Watermark) String() string {
	if w.s.Done.IsZero() {
		return "the beginning"
	}
	return w.s.Done.Format(time.RFC3339Nano)
}

// MarshalJSON implements json.Marshaler.
func (w Watermark) MarshalJSON() ([]byte, error) { return json.Marshal(w.s) }

// UnmarshalJSON implements json.Unmarshaler. Fails with ErrInvalidInput for what
// is no watermark.
func (w *Watermark) UnmarshalJSON(b []byte) error {
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return sdkerr.New("changes.Watermark", sdkerr.ErrInvalidInput, "the text is no watermark: %v", err)
	}
	w.s = s
	return nil
}

// state is what a watermark remembers.
type state struct {
	// View and Tenant tell whose rows it is about.
	View   string `json:"view,omitempty"`
	Tenant string `json:"tenant,omitempty"`
	// Done is the time up to which everything has come.
	Done time.Time `json:"done,omitzero"`
	// Upto is where a look that is under way ends.
	Upto time.Time `json:"upto,omitzero"`
	// Now is what the server's clock showed at least when that look began.
	Now time.Time `json:"now,omitzero"`
	// Cursor is where the next page of that look starts.
	Cursor query.Cursor `json:"cursor,omitempty"`
	// Seen holds the rows of the last overlap by key.
	Seen map[string]seen `json:"seen,omitempty"`
}

// seen is the state in which a row came last.
type seen struct {
	At  time.Time `json:"at"`  // its updated_at
	Sum uint64    `json:"sum"` // of the whole row: two changes may share a time
}

// maxSeen bounds the size of a watermark. Of the rows beyond it some come again.
const maxSeen = 5000

// see remembers a row of the overlap.
func (w *state) see(key string, row seen) {
	if _, there := w.Seen[key]; there || len(w.Seen) < maxSeen {
		w.Seen[key] = row
	}
}

// ahead is the time up to which everything has come when the look that is under
// way is through. A transaction that was not committed when it began has not begun
// longer ago than the overlap, whatever the latest change is.
func (w *state) ahead() time.Time {
	if w.Now.After(w.Upto) {
		return w.Now
	}
	return w.Upto
}

// finish ends the look that is under way, and tells whether the next one has less
// to read again.
func (w *state) finish(overlap time.Duration) (less bool) {
	w.Done = w.ahead()
	w.Upto, w.Now, w.Cursor = time.Time{}, time.Time{}, ""
	for key, row := range w.Seen {
		if row.At.Before(w.Done.Add(-overlap)) {
			delete(w.Seen, key)
			less = true
		}
	}
	return less
}
