package devstack

import (
	"context"
	_ "embed" // bootstrap.sql, services.sql
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/workorder-systems/sdk-go/devstack/auth"
	"github.com/workorder-systems/sdk-go/devstack/schema"
	"github.com/workorder-systems/sdk-go/devstack/storage"
)

//go:embed bootstrap.sql
var bootstrapSQL string

//go:embed services.sql
var servicesSQL string

// A source is one SQL file.
type source struct {
	name    string // as errors show it
	sql     string
	foreign bool // a project's own migration: may ask for missing extensions
}

// sources lists what makes a stack's database, in order.
func (c *config) sources() ([]source, error) {
	all := []source{
		{name: "bootstrap.sql", sql: bootstrapSQL},
		{name: "auth/schema.sql", sql: auth.SchemaSQL},
		{name: "storage/schema.sql", sql: storage.SchemaSQL},
	}
	services := source{name: "services.sql", sql: servicesSQL}
	var (
		files []source
		err   error
	)
	switch {
	case c.migrations != "":
		vector, readErr := schema.FS.ReadFile("53_vector.sql")
		if readErr != nil {
			return nil, fmt.Errorf("devstack: %w", readErr)
		}
		all = append(all, services, source{name: "standins.sql", sql: standinsSQL}, source{name: "schema/53_vector.sql", sql: string(vector)})
		files, err = sqlFiles(os.DirFS(c.migrations), c.migrations, true)
	case c.schema != nil:
		files, err = sqlFiles(c.schema, "", false)
	default:
		all = append(all, services)
		files, err = sqlFiles(schema.FS, "schema", false)
	}
	if err != nil {
		return nil, err
	}
	return append(all, files...), nil
}

// sqlFiles reads the *.sql files at the root of fsys in name order.
func sqlFiles(fsys fs.FS, dir string, foreign bool) ([]source, error) {
	names, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	if len(names) == 0 {
		if _, err := fs.Stat(fsys, "."); err != nil {
			return nil, fmt.Errorf("devstack: %s: %w", dir, err)
		}
		if foreign {
			return nil, fmt.Errorf("devstack: %s holds no .sql files", dir)
		}
	}
	slices.Sort(names)
	var files []source
	for _, name := range names {
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("devstack: %w", err)
		}
		files = append(files, source{name: path.Join(dir, name), sql: string(b), foreign: foreign})
	}
	return files, nil
}

// apply runs the sources against the database at url, each on a connection of its
// own so that a setting made by one does not reach the next.
func apply(ctx context.Context, url string, sources []source, log *slog.Logger) error {
	for _, src := range sources {
		if err := applyOne(ctx, url, src, log); err != nil {
			return err
		}
	}
	return nil
}

func applyOne(ctx context.Context, url string, src source, log *slog.Logger) (err error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		log.Debug("devstack: " + src.name + ": " + strings.ToLower(n.Severity) + ": " + n.Message)
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()

	var rules *extensionRules
	if src.foreign {
		if rules, err = loadExtensionRules(ctx, conn); err != nil {
			return err
		}
	}
	for _, st := range split(src.sql) {
		if rules != nil {
			if why := rules.skip(st.text); why != "" {
				log.InfoContext(ctx, fmt.Sprintf("devstack: %s:%d: skipped: %s", src.name, st.line, why))
				continue
			}
		}
		if _, err := conn.PgConn().Exec(ctx, st.text).ReadAll(); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return sqlError(src, st, err)
		}
	}
	return nil
}

// sqlError says where a statement failed and everything PostgreSQL said about it.
func sqlError(src source, st statement, err error) error {
	var pgErr *pgconn.PgError
	line := st.line
	if !errors.As(err, &pgErr) {
		return fmt.Errorf("devstack: %s:%d: %w", src.name, line, err)
	}
	if n := int(pgErr.Position); n > 0 {
		text := []rune(st.text)
		line += strings.Count(string(text[:min(n-1, len(text))]), "\n")
	}
	var more strings.Builder
	for _, part := range []struct{ label, text string }{
		{"detail", pgErr.Detail}, {"hint", pgErr.Hint}, {"where", pgErr.Where},
	} {
		if part.text != "" {
			fmt.Fprintf(&more, "\n\t%s: %s", part.label, part.text)
		}
	}
	return fmt.Errorf("devstack: %s:%d: %w%s", src.name, line, err, more.String())
}
