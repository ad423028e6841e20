package rest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

func TestStatusOfEverySQLStateClass(t *testing.T) {
	a := newAPI(t)
	for state, status := range map[string]int{
		"08000": 503, "08006": 503, "09000": 500, "0A000": 400, "0L000": 403, "0P000": 403,
		"21000": 500, "22000": 400, "22004": 400, "22007": 400, "22023": 400, "22P02": 400,
		"23502": 400, "23503": 409, "23505": 409, "23514": 400, "23P01": 400,
		"25000": 500, "25006": 405, "28000": 403, "28P01": 403, "2D000": 500,
		"38000": 500, "39000": 500, "3B000": 500, "40001": 500, "40P01": 500,
		"42501": 403, "42703": 400, "42883": 404, "42P01": 404, "42P17": 500, "42804": 400,
		"53000": 503, "53400": 500, "54000": 500, "55000": 500, "55P03": 500,
		"57014": 500, "57P01": 503, "58000": 500, "F0000": 500, "HV000": 500,
		"P0001": 400, "P0002": 500, "P0003": 500, "XX000": 500, "ZZ999": 400,
		"PT402": 402, "PT418": 418, "PTXYZ": 500,
	} {
		t.Run(state, func(t *testing.T) {
			r := a.do("POST", "/rpc/raise_state", fmt.Sprintf(`{"state":%q,"message":"m <&>","detail":"d","hint":"h"}`, state))
			require.Equal(t, status, r.code, r.body)
			require.Equal(t, apiError{Code: state, Message: "m <&>", Details: "d", Hint: "h"}, r.errorOf(t))
		})
	}
	require.JSONEq(t, `{"code":"P0001","details":null,"hint":null,"message":"raised"}`,
		a.do("POST", "/rpc/raise_state", `{"state":"P0001"}`).body)
	require.Equal(t, 400, a.do("POST", "/rpc/raise_state", `{"state":"21000","message":"UPDATE requires a WHERE clause"}`).code)
}

func TestPrivilegeErrorsAskStrangersToSignIn(t *testing.T) {
	a := newAPI(t)
	r := a.get("/hidden")
	require.Equal(t, 403, r.code)
	require.Equal(t, "permission denied for table hidden", r.errorOf(t).Message)
	r = a.as("").get("/hidden")
	require.Equal(t, 401, r.code)
	require.Equal(t, "42501", r.errorOf(t).Code)
	require.Equal(t, "Bearer", r.header.Get("WWW-Authenticate"))
	require.Equal(t, 401, a.as(sign(t, map[string]any{"role": "anon"})).get("/hidden").code, "the anonymous key is a stranger, too")
}

func TestErrorsThatFunctionsShape(t *testing.T) {
	a := newAPI(t)
	r := a.do("POST", "/rpc/raise_state", `{"state":"PGRST","message":"{\"code\":\"X1\",\"message\":\"pay\",\"hint\":\"now\"}","detail":"{\"status\":402,\"headers\":{\"X-Due\":\"5\"}}"}`)
	require.Equal(t, 402, r.code)
	require.JSONEq(t, `{"code":"X1","details":null,"hint":"now","message":"pay"}`, r.body)
	require.Equal(t, "5", r.header.Get("X-Due"))
	r = a.do("POST", "/rpc/raise_state", `{"state":"PGRST","message":"oops"}`)
	require.Equal(t, 500, r.code)
	require.Equal(t, "PGRST121", r.errorOf(t).Code)
}

func TestStatementTimeoutOfTheRole(t *testing.T) {
	a := newAPI(t)
	slow := a.as(sign(t, map[string]any{"role": "slow"}))
	r := slow.do("POST", "/rpc/nap", `{"seconds":5}`)
	require.Equal(t, 500, r.code)
	require.Equal(t, apiError{Code: "57014", Message: "canceling statement due to statement timeout"}, r.errorOf(t))
	require.Contains(t, slow.get("/rpc/whoami").body, `"timeout" : "50ms"`)
	require.Contains(t, a.get("/rpc/whoami").body, `"timeout" : "0"`)
}

func TestDatabaseGone(t *testing.T) {
	a := newAPI(t, func(_ *Config, pc *pgxpool.Config) { pc.MaxConns = 2 })
	a.sql(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'`)
	require.Eventually(t, func() bool { return a.get("/items?limit=1").code == 200 }, 5*time.Second, 10*time.Millisecond,
		"the pool heals itself")
	a.pool.Close()
	r := a.get("/items?limit=1")
	require.Equal(t, 503, r.code)
	require.Equal(t, "PGRST001", r.errorOf(t).Code)
	require.Equal(t, "PGRST002", a.get("/unknown").errorOf(t).Code)
}

func TestNoConnectionLeft(t *testing.T) {
	a := newAPI(t, func(c *Config, pc *pgxpool.Config) {
		pc.MaxConns = 1
		c.AcquireTimeout = 50 * time.Millisecond
	})
	conn, err := a.pool.Acquire(t.Context())
	require.NoError(t, err)
	r := a.get("/items")
	require.Equal(t, 504, r.code)
	require.Equal(t, "PGRST003", r.errorOf(t).Code)
	conn.Release()
	require.Equal(t, 200, a.get("/items").code)
}

func TestLimitsOfARequest(t *testing.T) {
	a := newAPI(t)
	r := a.get("/items?" + strings.Repeat("id=eq.1&", 65536))
	require.Equal(t, 400, r.code)
	require.Equal(t, "A request may hold 65535 values at most", r.errorOf(t).Message)
	for _, query := range []string{
		"or=" + strings.Repeat("(and", 300) + "(id.eq.1" + strings.Repeat(")", 301),
		"select=" + strings.Repeat("a(", 300) + strings.Repeat(")", 300),
	} {
		require.Equal(t, "PGRST100", a.get("/items?"+query).errorOf(t).Code)
	}
	require.Equal(t, []int{1}, a.get("/items?select=id&or="+strings.Repeat("(and", 100)+"(id.eq.1"+strings.Repeat(")", 101)).ids(t))
}

func TestBodyLimit(t *testing.T) {
	a := newAPI(t, func(c *Config, _ *pgxpool.Config) { c.MaxBodyBytes = 20 })
	require.Equal(t, 413, a.do("POST", "/rpc/greet", `{"who":"somebody with a long name"}`).code)
	require.Equal(t, 200, a.do("POST", "/rpc/greet", `{"who":"a"}`).code)
}
