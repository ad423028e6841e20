package devstack

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/devstack/auth"
)

// A gateway stands in front of the services, as Kong does in a Supabase project:
// it asks for an API key, answers preflight requests and strips the prefix.
type gateway struct {
	keys      []string // anon and service-role key
	rest      http.Handler
	auth      http.Handler
	mailbox   *auth.Mailbox
	provider  http.Handler // plays the providers that users sign in with
	storage   http.Handler
	functions http.Handler
	healthy   func(context.Context) error
	log       *slog.Logger
}

// openPaths need no API key: browsers get there by links, or they hold no data.
var openPaths = []string{
	"/auth/v1/authorize", "/auth/v1/callback", "/auth/v1/verify", "/auth/v1/.well-known/jwks.json",
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	rec := &statusRecorder{ResponseWriter: w}
	g.route(rec, r)
	g.log.DebugContext(r.Context(), "devstack: request",
		"method", r.Method, "path", r.URL.Path, "status", rec.status, "duration", time.Since(start))
}

func (g *gateway) route(w http.ResponseWriter, r *http.Request) {
	if under(r.URL.Path, "/functions/v1") {
		// Functions look for keys themselves, and these do not serve browsers.
		forward(g.functions, w, r, "/functions/v1")
		return
	}
	allowOrigin(w.Header())
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		preflight(w, r)
		return
	}
	path := r.URL.Path
	switch {
	case path == "/health":
		g.health(w, r)
	case path == "/mailbox":
		writeBody(w, http.StatusOK, g.mailbox.To(r.URL.Query().Get("to")))
	case under(path, "/provider"):
		forward(g.provider, w, r, "/provider")
	case under(path, "/rest/v1"):
		if g.authenticate(w, r) {
			forward(g.rest, w, r, "/rest/v1")
		}
	case slices.Contains(openPaths, path):
		forward(g.auth, w, r, "/auth/v1")
	case under(path, "/auth/v1"):
		if g.authenticate(w, r) {
			forward(g.auth, w, r, "/auth/v1")
		}
	case under(path, "/storage/v1"):
		// A token or a signature is enough here; a key stands for a token.
		if key := r.Header.Get("apikey"); g.known(key) && r.Header.Get("Authorization") == "" {
			r.Header.Set("Authorization", "Bearer "+key)
		}
		forward(g.storage, w, r, "/storage/v1")
	default:
		writeMessage(w, http.StatusNotFound, "no Route matched with those values")
	}
}

// authenticate looks for one of the keys in the header or the query parameter
// apikey, and answers the request itself when there is none. The services never
// see the parameter; without a token in the request they see the key as one.
func (g *gateway) authenticate(w http.ResponseWriter, r *http.Request) bool {
	key := r.Header.Get("apikey")
	if strings.Contains(r.URL.RawQuery, "apikey=") {
		// Cut out by hand: parsing and encoding again would reorder the filters.
		var rest []string
		for param := range strings.SplitSeq(r.URL.RawQuery, "&") {
			if value, found := strings.CutPrefix(param, "apikey="); found {
				if key == "" {
					key = value
				}
				continue
			}
			rest = append(rest, param)
		}
		r.URL.RawQuery = strings.Join(rest, "&")
	}
	if key == "" {
		refuseKey(w, "No API key found in request", "No `apikey` request header or url param was found.")
		return false
	}
	if !g.known(key) {
		refuseKey(w, "Invalid API key", "Double check your Supabase `anon` or `service_role` API key.")
		return false
	}
	if r.Header.Get("Authorization") == "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	return true
}

func refuseKey(w http.ResponseWriter, message, hint string) {
	w.Header().Set("WWW-Authenticate", "Key")
	writeJSON(w, http.StatusUnauthorized, map[string]string{"message": message, "hint": hint})
}

func (g *gateway) known(key string) bool {
	for _, known := range g.keys {
		if subtle.ConstantTimeCompare([]byte(key), []byte(known)) == 1 {
			return true
		}
	}
	return false
}

func (g *gateway) health(w http.ResponseWriter, r *http.Request) {
	if err := g.healthy(r.Context()); err != nil {
		writeMessage(w, http.StatusServiceUnavailable, "the database does not answer")
		return
	}
	writeMessage(w, http.StatusOK, "ok")
}

// allowOrigin lets pages of any origin read the answer.
func allowOrigin(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers",
		"Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Preference-Applied, Server, Range-Unit, X-Sb-Error-Code, X-Total-Count, Link")
}

func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	h.Set("Access-Control-Max-Age", "3600")
	status := http.StatusOK
	if under(r.URL.Path, "/auth/v1") {
		status = http.StatusNoContent // each service answers for itself on a deployment
	}
	w.WriteHeader(status)
}

func under(path, prefix string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/')
}

// forward serves the request with the prefix cut off its path.
func forward(h http.Handler, w http.ResponseWriter, r *http.Request, prefix string) {
	r2 := r.Clone(r.Context())
	r2.URL.Path = "/" + strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, prefix), "/")
	if r.URL.RawPath != "" {
		r2.URL.RawPath = "/" + strings.TrimPrefix(strings.TrimPrefix(r.URL.RawPath, prefix), "/")
	}
	h.ServeHTTP(w, r2)
}

func writeMessage(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]string{"message": message})
}

func writeJSON(w http.ResponseWriter, status int, body map[string]string) { writeBody(w, status, body) }

func writeBody(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// statusRecorder remembers the status for the log.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *statusRecorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController through.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
