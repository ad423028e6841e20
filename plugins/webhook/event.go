package webhook

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Operation is what was done to a row.
type Operation string

// The operations.
const (
	Insert Operation = "INSERT"
	Update Operation = "UPDATE"
	Delete Operation = "DELETE"
)

// Source says which installation a delivery claims to be for. Until the signature
// has been checked, that is only a claim.
type Source struct {
	TenantID       string
	InstallationID string
	PluginKey      string
}

// Event is a change of a row that an installation has subscribed to.
type Event struct {
	Source

	// AuditID numbers the change. With InstallationID it tells an event from all
	// others, and stays the same however often it is delivered.
	AuditID int64
	// DeliveryID is the id in the platform's queue (client.Plugins.Deliveries). It
	// is not signed: use it to look things up, not to decide anything.
	DeliveryID string

	Schema    string // such as "app"
	Table     string // such as "work_orders"
	RecordID  string // key of the row
	Operation Operation
	// ChangedFields are the columns that an update wrote; nil for other operations.
	// It is only updated_at where nothing is different.
	ChangedFields []string

	// Old and New are the row before and after, with the columns of the table; nil
	// where there is none, and always nil unless the subscription includes the
	// payload. See DecodeOld and DecodeNew.
	Old, New json.RawMessage
}

// ID tells the event from all others. A Store knows it by this.
func (e *Event) ID() string { return e.InstallationID + "/" + strconv.FormatInt(e.AuditID, 10) }

// Type is the event's type as the platform spells it, such as
// "entity_change.work_orders.insert".
func (e *Event) Type() string {
	return "entity_change." + e.Table + "." + strings.ToLower(string(e.Operation))
}

// Is reports whether the event is about a row of the table.
func (e *Event) Is(schema, table string) bool { return e.Schema == schema && e.Table == table }

// DecodeNew decodes New into what row points at: a row type of the SDK, such as
// workorders.WorkOrder, or a struct with the names of columns as json tags. The
// columns of a table are not quite those of its view: what is not there stays
// zero. Fails with ErrNotFound when the event has no New, with ErrDecode when a
// value does not fit.
func (e *Event) DecodeNew(row any) error { return decode("webhook.Event.DecodeNew", e.New, row) }

// DecodeOld is DecodeNew for Old.
func (e *Event) DecodeOld(row any) error { return decode("webhook.Event.DecodeOld", e.Old, row) }

func decode(op string, raw json.RawMessage, row any) error {
	if raw == nil {
		return sdkerr.New(op, sdkerr.ErrNotFound, "the event has no such row: it is a delete or an insert, or the subscription leaves rows out")
	}
	return postgrest.DecodeInto(op, raw, row)
}

// body is the body of a delivery.
type body struct {
	Version        int    `json:"v"`
	TenantID       string `json:"tenant_id"`
	InstallationID string `json:"installation_id"`
	PluginKey      string `json:"plugin_key"`
	Audit          struct {
		ID            *int64    `json:"id"`
		TableSchema   string    `json:"table_schema"`
		TableName     string    `json:"table_name"`
		RecordID      string    `json:"record_id"`
		Operation     Operation `json:"operation"`
		ChangedFields []string  `json:"changed_fields"`
	} `json:"audit"`
	Snapshot struct {
		Old json.RawMessage `json:"old_data"`
		New json.RawMessage `json:"new_data"`
	} `json:"snapshot"`
}

// Parse reads the body of a delivery. It checks no signature: Verify does.
func Parse(raw []byte) (Event, error) {
	const op = "webhook.Parse"
	if !utf8.Valid(raw) {
		return Event{}, sdkerr.Invalid(op, "the body", "is no valid UTF-8")
	}
	var b body
	if err := json.Unmarshal(raw, &b); err != nil {
		return Event{}, sdkerr.Invalid(op, "the body", "is no event: "+reason(err))
	}
	switch {
	case b.Version != 1:
		return Event{}, sdkerr.Invalid(op, "the body", "is of version "+strconv.Itoa(b.Version)+", not 1")
	case b.InstallationID == "" || b.Audit.ID == nil || b.Audit.TableName == "":
		return Event{}, sdkerr.Invalid(op, "the body", "is no event: installation_id, audit.id or audit.table_name is missing")
	}
	return Event{
		Source:        Source{TenantID: b.TenantID, InstallationID: b.InstallationID, PluginKey: b.PluginKey},
		AuditID:       *b.Audit.ID,
		Schema:        b.Audit.TableSchema,
		Table:         b.Audit.TableName,
		RecordID:      b.Audit.RecordID,
		Operation:     b.Audit.Operation,
		ChangedFields: b.Audit.ChangedFields,
		Old:           nonNull(b.Snapshot.Old),
		New:           nonNull(b.Snapshot.New),
	}, nil
}

func nonNull(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}

// reason says what is wrong with JSON without showing any of it.
func reason(err error) string {
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) {
		return "the value of " + typ.Field + " is of another type"
	}
	return "it is no JSON"
}
