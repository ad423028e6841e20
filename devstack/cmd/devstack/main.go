// Command devstack serves a WorkOrder Systems backend on this machine until it
// is interrupted.
//
//	go run ./devstack/cmd/devstack
//	go run ./devstack/cmd/devstack > .env.local
//	go run ./devstack/cmd/devstack -- go test ./...
//
// Standard output holds only NAME="value" lines: first the ones that
// `supabase status -o env` prints, then the names that the SDK reads. Everything
// else goes to standard error. With a command after the flags, devstack runs the
// command with these names in its environment instead of printing them, and ends
// with its exit status.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/workorder-systems/sdk-go/devstack"
)

// usualPort is where `supabase start` serves.
const usualPort = 54321

func main() {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup has it ignored
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	// Writing to a pipe that nobody reads fails then, instead of ending the process.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("devstack", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: devstack [flags] [command [argument …]]\n\n"+
			"Serves a WorkOrder Systems backend until interrupted, or while the command runs.\n\n")
		flags.PrintDefaults()
	}
	var (
		port        = flags.Int("port", usualPort, "`port` of the API; any free one when 0, or when the default is taken")
		migrations  = flags.String("migrations", "", "apply the *.sql files of this `directory` instead of the reference backend")
		databaseURL = flags.String("database-url", "", "use the PostgreSQL server at this `URL`, as superuser (default $"+devstack.DatabaseURLEnv+")")
		hook        = flags.String("token-hook", "", "`function` that adds claims to tokens, as schema.name")
		searches    = flags.Bool("search-functions", false, "let the three search functions answer, which the platform refuses with 42704")
		costs       = flags.Bool("cost-functions", false, "let the three cost functions answer, which the platform refuses with 25006")
		speed       = flags.Int("delivery-speed", 1, "how many `times` as fast deliveries of plugins are repeated and given up")
		jwtExpiry   = flags.Duration("jwt-expiry", time.Hour, "`lifetime` of access tokens, such as 90s")
		jwtSecret   = flags.String("jwt-secret", "", "`secret` of 32 bytes or more that signs tokens (default that of every local Supabase project)")
		signingKey  = flags.String("signing-key", "", "`algorithm`, ES256 or RS256, of a key that signs access tokens instead of the secret")
		maxRows     = flags.Int("max-rows", 1000, "`number` of rows that one answer holds at most")
		cacheDir    = flags.String("cache-dir", "", "`directory` of the cache (default below the user's cache directory)")
		signIns     = flags.Int("sign-in-limit", 0, "`number` of sign-ups and sign-ins that Auth takes from one address in five minutes; any when 0")
		refreshes   = flags.Int("refresh-limit", 0, "`number` of refreshes that Auth takes from one address in five minutes; any when 0")
		anonymous   = flags.Bool("anonymous", false, "let users sign up with nothing")
		phone       = flags.Bool("phone", false, "let users sign in with codes that are sent to a phone number")
		confirm     = flags.Bool("confirm-email", false, "leave new accounts without a session until a mail confirms their address")
		reauth      = flags.Bool("reauthenticate", false, "ask for the nonce of a mail with a new password, unless the session is younger than a day")
		providers   = flags.String("providers", "", "OAuth `providers` that users can sign in with and the stack plays, such as google,github")
		ssoDomains  = flags.String("sso-domains", "", "`domains` of organisations whose users sign in there, which the stack plays")
		linking     = flags.Bool("manual-linking", false, "let users add identities to their account and take them away")
		codeExpiry  = flags.Duration("code-expiry", time.Hour, "`time` that codes and links in mails are good")
		mailEvery   = flags.Duration("mail-every", 0, "least `time` between two mails of a kind to a user")
		verifies    = flags.Int("verify-limit", 0, "`number` of codes that one address may try in five minutes; any when 0")
		noLimits    = flags.Bool("no-auth-limits", false, "lift the limits of Auth, whatever the flags before say")
		verbose     = flags.Bool("v", false, "log requests and PostgreSQL's messages")
	)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}

	level := slog.LevelInfo
	if *verbose {
		level = slog.LevelDebug
	}
	if *noLimits {
		*signIns, *refreshes, *verifies, *mailEvery = 0, 0, 0, 0
	}
	opts := []devstack.Option{
		devstack.WithLogger(slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))),
		devstack.WithJWTExpiry(*jwtExpiry),
		devstack.WithMaxRows(*maxRows),
		devstack.WithDeliverySpeed(*speed),
		devstack.WithCacheDir(*cacheDir),
		devstack.WithAuthLimits(*signIns, *refreshes),
		devstack.WithSignIn(devstack.SignIn{
			Anonymous: *anonymous, Phone: *phone, ConfirmEmail: *confirm, Reauthenticate: *reauth,
			Providers: list(*providers), SSODomains: list(*ssoDomains), ManualLinking: *linking,
			CodeExpiry: *codeExpiry, MailEvery: *mailEvery, Verifications: *verifies,
		}),
	}
	if *jwtSecret != "" {
		opts = append(opts, devstack.WithJWTSecret(*jwtSecret))
	}
	if *signingKey != "" {
		opts = append(opts, devstack.WithSigningKey(devstack.SigningAlgorithm(*signingKey)))
	}
	if *migrations != "" {
		opts = append(opts, devstack.WithMigrations(*migrations))
	}
	if *databaseURL != "" {
		opts = append(opts, devstack.WithDatabaseURL(*databaseURL))
	}
	if *hook != "" {
		opts = append(opts, devstack.WithTokenHook(*hook))
	}
	if *costs {
		opts = append(opts, devstack.WithCostFunctions())
	}
	if *searches {
		opts = append(opts, devstack.WithSearchFunctions())
	}

	stack, err := devstack.Start(ctx, append(opts, devstack.WithPort(*port))...)
	if errors.Is(err, devstack.ErrPortTaken) && !given(flags, "port") {
		stack, err = devstack.Start(ctx, opts...)
	}
	if err != nil {
		if ctx.Err() != nil {
			return 130
		}
		fmt.Fprintln(stderr, err)
		return 1
	}

	code := 0
	if command := flags.Args(); len(command) > 0 {
		code = runCommand(ctx, command, environment(stack), stdout, stderr)
	} else {
		if err := printVariables(stdout, environment(stack)); err != nil {
			fmt.Fprintln(stderr, "devstack:", err)
			code = 1
		} else {
			<-ctx.Done()
		}
	}
	if err := stack.Close(); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return code
}

// list splits what a flag names, separated by commas.
func list(flag string) []string {
	return strings.FieldsFunc(flag, func(r rune) bool { return r == ',' || r == ' ' })
}

func given(flags *flag.FlagSet, name string) (found bool) {
	flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

type variable struct{ name, value string }

func environment(s *devstack.Stack) []variable {
	return []variable{
		{"ANON_KEY", s.AnonKey},
		{"API_URL", s.URL},
		{"DB_URL", s.DatabaseURL},
		{"JWT_SECRET", s.JWTSecret},
		{"SERVICE_ROLE_KEY", s.ServiceRoleKey},
		{"SUPABASE_URL", s.URL},
		{"SUPABASE_ANON_KEY", s.AnonKey},
		{"SUPABASE_SERVICE_ROLE_KEY", s.ServiceRoleKey},
	}
}

func printVariables(w io.Writer, variables []variable) error {
	for _, v := range variables {
		if _, err := fmt.Fprintf(w, "%s=%q\n", v.name, v.value); err != nil {
			return err
		}
	}
	return nil
}

// runCommand runs a command against the stack and returns its exit status.
func runCommand(ctx context.Context, command []string, env []variable, stdout, stderr io.Writer) int {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, stdout, stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Env = os.Environ()
	for _, v := range env {
		cmd.Env = append(cmd.Env, v.name+"="+v.value)
	}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode()
	default:
		fmt.Fprintln(stderr, "devstack:", err)
		return 1
	}
}
