package rest

import (
	"fmt"
	"net/http"
	"strconv"
)

// response is a finished answer.
type response struct {
	status int
	header http.Header
	body   []byte
}

func (r *response) write(w http.ResponseWriter, req *http.Request) {
	for k, v := range r.header {
		w.Header()[k] = v
	}
	if len(r.body) > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	if req.Method != http.MethodHead && len(r.body) > 0 {
		_, _ = w.Write(r.body) // a client that is gone needs no answer
	}
}

// respond builds the answer that an outcome deserves.
func (r *request) respond(status int, out *outcome, kind string) *response {
	resp := &response{status: status, header: http.Header{}, body: out.body}
	if applied := r.prefer.applied(kind); applied != "" {
		resp.header.Set("Preference-Applied", applied)
	}
	if len(out.body) > 0 || r.Method == http.MethodHead {
		resp.header.Set("Content-Type", r.media.String())
		if r.profiled {
			resp.header.Set("Content-Profile", r.schema)
		}
	}
	for k, v := range out.header {
		resp.header[k] = v
	}
	if out.status != 0 {
		resp.status = out.status
	}
	return resp
}

// singular refuses anything but one row when one object was asked for.
func (r *request) singular(out *outcome) error {
	if r.media.kind != mediaObject || out.rows == 1 {
		return nil
	}
	return &apiError{status: http.StatusNotAcceptable, Code: "PGRST116",
		Message: "Cannot coerce the result to a single JSON object",
		Details: fmt.Sprintf("The result contains %d rows", out.rows)}
}

// ranged answers a request for rows: which of them, of how many.
func (r *request) ranged(out *outcome, kind string) (*response, error) {
	lower := r.window.offset
	upper := lower + out.rows - 1
	status := rangeStatus(lower, upper, out.total)
	if status == http.StatusRequestedRangeNotSatisfiable {
		e := badRange(fmt.Sprintf("An offset of %d was requested, but there are only %d rows.", lower, *out.total))
		e.header = r.respond(status, out, kind).header
		e.header.Set("Content-Range", contentRange(1, 0, out.total))
		return nil, e
	}
	resp := r.respond(status, out, kind)
	if resp.header.Get("Content-Range") == "" {
		resp.header.Set("Content-Range", contentRange(lower, upper, out.total))
	}
	return resp, nil
}
