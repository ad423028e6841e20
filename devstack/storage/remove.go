package storage

import (
	"context"
	"net/http"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// remove deletes one object. It fails when there is none, or when the caller may
// not delete it.
func (s *Server) remove(w http.ResponseWriter, r *http.Request, p params) error {
	if isJSON(r) { // a body is not needed, but one that is announced must be there
		var ignored any
		if err := readJSON(w, r, &ignored); err != nil {
			return err
		}
	}
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	var gone []*object
	err = s.transact(r, c, func(ctx context.Context, tx *session) error {
		if err := tx.asService(ctx); err != nil {
			return err
		}
		if _, err := tx.find(ctx, p, "for update"); err != nil {
			return err
		}
		if err := tx.asCaller(ctx); err != nil {
			return err
		}
		if gone, err = tx.delete(ctx, p.bucket, p.name); err != nil {
			return err
		}
		if len(gone) == 0 {
			return accessDenied("Access denied")
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.discard(gone)
	writeJSON(w, http.StatusOK, map[string]string{"message": "Successfully deleted"})
	return nil
}

// removeMany deletes the named objects that the caller may delete, passes over
// the others, and answers with the deleted ones.
func (s *Server) removeMany(w http.ResponseWriter, r *http.Request, p params) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	var q struct {
		Prefixes *[]string `json:"prefixes"`
	}
	if err := readJSON(w, r, &q); err != nil {
		return err
	}
	if q.Prefixes == nil {
		return missing("prefixes")
	}
	if err := checkCount("prefixes", len(*q.Prefixes), 1000); err != nil {
		return err
	}
	var gone []*object
	err = s.transact(r, c, func(ctx context.Context, tx *session) error {
		if err := tx.asCaller(ctx); err != nil {
			return err
		}
		gone, err = tx.delete(ctx, p.bucket, *q.Prefixes...)
		return err
	})
	if err != nil {
		return err
	}
	s.discard(gone)
	writeJSON(w, http.StatusOK, append([]*object{}, gone...))
	return nil
}

func checkCount(property string, n, most int) error {
	switch {
	case n < 1:
		return invalidRequest("body/" + property + " must NOT have fewer than 1 items")
	case n > most:
		return invalidRequest("body/" + property + " must NOT have more than " + strconv.Itoa(most) + " items")
	}
	return nil
}

// delete deletes rows that the session's role may see and delete.
func (x *session) delete(ctx context.Context, bucket string, names ...string) ([]*object, error) {
	rows, err := x.Query(ctx, `delete from storage.objects where bucket_id = $1 and name = any ($2) returning `+objectColumns, bucket, names)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[object])
}

// discard deletes the bytes of objects whose rows are gone.
func (s *Server) discard(objects []*object) {
	for _, o := range objects {
		if o.Version != nil {
			s.files.remove(*o.Version)
		}
	}
}
