package functions

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"unicode"
)

// The model of the local stack: texts that share words are alike. It needs nobody
// and gives the same vector for the same text.
const (
	modelID    = "stub:deterministic"
	dimensions = 1536
	profile    = "stub_deterministic_1536"
)

// embed adds up a direction for every word of the text.
func embed(text string) []float64 {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		words = []string{text}
	}
	v := make([]float64, dimensions)
	for _, word := range words {
		sum := sha256.Sum256([]byte(word))
		for i := 0; i < len(sum); i += 4 {
			n := binary.BigEndian.Uint32(sum[i:])
			v[n>>1%dimensions] += 1 - 2*float64(n&1)
		}
	}
	length := 0.0
	for _, f := range v {
		length += f * f
	}
	if length == 0 { // words that cancel each other out
		v[0], length = 1, 1
	}
	for i := range v {
		v[i] /= math.Sqrt(length)
	}
	return v
}

// domain is a kind of things that have vectors.
type domain struct {
	name, id string   // id: the column that identifies a thing
	queue    string   // function that gives those without a vector
	batch    string   // function that takes vectors
	similar  string   // function that finds the likest
	source   []string // columns of the queue that make up the text
	hit      []string // what every hit has
	full     []string // what it has with all details
	preview  int      // characters of the description
	limit    int      // of a search that gives none
}

var domains = []domain{
	{
		name: "work_orders", id: "work_order_id", queue: "rpc_next_work_orders_for_embedding", batch: "rpc_batch_upsert_work_order_embeddings",
		similar: "rpc_similar_past_work_orders", source: []string{"title", "description", "cause", "resolution", "asset_name", "location_name"},
		hit:  []string{"work_order_id", "title", "similarity_score", "status", "completed_at", "asset_id", "location_id"},
		full: []string{"description", "cause", "resolution"}, preview: 240, limit: 5,
	},
	{
		name: "assets", id: "asset_id", queue: "rpc_next_assets_for_embedding", batch: "rpc_batch_upsert_asset_embeddings",
		similar: "rpc_similar_assets", source: []string{"name", "description", "asset_number", "location_name"},
		hit: []string{"asset_id", "name", "asset_number", "similarity_score"}, full: []string{"description"}, preview: 200, limit: 10,
	},
	{
		name: "parts", id: "part_id", queue: "rpc_next_parts_for_embedding", batch: "rpc_batch_upsert_part_embeddings",
		similar: "rpc_similar_parts", source: []string{"part_number", "name", "description"},
		hit: []string{"part_id", "name", "part_number", "similarity_score"}, full: []string{"description"}, preview: 200, limit: 10,
	},
}

func domainOf(name string) (domain, bool) {
	i := slices.IndexFunc(domains, func(d domain) bool { return d.name == name })
	if i < 0 {
		return domain{}, false
	}
	return domains[i], true
}

func domainNames() []string {
	names := make([]string, len(domains))
	for i, d := range domains {
		names[i] = d.name
	}
	return names
}

// embedder is one of the two functions for vectors. Both ask the database as the
// user whose token comes along.
type embedder struct {
	rest  http.Handler
	log   *slog.Logger
	serve func(e embedder, ctx context.Context, token string, body []byte) (any, *failure)
}

// failure is what a function says when it cannot.
type failure struct {
	status  int
	Code    string   `json:"error"`
	Message string   `json:"message,omitempty"`
	Allowed []string `json:"allowed,omitempty"`
}

func (e embedder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Headers", "authorization, x-client-info, apikey, content-type")
	if r.Method == http.MethodOptions {
		_, _ = io.WriteString(w, "ok")
		return
	}
	result, failed := e.handle(r)
	status := http.StatusOK
	if failed != nil {
		status, result = failed.status, failed
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(result)
}

func (e embedder) handle(r *http.Request) (any, *failure) {
	if r.Method != http.MethodPost {
		return nil, &failure{status: http.StatusMethodNotAllowed, Code: "method_not_allowed"}
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if token = strings.TrimSpace(token); !ok || token == "" {
		return nil, &failure{status: http.StatusUnauthorized, Code: "missing_bearer"}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return nil, &failure{status: http.StatusBadRequest, Code: "invalid_json"}
	}
	return e.serve(e, r.Context(), token, body)
}

// call calls a function of the database as the user.
func (e embedder) call(ctx context.Context, token, function string, args map[string]any, out any) *failure {
	body, err := json.Marshal(args)
	if err != nil {
		return e.internal(ctx, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/rpc/"+function, bytes.NewReader(body))
	if err != nil {
		return e.internal(ctx, err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	e.rest.ServeHTTP(w, r)
	switch {
	case w.Code == http.StatusUnauthorized:
		return &failure{status: http.StatusUnauthorized, Code: "missing_bearer", Message: "Invalid JWT"}
	case w.Code < 200 || w.Code > 299:
		var said struct{ Message string }
		_ = json.Unmarshal(w.Body.Bytes(), &said)
		return &failure{status: http.StatusBadRequest, Code: "rpc_failed", Message: said.Message}
	}
	if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
		return e.internal(ctx, err)
	}
	return nil
}

func (e embedder) internal(ctx context.Context, err error) *failure {
	e.log.ErrorContext(ctx, "functions: embedding", "error", err)
	return &failure{status: http.StatusInternalServerError, Code: "internal"}
}

// search finds the things that are likest a text.
func (e embedder) search(ctx context.Context, token string, body []byte) (any, *failure) {
	var p struct {
		DomainRaw any `json:"domain"`
		Text      any `json:"query_text"`
		Limit     any `json:"limit"`
		Least     any `json:"min_similarity"`
		Exclude   any `json:"exclude_work_order_id"`
		DetailRaw any `json:"detail_level"`
	}
	if !json.Valid(body) {
		return nil, &failure{status: http.StatusBadRequest, Code: "invalid_json"}
	}
	_ = json.Unmarshal(body, &p) // what is no object asks for nothing
	text, _ := p.Text.(string)
	if text = strings.TrimSpace(text); text == "" {
		return nil, &failure{status: http.StatusBadRequest, Code: "query_text_required"}
	}
	name, _ := p.DomainRaw.(string)
	d, ok := domainOf(name)
	if !ok {
		return nil, &failure{status: http.StatusBadRequest, Code: "unknown_domain", Allowed: domainNames()}
	}
	args := map[string]any{"p_query_embedding": embed(text), "p_limit": d.limit}
	if n, ok := p.Limit.(float64); ok {
		args["p_limit"] = int(n)
	}
	if n, ok := p.Least.(float64); ok {
		args["p_min_similarity"] = n
	}
	if id, ok := p.Exclude.(string); ok && d.name == "work_orders" {
		args["p_exclude_work_order_id"] = id
	}
	var rows []map[string]any
	if failed := e.call(ctx, token, d.similar, args, &rows); failed != nil {
		return nil, failed
	}
	detail, _ := p.DetailRaw.(string)
	if detail != "standard" && detail != "full" {
		detail = "summary"
	}
	hits := make([]map[string]any, len(rows))
	for i, row := range rows {
		hits[i] = d.hitOf(row, detail)
	}
	return map[string]any{
		"domain": d.name, "model_id": modelID, "detail_level": detail, "hit_count": len(hits), "hits": hits,
		"ranking": map[string]string{"metric": "cosine_similarity", "note": "1 is the same, 0 has nothing in common"},
	}, nil
}

// hitOf is a row with the details asked for.
func (d domain) hitOf(row map[string]any, detail string) map[string]any {
	hit := map[string]any{}
	fields := d.hit
	if detail == "full" {
		fields = slices.Concat(d.hit, d.full)
	}
	for _, f := range fields {
		hit[f] = row[f]
	}
	if detail == "standard" {
		text, _ := row["description"].(string)
		hit["description_preview"] = preview(text, d.preview)
	}
	return hit
}

// preview is the beginning of a text, nil of an empty one.
func preview(text string, most int) any {
	runes := []rune(text)
	switch {
	case len(runes) == 0:
		return nil
	case len(runes) <= most:
		return text
	}
	return string(runes[:most]) + "…"
}

// index gives vectors to things that have none.
func (e embedder) index(ctx context.Context, token string, body []byte) (any, *failure) {
	var p struct {
		Limit   any `json:"limit"`
		Domains any `json:"domains"`
		Domain  any `json:"domain"`
	}
	_ = json.Unmarshal(body, &p) // a malformed body asks for everything
	limit := 20
	if n, ok := p.Limit.(float64); ok {
		limit = int(min(max(n, 1), 50))
	}
	wanted := chosenDomains(p.Domains, p.Domain)
	names, per, total := []string{}, []map[string]any{}, 0
	for _, d := range wanted {
		ids, failed := e.indexDomain(ctx, token, d, limit)
		if failed != nil {
			if failed.Code == "rpc_failed" {
				failed.Code = "embed_index_failed"
			}
			return nil, failed
		}
		names = append(names, d.name)
		per = append(per, map[string]any{"domain": d.name, "indexed": len(ids), "ids": ids})
		total += len(ids)
	}
	return map[string]any{"model_id": modelID, "domains": names, "per_domain": per, "indexed_total": total}, nil
}

// chosenDomains are the domains that are named, all when none of them is known.
func chosenDomains(list, one any) []domain {
	var names []any
	if l, ok := list.([]any); ok {
		names = l
	} else if one != nil {
		names = []any{one}
	}
	var chosen []domain
	for _, n := range names {
		if name, ok := n.(string); ok {
			if d, known := domainOf(name); known {
				chosen = append(chosen, d)
			}
		}
	}
	if len(chosen) == 0 {
		return domains
	}
	return chosen
}

// indexDomain gives vectors to the next things of a domain and returns their ids.
func (e embedder) indexDomain(ctx context.Context, token string, d domain, limit int) ([]string, *failure) {
	var rows []map[string]any
	if failed := e.call(ctx, token, d.queue, map[string]any{"p_limit": limit}, &rows); failed != nil {
		return nil, failed
	}
	ids, batch := []string{}, []map[string]any{}
	for _, row := range rows {
		var parts []string
		for _, column := range d.source {
			if s, _ := row[column].(string); strings.TrimSpace(s) != "" {
				parts = append(parts, s)
			}
		}
		text := strings.Join(parts, "\n")
		hash := sha256.Sum256([]byte(text))
		source := []rune(text)
		ids = append(ids, fmt.Sprint(row[d.id]))
		batch = append(batch, map[string]any{
			d.id: row[d.id], "embedding": embed(text), "source_text": string(source[:min(len(source), 8000)]), "model_name": modelID,
			"model_version": "v1", "content_hash": hex.EncodeToString(hash[:]), "embedding_profile": profile,
		})
	}
	if len(batch) == 0 {
		return ids, nil
	}
	var written int
	return ids, e.call(ctx, token, d.batch, map[string]any{"p_rows": batch}, &written)
}
