package storage_test

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/storage"
)

func TestUploadKeepsBytesAndFacts(t *testing.T) {
	s := newService(t)
	name := alice + "/Photo 1 (a&b).png"
	r := s.upload("files/"+name, "pixels", "Content-Type: image/png", "Cache-Control: max-age=60",
		"X-Metadata: "+base64.StdEncoding.EncodeToString([]byte(`{"camera":"x?>"}`)))
	var answer struct{ ID, Key string }
	r.into(&answer)
	require.NoError(t, uuid.Validate(answer.ID))
	require.Equal(t, "files/"+name, answer.Key)

	sum := md5.Sum([]byte("pixels"))
	var meta map[string]any
	require.NoError(t, json.Unmarshal([]byte(s.value(`select metadata::text from storage.objects where id = $1`, answer.ID)), &meta))
	modified, err := time.Parse(time.RFC3339, meta["lastModified"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), modified, time.Minute)
	delete(meta, "lastModified")
	require.Equal(t, map[string]any{
		"eTag": `"` + hex.EncodeToString(sum[:]) + `"`, "size": 6.0, "contentLength": 6.0, "mimetype": "image/png",
		"cacheControl": "max-age=60", "httpStatusCode": 200.0,
	}, meta)
	require.JSONEq(t, `{"camera": "x?>"}`, s.value(`select user_metadata::text from storage.objects`))
	require.Equal(t, alice+" "+alice, s.value(`select owner || ' ' || owner_id from storage.objects`))
	require.Equal(t, alice+" authenticated 6", s.value(`select uid || ' ' || role || ' ' || (metadata ->> 'size') from public.uploads`), "the trigger runs once, as the caller")
	require.Equal(t, 1, s.files())

	got := s.do("GET", "/object/files/"+escape(name), "").ok()
	require.Equal(t, "pixels", got.body)
}

func TestUploadAsServiceHasNoOwner(t *testing.T) {
	s := newService(t)
	s.root().upload("files/shared/a", "x")
	require.Equal(t, "null", s.value(`select coalesce(owner::text, owner_id) from storage.objects`))
	s.as(s.sign(jwt.MapClaims{"role": "service_role", "sub": "robot"})).upload("files/shared/b", "x")
	require.Equal(t, "robot null", s.value(`select owner_id || ' ' || coalesce(owner::text, 'null') from storage.objects where name = 'shared/b'`))
}

func TestUploadDefaults(t *testing.T) {
	s := newService(t)
	s.upload("files/"+alice+"/a", "")
	require.Equal(t, `application/octet-stream no-cache 0 null`, s.value(
		`select concat_ws(' ', metadata ->> 'mimetype', metadata ->> 'cacheControl', metadata ->> 'size', coalesce(user_metadata::text, 'null')) from storage.objects`))
	require.Empty(t, s.do("GET", "/object/files/"+alice+"/a", "").ok().body)
	for _, bad := range []string{"%%%", base64.StdEncoding.EncodeToString([]byte("{broken"))} {
		s.upload("files/"+alice+"/a", "", "X-Upsert: true", "X-Metadata: "+bad)
		require.Equal(t, "null", s.value(`select user_metadata::text from storage.objects`), "what does not decode is ignored")
	}
}

func TestUploadForm(t *testing.T) {
	s := newService(t)
	const file = "Content-Disposition: form-data; name=\"\"; filename=\"blob\"\r\nContent-Type: text/csv\r\n\r\na,b\r\n1,2"
	field := func(name, value string) string {
		return "Content-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value
	}
	for _, tc := range []struct {
		name  string
		parts []string
		want  string
	}{
		{"as supabase-js sends it", []string{field("cacheControl", "3600"), field("metadata", `{"a":1}`), file}, `text/csv max-age=3600 8 {"a": 1}`},
		{"file only", []string{file}, "text/csv no-cache 8 null"},
		{"with a type", []string{field("contentType", "text/plain"), file}, "text/plain no-cache 8 null"},
		{"named file", []string{strings.Replace(file, `name=""`, `name="file"`, 1)}, "text/csv no-cache 8 null"},
		{"bad metadata", []string{field("metadata", "{"), file}, "text/csv no-cache 8 null"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := s.do("PUT", "/object/files/"+alice+"/a.csv", form("XX", tc.parts...), "Content-Type: multipart/form-data; boundary=XX")
			r.t = t
			r.ok()
			require.Equal(t, tc.want, s.value(`select concat_ws(' ', metadata ->> 'mimetype', metadata ->> 'cacheControl', metadata ->> 'size',
				coalesce(user_metadata::text, 'null')) from storage.objects`))
			require.Equal(t, "a,b\r\n1,2", s.do("GET", "/object/files/"+alice+"/a.csv", "").body)
		})
	}
	path := "/object/files/" + alice + "/none"
	s.do("POST", path, form("XX", field("cacheControl", "1")), "Content-Type: multipart/form-data; boundary=XX").fails(invalid("No content provided"))
	s.do("POST", path, "", "Content-Type: multipart/form-data").fails(invalid("no multipart boundary param in Content-Type"))
	s.do("POST", path, "--XX\r\n"+file, "Content-Type: multipart/form-data; boundary=XX").fails(invalid("the upload was cut off"))
	require.Equal(t, 1, s.files())
}

func TestUploadRefusals(t *testing.T) {
	s := newService(t, func(c *storage.Config) { c.MaxObjectSize = 100 })
	s.upload("files/"+alice+"/taken", "x")
	anon := s.sign(jwt.MapClaims{"role": "anon"})
	for _, tc := range []struct {
		name, token, path, body string
		headers                 []string
		want                    failure
	}{
		{"name taken", s.token, "files/" + alice + "/taken", "y", nil, duplicate},
		{"somebody else's folder", s.token, "files/" + bob + "/a", "y", nil, rowSecurity},
		{"anonymous", anon, "files/" + alice + "/a", "y", nil, rowSecurity},
		{"no such bucket", s.token, "nowhere/" + alice + "/a", "y", nil, bucketNotFound},
		{"accent", s.token, "files/" + alice + "/caf%C3%A9", "y", nil, failure{"400", "InvalidKey", "Invalid key: " + alice + "/café", "InvalidKey"}},
		{"hash", s.token, "files/" + alice + "/a%23", "y", nil, failure{"400", "InvalidKey", "Invalid key: " + alice + "/a#", "InvalidKey"}},
		{"line break", s.token, "files/" + alice + "/a%0A", "y", nil, failure{"400", "InvalidKey", "Invalid key: " + alice + "/a\n", "InvalidKey"}},
		{"no name", s.token, "files/", "y", nil, failure{"400", "InvalidKey", "Invalid key: ", "InvalidKey"}},
		{"too long for the bucket", s.token, "small/" + alice + "/a", "01234567890", nil, payloadTooLong},
		{"too long for the service", s.token, "files/" + alice + "/a", strings.Repeat("x", 101), nil, payloadTooLong},
		{"wrong type", s.token, "images/" + alice + "/a", "y", []string{"Content-Type: text/plain"},
			failure{"415", "invalid_mime_type", "mime type text/plain is not supported", "InvalidMimeType"}},
		{"rule of a trigger", s.token, "files/" + alice + "/raise-P0001", "y", nil, failure{"500", "DatabaseError", "the trigger says P0001", "DatabaseError"}},
		{"check of a trigger", s.token, "files/" + alice + "/raise-23514", "y", nil, failure{"500", "DatabaseError", "the trigger says 23514", "DatabaseError"}},
		{"bad value in a trigger", s.token, "files/" + alice + "/raise-22P02", "y", nil, failure{"500", "DatabaseError", "the trigger says 22P02", "DatabaseError"}},
		{"no right in a trigger", s.token, "files/" + alice + "/raise-42501", "y", nil, denied("the trigger says 42501")},
		{"duplicate in a trigger", s.token, "files/" + alice + "/raise-23505", "y", nil, duplicate},
		{"reference in a trigger", s.token, "files/" + alice + "/raise-23503", "y", nil,
			failure{"404", "Not found", "The related resource does not exist", "RelatedResourceNotFound"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := s.as(tc.token).do("POST", "/object/"+tc.path, tc.body, tc.headers...)
			r.t = t
			r.fails(tc.want)
		})
	}
	require.Equal(t, "1", s.value(`select count(*)::text from storage.objects`))
	require.Equal(t, 1, s.files(), "refused bytes are not kept")

	s.upload("small/"+alice+"/a", "0123456789")
	s.upload("images/"+alice+"/a", "y", "Content-Type: image/png")
	s.upload("images/"+alice+"/b", "y", "Content-Type: application/pdf; version=2")
	length := s.stream("POST", "/object/small/"+alice+"/b", io.MultiReader(strings.NewReader("01234567890")))
	length.fails(payloadTooLong) // also when the length is not announced
	require.Equal(t, 4, s.files())
}

func TestUpsert(t *testing.T) {
	s := newService(t)
	path := "files/" + alice + "/a"
	var first, second struct{ ID string }
	s.do("PUT", "/object/"+path, "one").ok().into(&first)
	s.upload(path, "two", "X-Upsert: true", "Content-Type: text/plain").into(&second)
	require.Equal(t, first.ID, second.ID)
	got := s.do("GET", "/object/"+path, "").ok()
	require.Equal(t, "two", got.body)
	require.Equal(t, "text/plain", got.header.Get("Content-Type"))
	require.Equal(t, 1, s.files(), "the old bytes are gone")
	require.Equal(t, "1", s.value(`select count(*)::text from public.uploads`), "an update is no insert")

	s.upload("files/"+alice+"/fixed/a", "one")
	s.do("PUT", "/object/files/"+alice+"/fixed/a", "two").fails(rowSecurity)
	s.root().upload("files/shared/a", "x")
	s.do("PUT", "/object/files/shared/a", "y").fails(rowSecurity)
	s.bob().do("PUT", "/object/"+path, "three").fails(rowSecurity)
	require.Equal(t, "two", s.do("GET", "/object/"+path, "").ok().body)
	require.Equal(t, 3, s.files())
}

func TestOneOfManyUploadsWins(t *testing.T) {
	s := newService(t)
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if r := s.do("POST", "/object/files/"+alice+"/a", "x"); r.code == http.StatusOK {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, won.Load())
	require.Equal(t, 1, s.files())

	// Replacing and reading at the same time: always one whole version.
	for i := range 8 {
		wg.Go(func() { s.do("PUT", "/object/files/"+alice+"/a", strings.Repeat(string(rune('a'+i)), 1000)).ok() })
		wg.Go(func() {
			body := s.do("GET", "/object/files/"+alice+"/a", "").ok().body
			if body != "x" && body != strings.Repeat(body[:1], 1000) {
				t.Errorf("torn: %q", body)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, s.files())
}

// broken fails after some bytes.
type broken struct{ io.Reader }

var errBroken = errors.New("broken")

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil {
		err = errBroken
	}
	return n, err
}

func TestCutOffUploadLeavesNothing(t *testing.T) {
	s := newService(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/object/files/"+alice+"/a", broken{strings.NewReader(strings.Repeat("x", 1<<20))})
	require.NoError(t, err)
	req.ContentLength = 2 << 20
	req.Header.Set("Authorization", "Bearer "+s.token)
	res, err := http.DefaultClient.Do(req)
	if err == nil {
		res.Body.Close()
	}
	require.ErrorIs(t, err, errBroken)
	require.Eventually(t, func() bool { return s.files() == 0 }, 5*time.Second, 10*time.Millisecond)
	require.Equal(t, "0", s.value(`select count(*)::text from storage.objects`))
}

// counted counts the bytes read, which a client does on its own until the end.
type counted struct {
	io.Reader
	read atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read.Add(int64(n))
	return n, err
}

func TestRefusedBeforeTheBytesArrive(t *testing.T) {
	s := newService(t)
	body := &counted{Reader: &pattern{left: 64 << 20, sum: md5.New()}}
	s.stream("POST", "/object/files/"+bob+"/a", body).fails(rowSecurity)
	require.Less(t, body.read.Load(), int64(32<<20), "most of it was not sent yet")
	require.Equal(t, 0, s.files())
}
