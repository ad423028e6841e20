package sdkerr

import (
	"strings"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
)

// RequireText checks that required text is there, and that the database can hold
// it. It takes pairs of a field name and its value, and reports the first that
// fails as ErrInvalidInput.
func RequireText(op string, fieldsAndValues ...string) error {
	for i := 0; i+1 < len(fieldsAndValues); i += 2 {
		if fieldsAndValues[i+1] == "" {
			return Required(op, fieldsAndValues[i])
		}
		if err := pgjson.Text(fieldsAndValues[i+1]); err != nil {
			return Invalid(op, fieldsAndValues[i], err.Error())
		}
	}
	return nil
}

// RefuseEmptyIDs refuses ids that are given and empty as ErrInvalidInput: an empty
// id takes nothing away. It takes pairs of a field name and a *string.
func RefuseEmptyIDs(op string, fieldsAndIDs ...any) error {
	for i := 0; i+1 < len(fieldsAndIDs); i += 2 {
		if id := fieldsAndIDs[i+1].(*string); id != nil && *id == "" {
			return Invalid(op, fieldsAndIDs[i].(string), "cannot be taken away, only changed")
		}
	}
	return nil
}

// RefuseZero refuses a time or day that is given and the zero one as
// ErrInvalidInput: it takes nothing away, and the year 1 is not meant.
func RefuseZero[T interface{ IsZero() bool }](op, field string, value *T) error {
	if value != nil && (*value).IsZero() {
		return Invalid(op, field, "cannot be taken away, only changed")
	}
	return nil
}

// RefuseBlank refuses text that is given and nothing but white space as
// ErrInvalidInput. The platform itself takes at most spaces for blank.
func RefuseBlank(op, field string, value *string) error {
	if value != nil && strings.TrimSpace(*value) == "" {
		return Invalid(op, field, "is blank")
	}
	return nil
}
