package storage_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

func TestDownloadHeaders(t *testing.T) {
	s := newService(t)
	path := "files/" + alice + "/a.txt"
	s.upload(path, "0123456789", "Content-Type: text/plain;charset=UTF-8", "Cache-Control: max-age=60")
	for _, route := range []string{"/object/", "/object/authenticated/"} {
		for _, method := range []string{"GET", "HEAD"} {
			r := s.do(method, route+path, "").ok()
			require.Equal(t, "text/plain;charset=UTF-8", r.header.Get("Content-Type"))
			require.Equal(t, "10", r.header.Get("Content-Length"))
			require.Equal(t, "max-age=60", r.header.Get("Cache-Control"))
			require.Equal(t, "bytes", r.header.Get("Accept-Ranges"))
			require.Equal(t, `"781e5e245d69b566979b86e28d23f2c7"`, r.header.Get("ETag"))
			modified, err := http.ParseTime(r.header.Get("Last-Modified"))
			require.NoError(t, err)
			require.WithinDuration(t, time.Now(), modified, time.Minute)
			require.Empty(t, r.header.Get("Content-Disposition"))
			if method == "GET" {
				require.Equal(t, "0123456789", r.body)
			}
		}
	}
	require.Equal(t, "attachment;", s.do("GET", "/object/"+path+"?download", "").header.Get("Content-Disposition"))
	require.Equal(t, "attachment; filename=a%20b.txt; filename*=UTF-8''a%20b.txt;",
		s.do("GET", "/object/"+path+"?download=a+b.txt", "").header.Get("Content-Disposition"))
	require.Equal(t, http.StatusNotModified, s.do("GET", "/object/"+path, "", `If-None-Match: "781e5e245d69b566979b86e28d23f2c7"`).code)

	s.upload("files/"+alice+"/page", "<script>", "Content-Type: text/html; charset=utf-8")
	require.Equal(t, "text/plain", s.do("GET", "/object/files/"+alice+"/page", "").header.Get("Content-Type"), "pages do not run")
}

func TestDownloadRanges(t *testing.T) {
	s := newService(t)
	path := "/object/files/" + alice + "/a"
	s.upload("files/"+alice+"/a", "0123456789")
	s.upload("files/"+alice+"/empty", "")
	for _, tc := range []struct{ header, body, content string }{
		{"bytes=2-4", "234", "bytes 2-4/10"},
		{"bytes=7-", "789", "bytes 7-9/10"},
		{"bytes=-3", "789", "bytes 7-9/10"},
		{"bytes=8-100", "89", "bytes 8-9/10"},
		{"bytes=8-99999999999999999999", "89", "bytes 8-9/10"},
		{"bytes=-99999999999999999999", "0123456789", ""},
		{"bytes=0-1,3-4", "0123456789", ""}, // several, a wrong order and no number: all of it
		{"bytes=4-2", "0123456789", ""},
		{"bytes=-", "0123456789", ""},
		{"lines=1-2", "0123456789", ""},
	} {
		r := s.do("GET", path, "", "Range: "+tc.header)
		require.Equal(t, tc.body, r.body, tc.header)
		require.Equal(t, tc.content, r.header.Get("Content-Range"))
		require.Equal(t, strconv.Itoa(len(tc.body)), r.header.Get("Content-Length"))
		if tc.content == "" {
			require.Equal(t, http.StatusOK, r.code)
		} else {
			require.Equal(t, http.StatusPartialContent, r.code)
		}
	}
	for _, header := range []string{"bytes=10-", "bytes=99999999999999999999-", "bytes=-0"} {
		s.do("GET", path, "", "Range: "+header).fails(invalidRange)
	}
	s.do("GET", "/object/files/"+alice+"/empty", "", "Range: bytes=0-").fails(invalidRange)
	require.Equal(t, "0123456789", s.do("GET", path, "", "Range: bytes=2-4", `If-Range: "old"`).ok().body)
	require.Equal(t, "234", s.do("GET", path, "", "Range: bytes=2-4", `If-Range: "781e5e245d69b566979b86e28d23f2c7"`).body)
}

func TestReadingIsUpToThePolicies(t *testing.T) {
	s := newService(t)
	s.upload("files/"+alice+"/a", "mine")
	s.root().upload("files/shared/a", "ours")
	s.root().upload("open/a", "everybody's")
	anon := s.as(s.sign(jwt.MapClaims{"role": "anon"}))
	for _, tc := range []struct {
		name, path string
		as         *service
		want       *failure
	}{
		{"own", "/object/files/" + alice + "/a", s, nil},
		{"own, other route", "/object/authenticated/files/" + alice + "/a", s, nil},
		{"own, info", "/object/info/files/" + alice + "/a", s, nil},
		{"own, info, other route", "/object/info/authenticated/files/" + alice + "/a", s, nil},
		{"shared", "/object/files/shared/a", s.bob(), nil},
		{"service", "/object/files/" + alice + "/a", s.root(), nil},
		{"somebody else's", "/object/files/" + alice + "/a", s.bob(), &notFound},
		{"somebody else's, info", "/object/info/files/" + alice + "/a", s.bob(), &notFound},
		{"anonymous", "/object/files/shared/a", anon, &notFound},
		{"no such object", "/object/files/" + alice + "/b", s, &notFound},
		{"no such bucket", "/object/nowhere/a", s, &bucketNotFound},
		{"public bucket without a token", "/object/public/open/a", s.as(""), nil},
		{"public bucket without a token, info", "/object/info/public/open/a", s.as(""), nil},
		{"public bucket with a token", "/object/open/a", anon, nil},
		{"nothing in a public bucket", "/object/public/open/b", s.as(""), &notFound},
		{"private bucket by the public route", "/object/public/files/shared/a", s, &bucketNotFound},
		{"private bucket by the public route, info", "/object/info/public/files/shared/a", s, &bucketNotFound},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := tc.as.do("GET", tc.path, "")
			head := tc.as.do("HEAD", tc.path, "")
			r.t = t
			if tc.want != nil {
				r.fails(*tc.want)
				require.Equal(t, http.StatusBadRequest, head.code)
				return
			}
			r.ok()
			require.Equal(t, http.StatusOK, head.code)
		})
	}
}

func TestInfo(t *testing.T) {
	s := newService(t)
	s.upload("files/"+alice+"/a", "12345", "Content-Type: text/csv", "Cache-Control: no-store", "X-Metadata: eyJhIjoxfQ==")
	var info map[string]any
	s.do("GET", "/object/info/files/"+alice+"/a", "").ok().into(&info)
	for _, key := range []string{"id", "version", "last_modified", "created_at"} {
		require.NotEmpty(t, info[key], key)
		delete(info, key)
	}
	require.Equal(t, map[string]any{"name": alice + "/a", "bucket_id": "files", "size": 5.0, "content_type": "text/csv",
		"cache_control": "no-store", "etag": `"827ccb0eea8a706c4c34a16891f84e7b"`, "metadata": map[string]any{"a": 1.0}}, info)
	require.Equal(t, "5", s.do("HEAD", "/object/info/files/"+alice+"/a", "").ok().header.Get("Content-Length"))
}

func TestRowWithoutBytes(t *testing.T) {
	s := newService(t)
	_, err := s.admin.Exec(t.Context(), `insert into storage.objects (bucket_id, name, metadata) values
		('files', $1 || '/bare', null), ('files', $1 || '/odd', '{"size":"many","mimetype":"text/csv"}'), ('files', $1 || '/lost', '[]')`, alice)
	require.NoError(t, err)
	_, err = s.admin.Exec(t.Context(), `update storage.objects set version = '../../etc/passwd' where name like '%lost'`)
	require.NoError(t, err)
	for _, name := range []string{"bare", "odd", "lost"} {
		path := "files/" + alice + "/" + name
		s.do("GET", "/object/"+path, "").fails(notFound)
		s.do("GET", "/object/info/"+path, "").ok()
		s.do("POST", "/object/copy", `{"bucketId":"files","sourceKey":"`+alice+"/"+name+`","destinationKey":"`+alice+`/copy"}`).fails(notFound)
		s.do("PUT", "/object/"+path, "now it has").ok()
		require.Equal(t, "now it has", s.do("GET", "/object/"+path, "").ok().body)
	}
}

func TestSignedURLs(t *testing.T) {
	s := newService(t)
	name := alice + "/a b.txt"
	s.upload("files/"+name, "0123456789", "Content-Type: text/plain", "Cache-Control: max-age=60")
	s.upload("files/"+alice+"/other", "secret")
	var answer struct{ SignedURL string }
	s.do("POST", "/object/sign/files/"+name, `{"expiresIn":60}`).ok().into(&answer)
	path, token, found := strings.Cut(answer.SignedURL, "?token=")
	require.True(t, found)
	require.Equal(t, "/object/sign/files/"+name, path)

	nobody := s.as("")
	r := nobody.do("GET", answer.SignedURL, "").ok()
	require.Equal(t, "0123456789", r.body)
	require.Equal(t, "text/plain", r.header.Get("Content-Type"))
	expires, err := http.ParseTime(r.header.Get("Expires"))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(time.Minute), expires, 10*time.Second)
	require.Equal(t, "234", nobody.do("GET", answer.SignedURL, "", "Range: bytes=2-4").body)
	require.Equal(t, "attachment; filename=x; filename*=UTF-8''x;", nobody.do("GET", answer.SignedURL+"&download=x", "").header.Get("Content-Disposition"))
	nobody.do("HEAD", answer.SignedURL, "").ok()

	mismatch := failure{"400", "InvalidSignature", "The url do not match the signature", "InvalidSignature"}
	parts := strings.Split(token, ".")
	forged, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"url": "files/" + name, "exp": time.Now().Add(time.Hour).Unix()}).SignedString([]byte("somebody else's secret of 32 bytes"))
	require.NoError(t, err)
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"url": "files/" + name, "exp": time.Now().Add(time.Hour).Unix()}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	require.NoError(t, err)
	for _, tc := range []struct {
		name, url string
		want      failure
	}{
		{"no token", path, invalid("querystring must have required property 'token'")},
		{"another object", "/object/sign/files/" + alice + "/other?token=" + token, mismatch},
		{"another bucket", "/object/sign/small/" + name + "?token=" + token, mismatch},
		{"a user's token", path + "?token=" + s.sign(jwt.MapClaims{"role": "authenticated", "sub": alice, "exp": time.Now().Add(time.Hour).Unix()}), mismatch},
		{"endless token", path + "?token=" + s.sign(jwt.MapClaims{"url": "files/" + name}), badToken("token has invalid claims: token is missing required claim: exp claim is required")},
		{"no signature", path + "?token=" + parts[0] + "." + parts[1] + ".", badToken("signature verification failed")},
		{"tampered", path + "?token=" + parts[0] + "." + strings.Split(forged, ".")[1] + "." + parts[2], badToken("signature verification failed")},
		{"other secret", path + "?token=" + forged, badToken("signature verification failed")},
		{"no algorithm", path + "?token=" + none, badToken("signature verification failed")},
		{"no JWT", path + "?token=x", badToken("Invalid Compact JWS")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := nobody.do("GET", tc.url, "")
			r.t = t
			r.fails(tc.want)
		})
	}
	s.as(token).do("GET", "/object/files/"+name, "").fails(notFound) // as a bearer token it is nobody's

	s.now.advance(61 * time.Second)
	nobody.do("GET", answer.SignedURL, "").fails(badToken(`"exp" claim timestamp check failed`))
	s.do("POST", "/object/sign/files/"+name, `{"expiresIn":60}`).ok().into(&answer)
	s.do("DELETE", "/object/files/"+name, "").ok()
	nobody.do("GET", answer.SignedURL, "").fails(notFound)
}

func TestSigningNeedsSight(t *testing.T) {
	s := newService(t)
	s.upload("files/"+alice+"/a", "x")
	path := "/object/sign/files/" + alice + "/a"
	s.bob().do("POST", path, `{"expiresIn":60}`).fails(notFound)
	s.do("POST", "/object/sign/files/"+alice+"/b", `{"expiresIn":60}`).fails(notFound)
	for body, message := range map[string]string{
		`{}`:                "body must have required property 'expiresIn'",
		`{"expiresIn":0}`:   "body/expiresIn must be >= 1",
		`{"expiresIn":1.5}`: "body/expiresIn must be integer",
	} {
		s.do("POST", path, body).fails(invalid(message))
	}
	s.do("POST", path, `{`).fails(failure{"400", "SyntaxError", "Body is not valid JSON", "InvalidRequest"})
	s.do("POST", path, `{"expiresIn":9007199254740991}`).ok()

	var answers []struct{ Error, Path, SignedURL *string }
	s.do("POST", "/object/sign/files", `{"expiresIn":60,"paths":["`+alice+`/a","`+bob+`/a"]}`).ok().into(&answers)
	require.Len(t, answers, 2)
	require.Nil(t, answers[0].Error)
	require.Equal(t, "x", s.as("").do("GET", *answers[0].SignedURL, "").ok().body)
	require.Equal(t, "Either the object does not exist or you do not have access to it", *answers[1].Error)
	require.Equal(t, bob+"/a", *answers[1].Path)
	require.Nil(t, answers[1].SignedURL)
	s.do("POST", "/object/sign/files", `{"expiresIn":60}`).fails(invalid("body must have required property 'paths'"))
	s.do("POST", "/object/sign/files", `{"expiresIn":60,"paths":[]}`).fails(invalid("body/paths must NOT have fewer than 1 items"))
}
