package sdkerr

// RequireText checks that required text is there. It takes pairs of a field
// name and its value, and reports the first empty one as ErrInvalidInput.
func RequireText(op string, fieldsAndValues ...string) error {
	for i := 0; i+1 < len(fieldsAndValues); i += 2 {
		if fieldsAndValues[i+1] == "" {
			return Required(op, fieldsAndValues[i])
		}
	}
	return nil
}
