package devstack

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// clusterVersion changes when a cluster is built differently from the same SQL.
const clusterVersion = "1"

// A database is what a stack serves: a cluster of its own, or a database on
// somebody else's server.
type database interface {
	// url is the superuser's address, with password.
	url() string
	// superuser and authenticator configure pools of connections as these roles.
	superuser() (*pgxpool.Config, error)
	authenticator() (*pgxpool.Config, error)
	// close ends all connections and deletes the data.
	close() error
}

// A cluster is a PostgreSQL server with a data directory of its own, both gone
// after close.
type cluster struct {
	*server
	password string
}

// startCluster starts a PostgreSQL with the given SQL applied, from the cache
// when it can.
func startCluster(ctx context.Context, c *config, sources []source) (_ *cluster, err error) {
	if runtime.GOOS == "windows" {
		return nil, errors.New("devstack: on Windows, set " + DatabaseURLEnv + " to a PostgreSQL server where you are superuser")
	}
	sweep(c.tempDir, c.logger)
	inst, err := c.locate(ctx)
	if err != nil {
		return nil, err
	}
	c.logger.DebugContext(ctx, "devstack: PostgreSQL found", "bin", inst.bin, "version", inst.version)
	owner, err := unprivileged()
	if err != nil {
		return nil, err
	}

	t := &template{
		path: filepath.Join(c.cacheDir, "clusters", templateKey(sources, clusterVersion, platform, inst.bin, inst.version)+templateExt),
		build: func(ctx context.Context, w io.Writer) error {
			c.logger.InfoContext(ctx, "devstack: building the database, once")
			return buildTemplate(ctx, c, inst, owner, sources, w)
		},
	}
	dir, err := newRunDir(c.tempDir, owner)
	if err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, dir.remove())
		}
	}()
	if err := t.unpack(ctx, dir.data(), owner); err != nil {
		return nil, err
	}
	s, err := startServer(ctx, inst, dir, owner, c.logger)
	if err != nil {
		return nil, err
	}
	cl := &cluster{server: s, password: rand.Text()}
	if err := cl.setPassword(ctx); err != nil {
		s.stop(signalImmediate)
		return nil, err
	}
	return cl, nil
}

// templateKey names what a cluster is made of.
func templateKey(sources []source, parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	for _, src := range sources {
		fmt.Fprintf(h, "%d:%s%d:%s%t", len(src.name), src.name, len(src.sql), src.sql, src.foreign)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:12])
}

// buildTemplate initialises a cluster, applies the SQL and packs the result.
func buildTemplate(ctx context.Context, c *config, inst *installation, owner *account, sources []source, w io.Writer) (err error) {
	dir, err := newRunDir(c.tempDir, owner)
	if err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	defer func() { err = errors.Join(err, dir.remove()) }()
	if err := initCluster(ctx, inst, dir, owner); err != nil {
		return err
	}
	s, err := startServer(ctx, inst, dir, owner, c.logger)
	if err != nil {
		return err
	}
	if err := apply(ctx, s.socketURL("postgres"), sources, c.logger); err != nil {
		s.stop(signalImmediate)
		return err
	}
	s.stop(signalFast)
	if s.waitErr != nil {
		return fmt.Errorf("devstack: stop PostgreSQL: %w: %s", s.waitErr, s.output.tail())
	}
	return packDir(w, dir.data())
}

// initCluster runs initdb, in the first of the usual UTF-8 locales that exists.
func initCluster(ctx context.Context, inst *installation, dir *runDir, owner *account) error {
	var failed []error
	for _, locale := range []string{"C.UTF-8", "en_US.UTF-8", "C"} {
		cmd := exec.CommandContext(ctx, inst.program("initdb"), "-D", dir.data(), "-U", "postgres",
			"--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--locale="+locale,
			"--no-sync", "--no-instructions", "--wal-segsize=1")
		cmd.Dir, cmd.Env = dir.path, serverEnv(dir)
		confine(cmd, owner)
		out, err := combinedOutput(cmd)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		failed = append(failed, fmt.Errorf("devstack: initdb --locale=%s: %w: %s", locale, err, strings.TrimSpace(out)))
		if err := emptyDir(dir.data()); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}

// combinedOutput runs cmd on a thread that stays until it is done, see launch.
func combinedOutput(cmd *exec.Cmd) (string, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (cl *cluster) setPassword(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, cl.socketURL("postgres"))
	if err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	// rand.Text holds letters and digits only.
	if _, err := conn.Exec(ctx, "alter role postgres password '"+cl.password+"'"); err != nil {
		return fmt.Errorf("devstack: set the password: %w", err)
	}
	return nil
}

func (cl *cluster) url() string {
	u := url.URL{
		Scheme: "postgresql",
		User:   url.UserPassword("postgres", cl.password),
		Host:   fmt.Sprintf("127.0.0.1:%d", cl.port),
		Path:   "/postgres",
	}
	return u.String()
}

func (cl *cluster) superuser() (*pgxpool.Config, error) {
	return pgxpool.ParseConfig(cl.socketURL("postgres"))
}

func (cl *cluster) authenticator() (*pgxpool.Config, error) {
	return pgxpool.ParseConfig(cl.socketURL("authenticator"))
}

func (cl *cluster) close() error {
	cl.stop(signalImmediate)
	return cl.dir.remove()
}
