package devstack_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack"
)

// TestSupabaseJS drives the stack with a client that knows nothing of it: the
// JavaScript one that the platform's own SDK is built on.
func TestSupabaseJS(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("Node is not on this machine")
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("npm is not on this machine")
	}
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("smoke")))
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "node_modules")))
	run(t, dir, nil, npm, "ci", "--silent")

	stack, err := devstack.Start(t.Context(), devstack.WithSignIn(devstack.SignIn{
		Anonymous: true, Phone: true, Providers: []string{"google", "github"}, SSODomains: []string{"corp.example"}, ManualLinking: true,
	}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	run(t, dir, []string{
		"SUPABASE_URL=" + stack.URL, "SUPABASE_ANON_KEY=" + stack.AnonKey, "SUPABASE_SERVICE_ROLE_KEY=" + stack.ServiceRoleKey,
	}, node, "--test", "smoke.test.mjs", "auth.test.mjs")
}

func run(t *testing.T, dir string, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %v:\n%s", filepath.Base(name), args, out)
}
