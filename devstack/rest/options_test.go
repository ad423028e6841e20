package rest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOptions(t *testing.T) {
	a := newAPI(t)
	a.sql(pairsSQL + `
		create view public.v_sums as select shelf, count(*) from public.places group by shelf;
		create view public.v_heads as select upper(label) as label from public.places;
		create materialized view public.kept as select 1 as one;
		create function public.by_count(a int, b int, c int) returns text volatile language sql as $$ select 'three' $$`)
	require.Equal(t, 401, a.as("a.b.c").do("OPTIONS", "/places", "").code)
	for _, tc := range []struct {
		path   string
		header []string
		status int
		want   string // methods, or the code of the error
	}{
		{"", nil, 200, "OPTIONS,GET,HEAD"},
		{"places", nil, 200, "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"},
		{"bare", nil, 200, "OPTIONS,GET,HEAD,POST,PATCH,DELETE"},
		{"hidden", nil, 200, "OPTIONS,GET,HEAD,POST,PATCH,DELETE"},
		{"v_places", nil, 200, "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"},
		{"v_sums", nil, 200, "OPTIONS,GET,HEAD"},
		{"kept", nil, 200, "OPTIONS,GET,HEAD"},
		{"nothing", nil, 404, "PGRST205"},
		{"totals", nil, 404, "PGRST205"},
		{"totals", []string{"Accept-Profile: reporting"}, 200, "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"},
		{"totals", []string{"Accept-Profile: secret"}, 406, "PGRST106"},
		{"rpc/do_void", nil, 200, "OPTIONS,POST"},
		{"rpc/greet", nil, 200, "OPTIONS,GET,HEAD,POST"},
		{"rpc/add_them?a=1&b=2", nil, 200, "OPTIONS,GET,HEAD,POST"},
		{"rpc/add_them", nil, 404, "PGRST202"},
		{"rpc/by_count?a=1&b=2", nil, 200, "OPTIONS,GET,HEAD,POST"},
		{"rpc/by_count?a=1&b=2&c=3", nil, 200, "OPTIONS,POST"},
		{"rpc/nothing_such", nil, 404, "PGRST202"},
		{"a/b", nil, 404, "PGRST125"},
	} {
		t.Run(tc.path, func(t *testing.T) {
			for _, token := range []string{a.token, ""} { // whoever may use them
				r := a.as(token).do("OPTIONS", "/"+tc.path, "", tc.header...)
				require.Equal(t, tc.status, r.code, r.body)
				if tc.status == 200 {
					require.Equal(t, tc.want, r.header.Get("Allow"))
					require.Empty(t, r.body)
				} else {
					require.Equal(t, tc.want, r.errorOf(t).Code)
				}
			}
		})
	}
}
