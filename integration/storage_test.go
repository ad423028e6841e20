package integration

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// upload attaches a text to a work order.
func upload(t testing.TB, c *workorder.Client, workOrderID, filename, content string) *workorders.EntityAttachment {
	t.Helper()
	a, err := c.Attachments.Upload(t.Context(), workorders.UploadParams{
		EntityType: workorders.EntityWorkOrder, EntityID: workOrderID, Filename: filename, Body: strings.NewReader(content),
	})
	require.NoError(t, err)
	return a
}

// download reads a file that must be there.
func download(t testing.TB, c *workorder.Client, a *workorders.EntityAttachment) string {
	t.Helper()
	d, err := c.Attachments.Download(t.Context(), *a.StoragePath)
	require.NoError(t, err)
	content, err := io.ReadAll(d)
	require.NoError(t, err)
	require.NoError(t, d.Close())
	return string(content)
}

// fetch reads a URL as a browser would, without any credentials.
func fetch(t testing.TB, url string) (status int, contentType, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(b)
}

// TestLargeFilesAreStreamed is not parallel, so that nothing else uses memory.
// The devstack runs in this process, so its memory counts as well.
func TestLargeFilesAreStreamed(t *testing.T) {
	const limit = 12 << 20
	size := int64(64 << 20)
	if !stack.local {
		size = 40 << 20 // a deployment takes 50 MB at least
	}
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	upload(t, tn.Client, id, "warm-up.txt", "x")
	watch := watchHeap()
	body := &randomFile{size: size, hash: sha256.New(), watch: watch}

	a, err := tn.Attachments.Upload(t.Context(), workorders.UploadParams{
		EntityType: workorders.EntityWorkOrder, EntityID: id, Filename: "scan.bin", Body: body,
	})
	require.NoError(t, err)
	require.Equal(t, size, body.sent)
	require.Less(t, watch.grown(), uint64(limit), "uploading")

	watch = watchHeap()
	d, err := tn.Attachments.Download(t.Context(), *a.StoragePath)
	require.NoError(t, err)
	defer func() { _ = d.Close() }()
	require.Equal(t, size, d.Size)
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(hash, watch), d)
	require.NoError(t, err)
	require.Equal(t, size, n)
	require.Equal(t, body.hash.Sum(nil), hash.Sum(nil))
	require.Less(t, watch.grown(), uint64(limit), "downloading")
}

// heapWatch looks at the heap from time to time while data passes.
type heapWatch struct {
	start, most uint64
	passed      int
}

func watchHeap() *heapWatch {
	w := &heapWatch{}
	w.start = w.look()
	return w
}

func (w *heapWatch) look() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	w.most = max(w.most, m.HeapAlloc)
	return m.HeapAlloc
}

func (w *heapWatch) grown() uint64 { return w.most - min(w.most, w.start) }

func (w *heapWatch) Write(p []byte) (int, error) {
	const every = 8 << 20
	if w.passed/every != (w.passed+len(p))/every {
		w.look()
	}
	w.passed += len(p)
	return len(p), nil
}

// randomFile is a file that nobody holds in memory.
type randomFile struct {
	size, sent int64
	hash       hash.Hash
	watch      *heapWatch
	rng        *rand.ChaCha8
}

func (f *randomFile) Read(p []byte) (int, error) {
	if f.rng == nil {
		f.rng = rand.NewChaCha8([32]byte{1})
	}
	p = p[:min(int64(len(p)), f.size-f.sent)]
	if len(p) == 0 {
		return 0, io.EOF
	}
	n, _ := f.rng.Read(p)
	f.sent += int64(n)
	f.hash.Write(p[:n])
	_, _ = f.watch.Write(p[:n])
	return n, nil
}

func TestUploadedFileComesBack(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	before := time.Now().Add(-time.Minute)
	content := "\x00\xff Größe 3½\" 🛠\r\n"

	a, err := tn.Attachments.Upload(t.Context(), workorders.UploadParams{
		EntityType: workorders.EntityWorkOrder, EntityID: id, Filename: "Größe & Maße (2).jpg", ContentType: "image/jpeg",
		Label: "Größe & Maße", Kind: "photo", Body: strings.NewReader(content),
	})
	require.NoError(t, err)

	require.Equal(t, tn.ID, a.TenantID)
	require.Equal(t, workorders.EntityWorkOrder, a.EntityType)
	require.Equal(t, id, a.EntityID)
	require.Equal(t, "attachments", *a.BucketID)
	require.True(t, strings.HasPrefix(*a.StoragePath, tn.ID+"/work_order/"+id+"/"), *a.StoragePath)
	require.True(t, strings.HasSuffix(*a.Filename, ".jpg"), *a.Filename)
	require.True(t, strings.HasSuffix(*a.StoragePath, "/"+*a.Filename))
	require.Equal(t, "Größe & Maße", *a.Label)
	require.Equal(t, "photo", *a.Kind)
	require.Equal(t, tn.Admin.ID, *a.CreatedBy)
	require.WithinRange(t, a.CreatedAt, before, time.Now().Add(time.Minute))
	require.Equal(t, a, getAttachment(t, tn.Client, a.ID), "Upload returns the row as it is")
	row, err := tn.Attachments.WorkOrders.Get(t.Context(), a.ID)
	require.NoError(t, err)
	require.Equal(t, id, row.WorkOrderID)

	d, err := tn.Attachments.Download(t.Context(), *a.StoragePath)
	require.NoError(t, err)
	require.Equal(t, "image/jpeg", d.ContentType)
	require.EqualValues(t, len(content), d.Size)
	got, err := io.ReadAll(d)
	require.NoError(t, err)
	require.NoError(t, d.Close())
	require.Equal(t, content, string(got))
}

func TestUploadTakesAnyFile(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")

	t.Run("empty", func(t *testing.T) {
		a := upload(t, tn.Client, id, "empty.txt", "")
		require.Empty(t, download(t, tn.Client, a))
		require.Nil(t, a.Label)
		require.Nil(t, a.Kind)
	})
	t.Run("twice the same name", func(t *testing.T) {
		a, b := upload(t, tn.Client, id, "a.txt", "one"), upload(t, tn.Client, id, "a.txt", "two")
		require.NotEqual(t, a.ID, b.ID)
		require.Equal(t, "one", download(t, tn.Client, a))
		require.Equal(t, "two", download(t, tn.Client, b))
	})
	for _, name := range []string{
		"..", "../../etc/passwd", "a/b\\c.txt", "?x=1&y#z%41", strings.Repeat("ä", 2000) + ".pdf", "日本語.txt", ".hidden", " ",
	} {
		t.Run("named "+name[:min(len(name), 20)], func(t *testing.T) {
			require.Equal(t, name, download(t, tn.Client, upload(t, tn.Client, id, name, name)))
		})
	}
	for name, body := range map[string]io.Reader{
		"in drips":        iotest.OneByteReader(strings.NewReader("drip drip")),
		"late end":        iotest.DataErrReader(strings.NewReader("drip drip")),
		"of known length": bytes.NewReader([]byte("drip drip")),
		"of a pipe":       pipe("drip drip"),
	} {
		t.Run(name, func(t *testing.T) {
			a, err := tn.Attachments.Upload(t.Context(), workorders.UploadParams{
				EntityType: workorders.EntityWorkOrder, EntityID: id, Filename: "a.txt", Body: body,
			})
			require.NoError(t, err)
			require.Equal(t, "drip drip", download(t, tn.Client, a))
		})
	}
}

// pipe gives a text in two halves.
func pipe(s string) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, _ = io.WriteString(w, s[:len(s)/2])
		_, _ = io.WriteString(w, s[len(s)/2:])
		_ = w.Close()
	}()
	return r
}

func TestUploadToEveryKindOfEntity(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	location := makeLocation(t, tn, "Hall")
	asset := makeAsset(t, tn, "Press", location)
	handover, err := tn.FieldOps.CreateShiftHandover(t.Context(), workorders.CreateShiftHandoverParams{
		LocationID: location, ToUserID: tn.Member(t, "technician").ID,
		ShiftStartedAt: time.Now().Add(-8 * time.Hour), ShiftEndedAt: time.Now(),
	})
	require.NoError(t, err)
	for entity, id := range map[workorders.EntityType]string{
		workorders.EntityWorkOrder: makeWorkOrder(t, tn.Client, "x"), workorders.EntityAsset: asset,
		workorders.EntityLocation: location, workorders.EntitySupplier: makeSupplier(t, tn, "Acme"),
		workorders.EntityShiftHandover: handover,
	} {
		a, err := tn.Attachments.Upload(t.Context(), workorders.UploadParams{
			EntityType: entity, EntityID: id, Filename: "a.txt", Label: string(entity), Body: strings.NewReader(string(entity)),
		})
		require.NoError(t, err, entity)
		require.Equal(t, entity, a.EntityType)
		require.Equal(t, id, a.EntityID)
		require.Equal(t, string(entity), *a.Label)
		require.Equal(t, string(entity), download(t, tn.Client, a))
	}
	onAsset, err := tn.Attachments.Assets.List(t.Context())
	require.NoError(t, err)
	require.Len(t, onAsset, 1)
	require.Equal(t, asset, onAsset[0].AssetID)
}

func TestWhoMayUploadAndRead(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	all := everybody(t, tn)
	assignee := tn.Member(t, "technician")
	id, asset := makeWorkOrder(t, tn.Client, "x"), makeAsset(t, tn, "Press", "")
	assign(t, tn.Client, id, assignee.ID)
	all["assignee"] = assignee.Client
	mayRead := map[string]bool{"admin": true, "manager": true, "technician": true, "member": true, "requestor": true, "assignee": true}
	mayUpload := map[string]bool{"admin": true, "manager": true, "assignee": true}
	first := upload(t, tn.Client, id, "a.txt", "for the tenant")
	want := 1

	for who, c := range all {
		if who == "outsider" || who == "nobody" {
			continue // their token has no tenant: see below
		}
		for entity, entityID := range map[workorders.EntityType]string{workorders.EntityWorkOrder: id, workorders.EntityAsset: asset} {
			a, err := c.Attachments.Upload(t.Context(), workorders.UploadParams{
				EntityType: entity, EntityID: entityID, Filename: "a.txt", Body: strings.NewReader("of " + who),
			})
			if entity == workorders.EntityAsset || mayUpload[who] {
				require.NoError(t, err, who)
				require.Equal(t, "of "+who, download(t, c, a))
			} else {
				require.ErrorIs(t, err, workorder.ErrPermissionDenied, who)
			}
			if entity == workorders.EntityWorkOrder && err == nil {
				want++
			}
		}
	}
	require.Equal(t, want, countAttachments(t, tn.Client, id), "a refused upload leaves nothing behind")

	for who, c := range all {
		d, err := c.Attachments.Download(t.Context(), *first.StoragePath)
		url, signErr := c.Attachments.SignedURL(t.Context(), *first.StoragePath, time.Minute)
		if !mayRead[who] {
			require.ErrorIs(t, err, workorder.ErrNotFound, who)
			require.ErrorIs(t, signErr, workorder.ErrNotFound, who)
			continue
		}
		require.NoError(t, err, who)
		require.NoError(t, d.Close())
		require.NoError(t, signErr, who)
		_, _, body := fetch(t, url)
		require.Equal(t, "for the tenant", body)
	}
	for _, who := range []string{"outsider", "nobody"} {
		_, err := all[who].Attachments.Upload(t.Context(), workorders.UploadParams{
			TenantID: tn.ID, EntityType: workorders.EntityAsset, EntityID: asset, Filename: "a.txt", Body: strings.NewReader("x"),
		})
		require.ErrorIs(t, err, workorder.ErrTenantMismatch, who)
	}
}

func TestUploadRefuses(t *testing.T) {
	t.Parallel()
	var sent sentRequests
	tn, other := stack.Tenant(t, sent.Option()), stack.Tenant(t)
	id, foreign := makeWorkOrder(t, tn.Client, "x"), makeWorkOrder(t, other.Client, "x")
	good := workorders.UploadParams{EntityType: workorders.EntityWorkOrder, EntityID: id, Filename: "a.txt"}
	with := func(change func(*workorders.UploadParams)) workorders.UploadParams {
		p := good
		p.Body = strings.NewReader("x")
		change(&p)
		return p
	}

	for name, p := range map[string]workorders.UploadParams{
		"unknown work order": with(func(p *workorders.UploadParams) { p.EntityID = unknownID }),
		"foreign work order": with(func(p *workorders.UploadParams) { p.EntityID = foreign }),
		"unknown type":       with(func(p *workorders.UploadParams) { p.EntityType = "project" }),
		"another type":       with(func(p *workorders.UploadParams) { p.EntityType = workorders.EntityAsset }),
	} {
		_, err := tn.Attachments.Upload(t.Context(), p)
		require.ErrorIs(t, err, workorder.ErrPermissionDenied, name)
	}
	before := sent.n.Load()
	for name, p := range map[string]workorders.UploadParams{
		"EntityType":  with(func(p *workorders.UploadParams) { p.EntityType = "" }),
		"EntityID":    with(func(p *workorders.UploadParams) { p.EntityID = "../" + id }),
		"Filename":    with(func(p *workorders.UploadParams) { p.Filename = "" }),
		"ContentType": with(func(p *workorders.UploadParams) { p.ContentType = "text/plain\r\nX-Upsert: true" }),
		"Label":       with(func(p *workorders.UploadParams) { p.Label = strings.Repeat("ä", 256) }),
		"Kind":        with(func(p *workorders.UploadParams) { p.Kind = "Bad!" }),
		"Body":        good,
	} {
		_, err := tn.Attachments.Upload(t.Context(), p)
		require.ErrorIs(t, err, workorder.ErrInvalidInput, name)
		require.ErrorContains(t, err, name)
	}
	_, err := tn.Attachments.Upload(t.Context(), with(func(p *workorders.UploadParams) { p.TenantID = other.ID; p.EntityID = foreign }))
	require.ErrorIs(t, err, workorder.ErrTenantMismatch)
	require.Equal(t, before, sent.n.Load(), "nothing is sent")
	require.Zero(t, countAttachments(t, tn.Client, id))
	require.Zero(t, countAttachments(t, other.Client, foreign))

	for _, path := range []string{tn.ID + "/work_order/" + id + "/nothing.txt", unknownID + "/asset/" + unknownID + "/a.txt", "a.txt"} {
		_, err := tn.Attachments.Download(t.Context(), path)
		require.ErrorIs(t, err, workorder.ErrNotFound, path)
		_, err = tn.Attachments.SignedURL(t.Context(), path, time.Minute)
		require.ErrorIs(t, err, workorder.ErrNotFound, path)
	}
}

// TestBucketKeepsToItsPaths asks Storage directly, where the SDK's care ends.
func TestBucketKeepsToItsPaths(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	member, outsider := tn.Member(t, "member"), stack.User(t)
	id, asset := makeWorkOrder(t, tn.Client, "x"), makeAsset(t, tn, "Press", "")
	a := upload(t, tn.Client, id, "a.txt", "original")
	put := func(bearer, path, upsert string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			stack.URL+"/storage/v1/object/attachments/"+path, strings.NewReader("forged"))
		require.NoError(t, err)
		req.Header.Set("apikey", stack.AnonKey)
		req.Header.Set("Authorization", "Bearer "+bearer)
		req.Header.Set("Content-Type", "text/plain")
		req.Header.Set("X-Upsert", upsert)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	folder := tn.ID + "/asset/" + asset

	for name, tt := range map[string]struct{ bearer, path, upsert string }{
		"no folder":             {member.JWT(t, tn.ID), "a.txt", "false"},
		"a folder too few":      {member.JWT(t, tn.ID), tn.ID + "/asset/a.txt", "false"},
		"a folder too many":     {member.JWT(t, tn.ID), folder + "/b/a.txt", "false"},
		"no ids":                {member.JWT(t, tn.ID), "tenant/asset/press/a.txt", "false"},
		"not the member's":      {member.JWT(t, tn.ID), tn.ID + "/work_order/" + id + "/a.txt", "false"},
		"overwriting another's": {member.JWT(t, tn.ID), *a.StoragePath, "true"},
		"of another tenant":     {outsider.Token(t).Value, folder + "/a.txt", "false"},
		"of nobody":             {stack.AnonKey, folder + "/a.txt", "false"},
	} {
		require.GreaterOrEqual(t, put(tt.bearer, tt.path, tt.upsert), 400, name)
	}
	require.Equal(t, "original", download(t, tn.Client, a))
	n, err := tn.Attachments.Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, n, "what is refused leaves nothing behind")

	require.Equal(t, http.StatusOK, put(member.JWT(t, tn.ID), folder+"/a.txt", "false"))
	require.Equal(t, member.ID, *attachmentAt(t, tn.Client, folder+"/a.txt").CreatedBy)
	require.GreaterOrEqual(t, put(member.JWT(t, tn.ID), folder+"/a.txt", "false"), 400, "a name is taken once")
}

func TestUploadThatEndsEarlyLeavesNothing(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	broken := errors.New("the camera was unplugged")

	for name, tt := range map[string]struct {
		body func(cancel context.CancelFunc) io.Reader
		want error
	}{
		"cancelled": {func(cancel context.CancelFunc) io.Reader {
			return &endless{next: func(sent int) error {
				if sent > 1<<20 {
					cancel()
				}
				return nil
			}}
		}, context.Canceled},
		"cancelled while the body waits": {func(cancel context.CancelFunc) io.Reader {
			r, w := io.Pipe()
			go func() {
				_, _ = w.Write(make([]byte, 1<<20))
				cancel()
			}()
			return r
		}, context.Canceled},
		"broken body": {func(context.CancelFunc) io.Reader {
			return &endless{next: func(sent int) error {
				if sent > 1<<20 {
					return broken
				}
				return nil
			}}
		}, broken},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			body := tt.body(cancel)
			if pipe, ok := body.(io.Closer); ok {
				defer func() { _ = pipe.Close() }()
			}
			a, err := tn.Attachments.Upload(ctx, workorders.UploadParams{
				EntityType: workorders.EntityWorkOrder, EntityID: id, Filename: "a.bin", Body: body,
			})
			require.ErrorIs(t, err, tt.want)
			require.Nil(t, a)
			var e *workorder.SdkError
			require.ErrorAs(t, err, &e)
			require.Equal(t, "Attachments.Upload", e.Op)
		})
	}
	require.Never(t, func() bool { return countAttachments(t, tn.Client, id) != 0 }, time.Second, 200*time.Millisecond)
	require.Equal(t, "whole", download(t, tn.Client, upload(t, tn.Client, id, "a.txt", "whole")))
}

// endless is a body without an end, until next fails.
type endless struct {
	sent int
	next func(sent int) error
}

func (e *endless) Read(p []byte) (int, error) {
	if err := e.next(e.sent); err != nil {
		return 0, err
	}
	e.sent += len(p)
	return len(p), nil
}

func TestDownloadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	a := upload(t, tn.Client, id, "a.bin", strings.Repeat("x", 16<<20))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()

	d, err := tn.Attachments.Download(ctx, *a.StoragePath)
	require.NoError(t, err)
	_, err = io.ReadFull(d, make([]byte, 1000))
	require.NoError(t, err)
	cancel()
	_, err = io.Copy(io.Discard, d)
	require.ErrorIs(t, err, context.Canceled)
	var e *workorder.SdkError
	require.ErrorAs(t, err, &e)
	require.NoError(t, d.Close())

	d, err = tn.Attachments.Download(t.Context(), *a.StoragePath)
	require.NoError(t, err)
	require.NoError(t, d.Close(), "a download need not be read to its end")
}

func TestSignedURLWorksForAWhile(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	a := upload(t, tn.Client, id, "notes.txt", "signed")
	other := upload(t, tn.Client, id, "notes.txt", "other")

	url, err := tn.Attachments.SignedURL(t.Context(), *a.StoragePath, time.Hour)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(url, stack.URL+"/storage/v1/"), url)
	status, contentType, body := fetch(t, url)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, contentType, "text/plain")
	require.Equal(t, "signed", body)

	unsigned, _, found := strings.Cut(url, "?")
	require.True(t, found)
	short, err := tn.Attachments.SignedURL(t.Context(), *a.StoragePath, time.Millisecond)
	require.NoError(t, err, "part of a second is rounded up")
	for name, bad := range map[string]string{
		"cut":               url[:len(url)-2],
		"without the token": unsigned,
		"of another file":   strings.Replace(url, *a.Filename, *other.Filename, 1),
	} {
		status, _, body := fetch(t, bad)
		require.GreaterOrEqual(t, status, 400, name)
		require.NotEqual(t, "signed", body, name)
	}
	require.Eventually(t, func() bool { status, _, _ := fetch(t, short); return status >= 400 }, 15*time.Second, 500*time.Millisecond)
	status, _, _ = fetch(t, url)
	require.Equal(t, http.StatusOK, status, "the other one goes on")

	for _, expires := range []time.Duration{0, -time.Second} {
		_, err := tn.Attachments.SignedURL(t.Context(), *a.StoragePath, expires)
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
	}
}

func TestDeletedAttachmentTakesItsBytesAlong(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id, second := makeWorkOrder(t, tn.Client, "x"), makeWorkOrder(t, tn.Client, "y")
	a := upload(t, tn.Client, id, "a.txt", "shared")
	link, err := register(t, tn.Client, workorders.EntityWorkOrder, second, a.FileID)
	require.NoError(t, err)
	url, err := tn.Attachments.SignedURL(t.Context(), *a.StoragePath, time.Hour)
	require.NoError(t, err)

	require.NoError(t, tn.Attachments.Delete(t.Context(), workorders.DeleteAttachmentParams{AttachmentID: a.ID}))
	require.Equal(t, "shared", download(t, tn.Client, a), "the other attachment keeps it")
	require.NoError(t, tn.Attachments.Delete(t.Context(), workorders.DeleteAttachmentParams{AttachmentID: link}))
	_, err = tn.Attachments.Download(t.Context(), *a.StoragePath)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	_, err = tn.Attachments.SignedURL(t.Context(), *a.StoragePath, time.Hour)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	status, _, _ := fetch(t, url)
	require.GreaterOrEqual(t, status, 400, "a URL does not outlive the file")
}

func TestUploadedFileGoesWithItsAsset(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	asset := makeAsset(t, tn, "Press", "")
	a, err := tn.Attachments.Upload(t.Context(), workorders.UploadParams{
		EntityType: workorders.EntityAsset, EntityID: asset, Filename: "a.txt", Body: strings.NewReader("x"),
	})
	require.NoError(t, err)
	require.NoError(t, tn.RPC(t.Context(), "rpc_delete_asset", map[string]any{"p_tenant_id": tn.ID, "p_asset_id": asset}, nil))

	require.Zero(t, countAttachments(t, tn.Client, asset))
	_, err = tn.Attachments.Download(t.Context(), *a.StoragePath)
	require.ErrorIs(t, err, workorder.ErrNotFound)
}

func TestManyUploadsAtATime(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	const n = 20
	var wg sync.WaitGroup
	errs, got := make([]error, n), make([]*workorders.EntityAttachment, n)
	for i := range n {
		wg.Go(func() {
			got[i], errs[i] = tn.Attachments.Upload(t.Context(), workorders.UploadParams{
				EntityType: workorders.EntityWorkOrder, EntityID: id, Filename: "photo.jpg", Label: fmt.Sprint(i),
				Body: strings.NewReader(strings.Repeat(fmt.Sprint(i, " "), 10_000)),
			})
		})
	}
	wg.Wait()

	for i := range n {
		require.NoError(t, errs[i])
		require.Equal(t, fmt.Sprint(i), *got[i].Label)
		require.Equal(t, strings.Repeat(fmt.Sprint(i, " "), 10_000), download(t, tn.Client, got[i]))
	}
	require.Equal(t, n, countAttachments(t, tn.Client, id))
	paths, err := tn.Attachments.List(t.Context(), query.Where(attachmentCols.EntityID.Eq(id)))
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, row := range paths {
		seen[*row.StoragePath] = true
	}
	require.Len(t, seen, n)
}
