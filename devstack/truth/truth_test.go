// Package truth_test compares the stack with what the platform was recorded to
// answer; see README.md.
package truth_test

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack"
)

// chapters are the first parts of the names of the scenarios to run. A chapter
// of the backend that is built comes in here, with its scenarios and records.
var chapters = []string{"00", "01", "02", "03", "04", "05", "06"}

func TestTheStackAnswersAsThePlatform(t *testing.T) {
	node := findNode(t)
	stack, err := devstack.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	putSecrets(t, stack.DatabaseURL)

	for _, chapter := range chapters {
		t.Run(chapter, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), node, "run.mjs", "check", "--only", chapter+"-", "--allow", "allow.txt")
			cmd.Env = append(os.Environ(),
				"SUPABASE_URL="+stack.URL, "SUPABASE_ANON_KEY="+stack.AnonKey, "SUPABASE_SERVICE_ROLE_KEY="+stack.ServiceRoleKey)
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			t.Logf("%s", out)
		})
	}
}

// putSecrets puts into the Vault what the webhooks of chapter 06 are signed with.
func putSecrets(t *testing.T, databaseURL string) {
	t.Helper()
	sql, err := os.ReadFile("06-vault.sql")
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), databaseURL)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), string(sql))
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}

// Every chapter has scenarios, and every scenario its record and its chapter.
func TestEveryScenarioIsRecordedAndRun(t *testing.T) {
	entries, err := os.ReadDir("scenarios")
	require.NoError(t, err)
	ran := map[string]bool{}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".mjs")
		chapter, _, _ := strings.Cut(name, "-")
		require.Contains(t, chapters, chapter, name)
		require.FileExists(t, "recorded/"+name+".json")
		ran[chapter] = true
	}
	require.Len(t, ran, len(chapters))
}

// findNode returns the program, in a version that has fetch.
func findNode(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("Node is not on this machine")
	}
	out, err := exec.CommandContext(t.Context(), node, "--version").Output()
	require.NoError(t, err)
	major, _, _ := strings.Cut(strings.TrimPrefix(string(out), "v"), ".")
	n, err := strconv.Atoi(major)
	require.NoError(t, err, "%s", out)
	if n < 18 {
		t.Skipf("Node %d is older than 18", n)
	}
	return node
}
