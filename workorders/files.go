package workorders

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/internal/storage"
	"github.com/workorder-systems/sdk-go/query"
)

// UploadParams describes a file and what to attach it to.
type UploadParams struct {
	TenantID   string     // optional: the client's tenant; the token must be for it
	EntityType EntityType // required
	EntityID   string     // required
	// Key makes the upload repeatable: with the same Key, entity and Filename
	// there is one file and one attachment, however often and by how many it is
	// uploaded. It can be anything that names the file in the place it comes
	// from, such as its path there.
	Key string
	// Filename is the name of the file, without folders. Storage takes few
	// characters, so others become _; put the name that people know into Label.
	Filename    string
	ContentType string // empty: by the ending of Filename, else application/octet-stream
	Label       string // up to 255 characters
	Kind        string // up to 50 of a–z, 0–9 and _, such as "photo"
	// Body is the content, sent as it is read: memory stays constant however
	// large it is. Required. Body is not closed. Nothing reads it after Upload
	// has returned, unless ctx ends in the midst of a Read.
	Body io.Reader
}

// Upload stores a file, attaches it to an entity and returns the attachment.
// The file lies at {tenant}/{entity type}/{entity}/{id}-{filename}, in lower
// case up to the id, which is random or made of Key.
//
// Who may is told at EntityType; others get ErrPermissionDenied. Fails with
// ErrInvalidInput when a value is malformed or the file is larger than the
// deployment takes, and with ErrTenantMismatch, before anything is sent, when
// the token is for another tenant or none: its views would not show the
// attachment.
//
// With a Key, label and kind go in with the row, before the bytes, so an import
// that was killed anywhere can start again: what is missing is added, and an
// attachment that is there keeps the label that it has. Fails with ErrConflict
// when another content is stored under the Key, or when the file was removed
// from Storage, which leaves its attachment behind. When the bytes are refused
// after the row was made, for their size for instance, the attachment stands
// without a file until they come with the same Key.
//
// Without a Key every call makes another file, and label and kind are set right
// after it.
//
// The SDK repeats a failed upload by itself where Body can seek or has not been
// read yet, and looks up what the server has when an answer is lost. So
// ErrUnavailable means that nobody could tell; with a Key, call again. Ctx ends
// an upload at any time, no other timeout holds while Body is sent.
//
// When the file has been stored but a later step failed, Upload returns both an
// error and an attachment with what is known: StoragePath always, ID and the
// rest when the row was found. Without a Key do not upload it again; find the
// row by StoragePath and set label and kind with UpdateMetadata.
//
// Not in the TypeScript SDK.
func (s *AttachmentService) Upload(ctx context.Context, p UploadParams) (*EntityAttachment, error) {
	const op = "Attachments.Upload"
	if err := checkUpload(op, p); err != nil {
		return nil, err
	}
	tenant, err := s.uploadTenant(ctx, op, p.TenantID)
	if err != nil {
		return nil, err
	}
	// As the server writes them, so that other spellings make no other file.
	p.TenantID = strings.ToLower(tenant)
	p.EntityType = EntityType(strings.ToLower(string(p.EntityType)))
	p.EntityID = strings.ToLower(p.EntityID)
	p.ContentType = cmp.Or(p.ContentType, storage.ContentType(p.Filename))
	object := strings.Join([]string{p.TenantID, string(p.EntityType), p.EntityID, objectName(p)}, "/")
	if err := s.store(ctx, op, object, p); err != nil {
		return nil, err
	}

	stored := &EntityAttachment{
		TenantID: p.TenantID, EntityType: p.EntityType, EntityID: p.EntityID,
		BucketID: new(s.bucket.Name()), StoragePath: &object, Filename: new(path.Base(object)),
	}
	rows, err := s.List(ctx, query.Where(
		attachmentCols.StoragePath.Eq(object),
		attachmentCols.EntityType.Eq(p.EntityType),
		attachmentCols.EntityID.Eq(p.EntityID),
	), query.Limit(1))
	if err != nil {
		return stored, sdkerr.Wrap(op, nil, err)
	}
	if len(rows) == 0 {
		return stored, sdkerr.New(op, sdkerr.ErrNotFound, "the file was stored, but its attachment does not show")
	}
	if p.Key != "" || !p.labelled() {
		return &rows[0], nil
	}
	if err := postgrest.ExecAgain(ctx, s.rpc, op, updateEntityAttachmentMetadataArgs{
		AttachmentID: rows[0].ID, Label: postgrest.NullIfZero(p.Label), Kind: postgrest.NullIfZero(p.Kind),
	}); err != nil {
		return &rows[0], err
	}
	labelled, err := s.Get(ctx, rows[0].ID)
	if err != nil {
		return &rows[0], sdkerr.Wrap(op, nil, err)
	}
	return labelled, nil
}

func (p UploadParams) labelled() bool { return p.Label != "" || p.Kind != "" }

// store sees to it that the object is there, and with it its row.
func (s *AttachmentService) store(ctx context.Context, op, object string, p UploadParams) error {
	u := storage.Upload{
		Op: op, Object: object, ContentType: p.ContentType, Content: storage.NewContent(p.Body), Again: p.Key != "",
	}
	if p.Key == "" {
		return s.bucket.Create(ctx, u)
	}
	state, err := s.bucket.Look(ctx, u)
	if err != nil {
		return err
	}
	if state == storage.Missing && p.labelled() {
		if state, err = s.addRow(ctx, u, p); err != nil {
			return err
		}
	}
	switch state {
	case storage.Same:
		return nil
	case storage.Empty:
		return s.bucket.Fill(ctx, u)
	}
	return s.bucket.Create(ctx, u)
}

// addRow makes the row of an object, with the label and kind of its attachment.
// Somebody else may be faster.
func (s *AttachmentService) addRow(ctx context.Context, u storage.Upload, p UploadParams) (storage.State, error) {
	user, err := s.rpc.UserID(ctx, u.Op)
	if err != nil {
		return storage.Missing, err
	}
	metadata, err := postgrest.Body(u.Op, StorageObjectMetadata{ContentType: p.ContentType, Label: p.Label, Kind: p.Kind})
	if err != nil {
		return storage.Missing, err
	}
	err = postgrest.ExecAgain(ctx, s.rpc, u.Op, insertAttachmentStorageObjectArgs{
		TenantID: p.TenantID, EntityType: p.EntityType, EntityID: p.EntityID, Name: u.Object, OwnerID: user, Metadata: metadata,
	})
	if err == nil {
		return storage.Empty, nil
	}
	if !errors.Is(err, sdkerr.ErrConflict) {
		return storage.Missing, err
	}
	state, err := s.bucket.Look(ctx, u)
	if err == nil && state == storage.Missing {
		err = storage.Removed(u.Op)
	}
	return state, err
}

// checkUpload finds what would fail after the bytes have been sent.
func checkUpload(op string, p UploadParams) error {
	if err := sdkerr.RequireText(op, "EntityType", string(p.EntityType), "EntityID", p.EntityID, "Filename", p.Filename); err != nil {
		return err
	}
	switch {
	case p.Body == nil:
		return sdkerr.Required(op, "Body")
	case !isSegment(string(p.EntityType)):
		return sdkerr.Invalid(op, "EntityType", "has characters that a path cannot hold")
	case !isSegment(p.EntityID):
		return sdkerr.Invalid(op, "EntityID", "has characters that a path cannot hold")
	case pgjson.Text(p.Label) != nil:
		return sdkerr.Invalid(op, "Label", pgjson.Text(p.Label).Error())
	case utf8.RuneCountInString(p.Label) > 255:
		return sdkerr.Invalid(op, "Label", "is longer than 255 characters")
	case len(p.Kind) > 50 || strings.ContainsFunc(p.Kind, func(r rune) bool { return !isKey(r) }):
		return sdkerr.Invalid(op, "Kind", "must be up to 50 of a–z, 0–9 and _")
	case strings.ContainsFunc(p.ContentType, func(r rune) bool { return r < ' ' || r > '~' }):
		return sdkerr.Invalid(op, "ContentType", "has characters that a header cannot carry")
	}
	return nil
}

// uploadTenant is the tenant to upload for, which must be the token's.
func (s *AttachmentService) uploadTenant(ctx context.Context, op, tenant string) (string, error) {
	tenant, err := s.conn.TenantFor(ctx, op, tenant)
	if err != nil {
		return "", err
	}
	if !isSegment(tenant) {
		return "", sdkerr.Invalid(op, "TenantID", "has characters that a path cannot hold")
	}
	shown, err := s.conn.TokenTenant(ctx, op)
	if err != nil {
		return "", err
	}
	if !strings.EqualFold(shown, tenant) {
		return "", sdkerr.New(op, sdkerr.ErrTenantMismatch, "the token is not for the tenant of the upload, so its attachment would not show")
	}
	return tenant, nil
}

// Download is the content of a file. It must be closed.
type Download struct {
	io.ReadCloser
	ContentType string
	Size        int64 // in bytes; -1 when the server does not tell
}

// Download opens a file by EntityAttachment.StoragePath. Its content comes as
// it is read: memory stays constant however large it is. Ctx ends it at any
// time, no other timeout holds once it has begun; what Read fails with is an
// *SdkError as well.
//
// Any member of the tenant of one of the file's attachments may. Fails with
// ErrNotFound when there is no such file or the caller may not see it.
//
// Not in the TypeScript SDK.
func (s *AttachmentService) Download(ctx context.Context, storagePath string) (*Download, error) {
	resp, err := s.bucket.Download(ctx, "Attachments.Download", storagePath)
	if err != nil {
		return nil, err
	}
	return &Download{ReadCloser: resp.Body, ContentType: resp.Header.Get("Content-Type"), Size: resp.Size}, nil
}

// SignedURL makes a URL by which anybody who has it can download a file, named
// by EntityAttachment.StoragePath, until it expires. It cannot be taken back.
//
// Any member of the tenant of one of the file's attachments may. Fails with
// ErrNotFound when there is no such file or the caller may not see it.
//
// Not in the TypeScript SDK, whose users ask Storage directly.
func (s *AttachmentService) SignedURL(ctx context.Context, storagePath string, expires time.Duration) (string, error) {
	const op = "Attachments.SignedURL"
	if expires <= 0 {
		return "", sdkerr.Invalid(op, "expires", "must be above zero")
	}
	return s.bucket.SignedURL(ctx, op, storagePath, expires)
}

// maxFilename keeps the whole path well below Storage's 1,024 characters.
const maxFilename = 200

// objectName makes a name that no other object of the entity has.
func objectName(p UploadParams) string {
	name := strings.Map(func(r rune) rune {
		if isKey(r) || r >= 'A' && r <= 'Z' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, p.Filename)
	if len(name) > maxFilename { // one byte a character by now
		ext := path.Ext(name)
		if len(ext) > 20 {
			ext = ""
		}
		name = name[:maxFilename-len(ext)] + ext
	}
	if p.Key == "" {
		return newUUID() + "-" + name
	}
	return keyUUID(p.Key) + "-" + name
}

// keyUUID makes the same (version 8) UUID of the same key.
func keyUUID(key string) string {
	sum := sha256.Sum256([]byte(key))
	return formatUUID([16]byte(sum[:16]), 8)
}

// newUUID makes a random (version 4) UUID.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return formatUUID(b, 4)
}

func formatUUID(b [16]byte, version byte) string {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// isKey reports whether r may stand in a key.
func isKey(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' }

// isSegment reports whether an id can stand in a path as it is.
func isSegment(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !isKey(r) && (r < 'A' || r > 'Z') && r != '-' })
}
