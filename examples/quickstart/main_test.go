package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuickstart(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))

	require.Contains(t, out.String(), "invalid reference")
	require.Contains(t, out.String(), "The tenant knows: critical, high, medium, low.")
	require.Regexp(t, `Replace the bearing of pump 7\s+high\s+completed\s+48 h\s+45`, out.String())
	require.Regexp(t, `Inspect the fire doors\s+medium\s+draft\s+168 h\s+0`, out.String())
	require.NotContains(t, out.String(), "Paint the stairwell")
}
