package workorder

import (
	"io"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// redacted stands where a secret would be printed.
const redacted = sdkerr.Redacted

var redactedJSON = []byte(`"` + redacted + `"`)

func writeTo(w io.Writer, s string) { _, _ = io.WriteString(w, s) }
