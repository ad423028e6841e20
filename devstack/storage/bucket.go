package storage

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// bucket is a row of storage.buckets.
type bucket struct {
	ID               string     `json:"id"`
	Name             string     `json:"name"`
	Owner            string     `json:"owner"`
	Public           bool       `json:"public"`
	FileSizeLimit    *int64     `json:"file_size_limit"`
	AllowedMIMETypes []string   `json:"allowed_mime_types"`
	CreatedAt        *time.Time `json:"created_at"`
	UpdatedAt        *time.Time `json:"updated_at"`
}

const bucketColumns = `id, name, coalesce(owner::text, owner_id, ''), coalesce(public, false), file_size_limit, allowed_mime_types, created_at, updated_at`

// bucket returns a bucket that the session's role sees.
func (x *session) bucket(ctx context.Context, id string) (*bucket, error) {
	rows, err := x.Query(ctx, `select `+bucketColumns+` from storage.buckets where id = $1`, id)
	if err != nil {
		return nil, err
	}
	b, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[bucket])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, noSuchBucket()
	}
	return b, err
}

// limit is how many bytes an object may have, -1 for any number.
func (b *bucket) limit(general int64) int64 {
	switch {
	case b.FileSizeLimit == nil && general == 0:
		return -1
	case b.FileSizeLimit == nil:
		return general
	case general == 0:
		return *b.FileSizeLimit
	}
	return min(general, *b.FileSizeLimit)
}

// checkType refuses content types that the bucket does not take.
func (b *bucket) checkType(contentType string) error {
	if len(b.AllowedMIMETypes) == 0 {
		return nil
	}
	got, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		got = contentType
	}
	for _, allowed := range b.AllowedMIMETypes {
		family, any := strings.CutSuffix(allowed, "*")
		if strings.EqualFold(got, allowed) || any && strings.HasPrefix(got, family) {
			return nil
		}
	}
	return failAs(http.StatusUnsupportedMediaType, "InvalidMimeType", "invalid_mime_type", "mime type "+contentType+" is not supported")
}

func (s *Server) listBuckets(w http.ResponseWriter, r *http.Request, _ params) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	var buckets []bucket
	err = s.transact(r, c, func(ctx context.Context, tx *session) error {
		if err := tx.asCaller(ctx); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `select `+bucketColumns+` from storage.buckets order by id`)
		if err != nil {
			return err
		}
		buckets, err = pgx.CollectRows(rows, pgx.RowToStructByPos[bucket])
		return err
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, append([]bucket{}, buckets...))
	return nil
}

func (s *Server) getBucket(w http.ResponseWriter, r *http.Request, p params) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	var b *bucket
	err = s.transact(r, c, func(ctx context.Context, tx *session) error {
		if err := tx.asCaller(ctx); err != nil {
			return err
		}
		b, err = tx.bucket(ctx, p.bucket)
		return err
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, b)
	return nil
}
