package storage

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// download sends the bytes of an object, or only says what they are to HEAD.
func (s *Server) download(w http.ResponseWriter, r *http.Request, find func() (*object, error)) error {
	if r.Method == http.MethodHead {
		o, err := find()
		if err != nil {
			return err
		}
		describe(w.Header(), r, o)
		w.Header().Set("Content-Length", strconv.FormatInt(o.facts().Size, 10))
		w.WriteHeader(http.StatusOK)
		return nil
	}
	o, f, err := s.openFound(find)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := checkRange(r, info.Size(), o.facts().ETag); err != nil {
		return err
	}
	describe(w.Header(), r, o)
	http.ServeContent(w, r, "", o.modified(), f)
	return nil
}

// openFound finds an object and opens its bytes. Between the two somebody may
// replace it, and then there is a newer version to open.
func (s *Server) openFound(find func() (*object, error)) (*object, *os.File, error) {
	var seen string
	for {
		o, err := find()
		if err != nil {
			return nil, nil, err
		}
		f, err := s.files.open(o.Version)
		if err == nil {
			return o, f, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
		if o.Version == nil || *o.Version == seen {
			return nil, nil, noSuchKey() // a row that never had bytes
		}
		seen = *o.Version
	}
}

// describe sets the headers that tell what an object is.
func describe(h http.Header, r *http.Request, o *object) {
	m := o.facts()
	h.Set("Content-Type", safeType(m.MIMEType))
	h.Set("Accept-Ranges", "bytes")
	if m.ETag != "" {
		h.Set("ETag", m.ETag)
	}
	if m.CacheControl != "" && h.Get("Expires") == "" {
		h.Set("Cache-Control", m.CacheControl)
	}
	if t := o.modified(); !t.IsZero() {
		h.Set("Last-Modified", t.UTC().Format(http.TimeFormat))
	}
	if query := r.URL.Query(); query.Has("download") {
		disposition := "attachment;"
		if name := query.Get("download"); name != "" {
			name = url.PathEscape(name)
			disposition += " filename=" + name + "; filename*=UTF-8''" + name + ";"
		}
		h.Set("Content-Disposition", disposition)
	}
}

// safeType keeps pages that somebody uploaded from running in the API's origin.
func safeType(t string) string {
	switch {
	case t == "":
		return "application/octet-stream"
	case strings.Contains(strings.ToLower(t), "text/html"):
		return "text/plain"
	}
	return t
}

var oneRange = regexp.MustCompile(`^bytes=(\d*)-(\d*)$`)

// checkRange refuses a range that an object does not have. Ranges that are
// several or make no sense are dropped, so that the whole object is sent.
func checkRange(r *http.Request, size int64, etag string) error {
	header := r.Header.Get("Range")
	if header == "" {
		return nil
	}
	if cond := r.Header.Get("If-Range"); cond != "" && cond != etag {
		return nil // a date: net/http compares it; another tag: the range is void
	}
	m := oneRange.FindStringSubmatch(header)
	if m == nil || m[1] == "" && m[2] == "" {
		r.Header.Del("Range")
		return nil
	}
	first, firstErr := strconv.ParseInt(m[1], 10, 64)
	last, lastErr := strconv.ParseInt(m[2], 10, 64)
	switch {
	case m[1] == "" && lastErr == nil && last > 0 && size > 0: // the last bytes
	case m[1] == "" && lastErr != nil: // more than there can be
		r.Header.Del("Range")
	case m[1] == "", firstErr != nil, first >= size:
		return fail(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "invalid range provided")
	case m[2] != "" && lastErr != nil:
		r.Header.Set("Range", "bytes="+m[1]+"-")
	case m[2] != "" && last < first:
		r.Header.Del("Range")
	}
	return nil
}

// info answers with what is known of an object.
func (s *Server) info(w http.ResponseWriter, r *http.Request, find func() (*object, error)) error {
	if r.Method == http.MethodHead {
		return s.download(w, r, find)
	}
	o, err := find()
	if err != nil {
		return err
	}
	body := map[string]any{
		"id": o.ID, "name": o.Name, "version": o.Version, "bucket_id": o.BucketID,
		"size": nil, "content_type": nil, "cache_control": nil, "etag": nil,
		"metadata": o.UserMetadata, "last_modified": o.UpdatedAt, "created_at": o.CreatedAt,
	}
	if m := o.facts(); m.ETag != "" {
		body["size"], body["content_type"], body["cache_control"], body["etag"] = m.Size, m.MIMEType, m.CacheControl, m.ETag
	}
	if o.UserMetadata == nil {
		body["metadata"] = struct{}{}
	}
	writeJSON(w, http.StatusOK, body)
	return nil
}
