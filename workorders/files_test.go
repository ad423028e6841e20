package workorders_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/workorders"
)

const attachmentRow = `{"id":"x1","tenant_id":"t1","entity_type":"work_order","entity_id":"w1","file_id":"f1","bucket_id":"attachments",
	"storage_path":"p","filename":"a.pdf","is_controlled":false,"created_at":"2026-03-04T07:00:00+00:00",
	"updated_at":"2026-03-04T07:00:00+00:00","label":null,"kind":null}`

const uuid = `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`

func upload(body io.Reader) workorders.UploadParams {
	return workorders.UploadParams{EntityType: workorders.EntityWorkOrder, EntityID: "w1", Filename: "Report 7/ä.pdf", Body: body}
}

func TestUpload(t *testing.T) {
	c, srv := apitest.New(t)
	var told int64
	srv.Handle(func(w http.ResponseWriter, r *http.Request) {
		told = r.ContentLength
		_, _ = io.WriteString(w, `{"Key":"attachments/p","Id":"o1"}`)
	})
	srv.Reply(http.StatusOK, "["+attachmentRow+"]")

	got, err := c.Attachments.Upload(t.Context(), upload(strings.NewReader("bytes")))

	require.NoError(t, err)
	require.Equal(t, "x1", got.ID)
	require.EqualValues(t, 5, told, "a length that is known is told")
	sent := srv.Requests()[0]
	require.Equal(t, http.MethodPost, sent.Method)
	require.Regexp(t, `^/storage/v1/object/attachments/t1/work_order/w1/`+uuid+`-Report_7__\.pdf$`, sent.Path)
	require.Equal(t, "bytes", sent.Body)
	require.Equal(t, "application/pdf", sent.Header.Get("Content-Type"))
	require.Equal(t, "false", sent.Header.Get("X-Upsert"))
	require.True(t, strings.HasPrefix(sent.Header.Get("Authorization"), "Bearer ey"))
	found := srv.Requests()[1]
	require.Equal(t, "/rest/v1/v_entity_attachments", found.Path)
	object := strings.TrimPrefix(sent.Path, "/storage/v1/object/attachments/")
	require.Equal(t, `(storage_path.eq."`+object+`",entity_type.eq."work_order",entity_id.eq."w1")`, found.Query.Get("and"))
	require.Len(t, srv.Requests(), 2)
}

func TestUploadWithLabelAndKind(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `{}`)
	srv.Reply(http.StatusOK, "["+attachmentRow+"]")
	srv.Reply(http.StatusNoContent, "")
	srv.Reply(http.StatusOK, "["+strings.Replace(attachmentRow, `"label":null`, `"label":"L"`, 1)+"]")
	p := upload(strings.NewReader("bytes"))
	p.Label, p.Kind, p.ContentType = "L", "photo", "image/x-raw"

	got, err := c.Attachments.Upload(t.Context(), p)

	require.NoError(t, err)
	require.Equal(t, "L", *got.Label, "the row as it is now")
	require.Equal(t, "image/x-raw", srv.Requests()[0].Header.Get("Content-Type"))
	require.JSONEq(t, `{"p_attachment_id":"x1","p_label":"L","p_kind":"photo","p_document_type_key":null,"p_is_controlled":null,
		"p_effective_date":null,"p_revision_label":null}`, srv.Requests()[2].Body)
	require.Equal(t, `(id.eq."x1")`, srv.Requests()[3].Query.Get("and"))
}

func TestUploadOfUnknownLength(t *testing.T) {
	c, srv := apitest.New(t)
	var told int64
	srv.Handle(func(w http.ResponseWriter, r *http.Request) {
		told = r.ContentLength
		_, _ = io.WriteString(w, `{}`)
	})
	srv.Reply(http.StatusOK, "["+attachmentRow+"]")
	p := upload(io.MultiReader(strings.NewReader("by"), strings.NewReader("tes")))
	p.Filename = "noending"
	_, err := c.Attachments.Upload(t.Context(), p)
	require.NoError(t, err)
	require.EqualValues(t, -1, told)
	require.Equal(t, "bytes", srv.Requests()[0].Body)
	require.Equal(t, "application/octet-stream", srv.Requests()[0].Header.Get("Content-Type"))
}

// The file is there, so the caller must not send it again.
func TestUploadTellsWhatIsStored(t *testing.T) {
	for name, tc := range map[string]struct {
		replies []string // after the upload's own; "!" fails
		kind    error
		id      string
	}{
		"the row does not show":    {[]string{"[]"}, workorder.ErrNotFound, ""},
		"the row cannot be read":   {[]string{"!"}, workorder.ErrPermissionDenied, ""},
		"the label cannot be set":  {[]string{"[" + attachmentRow + "]", "!"}, workorder.ErrPermissionDenied, "x1"},
		"the row cannot be reread": {[]string{"[" + attachmentRow + "]", "", "!"}, workorder.ErrPermissionDenied, "x1"},
	} {
		t.Run(name, func(t *testing.T) {
			c, srv := apitest.New(t)
			srv.Reply(http.StatusOK, `{}`)
			for _, r := range tc.replies {
				switch r {
				case "!":
					srv.ReplyError(http.StatusForbidden, "42501", "no")
				case "":
					srv.Reply(http.StatusNoContent, "")
				default:
					srv.Reply(http.StatusOK, r)
				}
			}
			p := upload(strings.NewReader("bytes"))
			p.Label = "L"
			got, err := c.Attachments.Upload(t.Context(), p)
			require.ErrorIs(t, err, tc.kind)
			require.ErrorContains(t, err, "Attachments.Upload: ")
			require.Equal(t, tc.id, got.ID)
			require.NotEmpty(t, *got.StoragePath)
		})
	}
}

func TestUploadChecksBeforeSending(t *testing.T) {
	c, srv := apitest.New(t)
	with := func(change func(*workorders.UploadParams)) error {
		p := upload(strings.NewReader("bytes"))
		change(&p)
		return apitest.Err(c.Attachments.Upload(t.Context(), p))
	}
	srv.WantRefused(t, "EntityType", with(func(p *workorders.UploadParams) { p.EntityType = "../x" }))
	srv.WantRefused(t, "EntityID", with(func(p *workorders.UploadParams) { p.EntityID = "a/b" }))
	srv.WantRefused(t, "TenantID", with(func(p *workorders.UploadParams) { p.TenantID = ".." }))
	srv.WantRefused(t, "Filename", with(func(p *workorders.UploadParams) { p.Filename = "" }))
	srv.WantRefused(t, "Body", with(func(p *workorders.UploadParams) { p.Body = nil }))
	srv.WantRefused(t, "Label", with(func(p *workorders.UploadParams) { p.Label = strings.Repeat("ä", 256) }))
	srv.WantRefused(t, "Kind", with(func(p *workorders.UploadParams) { p.Kind = "Bad!" }))
	srv.WantRefused(t, "ContentType", with(func(p *workorders.UploadParams) { p.ContentType = "a\r\nb" }))
	srv.WantRefused(t, "expires", apitest.Err(c.Attachments.SignedURL(t.Context(), "a/b", 0)))
	srv.WantRefused(t, "the storage path", apitest.Err(c.Attachments.Download(t.Context(), "t1/work_order/../../secret")))
	require.ErrorIs(t, with(func(p *workorders.UploadParams) { p.TenantID = "t9" }), workorder.ErrTenantMismatch)
	require.ErrorIs(t, apitest.Err(c.Attachments.SignedURL(t.Context(), "", time.Hour)), workorder.ErrInvalidInput)
	srv.WantNoRequest(t)
}

func TestLongFilenameKeepsItsEnding(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `{}`)
	srv.Reply(http.StatusOK, "["+attachmentRow+"]")
	p := upload(bytes.NewReader(nil))
	p.Filename = strings.Repeat("x", 5000) + ".pdf"
	_, err := c.Attachments.Upload(t.Context(), p)
	require.NoError(t, err)
	require.Less(t, len(srv.Requests()[0].Path), 400)
	require.True(t, strings.HasSuffix(srv.Requests()[0].Path, "x.pdf"))
	require.Empty(t, srv.Requests()[0].Body)
}

func TestDownload(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Handle(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = io.WriteString(w, "content")
	})
	got, err := c.Attachments.Download(t.Context(), "t1/work_order/w1/a b?#%.png")
	require.NoError(t, err)
	content, err := io.ReadAll(got)
	require.NoError(t, err)
	require.NoError(t, got.Close())
	require.Equal(t, "content", string(content))
	require.Equal(t, "image/png", got.ContentType)
	require.EqualValues(t, 7, got.Size)
	sent := srv.WantRequest(t, http.MethodGet, "/storage/v1/object/attachments/t1/work_order/w1/a b?#%.png", "")
	require.Equal(t, "*/*", sent.Header.Get("Accept"))

	srv.Reply(http.StatusBadRequest, `{"statusCode":"404","error":"not_found","message":"Object not found"}`)
	_, err = c.Attachments.Download(t.Context(), "t1/work_order/w1/gone")
	require.ErrorIs(t, err, workorder.ErrNotFound)
}

func TestSignedURL(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `{"signedURL":"/object/sign/attachments/t1/work_order/w1/a.png?token=abc"}`)
	got, err := c.Attachments.SignedURL(t.Context(), "t1/work_order/w1/a.png", 90*time.Second+time.Millisecond)
	require.NoError(t, err)
	require.Equal(t, srv.URL+"/storage/v1/object/sign/attachments/t1/work_order/w1/a.png?token=abc", got)
	srv.WantRequest(t, http.MethodPost, "/storage/v1/object/sign/attachments/t1/work_order/w1/a.png", `{"expiresIn":91}`)

	for _, bad := range []string{
		`{}`, `[]`, `{"signedURL":"https://evil.example/x"}`, `{"signedURL":"//evil.example/x"}`, `{"signedURL":"@evil.example"}`,
		`{"signedURL":"/object/sign/attachments/t1/work_order/w1/b.png?token=abc"}`,
		`{"signedURL":"/object/sign/attachments/t1/work_order/w1/a.png?token="}`,
		`{"signedURL":"/object/sign/attachments/t1/work_order/w1/a.png?token=a b"}`,
		`{"signedURL":"/object/sign/attachments/t1/work_order/w1/a.png"}`,
	} {
		srv.Reply(http.StatusOK, bad)
		_, err = c.Attachments.SignedURL(t.Context(), "t1/work_order/w1/a.png", time.Minute)
		require.ErrorIs(t, err, workorder.ErrDecode, bad)
	}
}

// Storage answers with the path as it is, not as it stands in a URL.
func TestSignedURLOfAnyName(t *testing.T) {
	c, srv := apitest.New(t)
	for _, name := range []string{
		"two words.pdf", "a?b.pdf", "a?token=b.pdf", "#1.pdf", "100%.pdf", "a%20b.pdf", "Prüfbericht 検査.pdf", "a+b&c=d;e.pdf", "a:b@c,d.pdf", `"q".pdf`,
	} {
		object := "t1/asset/a1/" + name
		escaped := (&url.URL{Path: "/object/sign/attachments/" + object}).EscapedPath()
		for _, answer := range []string{"/object/sign/attachments/" + object, escaped} {
			body, err := json.Marshal(map[string]string{"signedURL": answer + "?token=a.b-c_d"})
			require.NoError(t, err)
			srv.Reply(http.StatusOK, string(body))
			got, err := c.Attachments.SignedURL(t.Context(), object, time.Minute)
			require.NoError(t, err, name)
			require.Equal(t, srv.URL+"/storage/v1"+escaped+"?token=a.b-c_d", got)
			u, err := url.Parse(got)
			require.NoError(t, err, name)
			require.Equal(t, "/storage/v1/object/sign/attachments/"+object, u.Path)
			require.Equal(t, "token=a.b-c_d", u.RawQuery)
			require.Empty(t, u.Fragment)
		}
	}
}

func TestStorageErrors(t *testing.T) {
	c, srv := apitest.New(t)
	for body, kind := range map[string]error{
		`{"statusCode":"403","error":"Unauthorized","message":"new row violates row-level security policy"}`: workorder.ErrPermissionDenied,
		`{"statusCode":"403","error":"Unauthorized","message":"jwt expired"}`:                                workorder.ErrUnauthenticated,
		`{"statusCode":"409","error":"Duplicate","message":"The resource already exists"}`:                   workorder.ErrConflict,
		`{"statusCode":"413","error":"Payload too large","message":"The object exceeded the maximum size"}`:  workorder.ErrInvalidInput,
	} {
		srv.Reply(http.StatusBadRequest, body)
		_, err := c.Attachments.Upload(t.Context(), upload(strings.NewReader("bytes")))
		require.ErrorIs(t, err, kind, body)
	}
}

func TestUploadEndsWithItsContext(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	defer srv.Close()
	c, err := workorder.New(srv.URL, apitest.AnonKey, workorder.WithAccessToken(apitest.JWT(map[string]any{
		"sub": apitest.UserID, "role": "authenticated", "tenant_id": apitest.TenantID,
	})))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	defer func() { _ = w.Close() }()
	go func() {
		_, _ = w.Write([]byte("first")) // and then nothing comes
		cancel()
	}()

	_, err = c.Attachments.Upload(ctx, upload(r))

	require.ErrorIs(t, err, context.Canceled)
}

// A log that grows while it is sent is stored as it was.
func TestUploadOfAGrowingFile(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `{}`)
	srv.Reply(http.StatusOK, "["+attachmentRow+"]")
	name := filepath.Join(t.TempDir(), "machine.log")
	require.NoError(t, os.WriteFile(name, []byte(strings.Repeat("line\n", 20_000)), 0o600))
	f, err := os.Open(name)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()

	_, err = c.Attachments.Upload(t.Context(), upload(&growing{File: f, name: name}))

	require.NoError(t, err)
	require.Len(t, srv.Requests()[0].Body, 100_000)
}

// growing is a file that gets one line more with every read.
type growing struct {
	*os.File
	name string
}

func (g *growing) Read(p []byte) (int, error) {
	w, err := os.OpenFile(g.name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = w.Close() }()
	if _, err := w.WriteString("one more line\n"); err != nil {
		return 0, err
	}
	return g.File.Read(p)
}

// One that shrinks is to blame itself, with a key too.
func TestUploadOfAShrinkingFile(t *testing.T) {
	for _, key := range []string{"", "k"} {
		c, b := newBucket(t)
		name := filepath.Join(t.TempDir(), "machine.log")
		require.NoError(t, os.WriteFile(name, []byte(strings.Repeat("line\n", 20_000)), 0o600))
		f, err := os.Open(name)
		require.NoError(t, err)
		p := upload(&shrinking{File: f})
		p.Key = key
		_, err = c.Attachments.Upload(t.Context(), p)
		require.NoError(t, f.Close())
		require.ErrorContains(t, err, "reading the body")
		require.NotErrorIs(t, err, workorder.ErrUnavailable)
		b.mu.Lock()
		require.Empty(t, b.objects)
		b.mu.Unlock()
	}
}

type shrinking struct{ *os.File }

func (s *shrinking) Read(p []byte) (int, error) {
	if err := os.Truncate(s.Name(), 50_000); err != nil {
		return 0, err
	}
	return s.File.Read(p)
}
