package storage_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var emptyJSON = failure{"400", "FastifyError", "Body cannot be empty when content-type is set to 'application/json'", "InvalidRequest"}

func TestJSONThatIsAnnouncedMustBeThere(t *testing.T) {
	s := newService(t)
	s.upload("files/"+alice+"/a", "x")
	for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON"} {
		header := "Content-Type: " + contentType
		s.do("DELETE", "/object/files/"+alice+"/a", "", header).fails(emptyJSON)
		s.as("").do("DELETE", "/object/files/"+alice+"/a", "", header).fails(emptyJSON)
		s.do("POST", "/object/sign/files/"+alice+"/a", "", header).fails(emptyJSON)
		s.do("DELETE", "/object/files", "", header).fails(emptyJSON)
		s.do("POST", "/object/list/files", "", header).fails(emptyJSON)
	}
	s.do("DELETE", "/object/files/"+alice+"/a", "{", "Content-Type: application/json").
		fails(failure{"400", "SyntaxError", "Body is not valid JSON", "InvalidRequest"})
	require.Equal(t, 1, s.files())
	s.do("DELETE", "/object/files/"+alice+"/a", "{}", "Content-Type: application/json").ok()
	s.upload("files/"+alice+"/a", "x")
	s.do("DELETE", "/object/files/"+alice+"/a", "", "Content-Type: text/plain").ok()
	s.upload("files/"+alice+"/empty.json", "", "Content-Type: application/json")
}

// PostgreSQL has no text with a NUL, nor any that is not UTF-8.
func TestNamesThatCannotBeAreRefused(t *testing.T) {
	s := newService(t)
	s.upload("files/"+alice+"/a", "x")
	for _, call := range []string{
		"GET /object/files/", "HEAD /object/files/", "POST /object/files/", "PUT /object/files/", "DELETE /object/files/",
		"GET /object/authenticated/files/", "GET /object/public/open/", "GET /object/info/files/", "GET /object/info/public/open/",
		"POST /object/sign/files/", "GET /object/sign/files/", "GET /bucket/",
	} {
		for _, name := range []string{"a%00b", "%00", "a%FF"} {
			method, path, _ := strings.Cut(call, " ")
			got := s.do(method, path+name, `{"expiresIn":60}`)
			require.Equal(t, http.StatusBadRequest, got.code, "%s%s: %s", call, name, got.body)
			if method != "HEAD" {
				require.Contains(t, got.body, `"statusCode":"400"`, call)
			}
		}
	}
	for call, body := range map[string]string{
		"DELETE /object/files":         `{"prefixes":["` + alice + `/a","a\u0000b"]}`,
		"POST /object/list/files":      `{"prefix":"a\u0000b"}`,
		"POST /object/list/files?":     `{"prefix":"","search":"a\u0000b"}`,
		"POST /object/sign/files":      `{"expiresIn":60,"paths":["a\u0000b"]}`,
		"POST /object/move":            `{"bucketId":"files","sourceKey":"a\u0000b","destinationKey":"` + alice + `/b"}`,
		"POST /object/copy":            `{"bucketId":"files","sourceKey":"a\u0000b","destinationKey":"` + alice + `/b"}`,
		"POST /object/move?":           `{"bucketId":"files","sourceKey":"` + alice + `/a","destinationKey":"a\u0000b"}`,
		"POST /object/move?bucket":     `{"bucketId":"fi\u0000les","sourceKey":"` + alice + `/a","destinationKey":"` + alice + `/b"}`,
		"POST /object/copy?its-bucket": `{"bucketId":"files","destinationBucket":"\u0000","sourceKey":"` + alice + `/a","destinationKey":"` + alice + `/b"}`,
	} {
		method, path, _ := strings.Cut(call, " ")
		got := s.do(method, path, body)
		require.Equal(t, http.StatusBadRequest, got.code, "%s: %s", call, got.body)
		require.Contains(t, got.body, `"statusCode":"400"`, call)
	}
	// Nor may it hide in what is kept beside the bytes.
	got := s.do("POST", "/object/files/"+alice+"/m", "x", "X-Metadata: eyJhIjoiXHUwMDAwIn0=")
	require.Equal(t, http.StatusBadRequest, got.code, got.body)
	require.Equal(t, 1, s.files())
}
