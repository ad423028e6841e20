package storage

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
)

const (
	maxJSON  = 1 << 20
	maxField = 1 << 20
)

// readJSON reads a small request body.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxJSON))
	if err != nil {
		var over *http.MaxBytesError
		if errors.As(err, &over) {
			return failAs(http.StatusRequestEntityTooLarge, "EntityTooLarge", "FastifyError", "Request body is too large")
		}
		return err
	}
	if len(b) == 0 && isJSON(r) {
		return failAs(http.StatusBadRequest, "InvalidRequest", "FastifyError",
			"Body cannot be empty when content-type is set to 'application/json'")
	}
	if err := json.Unmarshal(b, v); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && wrong.Field != "" {
			return invalidRequest("body/" + strings.ReplaceAll(wrong.Field, ".", "/") + " must be " + jsonType(wrong.Type.String()))
		}
		return failAs(http.StatusBadRequest, "InvalidRequest", "SyntaxError", "Body is not valid JSON")
	}
	return nil
}

// isJSON reports whether a body says that it is JSON.
func isJSON(r *http.Request) bool {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && t == "application/json"
}

func jsonType(goType string) string {
	goType = strings.TrimLeft(goType, "*")
	switch {
	case strings.HasPrefix(goType, "int"):
		return "integer"
	case strings.HasPrefix(goType, "[]"):
		return "array"
	case goType == "string":
		return "string"
	case goType == "bool":
		return "boolean"
	}
	return "object"
}

// missing says which required member a body lacks.
func missing(property string) *apiError {
	return invalidRequest("body must have required property '" + property + "'")
}

// upload is the body of an upload: what is said about the bytes, and the bytes,
// not read yet.
type upload struct {
	content      io.Reader
	length       int64 // -1 when unknown
	mimeType     string
	cacheControl string
	user         json.RawMessage // user_metadata
}

// readUpload reads what comes before the bytes: the headers, or the fields of a
// form as browsers send it.
func readUpload(r *http.Request) (*upload, error) {
	contentType := r.Header.Get("Content-Type")
	if strings.HasPrefix(strings.ToLower(contentType), "multipart/form-data") {
		return readForm(r)
	}
	up := &upload{content: r.Body, length: r.ContentLength, mimeType: contentType, cacheControl: r.Header.Get("Cache-Control")}
	if up.mimeType == "" {
		up.mimeType = "application/octet-stream"
	}
	if up.cacheControl == "" {
		up.cacheControl = "no-cache"
	}
	up.user = headerMetadata(r.Header)
	return up, nil
}

// headerMetadata decodes the header x-metadata; what does not decode is ignored.
func headerMetadata(h http.Header) json.RawMessage {
	text := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(h.Get("X-Metadata")), "=")
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return validJSON(b)
}

func validJSON(b []byte) json.RawMessage {
	if len(b) == 0 || !json.Valid(b) {
		return nil
	}
	return b
}

// readForm reads the form up to its file, which comes last.
func readForm(r *http.Request) (*upload, error) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, invalidRequest(err.Error())
	}
	up := &upload{length: -1, cacheControl: "no-cache", user: headerMetadata(r.Header)}
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil, invalidRequest("No content provided")
		case err != nil:
			return nil, invalidRequest(err.Error())
		}
		if isFile(part) {
			up.content = part
			if up.mimeType == "" {
				up.mimeType = part.Header.Get("Content-Type")
			}
			if up.mimeType == "" {
				up.mimeType = "application/octet-stream"
			}
			return up, nil
		}
		value, err := io.ReadAll(io.LimitReader(part, maxField))
		if err != nil {
			return nil, invalidRequest(err.Error())
		}
		switch part.FormName() {
		case "cacheControl":
			up.cacheControl = "max-age=" + string(value)
		case "contentType":
			up.mimeType = string(value)
		case "metadata":
			up.user = validJSON(value)
		}
	}
}

// isFile tells files from fields; a file without a name has no field name either.
func isFile(p *multipart.Part) bool {
	return p.FileName() != "" || p.FormName() == ""
}
