package integration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack/workordertest"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// keyedUpload is one file of an import.
func keyedUpload(workOrderID, key, label, content string) workorders.UploadParams {
	return workorders.UploadParams{
		EntityType: workorders.EntityWorkOrder, EntityID: workOrderID, Key: key, Filename: "scan.txt", Label: label,
		Body: strings.NewReader(content),
	}
}

// requireOneFile asserts that a work order has one attachment, and that its file
// and label are these.
func requireOneFile(t testing.TB, c *workorder.Client, workOrderID, label, content string) *workorders.EntityAttachment {
	t.Helper()
	rows, err := c.Attachments.List(t.Context(), query.Where(attachmentCols.EntityID.Eq(workOrderID)))
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, label, text(rows[0].Label))
	require.Equal(t, content, download(t, c, &rows[0]))
	return &rows[0]
}

func TestKeyedUploadMakesOneFile(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	for _, label := range []string{"", "Größe 3½\""} {
		id := makeWorkOrder(t, tn.Client, "x")
		p := keyedUpload(id, "archive/2019/7.txt", label, "content")
		first, err := tn.Attachments.Upload(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, *first, *requireOneFile(t, tn.Client, id, label, "content"))

		for name, body := range map[string]io.Reader{
			"again": strings.NewReader("content"), "of unknown length": iotest.OneByteReader(strings.NewReader("content")),
		} {
			p.Body = body
			p.TenantID, p.EntityID = strings.ToUpper(tn.ID), strings.ToUpper(id)
			again, err := tn.Attachments.Upload(t.Context(), p)
			require.NoError(t, err, name)
			require.Equal(t, first, again, name)
		}
		for _, other := range []string{"another", "CONTENT", "", "longer than the content"} {
			_, err = tn.Attachments.Upload(t.Context(), keyedUpload(id, "archive/2019/7.txt", label, other))
			require.ErrorIs(t, err, workorder.ErrConflict, other)
		}
		requireOneFile(t, tn.Client, id, label, "content")

		second, err := tn.Attachments.Upload(t.Context(), keyedUpload(id, "archive/2019/8.txt", label, "content"))
		require.NoError(t, err)
		require.NotEqual(t, first.ID, second.ID)
		elsewhere := makeWorkOrder(t, tn.Client, "y")
		third, err := tn.Attachments.Upload(t.Context(), keyedUpload(elsewhere, "archive/2019/7.txt", label, "content"))
		require.NoError(t, err)
		require.NotEqual(t, first.ID, third.ID, "each entity has its own")
		require.NotEqual(t, first.FileID, third.FileID)
	}
}

func TestKeyedUploadOfAnEmptyFile(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	for _, label := range []string{"", "L"} {
		id := makeWorkOrder(t, tn.Client, "x")
		for range 2 {
			_, err := tn.Attachments.Upload(t.Context(), keyedUpload(id, "k", label, ""))
			require.NoError(t, err)
		}
		requireOneFile(t, tn.Client, id, label, "")
	}
}

// A label is set once: what somebody made of it stays.
func TestKeyedUploadLeavesALabel(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	a, err := tn.Attachments.Upload(t.Context(), keyedUpload(id, "k", "imported", "content"))
	require.NoError(t, err)
	require.NoError(t, tn.Attachments.UpdateMetadata(t.Context(), workorders.UpdateAttachmentMetadataParams{
		AttachmentID: a.ID, Label: new("by hand"),
	}))
	_, err = tn.Attachments.Upload(t.Context(), keyedUpload(id, "k", "imported", "content"))
	require.NoError(t, err)
	requireOneFile(t, tn.Client, id, "by hand", "content")
}

func TestConcurrentKeyedUploadsMakeOneFile(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	for _, label := range []string{"", "L"} {
		id := makeWorkOrder(t, tn.Client, "x")
		content := strings.Repeat("content ", 20_000)
		ids, errs := make([]string, 6), make([]error, 6)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				a, err := tn.Attachments.Upload(t.Context(), keyedUpload(id, "k", label, content))
				if a != nil {
					ids[i] = a.ID
				}
				errs[i] = err
			})
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		a := requireOneFile(t, tn.Client, id, label, content)
		for _, got := range ids {
			require.Equal(t, a.ID, got)
		}
	}
}

// An import that is killed at any of its requests, and started again.
func TestKilledImportIsFinished(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	tn := tenantOf(kit)
	p := kit.Sub(t)
	c := watch(t, p)
	for label, requests := range map[string]int{"": 3, "L": 4} {
		for n := 1; n <= requests; n++ {
			for name, f := range map[string]fault{"before": noAnswer, "after": lostAnswer} {
				t.Run(fmt.Sprintf("%s request %d, label %q", name, n, label), func(t *testing.T) {
					id := makeWorkOrder(t, tn.Client, "x")
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					p.Reset()
					nth := []workordertest.Scope{workordertest.Skip(n - 1), workordertest.Times(1)}
					f(p, nth...)
					p.Inject(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
						defer cancel()
						next.ServeHTTP(w, r)
					}, nth...)
					_, err := c.Attachments.Upload(ctx, keyedUpload(id, "k", label, "content"))
					require.Error(t, err)
					p.Reset()

					a, err := c.Attachments.Upload(t.Context(), keyedUpload(id, "k", label, "content"))

					require.NoError(t, err)
					require.Equal(t, a, requireOneFile(t, tn.Client, id, label, "content"))
				})
			}
		}
	}
}

func TestLostAnswersOfUploadsAreLookedUp(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	tn := tenantOf(kit)
	p := kit.Sub(t)
	c := watch(t, p)
	isWrite := func(r *http.Request) bool { return r.Method != http.MethodGet }
	lostWrites := func() workordertest.Scope { return workordertest.When(isWrite) }
	lostOnce := func() workordertest.Scope {
		var seen sync.Map
		return workordertest.When(func(r *http.Request) bool {
			if !isWrite(r) {
				return false
			}
			_, again := seen.LoadOrStore(r.Method+r.URL.Path, true)
			return !again
		})
	}
	for name, tt := range map[string]struct {
		key, label string
		lost       func() workordertest.Scope
		body       io.Reader
	}{
		"each once":               {"", "", lostOnce, strings.NewReader("content")},
		"each once, key":          {"k", "", lostOnce, strings.NewReader("content")},
		"each once, label":        {"", "L", lostOnce, strings.NewReader("content")},
		"each once, key, label":   {"k", "L", lostOnce, strings.NewReader("content")},
		"all":                     {"", "", lostWrites, strings.NewReader("content")},
		"all, key":                {"k", "", lostWrites, strings.NewReader("content")},
		"a body that cannot seek": {"", "", lostWrites, iotest.OneByteReader(strings.NewReader("content"))},
		"such a body, key":        {"k", "", lostWrites, iotest.OneByteReader(strings.NewReader("content"))},
	} {
		t.Run(name, func(t *testing.T) {
			id := makeWorkOrder(t, tn.Client, "x")
			up := keyedUpload(id, tt.key, tt.label, "")
			up.Body = tt.body
			p.DropResponse(tt.lost())
			a, err := c.Attachments.Upload(t.Context(), up)
			p.Reset()
			require.NoError(t, err)
			require.Equal(t, a, requireOneFile(t, tn.Client, id, tt.label, "content"))
		})
	}
}

// An object that is removed through Storage leaves its attachment behind, and
// with it the place of its key.
func TestKeyedUploadOfARemovedFileConflicts(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	for _, label := range []string{"", "L"} {
		id := makeWorkOrder(t, tn.Client, "x")
		a, err := tn.Attachments.Upload(t.Context(), keyedUpload(id, "k", label, "content"))
		require.NoError(t, err)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, stack.URL+"/storage/v1/object/attachments/"+*a.StoragePath, nil)
		require.NoError(t, err)
		req.Header.Set("apikey", stack.AnonKey)
		req.Header.Set("Authorization", "Bearer "+tn.Admin.JWT(t, tn.ID))
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)

		_, err = tn.Attachments.Upload(t.Context(), keyedUpload(id, "k", label, "content"))
		require.ErrorIs(t, err, workorder.ErrConflict)

		require.NoError(t, tn.Attachments.Delete(t.Context(), workorders.DeleteAttachmentParams{AttachmentID: a.ID}))
		_, err = tn.Attachments.Upload(t.Context(), keyedUpload(id, "k", label, "content"))
		require.NoError(t, err, "without the attachment the key is free again")
		requireOneFile(t, tn.Client, id, label, "content")
	}
}
