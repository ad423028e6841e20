package workorders_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/workorders"
)

// bucket is a Storage with its rows, which can lose answers.
type bucket struct {
	mu      sync.Mutex
	objects map[string]*[]byte // nil: a row without bytes
	removed map[string]bool    // a row whose object is gone
	labels  map[string]string
	calls   []string
	fail    func(call string, n int) string // "lost" after the work, "refused" or "unavailable" before it
	plain   bool                            // entity tags are MD5 sums
}

func newBucket(t *testing.T) (*workorder.Client, *bucket) {
	t.Helper()
	b := &bucket{objects: map[string]*[]byte{}, removed: map[string]bool{}, labels: map[string]string{}, plain: true}
	srv := httptest.NewServer(b)
	t.Cleanup(srv.Close)
	c, err := workorder.New(srv.URL, apitest.AnonKey,
		workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond, MaxDelay: time.Millisecond}),
		workorder.WithAccessToken(apitest.JWT(map[string]any{
			"sub": apitest.UserID, "role": "authenticated", "tenant_id": apitest.TenantID,
		})))
	require.NoError(t, err)
	return c, b
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	call := r.Method + " object"
	for part, name := range map[string]string{
		"/object/info/": "look", "/rpc/rpc_insert": "row", "/rpc/rpc_update": "label", "/v_entity_attachments": "list",
	} {
		if strings.Contains(r.URL.Path, part) {
			call = name
		}
	}
	b.calls = append(b.calls, call)
	fault := ""
	if b.fail != nil {
		fault = b.fail(call, len(b.calls))
	}
	switch fault {
	case "refused":
		storageError(w, "413", "Payload too large")
		return
	case "unavailable":
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case "lost":
		b.answer(httptest.NewRecorder(), r, call, body)
		panic(http.ErrAbortHandler)
	}
	b.answer(w, r, call, body)
}

func (b *bucket) answer(w http.ResponseWriter, r *http.Request, call string, body []byte) {
	_, name, _ := strings.Cut(r.URL.Path, "/attachments/")
	held, there := b.objects[name]
	switch call {
	case "look":
		switch {
		case !there:
			storageError(w, "404", "not_found")
		case held == nil:
			_, _ = io.WriteString(w, `{"size":null,"etag":null}`)
		case b.plain:
			sum := md5.Sum(*held)
			fmt.Fprintf(w, `{"size":%d,"etag":"\"%s\""}`, len(*held), hex.EncodeToString(sum[:]))
		default:
			fmt.Fprintf(w, `{"size":%d,"etag":"\"0123456789abcdef0123456789abcdef-2\""}`, len(*held))
		}
	case "row":
		_, name, _ = strings.Cut(string(body), `"p_name":"`)
		name, _, _ = strings.Cut(name, `"`)
		if _, there := b.objects[name]; there || b.removed[name] {
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, `{"code":"23505","message":"duplicate key"}`)
			return
		}
		_, label, _ := strings.Cut(string(body), `"label":"`)
		b.labels[name], _, _ = strings.Cut(label, `"`)
		b.objects[name] = nil
		w.WriteHeader(http.StatusNoContent)
	case "POST object":
		if there || b.removed[name] {
			storageError(w, "409", "Duplicate")
			return
		}
		b.objects[name] = &body
		_, _ = io.WriteString(w, `{"Key":"x"}`)
	case "PUT object":
		b.objects[name] = &body
		_, _ = io.WriteString(w, `{"Key":"x"}`)
	case "GET object":
		_, _ = w.Write(*held)
	case "label":
		w.WriteHeader(http.StatusNoContent)
	case "list":
		_, _ = io.WriteString(w, "["+attachmentRow+"]")
	}
}

func storageError(w http.ResponseWriter, status, name string) {
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"statusCode":"%s","error":"%s","message":"%s"}`, status, name, name)
}

// took returns the calls since the last time.
func (b *bucket) took() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	calls := strings.Join(b.calls, ", ")
	b.calls = nil
	return calls
}

// only asserts that there is one object and returns its name and content.
func (b *bucket) only(t *testing.T) (name, content string) {
	t.Helper()
	require.Len(t, b.objects, 1)
	for n, held := range b.objects {
		require.NotNil(t, held, "the row has no bytes")
		return n, string(*held)
	}
	return "", ""
}

func keyed(content, label string) workorders.UploadParams {
	p := upload(strings.NewReader(content))
	p.Key, p.Label = "/scans/7.pdf", label
	return p
}

// once makes the first call of a kind fail.
func once(kind, fault string) func(string, int) string {
	done := false
	return func(call string, _ int) string {
		if call != kind || done {
			return ""
		}
		done = true
		return fault
	}
}

func always(kind, fault string) func(string, int) string {
	return func(call string, _ int) string {
		if call == kind {
			return fault
		}
		return ""
	}
}

func TestKeyedUploadMakesOneFile(t *testing.T) {
	for label, want := range map[string][2]string{
		"":  {"look, POST object, list", "look, list"},
		"L": {"look, row, PUT object, list", "look, list"},
	} {
		c, b := newBucket(t)
		for _, calls := range want {
			_, err := c.Attachments.Upload(t.Context(), keyed("bytes", label))
			require.NoError(t, err)
			require.Equal(t, calls, b.took())
		}
		name, content := b.only(t)
		require.Equal(t, "bytes", content)
		require.Equal(t, label, b.labels[name])
		require.Regexp(t, `^t1/work_order/w1/[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}-Report_7__\.pdf$`, name)

		// Other spellings of the same entity.
		p := keyed("bytes", label)
		p.TenantID, p.EntityType, p.EntityID = "T1", "WORK_ORDER", "W1"
		_, err := c.Attachments.Upload(t.Context(), p)
		require.NoError(t, err)
		b.only(t)

		_, err = c.Attachments.Upload(t.Context(), keyed("other", label))
		require.ErrorIs(t, err, workorder.ErrConflict, "the same length")
		_, err = c.Attachments.Upload(t.Context(), keyed("longer than that", label))
		require.ErrorIs(t, err, workorder.ErrConflict)
		_, content = b.only(t)
		require.Equal(t, "bytes", content)

		p = keyed("bytes", label)
		p.Key = "/scans/8.pdf"
		_, err = c.Attachments.Upload(t.Context(), p)
		require.NoError(t, err)
		require.Len(t, b.objects, 2, "another key is another file")
	}
}

// A second run finds what the first one left, whatever killed it.
func TestKilledUploadIsFinished(t *testing.T) {
	for name, tc := range map[string]struct {
		label, call, fault string
		calls              string // of the second run
	}{
		"before the row":               {"L", "row", "unavailable", "look, row, PUT object, list"},
		"after the row":                {"L", "PUT object", "unavailable", "look, PUT object, list"},
		"the bytes were refused":       {"L", "PUT object", "refused", "look, PUT object, list"},
		"after the bytes":              {"L", "list", "unavailable", "look, list"},
		"without a label":              {"", "POST object", "unavailable", "look, POST object, list"},
		"without a label, after bytes": {"", "list", "unavailable", "look, list"},
	} {
		t.Run(name, func(t *testing.T) {
			c, b := newBucket(t)
			b.fail = always(tc.call, tc.fault)
			_, err := c.Attachments.Upload(t.Context(), keyed("bytes", tc.label))
			require.Error(t, err)
			b.took()
			b.fail = nil

			_, err = c.Attachments.Upload(t.Context(), keyed("bytes", tc.label))

			require.NoError(t, err)
			require.Equal(t, tc.calls, b.took())
			object, content := b.only(t)
			require.Equal(t, "bytes", content)
			require.Equal(t, tc.label, b.labels[object])
		})
	}
}

func TestLostAnswersOfUploadsAreLookedUp(t *testing.T) {
	for name, tc := range map[string]struct {
		key, label, lost string
		once             bool
		body             func() io.Reader // nil: one that can seek
		calls            string
	}{
		"once":                  {"", "", "POST object", true, nil, "POST object, POST object, look, list"},
		"always":                {"", "", "POST object", false, nil, "POST object, POST object, look, list"},
		"label":                 {"", "L", "label", true, nil, "POST object, list, label, label, list"},
		"cannot seek":           {"", "", "POST object", false, stream, "POST object, look, list"},
		"key":                   {"k", "", "POST object", true, nil, "look, POST object, POST object, look, list"},
		"key, cannot seek":      {"k", "", "POST object", false, stream, "look, POST object, look, list"},
		"row":                   {"k", "L", "row", true, nil, "look, row, row, look, PUT object, list"},
		"bytes":                 {"k", "L", "PUT object", true, nil, "look, row, PUT object, PUT object, list"},
		"bytes always":          {"k", "L", "PUT object", false, nil, "look, row, PUT object, PUT object, look, list"},
		"bytes, cannot seek":    {"k", "L", "PUT object", true, stream, "look, row, PUT object, look, list"},
		"buffers can be reread": {"", "", "POST object", true, func() io.Reader { return bytes.NewBufferString("bytes") }, "POST object, POST object, look, list"},
	} {
		t.Run(name, func(t *testing.T) {
			c, b := newBucket(t)
			b.fail = always(tc.lost, "lost")
			if tc.once {
				b.fail = once(tc.lost, "lost")
			}
			p := keyed("bytes", tc.label)
			p.Key = tc.key
			if tc.body != nil {
				p.Body = tc.body()
			}

			_, err := c.Attachments.Upload(t.Context(), p)

			require.NoError(t, err)
			require.Equal(t, tc.calls, b.took())
			_, content := b.only(t)
			require.Equal(t, "bytes", content)
		})
	}
}

func stream() io.Reader { return iotest.OneByteReader(strings.NewReader("bytes")) }

// Where nobody can tell, the error says whether calling again does harm.
func TestUploadThatNobodyCanTell(t *testing.T) {
	for _, key := range []string{"", "k"} {
		c, b := newBucket(t)
		b.fail = func(call string, _ int) string {
			if call == "POST object" {
				return "lost"
			}
			if call == "look" && len(b.calls) > 1 {
				return "unavailable"
			}
			return ""
		}
		p := keyed("bytes", "")
		p.Key = key
		_, err := c.Attachments.Upload(t.Context(), p)
		require.ErrorIs(t, err, workorder.ErrUnavailable)
		require.Equal(t, key != "", workorder.SafeToRetry(err))
	}
}

// Tags of objects that were stored in parts or encrypted are no MD5 sums.
func TestKeyedUploadComparesContents(t *testing.T) {
	c, b := newBucket(t)
	b.plain = false
	for range 2 {
		for _, body := range []io.Reader{strings.NewReader("bytes"), stream()} {
			p := keyed("", "L")
			p.Body = body
			_, err := c.Attachments.Upload(t.Context(), p)
			require.NoError(t, err)
		}
	}
	require.Contains(t, b.took(), "look, GET object, list")
	_, err := c.Attachments.Upload(t.Context(), keyed("other", "L"))
	require.ErrorIs(t, err, workorder.ErrConflict)
	_, content := b.only(t)
	require.Equal(t, "bytes", content)

	// A body is sent from where it stands.
	r := strings.NewReader("more bytes")
	_, err = r.Seek(5, io.SeekStart)
	require.NoError(t, err)
	p := keyed("", "L")
	p.Body = r
	_, err = c.Attachments.Upload(t.Context(), p)
	require.NoError(t, err)
}

func TestKeyedUploadOfARemovedFile(t *testing.T) {
	for _, label := range []string{"", "L"} {
		c, b := newBucket(t)
		_, err := c.Attachments.Upload(t.Context(), keyed("bytes", label))
		require.NoError(t, err)
		name, _ := b.only(t)
		delete(b.objects, name)
		b.removed[name] = true
		_, err = c.Attachments.Upload(t.Context(), keyed("bytes", label))
		require.ErrorIs(t, err, workorder.ErrConflict)
		require.ErrorContains(t, err, "removed from Storage")
	}
}

func TestComparingEndsWithItsContext(t *testing.T) {
	c, b := newBucket(t)
	_, err := c.Attachments.Upload(t.Context(), keyed("bytes", ""))
	require.NoError(t, err)
	b.took()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	defer func() { _ = w.Close() }()
	go func() {
		_, _ = w.Write([]byte("by")) // and then nothing comes
		cancel()
	}()
	p := keyed("", "")
	p.Body = r
	_, err = c.Attachments.Upload(ctx, p)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, "look", b.took())

	p.Body = iotest.ErrReader(io.ErrNoProgress)
	_, err = c.Attachments.Upload(t.Context(), p)
	require.ErrorIs(t, err, io.ErrNoProgress)
	require.ErrorContains(t, err, "reading the body")
}

// A body that does not come back from its end would be sent as an empty one.
func TestUploadOfABodyThatIsLost(t *testing.T) {
	for _, key := range []string{"", "k"} {
		c, b := newBucket(t)
		p := keyed("", "")
		p.Key, p.Body = key, &oneWay{Reader: strings.NewReader("bytes")}
		_, err := c.Attachments.Upload(t.Context(), p)
		require.ErrorIs(t, err, io.ErrNoProgress)
		require.ErrorContains(t, err, "reading the body")
		require.Empty(t, b.objects)
	}
}

type oneWay struct{ *strings.Reader }

func (r *oneWay) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		return 0, io.ErrNoProgress
	}
	return r.Reader.Seek(offset, whence)
}
