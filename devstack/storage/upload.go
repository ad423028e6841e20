package storage

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/workorder-systems/sdk-go/devstack/internal/bearer"
)

// create uploads a new object, or with the header x-upsert replaces one.
func (s *Server) create(w http.ResponseWriter, r *http.Request, p params) error {
	return s.upload(w, r, p, r.Header.Get("X-Upsert") == "true")
}

// update uploads an object, whether there is one or not.
func (s *Server) update(w http.ResponseWriter, r *http.Request, p params) error {
	return s.upload(w, r, p, true)
}

func (s *Server) upload(w http.ResponseWriter, r *http.Request, p params, upsert bool) error {
	if err := checkKey(p.name); err != nil {
		return err
	}
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	up, err := readUpload(r)
	if err != nil {
		return err
	}
	o := newObject(p, c)
	o.UserMetadata = up.user
	limit, err := s.rehearse(r, c, o, up, upsert)
	if err != nil {
		return err
	}
	size, sum, err := s.files.write(*o.Version, up.content, limit)
	if err != nil {
		var known *apiError
		if errors.As(err, &known) {
			return err
		}
		return failAs(http.StatusBadRequest, "InvalidRequest", "Error", "the upload was cut off")
	}
	if o.Metadata, err = json.Marshal(metadata{
		ETag: `"` + sum + `"`, Size: size, MIMEType: up.mimeType, CacheControl: up.cacheControl,
		LastModified: s.cfg.Now().UTC().Format(lastModifiedFormat), ContentLength: size, HTTPStatusCode: http.StatusOK,
	}); err != nil {
		return err
	}
	if err := s.keep(r, c, o, upsert); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]string{"Id": o.ID, "Key": p.path()})
	return nil
}

func newObject(p params, c bearer.Caller) *object {
	version := uuid.NewString()
	o := &object{ID: uuid.NewString(), BucketID: p.bucket, Name: p.name, Version: &version}
	o.Owner, o.OwnerID = owner(c)
	return o
}

// rehearse writes the row and takes it back, so that an upload which is going to
// be refused is refused before its bytes arrive.
func (s *Server) rehearse(r *http.Request, c bearer.Caller, o *object, up *upload, upsert bool) (limit int64, err error) {
	known := map[string]any{"mimetype": up.mimeType, "cacheControl": up.cacheControl}
	if up.length >= 0 {
		known["size"], known["contentLength"] = up.length, up.length
	}
	attempt := *o
	if attempt.Metadata, err = json.Marshal(known); err != nil {
		return 0, err
	}
	err = s.transact(r, c, func(ctx context.Context, tx *session) error {
		if err := tx.asService(ctx); err != nil {
			return err
		}
		b, err := tx.bucket(ctx, o.BucketID)
		if err != nil {
			return err
		}
		if err := b.checkType(up.mimeType); err != nil {
			return err
		}
		if limit = b.limit(s.cfg.MaxObjectSize); limit >= 0 && up.length > limit {
			return tooLarge()
		}
		if err := tx.asCaller(ctx); err != nil {
			return err
		}
		if err := tx.put(ctx, &attempt, upsert); err != nil {
			return err
		}
		return errUndo
	})
	return limit, err
}

// keep writes the row of an object whose bytes are there. When that fails the
// bytes go, and otherwise those of the object that was replaced.
func (s *Server) keep(r *http.Request, c bearer.Caller, o *object, upsert bool) error {
	var old *string
	refused := true
	err := s.transact(r, c, func(ctx context.Context, tx *session) (err error) {
		if upsert {
			if err := tx.asService(ctx); err != nil {
				return err
			}
			if old, err = tx.replaced(ctx, params{o.BucketID, o.Name}); err != nil {
				return err
			}
		}
		if err := tx.asCaller(ctx); err != nil {
			return err
		}
		if err := tx.put(ctx, o, upsert); err != nil {
			return err
		}
		refused = false // from here on only the commit can fail
		return nil
	})
	var pg *pgconn.PgError
	switch {
	case err == nil && old != nil:
		s.files.remove(*old)
	case err != nil && (refused || errors.As(err, &pg)):
		s.files.remove(*o.Version)
	}
	// After a commit without an answer the row may be there, so its bytes stay.
	return err
}
