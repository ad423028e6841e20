package storage

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"

	"github.com/workorder-systems/sdk-go/devstack/internal/bearer"
)

// transfer asks for an object to be moved or copied.
type transfer struct {
	BucketID          *string `json:"bucketId"`
	SourceKey         *string `json:"sourceKey"`
	DestinationKey    *string `json:"destinationKey"`
	DestinationBucket string  `json:"destinationBucket"` // the same bucket when empty

	// Only of copies.
	CopyMetadata *bool `json:"copyMetadata"` // true when not given
	Metadata     *struct {
		CacheControl string `json:"cacheControl"`
		MIMEType     string `json:"mimetype"`
	} `json:"metadata"`
}

func (s *Server) readTransfer(w http.ResponseWriter, r *http.Request) (c bearer.Caller, q transfer, from, to params, err error) {
	if c, err = s.caller(r); err != nil {
		return c, q, from, to, err
	}
	if err = readJSON(w, r, &q); err != nil {
		return c, q, from, to, err
	}
	switch {
	case q.BucketID == nil:
		err = missing("bucketId")
	case q.SourceKey == nil:
		err = missing("sourceKey")
	case q.DestinationKey == nil:
		err = missing("destinationKey")
	default:
		from, to = params{*q.BucketID, *q.SourceKey}, params{q.DestinationBucket, *q.DestinationKey}
		if to.bucket == "" {
			to.bucket = from.bucket
		}
		err = checkKey(to.name)
	}
	return c, q, from, to, err
}

// move gives an object another name. The caller needs to see and to update it,
// and owns it afterwards.
func (s *Server) move(w http.ResponseWriter, r *http.Request, _ params) error {
	c, _, from, to, err := s.readTransfer(w, r)
	if err != nil {
		return err
	}
	var moved *object
	err = s.transact(r, c, func(ctx context.Context, tx *session) error {
		if err := tx.asCaller(ctx); err != nil {
			return err
		}
		if _, err := tx.find(ctx, from, ""); err != nil {
			return err
		}
		id, text := owner(c)
		rows, err := tx.Query(ctx, `
			update storage.objects set bucket_id = $3, name = $4, owner = $5, owner_id = $6
			where bucket_id = $1 and name = $2 returning `+objectColumns,
			from.bucket, from.name, to.bucket, to.name, id, text)
		if err != nil {
			return err
		}
		moved, err = one(rows)
		return err
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]string{"message": "Successfully moved", "Id": moved.ID, "Key": to.path()})
	return nil
}

// copy makes a new object of one that the caller sees, as if it were uploaded.
func (s *Server) copy(w http.ResponseWriter, r *http.Request, _ params) error {
	c, q, from, to, err := s.readTransfer(w, r)
	if err != nil {
		return err
	}
	upsert := r.Header.Get("X-Upsert") == "true"
	var source *object
	err = s.transact(r, c, func(ctx context.Context, tx *session) error {
		if err := tx.asCaller(ctx); err != nil {
			return err
		}
		source, err = tx.find(ctx, from, "")
		return err
	})
	if err != nil {
		return err
	}
	o := newObject(to, c)
	if o.Metadata, err = q.metadata(source, s.cfg.Now().UTC().Format(lastModifiedFormat)); err != nil {
		return err
	}
	o.UserMetadata = source.UserMetadata
	if q.CopyMetadata != nil && !*q.CopyMetadata {
		o.UserMetadata = headerMetadata(r.Header)
	}
	switch err := s.files.duplicate(source.Version, *o.Version); {
	case errors.Is(err, fs.ErrNotExist):
		return noSuchKey()
	case err != nil:
		return err
	}
	if err := s.keep(r, c, o, upsert); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"Id": o.ID, "Key": to.path(),
		"id": o.ID, "bucket_id": o.BucketID, "name": o.Name, "owner": o.Owner, "owner_id": o.OwnerID,
		"version": o.Version, "metadata": o.Metadata, "user_metadata": o.UserMetadata,
	})
	return nil
}

// metadata is that of the source, with what the copy says otherwise.
func (q *transfer) metadata(source *object, now string) (json.RawMessage, error) {
	m := map[string]any{}
	if err := json.Unmarshal(source.Metadata, &m); err != nil || m == nil {
		m = map[string]any{}
	}
	m["lastModified"] = now
	if q.Metadata != nil && q.Metadata.CacheControl != "" {
		m["cacheControl"] = q.Metadata.CacheControl
	}
	if q.Metadata != nil && q.Metadata.MIMEType != "" {
		m["mimetype"] = q.Metadata.MIMEType
	}
	return json.Marshal(m)
}
