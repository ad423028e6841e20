package functions_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack"
)

// The function checks the method, the key's presence, the body and the key, in
// this order, and a token hides the other header.
func TestIngestMeterReading(t *testing.T) {
	stack, err := devstack.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	conn, err := pgx.Connect(t.Context(), stack.DatabaseURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	const key, expired = "wosk_0123456789abcdef0123456789abcdef", "wosk_expired"
	var tenant, meter string
	require.NoError(t, conn.QueryRow(t.Context(), `insert into app.tenants (name, slug) values ('Tenant', 'tenant-t') returning id::text`).Scan(&tenant))
	_, err = conn.Exec(t.Context(), `insert into app.tenant_api_keys (tenant_id, name, key_prefix, key_hash, expires_at)
		select $1::uuid, 'k', 'wosk', encode(sha256(convert_to(v.key, 'UTF8')), 'hex'), v.expires_at
		from (values ($2::text, null::timestamptz), ($3::text, now() - interval '1 second')) v (key, expires_at)`, tenant, key, expired)
	require.NoError(t, err)
	require.NoError(t, conn.QueryRow(t.Context(), `with a as (insert into app.assets (tenant_id, name) values ($1, 'Pump') returning id, tenant_id)
		insert into app.meters (tenant_id, asset_id, meter_type, name, unit) select tenant_id, id, 'cycles', 'M', 'n' from a returning id::text`,
		tenant).Scan(&meter))

	const ingest = "/functions/v1/ingest-meter-reading"
	good := `{"meterId":"` + meter + `","readingValue":`
	for _, tc := range []struct {
		name, method, path string
		headers            []string // name, value, …
		body               string
		status             int
		answer             string // part of it
	}{
		{"taken", "POST", ingest, []string{"Authorization", "Bearer " + key}, good + `1}`, 201, `"readingId":"`},
		{"the other header", "POST", ingest, []string{"X-API-Key", " " + key + " "}, good + `1.5,"readingDate":null,"notes":null}`, 201, `"readingId":"`},
		{"an old date", "POST", ingest, []string{"X-API-Key", key}, good + `2e0,"readingDate":"2020-01-01","notes":"n"}`, 400, `BAD_REQUEST`},
		{"a token hides it", "POST", ingest, []string{"X-API-Key", key, "Authorization", "Bearer x"}, good + `1}`, 401, `INVALID_API_KEY`},
		{"another scheme does not", "POST", ingest, []string{"X-API-Key", key, "Authorization", "Basic x"}, good + `1.5}`, 201, `"readingId":"`},
		{"GET", "GET", ingest, nil, "", 405, `METHOD_NOT_ALLOWED`},
		{"OPTIONS", "OPTIONS", ingest, []string{"Access-Control-Request-Method", "POST"}, "", 405, `METHOD_NOT_ALLOWED`},
		{"no key, no body", "POST", ingest, nil, "", 401, `INVALID_API_KEY`},
		{"no JSON", "POST", ingest, []string{"X-API-Key", "x"}, "{", 400, `BAD_REQUEST`},
		{"a list", "POST", ingest, []string{"X-API-Key", "x"}, "[]", 400, `BAD_REQUEST`},
		{"no meter", "POST", ingest, []string{"X-API-Key", "x"}, `{"readingValue":1}`, 400, `BAD_REQUEST`},
		{"text as value", "POST", ingest, []string{"X-API-Key", "x"}, good + `"1"}`, 400, `BAD_REQUEST`},
		{"no value", "POST", ingest, []string{"X-API-Key", "x"}, good + `null}`, 400, `BAD_REQUEST`},
		{"negative", "POST", ingest, []string{"X-API-Key", "x"}, good + `-1}`, 400, `BAD_REQUEST`},
		{"unknown key", "POST", ingest, []string{"X-API-Key", "x"}, good + `1}`, 401, `INVALID_API_KEY`},
		{"expired key", "POST", ingest, []string{"X-API-Key", expired}, good + `1}`, 401, `INVALID_API_KEY`},
		{"unknown meter", "POST", ingest, []string{"X-API-Key", key}, `{"meterId":"00000000-0000-0000-0000-0000000000ff","readingValue":1}`, 404, `NOT_FOUND`},
		{"bad date", "POST", ingest, []string{"X-API-Key", key}, good + `2,"readingDate":"soon"}`, 400, `RPC_FAIL`},
		{"falling", "POST", ingest, []string{"X-API-Key", key}, good + `0}`, 400, `RPC_FAIL`},
		{"too large a number", "POST", ingest, []string{"X-API-Key", key}, good + `1e200000}`, 400, `RPC_FAIL`},
		{"another function", "POST", "/functions/v1/no-such-function", nil, "{}", 404, `NOT_FOUND`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), tc.method, stack.URL+tc.path, strings.NewReader(tc.body))
			require.NoError(t, err)
			for i := 0; i < len(tc.headers); i += 2 {
				r.Header.Set(tc.headers[i], tc.headers[i+1])
			}
			resp, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, tc.status, resp.StatusCode, "%s", body)
			require.Contains(t, string(body), tc.answer)
			require.NotContains(t, string(body), key)
		})
	}
	var used bool
	require.NoError(t, conn.QueryRow(t.Context(), `select last_used_at is not null from app.tenant_api_keys where expires_at is null`).Scan(&used))
	require.True(t, used)
}
