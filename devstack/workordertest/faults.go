package workordertest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack/rest"
	"github.com/workorder-systems/sdk-go/org"
)

// Inject lets do answer the requests of a scope. backend is the deployment, and
// the faults that were added before: do may hand the request on to it, before or
// after something, as it is or changed, or not at all. It may panic with
// [http.ErrAbortHandler] to break the connection; any other panic fails the test.
func (k *Kit) Inject(do func(w http.ResponseWriter, r *http.Request, backend http.Handler), on ...Scope) *Fault {
	k.t.Helper()
	if do == nil {
		k.t.Fatal("workordertest: Inject: the function is nil")
	}
	f := &Fault{do: do, scope: k.scope(on)}
	k.gateway.mu.Lock()
	defer k.gateway.mu.Unlock()
	k.gateway.faults = append(k.gateway.faults, f)
	return f
}

func (k *Kit) scope(on []Scope) *scope {
	k.t.Helper()
	s := newScope(on)
	if s.err != nil {
		k.t.Fatalf("workordertest: %v", s.err)
	}
	return s
}

var sqlState = regexp.MustCompile(`^[0-9A-Z]{5}$`)

// RaiseSQLState answers requests to the data API (/rest/v1) as if their statement
// had failed in the database with this SQLSTATE, such as 23505 or 40001. They do
// not reach the deployment: what fails there is rolled back. Status, headers and
// body are those that PostgREST gives for the code.
func (k *Kit) RaiseSQLState(code string, on ...Scope) *Fault {
	k.t.Helper()
	if !sqlState.MatchString(code) {
		k.t.Fatalf("workordertest: RaiseSQLState(%q): an SQLSTATE has five digits and capital letters", code)
	}
	return k.Inject(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body)
		rest.WriteError(w, r, &pgconn.PgError{Code: code, Message: "raised by workordertest"})
	}, append(slices.Clip(on), Path("/rest/v1/"))...)
}

// Clamp cuts the answers of the data API to n rows, as a project does whose limit
// ("max rows") is that low. Counts are not cut.
func (k *Kit) Clamp(n int, on ...Scope) *Fault {
	k.t.Helper()
	if n < 1 {
		k.t.Fatalf("workordertest: Clamp(%d): less than one row", n)
	}
	rows := func(r *http.Request) bool {
		return r.Method == http.MethodGet || r.Method == http.MethodHead ||
			r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/rest/v1/rpc/")
	}
	return k.Inject(func(w http.ResponseWriter, r *http.Request, backend http.Handler) {
		if !clampRange(r.Header, n) {
			r.URL.RawQuery = clamp(r.URL.RawQuery, n)
		}
		backend.ServeHTTP(w, r)
	}, append(slices.Clip(on), Path("/rest/v1/"), When(rows))...)
}

// clamp lowers the limit in a query. The rest stays as it is: order and escapes
// matter to filters.
func clamp(query string, n int) string {
	var params []string
	limit := n
	for param := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(param, "=")
		if name, err := url.QueryUnescape(name); err == nil && name == "limit" {
			if asked, err := strconv.Atoi(value); err == nil {
				limit = min(limit, asked)
				continue
			}
		}
		if param != "" {
			params = append(params, param)
		}
	}
	return strings.Join(append(params, "limit="+strconv.Itoa(limit)), "&")
}

// clampRange lowers the end of the header Range, which counts rows. It is
// false without one.
func clampRange(h http.Header, n int) bool {
	first, last, ok := strings.Cut(h.Get("Range"), "-")
	from, err := strconv.Atoi(first)
	if !ok || err != nil {
		return false
	}
	end := from + n - 1
	if to, err := strconv.Atoi(last); err == nil {
		end = min(end, to)
	}
	h.Set("Range", strconv.Itoa(from)+"-"+strconv.Itoa(end))
	return true
}

// ExpireTokens makes every access token that was issued so far too old, all at
// once: the kit's address refuses it as the services refuse a token past its
// expiry, though the sessions believe that it has time left. Tokens issued
// afterwards are good, and refresh tokens too. A session that has just replaced a
// refused token keeps the new one for five seconds, whatever becomes of it: let the
// [Clock] pass them before tokens expire again.
func (k *Kit) ExpireTokens() { k.gateway.tokens.expire() }

// DropResponse lets the deployment do its work and breaks the connection without an
// answer: nobody learns whether it was done.
func (k *Kit) DropResponse(on ...Scope) *Fault {
	k.t.Helper()
	return k.Inject(func(_ http.ResponseWriter, r *http.Request, backend http.Handler) {
		backend.ServeHTTP(discard{http.Header{}}, r.WithContext(context.WithoutCancel(r.Context())))
		panic(http.ErrAbortHandler)
	}, on...)
}

// Delay lets requests wait before they reach the deployment. One whose caller gives
// up meanwhile does not reach it.
func (k *Kit) Delay(d time.Duration, on ...Scope) *Fault {
	k.t.Helper()
	return k.Inject(func(w http.ResponseWriter, r *http.Request, backend http.Handler) {
		body, err := io.ReadAll(r.Body) // else nobody notices that the caller is gone
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			backend.ServeHTTP(w, r)
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}, on...)
}

// FlipTenant lets somebody else who uses the same account choose another tenant
// just before a session renews its access token: Auth then issues a token for that
// tenant. It strikes the refreshes of the kit's users, and the other tenant is one
// that the user made for it.
func (k *Kit) FlipTenant(on ...Scope) *Fault {
	k.t.Helper()
	refresh := func(r *http.Request) bool { return r.URL.Query().Get("grant_type") == "refresh_token" }
	return k.Inject(func(w http.ResponseWriter, r *http.Request, backend http.Handler) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var asked struct {
			RefreshToken string `json:"refresh_token"`
		}
		_ = json.Unmarshal(body, &asked) // Auth tells what is wrong with it
		if at, ok := k.gateway.tokens.grant(asked.RefreshToken); ok {
			if err := k.flip(r.Context(), at); err != nil && r.Context().Err() == nil {
				k.t.Errorf("workordertest: FlipTenant: %v", err)
			}
		}
		backend.ServeHTTP(w, r)
	}, append(slices.Clip(on), Method(http.MethodPost), Path(grantPath), When(refresh))...)
}

// flip chooses another tenant for the account that a grant is for.
func (k *Kit) flip(ctx context.Context, at grant) error {
	c, err := workorder.New(k.Deployment.URL, k.AnonKey, workorder.WithAccessToken(at.access))
	if err != nil {
		return err
	}
	defer c.Close()
	k.mu.Lock()
	defer k.mu.Unlock()
	other, ok := k.others[at.user]
	if !ok {
		slug := newSlug()
		if other, err = c.Tenants.Create(ctx, org.CreateTenantParams{Name: "Other " + slug, Slug: slug}); err != nil {
			return err
		}
		k.others[at.user] = other
	}
	return c.RPC(ctx, "rpc_set_tenant_context", map[string]any{"p_tenant_id": other}, nil)
}

// discard takes an answer that nobody gets.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
