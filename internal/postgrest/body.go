package postgrest

// Body encodes v as the JSON body of a request that is no call of a function.
// Like the arguments of one it fails with ErrInvalidInput, naming the field, when
// v holds text that the database could not.
func Body(op string, v any) ([]byte, error) { return encodeArgs(op, v) }
