package devstack

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"runtime"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/workorder-systems/sdk-go/devstack/internal/postgres"
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
	// directory is for files beside the database, gone after close.
	directory() string
	// close ends all connections and deletes the data.
	close() error
}

// A cluster is a PostgreSQL server with a data directory of its own, both gone
// after close.
type cluster struct {
	*postgres.Server
	dir      *postgres.RunDir
	password string
}

// startCluster starts a PostgreSQL with the given SQL applied, from the cache
// when it can.
func startCluster(ctx context.Context, c *config, sources []source) (_ *cluster, err error) {
	if runtime.GOOS == "windows" {
		return nil, errors.New("devstack: on Windows, set " + DatabaseURLEnv + " to a PostgreSQL server where you are superuser")
	}
	postgres.Sweep(c.tempDir, c.logger)
	inst, err := c.locate(ctx)
	if err != nil {
		return nil, err
	}
	c.logger.DebugContext(ctx, "devstack: PostgreSQL found", "bin", inst.Bin, "version", inst.Version)
	owner, err := postgres.Unprivileged()
	if err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}

	t := &template{
		path: filepath.Join(c.cacheDir, "clusters", templateKey(sources, clusterVersion, platform, inst.Bin, inst.Version)+templateExt),
		build: func(ctx context.Context, w io.Writer) error {
			c.logger.InfoContext(ctx, "devstack: building the database, once")
			defer c.stillAt(ctx, "building the database")()
			return buildTemplate(ctx, c, inst, owner, sources, w)
		},
	}
	dir, err := postgres.NewRunDir(c.tempDir, owner)
	if err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, dir.Remove())
		}
	}()
	if err := t.unpack(ctx, dir, owner); err != nil {
		return nil, err
	}
	s, err := c.startServer(ctx, inst, dir, owner)
	if err != nil {
		return nil, err
	}
	cl := &cluster{Server: s, dir: dir, password: rand.Text()}
	if err := cl.setPassword(ctx); err != nil {
		s.Abort()
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
func buildTemplate(ctx context.Context, c *config, inst *postgres.Installation, owner *postgres.Account, sources []source, w io.Writer) (err error) {
	dir, err := postgres.NewRunDir(c.tempDir, owner)
	if err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	if err := inst.Init(ctx, dir, owner); err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	s, err := c.startServer(ctx, inst, dir, owner)
	if err != nil {
		return err
	}
	if err := apply(ctx, s.SocketURL("postgres", "postgres"), sources, c.logger); err != nil {
		s.Abort()
		return err
	}
	if err := s.Stop(); err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	return packDir(w, dir.Data())
}

// startServer starts PostgreSQL on the cluster in dir.
func (c *config) startServer(ctx context.Context, inst *postgres.Installation, dir *postgres.RunDir, owner *postgres.Account) (*postgres.Server, error) {
	s, err := postgres.Start(ctx, postgres.Config{Installation: inst, Dir: dir, Owner: owner, TCP: true, Log: c.logger})
	if err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	return s, nil
}

func (cl *cluster) setPassword(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, cl.SocketURL("postgres", "postgres"))
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
		Host:   fmt.Sprintf("127.0.0.1:%d", cl.Port()),
		Path:   "/postgres",
	}
	return u.String()
}

func (cl *cluster) superuser() (*pgxpool.Config, error) {
	return pgxpool.ParseConfig(cl.SocketURL("postgres", "postgres"))
}

func (cl *cluster) authenticator() (*pgxpool.Config, error) {
	return pgxpool.ParseConfig(cl.SocketURL("authenticator", "postgres"))
}

func (cl *cluster) directory() string { return cl.dir.Path() }

func (cl *cluster) close() error {
	cl.Abort()
	return cl.dir.Remove()
}
