package otelworkorder

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// What is secret or somebody's data in the calls of TestNothingSecretIsExported.
// Those that are no ids have a mark that the ids of spans cannot have.
const (
	secretKey     = "anon-key-zq7w"
	secretHeader  = "proxy-secret-zq7w"
	secretMail    = "ada.lovelace@example.com"
	secretPass    = "correct-horse-zq7w"
	secretRefresh = "refresh-token-zq7w"
	secretNext    = "refresh-token-next-zq7w"
	secretMachine = "wosk_machine-key-zq7w"
	secretTenant  = "11111111-aaaa-4000-8000-000000000001"
	secretUser    = "22222222-aaaa-4000-8000-000000000002"
	secretRow     = "33333333-aaaa-4000-8000-000000000003"
	secretFilter  = "filtered-for-zq7w"
	secretName    = "named-zq7w"
	secretFile    = "photo-of-zq7w.jpg"
	secretText    = "key (email)=(quoted-by-the-server-zq7w) already exists"
)

// Nothing of what calls carry or servers say is exported, whether the calls
// succeed, fail in any way or are refused by the network.
func TestNothingSecretIsExported(t *testing.T) {
	jwt := apitest.JWT(map[string]any{
		"sub": secretUser, "role": "authenticated", "tenant_id": secretTenant, "email": secretMail, "exp": time.Now().Add(time.Hour).Unix(),
	})
	granted := fmt.Sprintf(`{"access_token":%q,"refresh_token":%q,"expires_in":3600,"user":{"id":%q,"email":%q}}`, jwt, secretNext, secretUser, secretMail)
	quoted := fmt.Sprintf(`"message":%q,"details":%q,"hint":%q,"msg":%[1]q,"error_description":%[1]q`, secretText, jwt, secretMail)
	for name, answer := range map[string]http.HandlerFunc{
		"success": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("X-Request-Id", secretRow)
			switch {
			case strings.HasPrefix(r.URL.Path, "/auth/"):
				_, _ = fmt.Fprint(w, granted)
			case r.Method == http.MethodGet:
				w.Header().Set("Content-Range", "0-0/1")
				_, _ = fmt.Fprintf(w, `[{"id":%q,"name":%q}]`, secretRow, secretName)
			default:
				_, _ = fmt.Fprintf(w, "%q", secretRow)
			}
		},
		"refused":            quoting(409, `{"code":"23505",`+quoted+`}`),
		"an unknown code":    quoting(500, `{"code":"`+secretMail+`",`+quoted+`}`),
		"a code of a secret": quoting(500, `{"code":"`+secretRefresh+`",`+quoted+`}`),
		"refused by Auth":    quoting(400, `{"error_code":"invalid_credentials",`+quoted+`}`),
		"no JSON":            quoting(502, "<html>"+secretText+jwt),
		"broken off":         cut,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecord(t)
			srv := httptest.NewServer(answer)
			defer srv.Close()
			anon, err := workorder.New(srv.URL, secretKey, r.observe(), patient, workorder.WithHeader("X-Proxy-Secret", secretHeader))
			require.NoError(t, err)
			defer func() { require.NoError(t, anon.Close()) }()
			callEverything(t.Context(), t, anon, jwt)

			out := r.everything()
			require.Greater(t, len(r.spans.GetSpans()), 20)
			for _, s := range []string{
				"zq7w", "eyJ", jwt, secretKey, secretHeader, secretMail, "lovelace", secretPass, secretRefresh, secretNext, secretMachine,
				secretTenant, secretUser, secretRow, secretFilter, secretName, secretFile, secretText, "select=", "id=eq", "grant_type",
			} {
				if i := strings.Index(out, s); i >= 0 {
					t.Fatalf("%q is exported: %.400q", s, out[max(0, i-200):])
				}
			}
			if id := uuid.FindString(out); id != "" {
				t.Fatalf("the id %s is exported", id)
			}
		})
	}
}

var uuid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

func quoting(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
}

// callEverything makes a call of every kind with secrets and data in all its parts.
// Whether they succeed does not matter here.
func callEverything(ctx context.Context, t *testing.T, anon *workorder.Client, jwt string) {
	_, _ = anon.Auth.SignInWithPassword(ctx, secretMail, secretPass)
	_, _ = anon.Auth.SignUp(ctx, workorder.SignUpParams{Email: secretMail, Password: secretPass})
	_, _ = anon.Meters.Ingest(ctx, pm.IngestParams{Key: secretMachine, MeterID: secretRow})
	session := workorder.NewSession(anon, secretRefresh)
	inSession := anon.WithSession(session)
	_, _ = inSession.Departments.Get(ctx, secretRow)
	_, _ = inSession.RefreshTenantSession(ctx)
	_, _ = inSession.ForTenant(ctx, secretTenant)

	c := anon.AsUser(jwt)
	_, _ = c.Departments.List(ctx, query.Where(org.DepartmentCols.Name.Eq(secretFilter)), query.Limit(1))
	_, _ = c.Departments.Get(ctx, secretRow)
	_, _ = c.Departments.Count(ctx, query.Where(org.DepartmentCols.ID.Eq(secretRow)))
	_, _ = c.Departments.Create(ctx, org.CreateDepartmentParams{TenantID: secretTenant, Name: secretName})
	_ = c.RPC(ctx, "rpc_custom", map[string]any{"p_secret": secretName}, nil)
	_ = c.SetTenant(ctx, secretTenant)
	_, _ = c.Attachments.Upload(ctx, workorders.UploadParams{
		EntityType: workorders.EntityAsset, EntityID: secretRow, Filename: secretFile, Body: strings.NewReader(secretName),
	})
	if d, err := c.Attachments.Download(ctx, secretTenant+"/asset/"+secretRow+"/"+secretFile); err == nil {
		require.NoError(t, d.Close())
	}
	admin, err := anon.With(workorder.WithAccessToken(apitest.JWT(map[string]any{"role": "service_role"})))
	require.NoError(t, err)
	_, _ = admin.Auth.Admin.GetUser(ctx, secretUser)
	_ = admin.Auth.Admin.DeleteUser(ctx, secretUser)

	gone, cancel := context.WithCancelCause(ctx)
	cancel(fmt.Errorf("cancelled because of %s", secretName))
	_, _ = c.Departments.Get(gone, secretRow)
}
