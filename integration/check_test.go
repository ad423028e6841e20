package integration

import (
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
)

// What a deployment says of itself is what the SDK is made for, whoever asks.
func TestCheckOfADeployment(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	for who, c := range map[string]*workorder.Client{
		"a member": tn.Client, "nobody": stack.Client(t), "the service": stack.ServiceClient(t),
	} {
		findings, err := c.Check(t.Context())
		require.NoError(t, err, who)
		for _, f := range findings {
			require.NotEqual(t, workorder.SeverityBreaking, f.Severity, "%s: %s", who, f)
		}
	}
}
