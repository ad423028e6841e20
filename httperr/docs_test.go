package httperr

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// The table in docs/servers.md has every kind, in the order in which they count, and
// no other.
func TestDocsHaveEveryKind(t *testing.T) {
	doc, err := os.ReadFile("../docs/servers.md")
	require.NoError(t, err)
	var listed, want []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (\\d{3}) \\|").FindAllStringSubmatch(string(doc), -1) {
		listed = append(listed, m[1]+" "+m[2])
	}
	for _, a := range answers {
		require.Equal(t, a.name, ProblemOf(fmt.Errorf("x: %w", a.kind)).Kind)
		want = append(want, fmt.Sprint(a.name, " ", a.status))
	}
	require.Equal(t, want, listed)
}
