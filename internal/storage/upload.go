package storage

import (
	"context"
	"crypto/md5" // what Storage's entity tags are
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Upload is one object to be stored. Nobody else may store anything else at its
// path, so that sending it twice does no harm and what is found there is its own.
type Upload struct {
	Op          string // SDK method, for errors and logs
	Object      string
	ContentType string
	Content     *Content
	// Again says that the caller may make the same Upload once more.
	Again bool
}

// State is what Storage has of an Upload.
type State int

// The states. Another content than the upload's is an error.
const (
	Missing State = iota
	Empty         // a row that has no bytes yet
	Same          // the very content
)

// Create stores a new object, whose row the service makes. An answer that is
// lost is looked up. Fails with ErrConflict when something else is stored there.
func (b Bucket) Create(ctx context.Context, u Upload) error {
	err := b.send(ctx, http.MethodPost, u)
	if err == nil || !u.doubtful(err) || ctx.Err() != nil {
		return err
	}
	switch state, lerr := b.Look(ctx, u); {
	case lerr == nil && state == Same:
		return nil
	case lerr == nil && state == Empty:
		return b.Fill(ctx, u)
	case !errors.Is(err, sdkerr.ErrConflict):
		return err
	case lerr != nil:
		return lerr
	}
	return Removed(u.Op)
}

// doubtful reports whether the content may be there although err came: an answer
// was lost, or another attempt or process was faster.
func (u Upload) doubtful(err error) bool {
	var e *sdkerr.Error
	return errors.Is(err, sdkerr.ErrUnavailable) ||
		errors.Is(err, sdkerr.ErrConflict) && (u.Again || errors.As(err, &e) && e.Attempts > 1)
}

// Fill stores the content of an object that has a row. An answer that is lost is
// looked up.
func (b Bucket) Fill(ctx context.Context, u Upload) error {
	err := b.send(ctx, http.MethodPut, u)
	if err == nil || !errors.Is(err, sdkerr.ErrUnavailable) || ctx.Err() != nil {
		return err
	}
	if state, lerr := b.Look(ctx, u); lerr == nil && state == Same {
		return nil
	}
	return err
}

// Removed is the failure of an upload whose path is taken by a file that has no
// object any more.
func Removed(op string) error {
	return sdkerr.New(op, sdkerr.ErrConflict,
		"the file was stored before and removed from Storage; its attachment keeps its place")
}

// send sends the content. It may repeat that.
func (b Bucket) send(ctx context.Context, method string, u Upload) error {
	if err := checkPath(u.Op, u.Object); err != nil {
		return err
	}
	body, ok := u.Content.open()
	if !ok {
		return sdkerr.New(u.Op, sdkerr.ErrUnavailable, "the body has been read and cannot be sent again")
	}
	r := &api.Stream{
		Op: u.Op, Method: method, Path: b.path(u.Object), Body: body, Keyed: true,
		Header: http.Header{"Content-Type": {u.ContentType}},
	}
	if method == http.MethodPost {
		r.Header.Set("X-Upsert", "false")
	}
	resp, err := b.conn.Stream(ctx, r)
	if err == nil {
		_, err = b.conn.ReadSmall(r, resp)
	}
	var e *sdkerr.Error
	if !u.Again && errors.As(err, &e) && (e.Attempts > 1 || !sdkerr.NotApplied(e)) {
		return sdkerr.Doubt(e)
	}
	return err
}

// Look finds out what Storage has of an upload. It reads the content where there
// is something to compare it with. Fails with ErrConflict when that is not it.
func (b Bucket) Look(ctx context.Context, u Upload) (State, error) {
	if err := checkPath(u.Op, u.Object); err != nil {
		return Missing, err
	}
	resp, err := b.conn.Do(ctx, &api.Request{
		Op: u.Op, Method: http.MethodGet, Path: servicePath + "/object/info/" + b.name + "/" + u.Object, Safe: true,
	})
	if errors.Is(err, sdkerr.ErrNotFound) {
		return Missing, nil
	}
	if err != nil {
		return Missing, err
	}
	var stored struct {
		Size int64  `json:"size"`
		ETag string `json:"etag"`
	}
	if err := json.Unmarshal(resp.Body, &stored); err != nil {
		return Missing, sdkerr.Decode(u.Op, -1, "", "", err)
	}
	if stored.ETag == "" {
		return Empty, nil
	}
	other := sdkerr.New(u.Op, sdkerr.ErrConflict, "another content is stored there")
	if u.Content.size >= 0 && u.Content.size != stored.Size {
		return Missing, other
	}
	size, sum, err := u.Content.digest(ctx)
	switch {
	case ctx.Err() != nil:
		return Missing, sdkerr.Canceled(u.Op, http.MethodGet, b.path(u.Object), ctx.Err())
	case err != nil:
		return Missing, sdkerr.BadBody(u.Op, http.MethodGet, b.path(u.Object), err)
	case size != stored.Size:
		return Missing, other
	case strings.Trim(stored.ETag, `"`) == hex.EncodeToString(sum):
		return Same, nil
	}
	// The tag of an object that was stored in parts or encrypted is another sum.
	held, err := b.digest(ctx, u)
	if err != nil {
		return Missing, err
	}
	if hex.EncodeToString(held) != hex.EncodeToString(sum) {
		return Missing, other
	}
	return Same, nil
}

// digest is the MD5 sum of what is stored.
func (b Bucket) digest(ctx context.Context, u Upload) ([]byte, error) {
	resp, err := b.Download(ctx, u.Op, u.Object)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	h := md5.New()
	if _, err := io.Copy(h, resp.Body); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}
