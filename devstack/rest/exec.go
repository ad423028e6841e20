package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// outcome is the one row that a statement gives.
type outcome struct {
	total    *int64 // all rows that match, when counted
	rows     int64  // rows in the body
	body     []byte
	header   http.Header // set by functions through response.headers
	status   int         // set by functions through response.status
	inserted int64       // rows that were new, where that is asked
	planned  int64       // of the extra EXPLAIN, when there was one
}

// transaction describes what to run for a request.
type transaction struct {
	readOnly bool
	stmt     *statement
	explain  *statement           // for an estimated count
	check    func(*outcome) error // before the commit of a writing transaction
}

// maxValues is how many parameters the protocol of PostgreSQL can carry.
const maxValues = 65535

// run executes the statement in a transaction of its own, under the role and
// with the settings of the request, and sends everything in one go. Whatever
// the request sets is local to the transaction, so that nothing of it is left
// on the pooled connection.
func (s *Server) run(ctx context.Context, req *request, tx transaction) (*outcome, error) {
	if len(tx.stmt.args) > maxValues {
		return nil, &apiError{status: http.StatusBadRequest, Code: "PGRST100",
			Message: fmt.Sprintf("A request may hold %d values at most", maxValues)}
	}
	acquire, cancel := context.WithTimeout(ctx, s.cfg.AcquireTimeout)
	defer cancel()
	conn, err := s.cfg.Pool.Acquire(acquire)
	if err != nil {
		return nil, s.failure(ctx, req, err)
	}
	defer conn.Release() // destroys the connection when a transaction is still open

	pg := conn.Conn().PgConn()
	var batch pgconn.Batch
	add := func(sql string, args [][]byte) { batch.ExecParams(sql, args, nil, nil, nil) }
	if tx.readOnly {
		add("begin read only", nil)
	} else {
		add("begin", nil)
	}
	settings := s.settings(req)
	add(settings.String(), settings.args)
	if tx.explain != nil {
		add(tx.explain.String(), tx.explain.args)
	}
	add(tx.stmt.String(), tx.stmt.args)
	if tx.readOnly {
		add("commit", nil)
	}

	out, err := readOutcome(pg.ExecBatch(ctx, &batch), tx.explain != nil)
	if err == nil && tx.readOnly {
		return out, nil
	}
	if err == nil && tx.check != nil {
		err = tx.check(out)
	}
	end := "commit"
	if err != nil {
		end = "rollback"
	}
	if pg.TxStatus() != 'I' && !pg.IsClosed() {
		if endErr := pg.Exec(ctx, end).Close(); err == nil {
			err = endErr
		}
	}
	if err != nil {
		return nil, s.failure(ctx, req, err)
	}
	return out, nil
}

// failure keeps what the database said and hides the rest.
func (s *Server) failure(ctx context.Context, req *request, err error) error {
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case errors.As(err, &connect):
		return &apiError{status: http.StatusServiceUnavailable, Code: "PGRST000",
			Message: "Database connection error. Retrying the connection."}
	case errors.As(err, &pg):
		return fromPostgres(pg, req.id.Named)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return err
}

// settings writes the statement that makes the transaction the client's own.
func (s *Server) settings(req *request) *statement {
	b := &statement{}
	sep := "select "
	set := func(name, value string) {
		b.w(sep, "set_config(")
		b.arg(name)
		b.w(", ")
		b.arg(value)
		b.w(", true)")
		sep = ", "
	}
	path := []string{quoteIdent(req.schema)}
	for _, extra := range s.cfg.ExtraSearchPath {
		if extra != req.schema {
			path = append(path, quoteIdent(extra))
		}
	}
	set("search_path", strings.Join(path, ", "))
	set("role", req.id.Role)
	set("request.jwt.claims", req.id.Claims)
	set("request.method", req.Method)
	set("request.path", req.URL.Path)
	set("request.headers", req.headersJSON())
	set("request.cookies", req.cookiesJSON())
	if req.prefer.timezone != "" {
		set("timezone", req.prefer.timezone)
	}
	for _, st := range s.current().settings[req.id.Role] {
		set(st.name, st.value)
	}
	return b
}

// readOutcome reads the results of the batch: begin, settings, the optional
// plan, the statement, the optional commit.
func readOutcome(results *pgconn.MultiResultReader, explained bool) (*outcome, error) {
	out := &outcome{}
	main := 2
	if explained {
		main = 3
	}
	var readErr error
	for i := 0; results.NextResult(); i++ {
		rr := results.ResultReader()
		for rr.NextRow() {
			v := rr.Values()
			if i == main {
				readErr = out.read(v)
			} else if i > 1 { // the plan, which comes between the settings and the statement
				out.planned = planRows(v[0])
			}
		}
		if _, err := rr.Close(); err != nil {
			break // Close of the whole gives the same error
		}
	}
	if err := results.Close(); err != nil {
		return nil, err
	}
	return out, readErr
}

func (o *outcome) read(v [][]byte) error {
	if v[0] != nil {
		n, err := strconv.ParseInt(string(v[0]), 10, 64)
		if err != nil {
			return err
		}
		o.total = &n
	}
	n, err := strconv.ParseInt(string(v[1]), 10, 64)
	if err != nil {
		return err
	}
	o.rows = n
	o.body = append([]byte(nil), v[2]...) // v belongs to the connection
	if v[3] != nil {
		if o.header, err = responseHeaders(v[3]); err != nil {
			return err
		}
	}
	if v[5] != nil {
		if o.inserted, err = strconv.ParseInt(string(v[5]), 10, 64); err != nil {
			return err
		}
	}
	if v[4] != nil {
		o.status, err = strconv.Atoi(string(v[4]))
		if err != nil || o.status < 200 || o.status > 999 {
			return &apiError{status: http.StatusInternalServerError, Code: "PGRST112",
				Message: "response.status guc must be a valid status code"}
		}
	}
	return nil
}

// responseHeaders reads an array of objects with one header each.
func responseHeaders(raw []byte) (http.Header, error) {
	bad := &apiError{status: http.StatusInternalServerError, Code: "PGRST111",
		Message: "response.headers guc must be a JSON array composed of objects with a single key and a string value"}
	var list []map[string]string
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, bad
	}
	h := http.Header{}
	for _, m := range list {
		if len(m) != 1 {
			return nil, bad
		}
		for k, v := range m {
			h.Add(k, v)
		}
	}
	return h, nil
}

// planRows reads the estimate out of EXPLAIN (FORMAT JSON).
func planRows(raw []byte) int64 {
	var plans []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if json.Unmarshal(raw, &plans) != nil || len(plans) == 0 {
		return 0
	}
	return int64(plans[0].Plan.Rows)
}
