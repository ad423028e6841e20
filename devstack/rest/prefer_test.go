package rest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPreferences(t *testing.T) {
	a := newAPI(t)
	for _, tc := range []struct{ prefer, applied, invalid string }{
		{"handling=strict, count=exact, foo=bar", "", "foo=bar"},
		{"handling=strict, a, count=some", "", "a, count=some"},
		{"handling=strict, params=single-object", "", "params=single-object"},
		{"handling=strict, timezone=Mars/Olympus", "", "timezone=Mars/Olympus"},
		{"handling=strict, max-affected=few", "", "max-affected=few"},
		{"handling=strict, tx=maybe", "", "tx=maybe"},
		{"handling=strict, handling=lenient, foo", "", "foo"},
		{"handling=strict, tx=rollback", "handling=strict", ""},
		{"handling=strict, count=exact", "count=exact, handling=strict", ""},
		{"handling=strict, return=minimal, resolution=merge-duplicates, missing=default, max-affected=1", "handling=strict", ""},
		{"handling=lenient, handling=strict, foo", "handling=lenient", ""},
		{"handling=lenient, foo=bar", "handling=lenient", ""},
		{"count=exact, count=planned", "count=exact", ""},
		{"count=some, count=planned", "count=planned", ""},
		{"timezone=Asia/Tokyo, count=exact", "count=exact, timezone=Asia/Tokyo", ""},
		{"timezone=Mars/Olympus", "", ""},
		{"tx=rollback", "", ""},
		{"foo=bar", "", ""},
	} {
		t.Run(tc.prefer, func(t *testing.T) {
			r := a.get("/items", "Prefer: "+tc.prefer)
			if tc.invalid != "" {
				require.Equal(t, 400, r.code)
				require.Equal(t, apiError{Code: "PGRST122", Message: "Invalid preferences given with handling=strict",
					Details: "Invalid preferences: " + tc.invalid}, r.errorOf(t))
				return
			}
			require.Less(t, r.code, 300, r.body)
			require.Equal(t, tc.applied, r.header.Get("Preference-Applied"))
		})
	}
}

func TestTimeZones(t *testing.T) {
	a := newAPI(t)
	const tokyo, none = "Prefer: timezone=Asia/Tokyo", "Prefer: timezone=Mars/Olympus"
	require.JSONEq(t, `[{"at":"2026-01-01T19:00:00+09:00"}]`, a.get("/items?id=eq.1&select=at", tokyo).body)
	require.JSONEq(t, `[{"at":"2026-01-01T10:00:00+00:00"}]`, a.get("/items?id=eq.1&select=at", none).body)
	require.JSONEq(t, `[{"at":"2026-01-01T10:00:00+00:00"}]`, a.get("/items?id=eq.1&select=at").body, "nothing is left of it")
	require.Equal(t, []int{1}, a.get("/items?select=id&at=eq.2026-01-01T19:00:00", tokyo).ids(t), "values without a zone are in it")

	r := a.do("PATCH", "/items?id=eq.1&select=at", `{"at":"2026-05-05T09:00:00"}`, tokyo, represent)
	require.JSONEq(t, `[{"at":"2026-05-05T09:00:00+09:00"}]`, r.body)
	require.Equal(t, "return=representation, timezone=Asia/Tokyo", r.header.Get("Preference-Applied"))
	r = a.get("/rpc/items_of?id=eq.1&select=at", tokyo)
	require.JSONEq(t, `[{"at":"2026-05-05T09:00:00+09:00"}]`, r.body)
	require.Equal(t, "timezone=Asia/Tokyo", r.header.Get("Preference-Applied"))
}

// The end of a transaction is not for clients to choose.
func TestRollbackIsNotApplied(t *testing.T) {
	a := newAPI(t)
	r := a.do("POST", "/notes?select=text", `{"text":"kept"}`, represent, "Prefer: tx=rollback")
	require.Equal(t, 201, r.code)
	require.Equal(t, "return=representation", r.header.Get("Preference-Applied"))
	require.JSONEq(t, `[{"text":"kept"}]`, a.get("/notes?select=text").body)
	require.Equal(t, `11`, a.do("POST", "/rpc/bump", ``, "Prefer: tx=rollback").body)
	require.Equal(t, `12`, a.do("POST", "/rpc/bump", ``).body)
}
