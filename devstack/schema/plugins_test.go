package schema_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fillPlugins gives a tenant rows in the tables of plugins and integrations.
func fillPlugins(admin caller, asset string) {
	tenant := admin.tenant()
	installation := admin.installation("filled", nil, `{}`)
	admin.subscribe(installation, "app", "departments", "INSERT")
	one[string](admin, `select public.rpc_create_department($1, 'Watched')`, tenant)
	admin.ok(`select public.rpc_upsert_integration_external_id($1, 'asset', $2, 'erp', '1')`, tenant, asset)
	admin.ok(`select public.rpc_enqueue_integration_event($1, 'asset.synced', '{}')`, tenant)
}

// installation registers the plugin and installs it in the caller's tenant.
func (c caller) installation(key string, secretRef *string, config string) string {
	c.db.t.Helper()
	c.db.service().ok(`select public.rpc_register_plugin($1, $1)`, key)
	return one[string](c, `select public.rpc_install_plugin($1, $2, $3, $4)`, c.tenant(), key, secretRef, config)
}

func (c caller) subscribe(installation, schema, table, operation string) {
	c.db.t.Helper()
	c.ok(`select public.rpc_upsert_plugin_webhook_subscription($1, $2, $3, $4, array[$5], p_include_payload => true)`,
		c.tenant(), installation, schema, table, operation)
}

// The function is written out, since pgcrypto is not everywhere.
func TestSignIsHMAC(t *testing.T) {
	d := newDB(t)
	for _, key := range []string{"", "k", "Schlüssel ß 🔑 ", strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("a", 65), strings.Repeat("é", 100)} {
		for _, text := range []string{"", "{}", "Öl & <Fett> \u2028 🔧", strings.Repeat("x", 5000)} {
			mac := hmac.New(sha256.New, []byte(key))
			mac.Write([]byte(text))
			require.Equal(t, hex.EncodeToString(mac.Sum(nil)), superOne[string](d, `select int.sign($1, $2)`, text, key), "%q over %.10q", key, text)
		}
	}
	require.Nil(t, superOne[*string](d, `select int.sign('x', null)`))
}

// What the platform was seen to sign is signed the same here, out of jsonb.
func TestSignatureVectors(t *testing.T) {
	d := newDB(t)
	file, err := os.ReadFile("../truth/06-webhook-vectors.json")
	require.NoError(t, err)
	var vectors struct {
		Secret   string
		Requests []struct {
			Headers map[string]any
			Body    string
		}
	}
	require.NoError(t, json.Unmarshal(file, &vectors))
	require.NotEmpty(t, vectors.Requests)
	for _, r := range vectors.Requests {
		require.Equal(t, r.Headers["X-Plugin-Signature"], superOne[string](d, `select int.sign($1::text::jsonb::text, $2)`, r.Body, vectors.Secret))
	}
}

// A blank is told before what is missing, and a missing value before a bad key.
func TestWhichMistakeOfARegistrationIsTold(t *testing.T) {
	d := newDB(t)
	register := `select public.rpc_register_plugin($1, $2, p_is_active => $3)`
	d.service().fails("23514", register, " ", nil, nil)
	d.service().fails("23514", register, nil, " ", nil)
	d.service().fails("23502", register, nil, "N", true)
	d.service().fails("23502", register, "Bad-Key", nil, true)
	d.service().fails("23502", register, "Bad-Key", "N", nil)
	d.service().fails("23514", register, "Bad-Key", "N", true)
}

// queued is what the job wants sent for the caller's tenant, one line each.
func (d *db) queued() []string {
	d.t.Helper()
	return superOne[[]string](d, `
		select coalesce(array_agg(q.url || ' ' || q.timeout_milliseconds order by q.id), '{}') from net.http_request_queue q`)
}

func (d *db) process() int {
	d.t.Helper()
	return one[int](d.service(), `select public.rpc_process_plugin_deliveries()`)
}

// answer answers every request that waits.
func (d *db) answer(status any, content string, timedOut bool, message any) {
	d.t.Helper()
	d.super(`
		with sent as (delete from net.http_request_queue returning id)
		insert into net._http_response (id, status_code, content, timed_out, error_msg) select id, $1, $2, $3, $4 from sent`,
		status, content, timedOut, message)
}

// state is status, attempts and error of the only delivery.
func (d *db) state() string {
	d.t.Helper()
	return superOne[string](d, `select concat_ws(' ', status, attempts, last_error) from int.plugin_deliveries`)
}

func TestDeliveriesFollowTheirSchedule(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	installation := admin.installation("hook", nil, `{"webhook_url": "http://192.0.2.1/h", "timeout_ms": "999999"}`)
	admin.subscribe(installation, "app", "departments", "INSERT")
	require.Zero(t, d.process())
	one[string](admin, `select public.rpc_create_department($1, 'D')`, tenant)
	require.Equal(t, "pending 0", d.state())
	for i, minutes := range []int{2, 4, 8, 16, 32, 64, 64} {
		require.Equal(t, 1, d.process())
		require.Equal(t, []string{"http://192.0.2.1/h 120000"}, d.queued())
		require.Equal(t, fmt.Sprintf("sending %d", i), d.state(), "the error of the last attempt is gone")
		d.answer(500, "down", false, nil)
		require.Equal(t, 1, d.process(), "one answer, and nothing is due")
		require.Equal(t, fmt.Sprintf("pending %d http 500: down", i+1), d.state())
		require.InDelta(t, minutes*60, superOne[float64](d, `select extract(epoch from next_attempt_at - clock_timestamp())::float8 from int.plugin_deliveries`), 5)
		d.super(`update int.plugin_deliveries set next_attempt_at = now()`)
	}
	require.Equal(t, 1, d.process())
	d.answer(nil, "", true, "timeout reached")
	require.Equal(t, 1, d.process())
	require.Equal(t, "dead 8 timeout reached", d.state())
	require.Zero(t, d.process())
}

func TestDeliveriesByAnswer(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	installation := admin.installation("hook", nil, `{"webhook_url": "http://192.0.2.1/h"}`)
	admin.subscribe(installation, "app", "departments", "INSERT")
	one[string](admin, `select public.rpc_create_department($1, 'D')`, tenant)
	for _, c := range []struct {
		status   any
		content  string
		timedOut bool
		message  any
		want     string
	}{
		{200, "thanks", false, nil, "delivered 0"},
		{299, "", false, nil, "delivered 0"},
		{302, "", false, nil, "pending 1 http 302: "},
		{404, strings.Repeat("x", 1000), false, nil, "pending 1 http 404: " + strings.Repeat("x", 490)},
		{nil, "", false, "no such host", "pending 1 no such host"},
		{nil, "", true, nil, "pending 1 timed out"},
	} {
		d.super(`update int.plugin_deliveries set status = 'pending', attempts = 0, next_attempt_at = now(), last_error = 'before'`)
		require.Equal(t, 1, d.process())
		d.answer(c.status, c.content, c.timedOut, c.message)
		require.Equal(t, 1, d.process())
		require.Equal(t, c.want, d.state())
	}
	// Nobody answers.
	d.super(`update int.plugin_deliveries set status = 'sending', attempts = 0, net_request_id = 1000000, sent_at = now() - interval '119 seconds'`)
	require.Zero(t, d.process())
	d.super(`update int.plugin_deliveries set sent_at = now() - interval '121 seconds'`)
	require.Equal(t, 1, d.process())
	require.Equal(t, "pending 1 no answer within two minutes", d.state())
}

func TestTheScheduleCanRunFaster(t *testing.T) {
	d := newDB(t)
	require.Equal(t, "00:02:00", superOne[string](d, `select int.delivery_wait('2 minutes')::text`))
	require.Equal(t, "00:00:01", superOne[string](d, `select int.delivery_wait('2 minutes')::text from set_config('app.delivery_speed', '120', false)`))
}

func TestTimeoutsOfConfigs(t *testing.T) {
	d := newDB(t)
	for config, want := range map[string]any{
		`{}`: 15000, `{"timeout_ms": null}`: 15000, `null`: 15000, `[]`: 15000, `"text"`: 15000,
		`{"timeout_ms": 1}`: 1000, `{"timeout_ms": 0}`: 1000, `{"timeout_ms": -5}`: 1000, `{"timeout_ms": 2500}`: 2500, `{"timeout_ms": 999999}`: 120000,
		`{"timeout_ms": " 2000 "}`: 2000, `{"timeout_ms": 1e3}`: 1000, `{"timeout_ms": 2147483647}`: 120000,
		`{"timeout_ms": 2147483648}`: nil, `{"timeout_ms": 99999999999}`: nil, `{"timeout_ms": 1.5}`: nil, `{"timeout_ms": ""}`: nil,
		`{"timeout_ms": "abc"}`: nil, `{"timeout_ms": true}`: nil, `{"timeout_ms": {}}`: nil, `{"timeout_ms": []}`: nil,
	} {
		got := superOne[*int](d, `select int.delivery_timeout($1)`, config)
		if want == nil {
			require.Nil(t, got, config)
			continue
		}
		require.Equal(t, want, *got, config)
	}
}

// Without an address nothing waits for a better timeout.
func TestNoAddressIsTheEndWhateverTheTimeout(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	installation := admin.installation("hook", nil, `{"timeout_ms": "soon", "webhook_url": " "}`)
	admin.subscribe(installation, "app", "departments", "INSERT")
	one[string](admin, `select public.rpc_create_department($1, 'D')`, tenant)
	require.Equal(t, 1, d.process())
	require.Equal(t, "dead 0 the config has no webhook_url", d.state())
}

// A bad config holds up its own deliveries, and mending it lets them go.
func TestABadTimeoutHoldsUpNobodyElse(t *testing.T) {
	d := newDB(t)
	tenantA, a := d.tenant()
	tenantB, b := d.tenant()
	bad := a.installation("hook", nil, `{"webhook_url": "http://192.0.2.1/bad", "timeout_ms": "soon"}`)
	good := b.installation("hook", nil, `{"webhook_url": "http://192.0.2.1/good"}`)
	a.subscribe(bad, "app", "departments", "INSERT")
	b.subscribe(good, "app", "departments", "INSERT")
	one[string](a, `select public.rpc_create_department($1, 'D')`, tenantA)
	one[string](b, `select public.rpc_create_department($1, 'D')`, tenantB)
	require.Equal(t, 1, d.process())
	require.Equal(t, []string{"http://192.0.2.1/good 15000"}, d.queued())
	a.ok(`select public.rpc_update_plugin_installation($1, $2, p_config => '{"webhook_url": "http://192.0.2.1/mended"}')`, tenantA, bad)
	require.Equal(t, 1, d.process())
	require.Len(t, d.queued(), 2)
}

func TestHeadersOfDeliveries(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	d.super(`select vault.create_secret('key', 'hook')`)
	hook := "hook"
	installation := admin.installation("hook", &hook, `{"webhook_url": "http://192.0.2.1/h", "headers": {
		"X-Plugin-Event-Type": "mine", "X-Plugin-Signature": "forged", "x-plugin-signature": "forged", "Authorization": "Bearer t", "X-Num": 5}}`)
	admin.subscribe(installation, "app", "departments", "INSERT")
	one[string](admin, `select public.rpc_create_department($1, 'Öl <&>')`, tenant)
	d.process()
	headers := superOne[map[string]any](d, `select headers from net.http_request_queue`)
	body := superOne[string](d, `select convert_from(body, 'UTF8') from net.http_request_queue`)
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write([]byte(body))
	require.Equal(t, map[string]any{
		"Content-Type": "application/json", "X-Plugin-Event-Type": "mine", "Authorization": "Bearer t", "X-Num": 5.0,
		"X-Plugin-Delivery-Id": superOne[string](d, `select id::text from int.plugin_deliveries`),
		"X-Plugin-Signature":   hex.EncodeToString(mac.Sum(nil)),
	}, headers)
	require.Contains(t, body, `"name": "Öl <&>"`)
}

// Deleting takes deliveries along and queues nothing that has nowhere to go.
func TestWhatDeletesDeliveries(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	count := func() int { return superOne[int](d, `select count(*) from int.plugin_deliveries`) }
	installation := admin.installation("hook", nil, `{}`)
	for _, table := range []string{"departments", "work_orders", "tenants", "tenant_memberships"} {
		admin.subscribe(installation, "app", table, "DELETE")
	}
	admin.subscribe(installation, "int", "plugin_installations", "DELETE")
	department := one[string](admin, `select public.rpc_create_department($1, 'D')`, tenant)
	admin.ok(`select public.rpc_delete_department($1, $2)`, tenant, department)
	require.Equal(t, 1, count())
	d.super(`delete from audit.entity_changes where operation = 'DELETE'`)
	require.Zero(t, count())

	one[string](admin, `select public.rpc_create_department($1, 'E')`, tenant)
	one[string](admin, createWO, tenant, "W")
	d.super(`delete from app.tenants where id = $1`, tenant)
	require.Zero(t, count())
}

func TestIngestCountsForWhomInstalled(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	d.super(`select vault.create_secret('key', 'hook')`)
	hook := "hook"
	installation := admin.installation("hook", &hook, `{}`)
	call := `select public.rpc_plugin_ingest_webhook('hook', $1, '{}', int.sign('{}', 'key'))`
	send := func() error { _, err := d.pool.Exec(t.Context(), call, installation); return err }
	for range 3 {
		require.NoError(t, send())
	}
	d.anon().fails("42501", `select public.rpc_plugin_ingest_webhook('hook', $1, '{}', 'wrong')`, installation)
	require.Equal(t, 3, superOne[int](d, `select sum(calls) from authz.rate_limit_counters where operation = 'plugin_ingest_webhook'`), "a refused call counts nothing")
	d.super(`update authz.rate_limit_counters set calls = 120, minute = date_trunc('minute', clock_timestamp())`)
	d.super(`insert into authz.rate_limit_counters select user_id, tenant_id, operation, minute + interval '1 minute', 120 from authz.rate_limit_counters`)
	require.ErrorContains(t, send(), "54000")
	d.super(`update int.plugin_installations set installed_by = null where tenant_id = $1`, tenant)
	require.NoError(t, send())
}
