package storage

import (
	"net/http"
	"strings"
	"unicode/utf8"
)

// params are the parts of a path: a bucket, and the name of an object in it.
type params struct {
	bucket string
	name   string
}

func (p params) path() string { return p.bucket + "/" + p.name }

type handler func(s *Server, w http.ResponseWriter, r *http.Request, p params) error

// routes are tried in order. {bucket} stands for one segment, and * for all that
// follow.
var routes = []struct {
	methods string
	path    string
	handle  handler
}{
	{"GET", "bucket", (*Server).listBuckets},
	{"GET", "bucket/{bucket}", (*Server).getBucket},

	{"POST", "object/sign/{bucket}", (*Server).signMany},
	{"POST", "object/sign/{bucket}/*", (*Server).sign},
	{"GET HEAD", "object/sign/{bucket}/*", (*Server).downloadSigned},
	{"POST", "object/list/{bucket}", (*Server).list},
	{"POST", "object/move", (*Server).move},
	{"POST", "object/copy", (*Server).copy},
	{"GET HEAD", "object/info/public/{bucket}/*", publicly((*Server).info)},
	{"GET HEAD", "object/info/authenticated/{bucket}/*", privately((*Server).info)},
	{"GET HEAD", "object/info/{bucket}/*", privately((*Server).info)},
	{"GET HEAD", "object/public/{bucket}/*", publicly((*Server).download)},
	{"GET HEAD", "object/authenticated/{bucket}/*", privately((*Server).download)},
	{"GET HEAD", "object/{bucket}/*", privately((*Server).download)},
	{"POST", "object/{bucket}/*", (*Server).create},
	{"PUT", "object/{bucket}/*", (*Server).update},
	{"DELETE", "object/{bucket}/*", (*Server).remove},
	{"DELETE", "object/{bucket}", (*Server).removeMany},
}

func (s *Server) route(w http.ResponseWriter, r *http.Request) error {
	path := strings.TrimPrefix(r.URL.Path, "/")
	if strings.Contains(path, "\x00") || !utf8.ValidString(path) {
		return failAs(http.StatusBadRequest, "InvalidRequest", "FastifyError", "the path is not a valid url component")
	}
	for _, route := range routes {
		if p, ok := match(route.path, path); ok && strings.Contains(" "+route.methods+" ", " "+r.Method+" ") {
			return route.handle(s, w, r, p)
		}
	}
	// Fastify's own answer, where statusCode is a number.
	writeJSON(w, http.StatusNotFound, map[string]any{
		"message": "Route " + r.Method + ":" + r.URL.Path + " not found", "error": "Not Found", "statusCode": http.StatusNotFound,
	})
	return nil
}

func match(pattern, path string) (p params, ok bool) {
	for {
		want, morePattern, more := strings.Cut(pattern, "/")
		if want == "*" {
			p.name = path
			return p, true
		}
		got, morePath, longer := strings.Cut(path, "/")
		switch {
		case want == "{bucket}" && got != "":
			p.bucket = got
		case want != got:
			return p, false
		}
		if !more || !longer {
			// A slash at the end makes no other path.
			return p, !more && (!longer || morePath == "")
		}
		pattern, path = morePattern, morePath
	}
}
