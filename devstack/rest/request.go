package rest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/devstack/internal/bearer"
)

// request is what a client asked for, checked as far as that goes without the
// database.
type request struct {
	*http.Request
	id      bearer.Caller
	target  target
	schema  string
	began   time.Time
	media   mediaType
	prefer  preferences
	window  window
	query   []param
	selects []selectItem
	order   []orderTerm
	where   []condition
	columns []string // nil when not given
	args    []param  // of a function called by GET
	onKey   []string // on_conflict

	profiled bool // more than one schema is exposed
}

// param is one element of the query string, in the order given.
type param struct{ key, value string }

func (s *Server) parseRequest(r *http.Request, t target, id bearer.Caller) (*request, error) {
	req := &request{Request: r, id: id, target: t, began: time.Now(), profiled: len(s.cfg.Schemas) > 1}
	var err error
	if req.schema, err = s.profile(r); err != nil {
		return nil, err
	}
	if req.prefer, err = parsePrefer(r.Header.Values("Prefer"), func(zone string) bool { return s.knowsZone(r.Context(), zone) }); err != nil {
		return nil, err
	}
	if req.media, err = negotiate(r.Header.Get("Accept"), t.kind); err != nil {
		return nil, err
	}
	req.query = splitQuery(r.URL.RawQuery)
	if err := req.parseQuery(); err != nil {
		return nil, err
	}
	if req.window, err = parseWindow(req, s.cfg.MaxRows); err != nil {
		return nil, err
	}
	clampEmbeds(req.selects, s.cfg.MaxRows)
	return req, nil
}

// profile is the schema that the request names: Content-Profile for what may
// change rows, Accept-Profile for everything else.
func (s *Server) profile(r *http.Request) (string, error) {
	header := "Accept-Profile"
	switch r.Method {
	case http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete:
		header = "Content-Profile"
	}
	schema := r.Header.Get(header)
	if schema == "" {
		return s.cfg.Schemas[0], nil
	}
	if !slices.Contains(s.cfg.Schemas, schema) {
		return "", &apiError{status: http.StatusNotAcceptable, Code: "PGRST106", Message: "Invalid schema: " + schema,
			Hint: "Only the following schemas are exposed: " + strings.Join(s.cfg.Schemas, ", ")}
	}
	return schema, nil
}

func isRead(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// splitQuery decodes the query string without losing the order of its
// elements. What is not properly escaped stands for itself.
func splitQuery(raw string) []param {
	var ps []param
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		k, v, _ := strings.Cut(part, "=")
		ps = append(ps, param{unescape(k), unescape(v)})
	}
	return ps
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// lookup finds the first element of that name.
func (r *request) lookup(key string) (string, bool) {
	for _, p := range r.query {
		if p.key == key {
			return p.value, true
		}
	}
	return "", false
}

func (r *request) parseQuery() (err error) {
	sel, given := r.lookup("select")
	if !given || sel == "" {
		sel = "*"
	}
	if r.selects, err = parseSelect(sel); err != nil {
		return err
	}
	if v, ok := r.lookup("order"); ok {
		if r.order, err = parseOrder(v); err != nil {
			return err
		}
	}
	if v, ok := r.lookup("columns"); ok && v != "" {
		if r.columns, err = parseNames("columns", v); err != nil {
			return err
		}
	}
	if v, ok := r.lookup("on_conflict"); ok {
		if r.onKey, err = parseNames("on_conflict", v); err != nil {
			return err
		}
	}
	for _, p := range r.query {
		if err := r.parseParam(p); err != nil {
			return err
		}
	}
	if r.target.kind == relationTarget && !isRead(r.Method) {
		return onlyNull(r.selects, nil) // its own conditions are about the rows to change
	}
	return onlyNull(r.selects, r.where)
}

func (r *request) parseParam(p param) error {
	switch p.key {
	case "select", "order", "columns", "on_conflict", "limit", "offset":
		return nil
	}
	if path, join, ok := treePath(p.key); ok {
		c, err := parseTree(join, p.value)
		if err != nil {
			return err
		}
		return r.filter(path, c)
	}
	if done, err := r.parseShape(p); done || err != nil {
		return err
	}
	if r.target.kind == functionTarget && r.Method != http.MethodPost && !startsFilter(p.value) {
		r.args = append(r.args, p)
		return nil
	}
	c, err := parseFilter(p.value)
	if err != nil {
		return err
	}
	path, f, err := parseKey(p.key)
	if err != nil {
		return err
	}
	c.field = f
	return r.filter(path, c)
}

// filter adds a condition to the resource at the path.
func (r *request) filter(path []string, c condition) error {
	if len(path) == 0 {
		r.where = append(r.where, c)
		return nil
	}
	e, err := find(r.selects, path)
	if err != nil {
		return err
	}
	e.where = append(e.where, c)
	return nil
}

// parseShape reads order, limit and offset of a related resource.
func (r *request) parseShape(p param) (done bool, err error) {
	path := strings.Split(p.key, ".")
	last := len(path) - 1
	if last == 0 || path[last] != "order" && path[last] != "limit" && path[last] != "offset" {
		return false, nil
	}
	e, err := find(r.selects, path[:last])
	if err != nil {
		return false, err
	}
	if path[last] == "order" {
		e.order, err = parseOrder(p.value)
		return true, err
	}
	n, ok := whole(p.value)
	switch {
	case !ok:
	case path[last] == "offset":
		e.window.offset = max(n, 0)
	case n < 0:
		return true, badRange("Limit should be greater than or equal to zero.")
	default:
		e.window.limit, e.window.limited = n, true
	}
	return true, nil
}

// clampEmbeds applies the server's limit to related resources.
func clampEmbeds(items []selectItem, maxRows int) {
	for _, it := range items {
		if it.embed != nil {
			it.embed.window = it.embed.window.clamp(maxRows)
			clampEmbeds(it.embed.items, maxRows)
		}
	}
}

// headersJSON is what request.headers holds: names in lower case.
func (r *request) headersJSON() string {
	m := make(map[string]string, len(r.Header)+1)
	for k, v := range r.Header {
		if k != "Cookie" {
			m[strings.ToLower(k)] = strings.Join(v, ", ")
		}
	}
	m["host"] = r.Host
	return mustJSON(m)
}

func (r *request) cookiesJSON() string {
	m := map[string]string{}
	for _, c := range r.Cookies() {
		m[c.Name] = c.Value
	}
	return mustJSON(m)
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings always marshal
	}
	return string(b)
}
