// Package storage speaks the platform's Storage service for the resource
// packages: objects of one bucket.
package storage

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

const servicePath = "/storage/v1"

// Bucket reads and writes the objects of one bucket.
type Bucket struct {
	conn *api.Conn
	name string
}

// NewBucket makes a Bucket.
func NewBucket(conn *api.Conn, name string) Bucket { return Bucket{conn: conn, name: name} }

// Name is the id of the bucket.
func (b Bucket) Name() string { return b.name }

// Download opens an object.
func (b Bucket) Download(ctx context.Context, op, object string) (*api.StreamResponse, error) {
	if err := checkPath(op, object); err != nil {
		return nil, err
	}
	return b.conn.Stream(ctx, &api.Stream{
		Op: op, Method: http.MethodGet, Path: b.path(object), Safe: true,
		Header: http.Header{"Accept": {"*/*"}},
	})
}

// SignedURL makes a URL by which anybody can read an object for a while.
func (b Bucket) SignedURL(ctx context.Context, op, object string, expires time.Duration) (string, error) {
	if err := checkPath(op, object); err != nil {
		return "", err
	}
	seconds := int64(math.Ceil(expires.Seconds()))
	body, err := json.Marshal(map[string]int64{"expiresIn": seconds})
	if err != nil {
		return "", sdkerr.Wrap(op, nil, err)
	}
	resp, err := b.conn.Do(ctx, &api.Request{
		Op: op, Method: http.MethodPost, Path: servicePath + "/object/sign/" + b.name + "/" + object,
		Body: body, Safe: true,
	})
	if err != nil {
		return "", err
	}
	var signed struct {
		URL string `json:"signedURL"`
	}
	if err := json.Unmarshal(resp.Body, &signed); err != nil {
		return "", sdkerr.Decode(op, -1, "", "", err)
	}
	// The answer is relative to the service and not escaped. Nothing but the
	// token is taken from it: a caller hands the URL on.
	signPath := "/object/sign/" + b.name + "/" + object
	token, ok := strings.CutPrefix(signed.URL, signPath+"?token=")
	if !ok {
		token, ok = strings.CutPrefix(signed.URL, escapePath(signPath)+"?token=")
	}
	if !ok || token == "" || url.QueryEscape(token) != token {
		return "", sdkerr.New(op, sdkerr.ErrDecode, "the answer has no signed URL")
	}
	return b.conn.BaseURL() + escapePath(servicePath+signPath) + "?token=" + token, nil
}

// escapePath writes a path as it stands in a URL.
func escapePath(path string) string { return (&url.URL{Path: path}).EscapedPath() }

func (b Bucket) path(object string) string {
	return servicePath + "/object/" + b.name + "/" + object
}

// checkPath refuses paths that a proxy or the service could take for another
// object.
func checkPath(op, object string) error {
	if object == "" {
		return sdkerr.Required(op, "the storage path")
	}
	for segment := range strings.SplitSeq(object, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return sdkerr.Invalid(op, "the storage path", "has an empty segment, . or ..")
		}
	}
	if !utf8.ValidString(object) {
		return sdkerr.Invalid(op, "the storage path", "is not valid UTF-8")
	}
	if strings.ContainsFunc(object, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return sdkerr.Invalid(op, "the storage path", "has a control character or a backslash")
	}
	return nil
}
