package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/internal/postgres"
)

func TestServesUntilInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	var stderr bytes.Buffer
	code := make(chan int)
	go func() {
		code <- run(ctx, []string{"-port", "0", "-database-url", ""}, stdout, &stderr)
		stdout.Close()
	}()

	values := map[string]string{}
	var names []string
	lines := bufio.NewScanner(out)
	for len(names) < 8 && lines.Scan() {
		name, quoted, found := bytes.Cut(lines.Bytes(), []byte("="))
		require.True(t, found, lines.Text())
		value, err := strconv.Unquote(string(quoted))
		require.NoError(t, err)
		names = append(names, string(name))
		values[string(name)] = value
	}
	require.Equal(t, []string{
		"ANON_KEY", "API_URL", "DB_URL", "JWT_SECRET", "SERVICE_ROLE_KEY",
		"SUPABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY",
	}, names)
	require.Equal(t, values["API_URL"], values["SUPABASE_URL"])

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, values["API_URL"]+"/auth/v1/settings", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("apikey", values["ANON_KEY"])
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)

	interrupt()
	require.Equal(t, 0, <-code, stderr.String())
	require.False(t, lines.Scan(), "standard output holds only the variables")
}

func TestFlagsReachTheStack(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "1.sql"), []byte(
		"create view public.numbers as select generate_series(1, 9) n; grant select on public.numbers to anon;"), 0o600))
	const secret = "another secret of more than thirty-two bytes"
	script := `curl -s "$SUPABASE_URL/rest/v1/numbers" -H "apikey: $SUPABASE_ANON_KEY"; echo
		for i in 1 2; do curl -s "$SUPABASE_URL/auth/v1/signup" -H "apikey: $SUPABASE_ANON_KEY" -d "{\"email\":\"a$i@example.com\",\"password\":\"correct horse\"}" |
		grep -oE '"expires_in":[0-9]+|over_request_rate_limit'; done; echo "$JWT_SECRET"`
	args := []string{
		"-port", "0", "-migrations", dir, "-max-rows", "2", "-jwt-expiry", "90s", "-jwt-secret", secret, "-sign-in-limit", "1",
	}
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), append(args, "sh", "-c", script), &stdout, &stderr), stderr.String())
	require.Equal(t, "[{\"n\":1},{\"n\":2}]\n\"expires_in\":90\nover_request_rate_limit\n"+secret+"\n",
		strings.ReplaceAll(stdout.String(), " \n ", ""))

	stdout.Reset()
	require.Zero(t, run(t.Context(), append(args, "-no-auth-limits", "sh", "-c", script), &stdout, &stderr), stderr.String())
	require.Equal(t, 2, strings.Count(stdout.String(), `"expires_in":90`), "no limits")
	require.NotContains(t, stderr.String(), secret)
}

func TestSignInFlagsReachTheStack(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "1.sql"), []byte("create table public.a ();"), 0o600))
	script := `ask() { curl -s "$SUPABASE_URL/auth/v1/$1" -H "apikey: $SUPABASE_ANON_KEY" "$@"; echo; }
		ask settings; ask signup -d "{\"email\":\"a@example.com\",\"password\":\"correct horse\"}"
		for i in 1 2; do ask resend -d "{\"type\":\"signup\",\"email\":\"a@example.com\"}"; done
		for i in 1 2; do ask verify -d "{\"type\":\"email\",\"email\":\"a@example.com\",\"token\":\"x\"}"; done`
	args := []string{
		"-port", "0", "-migrations", dir, "-anonymous", "-phone", "-confirm-email", "-reauthenticate", "-providers", "google, github",
		"-sso-domains", "corp.example", "-manual-linking", "-code-expiry", "90s", "-mail-every", "1m", "-verify-limit", "1",
	}
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), append(args, "sh", "-c", script), &stdout, &stderr), stderr.String())
	for _, want := range []string{
		`"anonymous_users":true`, `"phone":true`, `"mailer_autoconfirm":false`, `"google":true`, `"github":true`, `"apple":false`,
		`"saml_enabled":true`, "over_email_send_rate_limit", "otp_expired", "over_request_rate_limit",
	} {
		require.Contains(t, stdout.String(), want)
	}
	require.NotContains(t, stdout.String(), "access_token")
	require.Equal(t, 1, run(t.Context(), []string{"-port", "0", "-migrations", dir, "-providers", "gogle"}, &stdout, &stderr))
	require.Contains(t, stderr.String(), `there is no OAuth provider "gogle"`)
}

func TestRunsACommand(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "1.sql"), []byte("create table public.a ();"), 0o600))
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-port", "0", "-migrations", dir, "--",
		"sh", "-c", `echo "$SUPABASE_URL" | sed s/:[0-9]*$//; test -n "$SUPABASE_ANON_KEY" && exit 3`}, &stdout, &stderr)
	require.Equal(t, 3, code, stderr.String())
	require.Equal(t, "http://127.0.0.1\n", stdout.String())

	code = run(t.Context(), []string{"-port", "0", "-migrations", dir, "/no/such/command"}, &stdout, &stderr)
	require.Equal(t, 1, code)
	require.Contains(t, stderr.String(), "/no/such/command")
}

// TestMain lets a test run this program in a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("DEVSTACK_TEST_MAIN") != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestEndsCleanly(t *testing.T) {
	for _, tc := range []struct {
		name  string
		nohup bool
		end   os.Signal
		code  int
		err   string
	}{
		{name: "interrupted under nohup", nohup: true, end: os.Interrupt},
		{name: "interrupted", end: os.Interrupt},
		{name: "the terminal is closed", end: syscall.SIGHUP},
		{name: "nobody reads the output", code: 1, err: "broken pipe"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			temp, err := os.MkdirTemp(postgres.TempDir(), "ds")
			require.NoError(t, err)
			defer os.RemoveAll(temp)
			require.NoError(t, os.Chmod(temp, 0o755)) // for the user that the server runs as
			migrations := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(migrations, "1.sql"), []byte("create table public.a ();"), 0o600))

			read, write, err := os.Pipe()
			require.NoError(t, err)
			defer read.Close()
			if tc.end == nil {
				require.NoError(t, read.Close())
			}
			var stderr bytes.Buffer
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-port", "0", "-migrations", migrations)
			cmd.Env = append(os.Environ(), "DEVSTACK_TEST_MAIN=1", "DEVSTACK_DATABASE_URL=", "TMPDIR="+temp)
			cmd.Stdout, cmd.Stderr = write, &stderr
			restore := hangUp(tc.nohup)
			err = cmd.Start()
			restore()
			require.NoError(t, err)
			require.NoError(t, write.Close())
			if tc.end != nil {
				_, err := bufio.NewReader(read).ReadString('\n')
				require.NoError(t, err)
				dirs, err := os.ReadDir(temp)
				require.NoError(t, err)
				require.NotEmpty(t, dirs, "the stack lives elsewhere")
				if tc.nohup {
					require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
					time.Sleep(500 * time.Millisecond)
					require.NotEmpty(t, processes(t, temp), "it has to go on")
				}
				require.NoError(t, cmd.Process.Signal(tc.end))
			}
			_ = cmd.Wait() // the exit code says it
			require.Equal(t, tc.code, cmd.ProcessState.ExitCode(), stderr.String())
			require.Contains(t, stderr.String(), tc.err)
			dirs, err := os.ReadDir(temp)
			require.NoError(t, err)
			require.Empty(t, dirs)
		})
	}
}

// hangUp makes processes started from now on ignore SIGHUP, as nohup does, or
// take it, which they do not when this test itself runs under nohup.
func hangUp(ignored bool) (restore func()) {
	before := signal.Ignored(syscall.SIGHUP)
	if ignored {
		signal.Ignore(syscall.SIGHUP)
		return func() { signal.Reset(syscall.SIGHUP) }
	}
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP) // what is caught here is not ignored there
	return func() {
		signal.Stop(caught)
		if before {
			signal.Ignore(syscall.SIGHUP)
		}
	}
}

// processes lists the processes whose command line names dir.
func processes(t *testing.T, dir string) (found []string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ps", "-eww", "-o", "command=").Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, dir) {
			found = append(found, line)
		}
	}
	return found
}

func TestFailures(t *testing.T) {
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	taken := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)

	for _, tc := range []struct {
		args []string
		code int
		err  string
	}{
		{[]string{"-port", taken}, 1, "port taken: something else listens on 127.0.0.1:" + taken},
		{[]string{"-port", "x"}, 2, "invalid value"},
		{[]string{"-port", "99999"}, 1, "not between 0 and 65535"},
		{[]string{"-migrations", "/nowhere"}, 1, "/nowhere"},
		{[]string{"-jwt-expiry", "0s"}, 1, "JWT expiry"},
		{[]string{"-jwt-secret", "short"}, 1, "at least 32 bytes"},
		{[]string{"-max-rows", "0"}, 1, "max rows"},
		{[]string{"-sign-in-limit", "-1"}, 1, "negative"},
		{[]string{"-nothing"}, 2, "not defined: -nothing"},
		{[]string{"-h"}, 0, "usage: devstack"},
	} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, tc.code, run(t.Context(), tc.args, &stdout, &stderr), tc.args)
		require.Contains(t, stderr.String(), tc.err)
		require.Empty(t, stdout.String())
	}
}
