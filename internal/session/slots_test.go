package session

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSlotsAreBounded(t *testing.T) {
	s, now := newSlots(), time.Now()
	start := time.Now()
	own := s.use("", now)
	busy := s.use("busy", now)
	busy.flight = &flight{}
	for i := range 50 * maxSlots {
		s.use(fmt.Sprint("tenant-", i), now).access = access{token: Token{Value: "x"}, expiry: now.Add(time.Hour)}
	}
	require.LessOrEqual(t, s.order.Len(), maxSlots+1)
	require.Len(t, s.byTenant, s.order.Len())
	require.Same(t, own, s.find(""))
	require.Same(t, busy, s.find("busy"), "a flight is under way")
	require.Less(t, time.Since(start), 5*time.Second)

	now = now.Add(2 * time.Hour)
	for i := range maxSlots {
		s.use(fmt.Sprint("later-", i), now).access = access{token: Token{Value: "x"}, expiry: now.Add(-time.Minute)}
	}
	require.Less(t, s.order.Len(), 10, "what has expired goes in passing")
}
