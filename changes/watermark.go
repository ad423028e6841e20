package changes

import (
	"time"

	"github.com/workorder-systems/sdk-go/query"
)

// Watermark says how far a copy of a view has come. The zero Watermark stands
// for an empty copy. Save it as JSON; what is in it is for people to read, not
// for programs to change.
type Watermark struct {
	// Done is the time up to which everything has come.
	Done time.Time `json:"done,omitzero"`
	// Upto is where a look that is under way ends.
	Upto time.Time `json:"upto,omitzero"`
	// Cursor is where the next page of that look starts.
	Cursor query.Cursor `json:"cursor,omitempty"`
	// Seen holds the rows of the last overlap by key.
	Seen map[string]Seen `json:"seen,omitempty"`
}

// Seen is the state in which a row came last.
type Seen struct {
	At  time.Time `json:"at"`  // its updated_at
	Sum uint64    `json:"sum"` // of the whole row: two changes may share a time
}

// maxSeen bounds the size of a watermark. Of the rows beyond it some come again.
const maxSeen = 5000

// see remembers a row of the overlap.
func (w *Watermark) see(key string, row Seen) {
	if _, there := w.Seen[key]; there || len(w.Seen) < maxSeen {
		w.Seen[key] = row
	}
}

// finish ends the look that is under way.
func (w *Watermark) finish(overlap time.Duration) {
	from := w.Upto.Add(-overlap)
	w.Done, w.Upto, w.Cursor = w.Upto, time.Time{}, ""
	for key, row := range w.Seen {
		if row.At.Before(from) {
			delete(w.Seen, key)
		}
	}
}
