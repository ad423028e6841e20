package rest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

// options answers OPTIONS: the methods that the target takes, whoever asks.
func (s *Server) options(r *http.Request, t target) (*response, error) {
	req := &request{Request: r, target: t, began: time.Now()}
	var err error
	if req.schema, err = s.profile(r); err != nil {
		return nil, err
	}
	allow := []string{"OPTIONS", "GET", "HEAD"}
	switch t.kind {
	case functionTarget:
		readOnly, err := s.anyReadOnly(r.Context(), req)
		if err != nil {
			return nil, err
		}
		if readOnly {
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

// anyReadOnly says whether a function of that name, whatever its arguments,
// can be called by GET.
func (s *Server) anyReadOnly(ctx context.Context, req *request) (bool, error) {
	n := name{req.schema, req.target.name}
	c := s.current()
	if len(c.functions[n]) == 0 {
		var err error
		if c, err = s.fresher(ctx, req.began); err != nil {
			return false, err
		}
	}
	if len(c.functions[n]) == 0 {
		return false, noFunction(c, n, nil, nil)
	}
	return slices.ContainsFunc(c.functions[n], func(f *function) bool { return f.readOnly }), nil
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
