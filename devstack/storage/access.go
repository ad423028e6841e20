package storage

import (
	"context"
	"net/http"

	"github.com/workorder-systems/sdk-go/devstack/internal/bearer"
)

// A reader answers with an object, which find looks up as the route allows.
type reader func(s *Server, w http.ResponseWriter, r *http.Request, find func() (*object, error)) error

// privately reads as the caller. A public bucket is open to every valid token.
func privately(read reader) handler {
	return func(s *Server, w http.ResponseWriter, r *http.Request, p params) error {
		c, err := s.caller(r)
		if err != nil {
			return err
		}
		return read(s, w, r, func() (o *object, err error) {
			err = s.transact(r, c, func(ctx context.Context, tx *session) error {
				if err := tx.asService(ctx); err != nil {
					return err
				}
				b, err := tx.bucket(ctx, p.bucket)
				if err != nil {
					return err
				}
				if !b.Public {
					if err := tx.asCaller(ctx); err != nil {
						return err
					}
				}
				o, err = tx.find(ctx, p, "")
				return err
			})
			return o, err
		})
	}
}

// publicly reads without a token, from public buckets only.
func publicly(read reader) handler {
	return func(s *Server, w http.ResponseWriter, r *http.Request, p params) error {
		return read(s, w, r, func() (*object, error) { return s.findForAll(r, p, true) })
	}
}

// findForAll looks an object up whoever asks.
func (s *Server) findForAll(r *http.Request, p params, public bool) (o *object, err error) {
	err = s.transact(r, bearer.Caller{}, func(ctx context.Context, tx *session) error {
		if err := tx.asService(ctx); err != nil {
			return err
		}
		b, err := tx.bucket(ctx, p.bucket)
		if err != nil {
			return err
		}
		if public && !b.Public {
			return noSuchBucket()
		}
		o, err = tx.find(ctx, p, "")
		return err
	})
	return o, err
}
