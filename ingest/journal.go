package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Journal remembers what became of readings, so that a run can go on where an
// earlier one was stopped or killed. FileJournal is one; a table with the id as
// its key makes another. Its methods are called from many goroutines, but never
// for one id at the same time. One journal serves one deployment and one run at a
// time.
type Journal interface {
	// Get gives the latest entry of a reading, and false when there is none.
	Get(ctx context.Context, id string) (Entry, bool, error)
	// Put replaces the entry of a reading. When it returns nil, the entry outlives
	// the process. An error ends the run.
	Put(ctx context.Context, e Entry) error
}

// Entry is what a Journal keeps of a reading.
type Entry struct {
	ID        string    `json:"id"` // Reading.ID
	Status    Status    `json:"status"`
	At        time.Time `json:"at"`
	ReadingID string    `json:"reading_id,omitempty"`
	// What the server said of a Rejected one.
	HTTPStatus int    `json:"http_status,omitempty"`
	Code       string `json:"code,omitempty"`
	Message    string `json:"message,omitempty"`
}

// err is the refusal that the entry keeps, as it was.
func (e Entry) err() error {
	body, err := json.Marshal(map[string]string{"code": e.Code, "message": e.Message})
	if err != nil {
		return sdkerr.New(opIngest, nil, "%s", e.Message)
	}
	return sdkerr.FromResponse(opIngest, http.MethodPost, pathIngest, e.HTTPStatus, nil, body)
}

// refusal keeps what the server said.
func (e Entry) refusal(err error) Entry {
	var answered *sdkerr.Error
	if errors.As(err, &answered) {
		e.HTTPStatus, e.Code, e.Message = answered.HTTPStatus, answered.Code, answered.Message
	}
	return e
}

const (
	opRun      = "Ingest.Run"
	opIngest   = "Meters.Ingest"
	pathIngest = "/functions/v1/ingest-meter-reading"
)

// memory is the journal of a run that has none.
type memory struct {
	mu      sync.Mutex
	entries map[string]Entry
}

func (m *memory) Get(_ context.Context, id string) (Entry, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[id]
	return e, ok, nil
}

func (m *memory) Put(_ context.Context, e Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.entries == nil {
		m.entries = map[string]Entry{}
	}
	m.entries[e.ID] = e
	return nil
}
