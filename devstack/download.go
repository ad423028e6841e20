package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"

	"github.com/workorder-systems/sdk-go/devstack/internal/postgres"
)

// downloadPostgres fetches PostgreSQL's programs into dir, unless they are there
// already, and returns the directory of the programs.
func downloadPostgres(dir string) (string, error) {
	bin := filepath.Join(dir, "bin")
	if _, err := postgres.Inspect(bin); err == nil {
		return bin, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	scratch, err := os.MkdirTemp(dir, "download-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	port, err := postgres.FreePort(context.Background())
	if err != nil {
		return "", err
	}

	defer removeDownloadLogs(time.Now())

	// The library fetches, unpacks, initialises and starts; only the first two are
	// wanted, so initialising is made to fail by an encoding that does not exist.
	err = embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(embeddedpostgres.V17).
		Port(uint32(port)).
		CachePath(dir).
		BinariesPath(dir).
		RuntimePath(filepath.Join(scratch, "run")).
		DataPath(filepath.Join(scratch, "data")).
		Encoding("none").
		Logger(io.Discard)).Start()
	if _, inspectErr := postgres.Inspect(bin); inspectErr != nil {
		if err == nil {
			err = errors.New("the archive holds no server")
		}
		return "", fmt.Errorf("fetch PostgreSQL: %w", err)
	}
	return bin, nil
}

// removeDownloadLogs deletes the log files that the library has left in the
// temporary directory since then.
func removeDownloadLogs(since time.Time) {
	logs, err := filepath.Glob(filepath.Join(os.TempDir(), "embedded_postgres_log*"))
	if err != nil {
		return
	}
	for _, log := range logs {
		if info, err := os.Stat(log); err == nil && !info.ModTime().Before(since.Truncate(time.Second)) {
			_ = os.Remove(log)
		}
	}
}
