package pm

import (
	"encoding/json"
	"math"
	"time"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// TriggerType is what makes a schedule due.
type TriggerType string

// The types of triggers.
const (
	TriggerTime      TriggerType = "time"
	TriggerUsage     TriggerType = "usage"
	TriggerCalendar  TriggerType = "calendar"
	TriggerCondition TriggerType = "condition"
	TriggerManual    TriggerType = "manual"
)

// A Trigger says when a schedule is due: TimeTrigger, UsageTrigger,
// CalendarTrigger, ConditionTrigger or ManualTrigger. The type of a schedule's
// or template's trigger is fixed when it is made; its values can change.
type Trigger interface {
	// Type is the type of the trigger.
	Type() TriggerType
	check(op string) error
	config() any
}

// TimeTrigger is due every so many days, counted from the last completion; the
// first time from StartDate.
type TimeTrigger struct {
	// IntervalDays is 1 or more. A day has 24 hours, in UTC: neither daylight
	// saving nor the length of a month plays a part, and there are no other
	// intervals.
	IntervalDays int
	// StartDate is where the first interval begins. Zero: when the schedule was
	// made. One that lies more than an interval back makes the schedule due at
	// once.
	StartDate time.Time
}

// UsageTrigger is due when a meter reads Threshold or more, whatever the meter's
// direction. While it does, every reading makes another work order: the
// platform does not start over after a completion, so raise the threshold with
// UpdateSchedule when the work is done. The platform can neither complete nor
// cancel these work orders; see TriggerManual.
type UsageTrigger struct {
	MeterID   string          // required: an active meter of the same asset
	Threshold decimal.Decimal // a value of the meter, more than 0
}

// Pattern is how often a CalendarTrigger comes round.
type Pattern string

// The patterns.
const (
	PatternDaily     Pattern = "daily"
	PatternWeekly    Pattern = "weekly"
	PatternMonthly   Pattern = "monthly"
	PatternQuarterly Pattern = "quarterly"
	PatternYearly    Pattern = "yearly"
)

// CalendarTrigger is stored and nothing more: on the platform, it is never due
// and cannot be triggered. Make the work orders with WorkOrders.Create and
// PMScheduleID.
type CalendarTrigger struct {
	Pattern    Pattern // required
	DayOfMonth int     // 1–31; 0: none
}

// Operator compares a sensor's value with a threshold.
type Operator string

// The operators.
const (
	GreaterThan Operator = "greater_than"
	LessThan    Operator = "less_than"
	Equals      Operator = "equals"
	NotEquals   Operator = "not_equals"
)

// ConditionTrigger is stored and nothing more, as CalendarTrigger.
type ConditionTrigger struct {
	SensorID      string // this or IntegrationID is required
	IntegrationID string
	Operator      Operator // required
	Threshold     decimal.Decimal
}

// ManualTrigger is never due: TriggerManual makes its work orders.
type ManualTrigger struct{}

// The JSON of the triggers.
type (
	timeConfig struct {
		IntervalDays int       `json:"interval_days"`
		StartDate    time.Time `json:"start_date,omitzero"`
	}
	usageConfig struct {
		MeterID   string `json:"meter_id"`
		Threshold number `json:"threshold"`
	}
	calendarConfig struct {
		Pattern    Pattern `json:"pattern"`
		DayOfMonth int     `json:"day_of_month,omitzero"`
	}
	conditionConfig struct {
		SensorID      string   `json:"sensor_id,omitzero"`
		IntegrationID string   `json:"integration_id,omitzero"`
		Operator      Operator `json:"operator"`
		Threshold     number   `json:"threshold"`
	}
)

// number is a decimal that is a number in JSON, where text would not do.
type number struct{ decimal.Decimal }

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) { return []byte(n.String()), nil }

// Type implements Trigger.
func (TimeTrigger) Type() TriggerType { return TriggerTime }

// Type implements Trigger.
func (UsageTrigger) Type() TriggerType { return TriggerUsage }

// Type implements Trigger.
func (CalendarTrigger) Type() TriggerType { return TriggerCalendar }

// Type implements Trigger.
func (ConditionTrigger) Type() TriggerType { return TriggerCondition }

// Type implements Trigger.
func (ManualTrigger) Type() TriggerType { return TriggerManual }

func (t TimeTrigger) config() any { return timeConfig(t) }
func (t UsageTrigger) config() any {
	return usageConfig{MeterID: t.MeterID, Threshold: number{t.Threshold}}
}
func (t CalendarTrigger) config() any { return calendarConfig(t) }
func (t ConditionTrigger) config() any {
	return conditionConfig{SensorID: t.SensorID, IntegrationID: t.IntegrationID, Operator: t.Operator, Threshold: number{t.Threshold}}
}
func (t ManualTrigger) config() any { return struct{}{} }

// check refuses an interval that ends behind the years that a timestamp can be
// read back of.
func (t TimeTrigger) check(op string) error {
	from := t.StartDate
	if from.IsZero() {
		from = time.Now()
	}
	if t.IntervalDays < 1 {
		return sdkerr.Invalid(op, "Trigger.IntervalDays", "must be 1 or more")
	}
	if t.IntervalDays > math.MaxInt32 || from.UTC().AddDate(0, 0, t.IntervalDays).Year() > 9999 {
		return sdkerr.Invalid(op, "Trigger.IntervalDays", "ends after the year 9999")
	}
	return nil
}

func (t UsageTrigger) check(op string) error {
	if err := sdkerr.RequireText(op, "Trigger.MeterID", t.MeterID); err != nil {
		return err
	}
	if !types.IsFinite(t.Threshold) || !t.Threshold.IsPositive() {
		return sdkerr.Invalid(op, "Trigger.Threshold", "must be more than 0")
	}
	return nil
}

func (t CalendarTrigger) check(op string) error {
	switch t.Pattern {
	case PatternDaily, PatternWeekly, PatternMonthly, PatternQuarterly, PatternYearly:
	default:
		return sdkerr.Invalid(op, "Trigger.Pattern", "is none of daily, weekly, monthly, quarterly and yearly")
	}
	if t.DayOfMonth < 0 || t.DayOfMonth > 31 {
		return sdkerr.Invalid(op, "Trigger.DayOfMonth", "must be 1 to 31")
	}
	return nil
}

func (t ConditionTrigger) check(op string) error {
	switch t.Operator {
	case GreaterThan, LessThan, Equals, NotEquals:
	default:
		return sdkerr.Invalid(op, "Trigger.Operator", "is none of greater_than, less_than, equals and not_equals")
	}
	if !types.IsFinite(t.Threshold) {
		return sdkerr.Invalid(op, "Trigger.Threshold", "is not finite")
	}
	if t.SensorID == "" && t.IntegrationID == "" {
		return sdkerr.Required(op, "Trigger.SensorID or Trigger.IntegrationID")
	}
	return nil
}

func (ManualTrigger) check(string) error { return nil }

// triggerJSON checks a trigger and gives its JSON; nil for none.
func triggerJSON(op string, t Trigger) (json.RawMessage, error) {
	if t == nil {
		return nil, nil
	}
	if err := t.check(op); err != nil {
		return nil, err
	}
	return postgrest.Body(op, t.config())
}

// ParseTrigger reads the trigger of a row, from its TriggerType and
// TriggerConfig. Keys that the platform ignores are dropped. It is
// ErrInvalidInput when the row holds what no Trigger can say, as a row that
// another program wrote may.
func ParseTrigger(kind TriggerType, config json.RawMessage) (Trigger, error) {
	const op = "ParseTrigger"
	var (
		t   Trigger
		err error
	)
	switch kind {
	case TriggerTime:
		var c struct {
			IntervalDays json.Number `json:"interval_days"` // text of digits, too
			StartDate    *string     `json:"start_date"`
		}
		if err = json.Unmarshal(config, &c); err == nil {
			t, err = parseTime(c.IntervalDays, c.StartDate)
		}
	case TriggerUsage:
		var c usageConfig
		err = json.Unmarshal(config, &c)
		t = UsageTrigger{MeterID: c.MeterID, Threshold: c.Threshold.Decimal}
	case TriggerCalendar:
		var c calendarConfig
		err = json.Unmarshal(config, &c)
		t = CalendarTrigger(c)
	case TriggerCondition:
		var c conditionConfig
		err = json.Unmarshal(config, &c)
		t = ConditionTrigger{SensorID: c.SensorID, IntegrationID: c.IntegrationID, Operator: c.Operator, Threshold: c.Threshold.Decimal}
	case TriggerManual:
		return ManualTrigger{}, nil
	default:
		return nil, sdkerr.Invalid(op, "the type", "is none of time, usage, calendar, condition and manual")
	}
	if err != nil {
		return nil, sdkerr.Wrap(op, sdkerr.ErrInvalidInput, err)
	}
	return t, nil
}

// parseTime reads a start date in the forms that the database takes and a
// program is likely to have written. One without an offset is in UTC.
func parseTime(days json.Number, start *string) (Trigger, error) {
	n, err := days.Int64()
	if err != nil || start == nil {
		return TimeTrigger{IntervalDays: int(n)}, err
	}
	var at time.Time
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateTime, time.DateOnly} {
		if at, err = time.Parse(layout, *start); err == nil {
			break
		}
	}
	return TimeTrigger{IntervalDays: int(n), StartDate: at}, err
}
