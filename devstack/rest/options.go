package rest

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// options answers OPTIONS: the methods that the target takes, whoever may use
// them.
func (s *Server) options(r *http.Request, t target) (*response, error) {
	req := &request{Request: r, target: t, began: time.Now()}
	var err error
	if req.schema, err = s.profile(r); err != nil {
		return nil, err
	}
	allow := []string{"OPTIONS", "GET", "HEAD"}
	switch t.kind {
	case functionTarget:
		f, err := s.calledByQuery(r.Context(), req)
		if err != nil {
			return nil, err
		}
		if f.readOnly {
			allow = append(allow, "POST")
		} else {
			allow = []string{"OPTIONS", "POST"}
		}
	case relationTarget:
		_, rel, err := s.relation(r.Context(), req)
		if err != nil {
			return nil, err
		}
		allow = append(allow, rel.methods()...)
	}
	resp := &response{status: http.StatusOK, header: http.Header{}}
	resp.header.Set("Allow", strings.Join(allow, ","))
	return resp, nil
}

// calledByQuery finds the function that the query string has the arguments of.
func (s *Server) calledByQuery(ctx context.Context, req *request) (*function, error) {
	req.query = splitQuery(req.URL.RawQuery)
	if err := req.parseQuery(); err != nil {
		return nil, err
	}
	_, f, err := s.function(ctx, req, req.queryArguments())
	return f, err
}

// methods are those that change rows of the relation.
func (r *relation) methods() []string {
	var m []string
	if r.insertable {
		m = append(m, http.MethodPost)
	}
	if r.insertable && r.updatable && len(r.key) > 0 {
		m = append(m, http.MethodPut)
	}
	if r.updatable {
		m = append(m, http.MethodPatch)
	}
	if r.deletable {
		m = append(m, http.MethodDelete)
	}
	return m
}
