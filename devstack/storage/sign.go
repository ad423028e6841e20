package storage

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/workorder-systems/sdk-go/devstack/internal/bearer"
)

// signRequest asks for URLs that work without a token for a while.
type signRequest struct {
	ExpiresIn *json.Number `json:"expiresIn"` // seconds
	Paths     *[]string    `json:"paths"`     // of signMany
}

func (q *signRequest) lifetime() (time.Duration, error) {
	if q.ExpiresIn == nil {
		return 0, missing("expiresIn")
	}
	n, err := q.ExpiresIn.Int64()
	switch {
	case err != nil:
		return 0, invalidRequest("body/expiresIn must be integer")
	case n < 1:
		return 0, invalidRequest("body/expiresIn must be >= 1")
	}
	return time.Duration(min(n, maxLifetime)) * time.Second, nil
}

const maxLifetime = 100 * 365 * 24 * 60 * 60 // seconds

// signedURL is relative to the service, and not escaped.
func (s *Server) signedURL(p params, lifetime time.Duration) (string, error) {
	now := s.cfg.Now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"url": p.path(), "iat": now.Unix(), "exp": now.Add(lifetime).Unix(),
	}).SignedString(s.cfg.JWTSecret)
	return "/object/sign/" + p.path() + "?token=" + token, err
}

// sign answers with the URL of one object that the caller sees.
func (s *Server) sign(w http.ResponseWriter, r *http.Request, p params) error {
	c, _, lifetime, err := s.readSign(w, r)
	if err != nil {
		return err
	}
	err = s.transact(r, c, func(ctx context.Context, tx *session) error {
		if err := tx.asCaller(ctx); err != nil {
			return err
		}
		_, err := tx.find(ctx, p, "")
		return err
	})
	if err != nil {
		return err
	}
	url, err := s.signedURL(p, lifetime)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]string{"signedURL": url})
	return nil
}

// signed is one answer of signMany.
type signed struct {
	Error     *string `json:"error"`
	Path      string  `json:"path"`
	SignedURL *string `json:"signedURL"`
}

// signMany answers for each path on its own.
func (s *Server) signMany(w http.ResponseWriter, r *http.Request, p params) error {
	c, q, lifetime, err := s.readSign(w, r)
	if err != nil {
		return err
	}
	if q.Paths == nil {
		return missing("paths")
	}
	if err := checkCount("paths", len(*q.Paths), 500); err != nil {
		return err
	}
	answers := make([]signed, 0, len(*q.Paths))
	err = s.transact(r, c, func(ctx context.Context, tx *session) error {
		if err := tx.asCaller(ctx); err != nil {
			return err
		}
		for _, name := range *q.Paths {
			answer := signed{Path: name}
			_, err := tx.find(ctx, params{p.bucket, name}, "")
			var absent *apiError
			switch {
			case errors.As(err, &absent):
				why := "Either the object does not exist or you do not have access to it"
				answer.Error = &why
			case err != nil:
				return err
			default:
				url, err := s.signedURL(params{p.bucket, name}, lifetime)
				if err != nil {
					return err
				}
				answer.SignedURL = &url
			}
			answers = append(answers, answer)
		}
		return nil
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, answers)
	return nil
}

func (s *Server) readSign(w http.ResponseWriter, r *http.Request) (c bearer.Caller, q signRequest, lifetime time.Duration, err error) {
	if c, err = s.caller(r); err != nil {
		return c, q, 0, err
	}
	if err = readJSON(w, r, &q); err != nil {
		return c, q, 0, err
	}
	lifetime, err = q.lifetime()
	return c, q, lifetime, err
}

// downloadSigned sends the object that the token in the URL was made for, to
// whoever has the URL.
func (s *Server) downloadSigned(w http.ResponseWriter, r *http.Request, p params) error {
	token := r.URL.Query().Get("token")
	if token == "" {
		return invalidRequest("querystring must have required property 'token'")
	}
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(token, claims,
		func(*jwt.Token) (any, error) { return s.cfg.JWTSecret, nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithTimeFunc(s.cfg.Now))
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return invalidJWT(jwtMessages[bearer.Expired])
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return invalidJWT(jwtMessages[bearer.Signature])
	case errors.Is(err, jwt.ErrTokenMalformed):
		return invalidJWT(jwtMessages[bearer.Parts])
	case err != nil:
		return invalidJWT(err.Error())
	}
	if url, _ := claims["url"].(string); url != p.path() {
		return fail(http.StatusBadRequest, "InvalidSignature", "The url do not match the signature")
	}
	if expires, err := claims.GetExpirationTime(); err == nil && expires != nil {
		w.Header().Set("Expires", expires.UTC().Format(http.TimeFormat))
	}
	return s.download(w, r, func() (*object, error) { return s.findForAll(r, p, false) })
}
