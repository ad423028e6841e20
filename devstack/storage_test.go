package devstack

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// TestObjectsLiveAsLongAsTheStack also on a server that lives longer.
func TestObjectsLiveAsLongAsTheStack(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	withBucket := WithSchema(fstest.MapFS{"1.sql": {Data: []byte("insert into storage.buckets (id, name) values ('files', 'files');")}})
	host := box.start(t)
	for name, opts := range map[string][]Option{
		"own server":   {withBucket},
		"given server": {withBucket, WithDatabaseURL(host.DatabaseURL)},
	} {
		t.Run(name, func(t *testing.T) {
			stack, err := Start(t.Context(), box.options(opts...)...)
			require.NoError(t, err)
			defer stack.Close()
			object := stack.URL + "/storage/v1/object/files/a/b.txt"
			send := func(method, token string) (int, string) {
				req, err := http.NewRequestWithContext(t.Context(), method, object, strings.NewReader("bytes"))
				require.NoError(t, err)
				req.Header.Set("Authorization", "Bearer "+token)
				res, err := http.DefaultClient.Do(req)
				require.NoError(t, err)
				defer res.Body.Close()
				body, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				return res.StatusCode, string(body)
			}
			status, body := send(http.MethodPost, stack.AnonKey)
			require.Equal(t, http.StatusBadRequest, status)
			require.Contains(t, body, "row-level security")
			status, body = send(http.MethodPost, stack.ServiceRoleKey)
			require.Equal(t, http.StatusOK, status, body)
			_, body = send(http.MethodGet, stack.ServiceRoleKey)
			require.Equal(t, "bytes", body)

			dir := filepath.Join(stack.db.directory(), "objects")
			kept, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Len(t, kept, 1)
			require.NoError(t, stack.Close())
			require.NoDirExists(t, stack.db.directory())
		})
	}
}
