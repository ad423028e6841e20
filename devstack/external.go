package devstack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/workorder-systems/sdk-go/devstack/internal/postgres"
)

const (
	externalRunPrefix      = "devstack_run_"
	externalTemplatePrefix = "devstack_template_"
	externalNewPrefix      = "devstack_new_"
	keptExternalTemplates  = 3

	// externalLock is the advisory lock of whoever builds a template or creates
	// roles, in the maintenance database.
	externalLock = 0x776f_6473 // "wods"
)

// An external is a database on a server that somebody else runs.
type external struct {
	config *pgx.ConnConfig  // of the maintenance database, as superuser
	source string           // the address it was parsed from
	name   string           // of the stack's database
	keeper *pgx.Conn        // open as long as the stack lives, see sweepExternal
	dir    *postgres.RunDir // for files, on this machine
}

// openExternal creates a database with the given SQL applied on the server at
// c.databaseURL, from a template database there when it can.
func openExternal(ctx context.Context, c *config, sources []source) (_ *external, err error) {
	cfg, err := pgx.ParseConfig(c.databaseURL)
	if err != nil {
		return nil, fmt.Errorf("devstack: %s: %w", DatabaseURLEnv, err) // pgx leaves the password out
	}
	e := &external{config: cfg, source: c.databaseURL, name: externalRunPrefix + strings.ToLower(rand.Text())}

	keeper := cfg.Copy()
	keeper.RuntimeParams["application_name"] = e.name
	if e.keeper, err = pgx.ConnectConfig(ctx, keeper); err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	version, err := e.check(ctx)
	if err != nil {
		return nil, err
	}
	postgres.Sweep(c.tempDir, c.logger)
	if e.dir, err = postgres.NewRunDir(c.tempDir, nil); err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}

	if _, err := e.keeper.Exec(ctx, "select pg_advisory_lock($1)", externalLock); err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	template := externalTemplatePrefix + templateKey(sources, clusterVersion, version)
	if err := e.prepare(ctx, c, template, sources); err != nil {
		return nil, err
	}
	if err := e.exec(ctx, "create database %s template %s", e.name, template); err != nil {
		return nil, err
	}
	if err := e.copySettings(ctx, template); err != nil {
		return nil, err
	}
	if _, err := e.keeper.Exec(ctx, "select pg_advisory_unlock($1)", externalLock); err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	return e, nil
}

// check refuses a server that is too old or a user with too few rights.
func (e *external) check(ctx context.Context) (version string, err error) {
	var (
		number    int
		superuser bool
	)
	err = e.keeper.QueryRow(ctx, `
		select current_setting('server_version'), current_setting('server_version_num')::int, rolsuper
		from pg_roles where rolname = current_user`).Scan(&version, &number, &superuser)
	switch {
	case err != nil:
		return "", fmt.Errorf("devstack: %w", err)
	case number < postgres.MinMajor*10000:
		return "", fmt.Errorf("devstack: %w: the server of %s is %s", ErrNoPostgres, DatabaseURLEnv, version)
	case !superuser:
		return "", fmt.Errorf("devstack: user %s of %s is not superuser", e.config.User, DatabaseURLEnv)
	}
	return version, nil
}

// prepare makes sure that the template database exists. The caller holds the lock.
func (e *external) prepare(ctx context.Context, c *config, template string, sources []source) error {
	if err := e.sweep(ctx); err != nil {
		return err
	}
	var exists bool
	err := e.keeper.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", template).Scan(&exists)
	if err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	if exists {
		return nil
	}
	c.logger.InfoContext(ctx, "devstack: building the database, once")
	fresh := externalNewPrefix + strings.ToLower(rand.Text())
	if err := e.exec(ctx, "create database %s template template0 encoding 'UTF8'", fresh); err != nil {
		return err
	}
	err = apply(ctx, e.address(fresh), sources, c.logger)
	if err == nil {
		err = e.exec(ctx, "alter database %s rename to %s", fresh, template)
	}
	if err != nil {
		return errors.Join(err, e.drop(fresh))
	}
	return nil
}

// sweep drops the databases of processes that died, half-built templates and the
// oldest templates. The caller holds the lock, so nobody else builds one.
func (e *external) sweep(ctx context.Context) error {
	rows, err := e.keeper.Query(ctx, `
		select datname from pg_database d
		where starts_with(datname, $1) and datname <> $2
			and not exists (select from pg_stat_activity a where a.application_name = d.datname)
		union all
		select datname from pg_database where starts_with(datname, $3)
		union all
		(select datname from pg_database where starts_with(datname, $4) order by oid desc offset $5)`,
		externalRunPrefix, e.name, externalNewPrefix, externalTemplatePrefix, keptExternalTemplates)
	if err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	for _, name := range names {
		if err := e.exec(ctx, "drop database if exists %s with (force)", name); err != nil {
			return err
		}
	}
	return nil
}

// copySettings repeats `alter database … set` of the template, which a copy of a
// database does not take over.
func (e *external) copySettings(ctx context.Context, template string) error {
	rows, err := e.keeper.Query(ctx, `
		select unnest(s.setconfig)
		from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
		where d.datname = $1 and s.setrole = 0`, template)
	if err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	settings, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		if name != "search_path" { // a list, stored as it is written
			value = "'" + strings.ReplaceAll(value, "'", "''") + "'"
		}
		sql := "alter database " + quoteName(e.name) + " set " + quoteName(name) + " to " + value
		if _, err := e.keeper.Exec(ctx, sql); err != nil {
			return fmt.Errorf("devstack: %w", err)
		}
	}
	return nil
}

func quoteName(name string) string { return pgx.Identifier{name}.Sanitize() }

// exec runs a statement with names filled in.
func (e *external) exec(ctx context.Context, format string, names ...string) error {
	quoted := make([]any, len(names))
	for i, name := range names {
		quoted[i] = quoteName(name)
	}
	if _, err := e.keeper.Exec(ctx, fmt.Sprintf(format, quoted...)); err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	return nil
}

// drop deletes a database even when the keeper's connection is lost, as it is
// after a cancelled statement.
func (e *external) drop(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, e.config)
	if err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "drop database if exists "+quoteName(name)+" with (force)"); err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	return nil
}

// address is the server's address with another database.
func (e *external) address(name string) string {
	if u, err := url.Parse(e.source); err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") {
		u.Path = "/" + name
		return u.String()
	}
	return e.source + " dbname=" + name // key=value form: the last one counts
}

func (e *external) url() string { return e.address(e.name) }

func (e *external) superuser() (*pgxpool.Config, error) { return pgxpool.ParseConfig(e.url()) }

// authenticator logs in as the superuser and becomes authenticator for good: its
// password on somebody else's server is not ours to know or to set.
func (e *external) authenticator() (*pgxpool.Config, error) {
	cfg, err := e.superuser()
	if err != nil {
		return nil, err
	}
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "set session authorization authenticator")
		return err
	}
	return cfg, nil
}

func (e *external) directory() string { return e.dir.Path() }

func (e *external) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := e.drop(e.name)
	_ = e.keeper.Close(ctx) // the connection may be gone already
	if e.dir != nil {
		err = errors.Join(err, e.dir.Remove())
	}
	return err
}
