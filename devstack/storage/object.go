package storage

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// object is a row of storage.objects.
type object struct {
	ID             string          `json:"id" db:"id"`
	BucketID       string          `json:"bucket_id" db:"bucket_id"`
	Name           string          `json:"name" db:"name"`
	Owner          *string         `json:"owner" db:"owner"`
	OwnerID        *string         `json:"owner_id" db:"owner_id"`
	Version        *string         `json:"version" db:"version"`
	CreatedAt      *time.Time      `json:"created_at" db:"created_at"`
	UpdatedAt      *time.Time      `json:"updated_at" db:"updated_at"`
	LastAccessedAt *time.Time      `json:"last_accessed_at" db:"last_accessed_at"`
	Metadata       json.RawMessage `json:"metadata" db:"metadata"`
	UserMetadata   json.RawMessage `json:"user_metadata" db:"user_metadata"`
}

const objectColumns = `id::text, bucket_id, name, owner::text, owner_id, version,
	created_at, updated_at, last_accessed_at, metadata, user_metadata`

// metadata is what the service knows of an object's bytes. Rows that SQL inserted
// may hold anything else.
type metadata struct {
	ETag           string `json:"eTag"`
	Size           int64  `json:"size"`
	MIMEType       string `json:"mimetype"`
	CacheControl   string `json:"cacheControl"`
	LastModified   string `json:"lastModified"`
	ContentLength  int64  `json:"contentLength"`
	HTTPStatusCode int    `json:"httpStatusCode"`
}

const lastModifiedFormat = "2006-01-02T15:04:05.000Z"

// facts reads the metadata as far as it is the service's own.
func (o *object) facts() metadata {
	var m metadata
	if json.Unmarshal(o.Metadata, &m) != nil {
		// Foreign metadata: each field for itself.
		var all map[string]json.RawMessage
		_ = json.Unmarshal(o.Metadata, &all)
		m = metadata{}
		_ = json.Unmarshal(all["mimetype"], &m.MIMEType)
		_ = json.Unmarshal(all["cacheControl"], &m.CacheControl)
		_ = json.Unmarshal(all["eTag"], &m.ETag)
	}
	return m
}

func (o *object) modified() time.Time {
	if t, err := time.Parse(time.RFC3339, o.facts().LastModified); err == nil {
		return t
	}
	if o.UpdatedAt != nil {
		return *o.UpdatedAt
	}
	return time.Time{}
}

// find returns an object that the session's role sees.
func (x *session) find(ctx context.Context, p params, suffix string) (*object, error) {
	rows, err := x.Query(ctx, `select `+objectColumns+` from storage.objects where bucket_id = $1 and name = $2 `+suffix, p.bucket, p.name)
	if err != nil {
		return nil, err
	}
	return one(rows)
}

func one(rows pgx.Rows) (*object, error) {
	o, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[object])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, noSuchKey()
	}
	return o, err
}

// put inserts a row. With upsert it replaces the one of that name, and answers
// with the columns, for which the role must also see the row.
func (x *session) put(ctx context.Context, o *object, upsert bool) error {
	insert := `
		insert into storage.objects (id, bucket_id, name, owner, owner_id, version, metadata, user_metadata)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`
	args := []any{o.ID, o.BucketID, o.Name, o.Owner, o.OwnerID, o.Version, o.Metadata, o.UserMetadata}
	if !upsert {
		_, err := x.Exec(ctx, insert, args...)
		return err
	}
	return x.QueryRow(ctx, insert+`
		on conflict (bucket_id, name) do update set owner = excluded.owner, owner_id = excluded.owner_id,
			version = excluded.version, metadata = excluded.metadata, user_metadata = excluded.user_metadata
		returning id::text`, args...).Scan(&o.ID)
}

// replaced returns the version that an upsert is going to replace, and keeps
// others from replacing the same until the transaction ends. As the service.
func (x *session) replaced(ctx context.Context, p params) (*string, error) {
	if _, err := x.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, "storage:"+p.path()); err != nil {
		return nil, err
	}
	old, err := x.find(ctx, p, "for update")
	var missing *apiError
	if errors.As(err, &missing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return old.Version, nil
}
