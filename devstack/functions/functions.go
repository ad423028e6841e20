// Package functions is the Edge Functions service of the local stack: the
// platform's functions, written in Go. As on a deployment they stand open to
// everybody and look for keys themselves, and what they ask of the database they
// ask as the service role.
package functions

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// New makes the handler. Paths arrive without a prefix, such as
// /ingest-meter-reading. The pool connects as a role that may switch to
// service_role (Supabase: authenticator). rest answers as PostgREST, for what is
// asked as a user. The log receives the causes of 500 answers.
func New(pool *pgxpool.Pool, rest http.Handler, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/ingest-meter-reading", ingest{pool, log})
	mux.Handle("/embed-search", embedder{rest, log, embedder.search})
	mux.Handle("/embed-index", embedder{rest, log, embedder.index})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusNotFound, map[string]string{"code": "NOT_FOUND", "message": "Requested function was not found"})
	})
	return mux
}

// maxBody is more than any reading takes.
const maxBody = 1 << 20

// ingest takes a meter reading from a machine that has a tenant's API key.
type ingest struct {
	pool *pgxpool.Pool
	log  *slog.Logger
}

// refusal is the answer to what is not taken.
type refusal struct {
	status int
	code   string
	text   string
}

func (r refusal) Error() string { return r.text }

var (
	errKey     = refusal{http.StatusUnauthorized, "INVALID_API_KEY", "the API key is missing, unknown or expired"}
	uuidFormat = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

func badRequest(text string) refusal { return refusal{http.StatusBadRequest, "BAD_REQUEST", text} }

func (f ingest) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, err := f.take(r)
	var refused refusal
	switch {
	case err == nil:
		answer(w, http.StatusCreated, map[string]string{"readingId": id})
	case errors.As(err, &refused):
		answer(w, refused.status, map[string]string{"error": refused.text, "code": refused.code})
	default:
		f.log.ErrorContext(r.Context(), "functions: ingest-meter-reading", "error", err)
		answer(w, http.StatusInternalServerError, map[string]string{"error": "the reading could not be taken", "code": "INTERNAL_ERROR"})
	}
}

// reading is what a machine sends. Numbers keep all their digits, where the
// platform's function reads them as floats.
type reading struct {
	MeterID string          `json:"meterId"`
	Value   json.RawMessage `json:"readingValue"`
	Date    *string         `json:"readingDate"`
	Notes   *string         `json:"notes"`
}

func (f ingest) take(r *http.Request) (id string, err error) {
	if r.Method != http.MethodPost {
		return "", refusal{http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "only POST"}
	}
	key := keyOf(r.Header)
	if key == "" {
		return "", errKey
	}
	read, err := parse(r.Body)
	if err != nil {
		return "", err
	}

	hash := sha256.Sum256([]byte(key))
	var tenantID, keyID string
	err = f.query(r.Context(), `select tenant_id::text, key_id::text from public.rpc_validate_tenant_api_key($1)`,
		[]any{hex.EncodeToString(hash[:])}, &tenantID, &keyID)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", errKey
	}
	if err != nil {
		return "", err
	}
	// A key was used, whatever becomes of the reading.
	if err := f.query(r.Context(), `select from public.rpc_tenant_api_key_touch($1)`, []any{keyID}); err != nil {
		return "", err
	}
	err = f.query(r.Context(), `select public.rpc_record_meter_reading_automated($1, $2, $3::text::numeric, $4::text::timestamptz, $5)::text`,
		[]any{tenantID, read.MeterID, string(read.Value), read.Date, read.Notes}, &id)
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return id, err
	}
	switch {
	case pg.Code == "P0001":
		return "", refusal{http.StatusNotFound, "NOT_FOUND", pg.Message}
	case pg.Code == "42501":
		return "", refusal{http.StatusForbidden, "FORBIDDEN", pg.Message}
	case pg.Code == "23514" && strings.Contains(pg.Message, "90 days"):
		return "", badRequest(pg.Message)
	}
	return "", refusal{http.StatusBadRequest, "RPC_FAIL", pg.Message}
}

// keyOf gives the key of either header. A token in Authorization hides the other
// one.
func keyOf(h http.Header) string {
	if key, found := strings.CutPrefix(h.Get("Authorization"), "Bearer "); found {
		return strings.TrimSpace(key)
	}
	return strings.TrimSpace(h.Get("X-API-Key"))
}

func parse(body io.Reader) (reading, error) {
	var read reading
	data, err := io.ReadAll(io.LimitReader(body, maxBody))
	if err != nil || !json.Valid(data) {
		return read, badRequest("the body is not JSON")
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return read, badRequest("the body is not that of a reading")
	}
	value, err := strconv.ParseFloat(string(read.Value), 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return read, badRequest("readingValue is not a number")
	case !uuidFormat.MatchString(read.MeterID):
		return read, badRequest("meterId is not a UUID")
	case value < 0:
		return read, badRequest("readingValue is negative")
	}
	return read, nil
}

// query asks as the service role, in a transaction of its own, for one row.
func (f ingest) query(ctx context.Context, sql string, args []any, into ...any) error {
	return pgx.BeginFunc(ctx, f.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select set_config('role', 'service_role', true), set_config('request.jwt.claims', '{"role":"service_role"}', true)`)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, sql, args...).Scan(into...)
	})
}

func answer(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
