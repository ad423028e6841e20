package session

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

func testConfig() Config {
	return Config{
		Advisory: 5 * time.Minute, Mandatory: 30 * time.Second, Timeout: 30 * time.Second,
		CoolDown: 5 * time.Second, Now: time.Now,
	}
}

func testJWT(claims map[string]any) string {
	part := func(v any) string {
		b, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	return part(map[string]string{"alg": "HS256", "typ": "JWT"}) + "." + part(claims) + ".c2lnbmF0dXJl"
}

// shiftWall moves the wall clock of a time and leaves its monotonic reading, as
// time.Now does after the machine slept.
func shiftWall(t time.Time, by time.Duration) time.Time {
	p := (*struct {
		wall uint64
		ext  int64
		loc  *time.Location
	})(unsafe.Pointer(&t))
	if p.wall>>63 == 0 {
		panic("no monotonic reading")
	}
	p.wall += uint64(by/time.Second) << 30
	return t
}
func TestTokenExpiresThoughTheWallClockIsSetBack(t *testing.T) {
	now := time.Now()
	a, err := newAccess(Grant{AccessToken: testJWT(map[string]any{"sub": "u1"}), ExpiresIn: time.Hour}, now, testConfig())
	require.NoError(t, err)
	require.True(t, a.valid(now.Add(59*time.Minute)))
	require.False(t, a.valid(now.Add(61*time.Minute)))
	require.False(t, a.valid(shiftWall(now.Add(61*time.Minute), -2*time.Hour)))
}

func TestClockOfTheServerMayDiffer(t *testing.T) {
	started := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	server := started.Add(-3 * time.Hour) // far behind
	token := testJWT(map[string]any{"sub": "u1", "iat": server.Unix(), "exp": server.Add(time.Hour).Unix()})
	cfg := testConfig()
	for name, g := range map[string]Grant{
		"expires_in":                   {AccessToken: token, ExpiresIn: time.Hour, ExpiresAt: server.Add(time.Hour)},
		"lifetime between iat and exp": {AccessToken: token, ExpiresAt: server.Add(time.Hour)},
	} {
		a, err := newAccess(g, started, cfg)
		require.NoError(t, err, name)
		require.Equal(t, started.Add(time.Hour), a.token.Expiry, name)
		require.Equal(t, started.Add(55*time.Minute), a.soft, name)
	}
	a, err := newAccess(Grant{AccessToken: testJWT(map[string]any{"exp": started.Add(40 * time.Second).Unix()})}, started, cfg)
	require.NoError(t, err)
	require.Equal(t, started.Add(30*time.Second), a.soft.UTC(), "margins shrink with the lifetime")
	require.Equal(t, started.Add(36*time.Second), a.hard.UTC())

	_, err = newAccess(Grant{AccessToken: "garbage"}, started, cfg)
	require.ErrorIs(t, err, sdkerr.ErrDecode)
	require.NotContains(t, err.Error(), "garbage")
}
